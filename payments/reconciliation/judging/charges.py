"""Money in: charges, and what the provider keeps of them."""

from marketplace.common.clock import now
from marketplace.common.money import in_words
from payments.fundings.models import Payment
from payments.fundings.provider_fees.services import FEE_PATIENCE
from payments.gateway.base import RemoteCharge
from payments.reconciliation.findings import Finding, K, facts_of
from payments.reconciliation.judging.rows import Rows


def judge_charge(charge: RemoteCharge, rows: Rows, *, net: int = 0) -> Finding | None:
    """``net`` is what it brought, less the provider's fee."""
    payment = rows.payments.get(charge.remote_id)
    about = facts_of(charge)
    paid = in_words(charge.amount, charge.currency)
    if payment is None:
        named = rows.payments.get(charge.payment)
        if named is None:
            return Finding(
                K.CHARGE_FOREIGN, theirs=f"{paid} were charged.", ours="It names no payment.",
                net=net, deed="own_funds", **about,
            )  # fmt: skip
        if named.succeeded_at is None and charge.failed_by:
            return None  # it came and went
        if named.succeeded_at is None:
            return Finding(
                K.PAYMENT_UNNOTED, theirs=f"{paid} were paid.", net=net, heals=True,
                ours=f"It is {named.get_status_display().lower()}.", about=named.public_id, **about,
            )  # fmt: skip
        same = (charge.amount, charge.currency) == (named.amount, named.currency)
        return Finding(
            K.CHARGE_TWICE, theirs=f"{paid} were charged.", about=named.public_id, net=net,
            ours=f"It was paid by {named.charge_id}.", deed="give_back" if same else "", **about,
        )  # fmt: skip
    if (charge.amount, charge.currency) != (payment.amount, payment.currency):
        ours = in_words(payment.amount, payment.currency)
        return Finding(
            K.CHARGE_AMOUNT, theirs=f"{paid} were charged.", ours=f"It is of {ours}.",
            about=payment.public_id, net=charge.amount - payment.amount, **about,
        )  # fmt: skip
    return _judge_fee(charge, payment)


def _judge_fee(charge: RemoteCharge, payment: Payment) -> Finding | None:
    assert payment.succeeded_at is not None
    known = payment.provider_fee
    if charge.fee is None or known == charge.fee:
        return None
    if known is None and payment.succeeded_at > now() - FEE_PATIENCE:
        return None  # it is still asked for
    ours = "unknown" if known is None else in_words(known, charge.fee_currency)
    return Finding(
        K.FEE,
        object_id=charge.remote_id,
        about=payment.public_id,
        amount=charge.fee,
        currency=charge.fee_currency,
        theirs=f"The fee is {in_words(charge.fee, charge.fee_currency)}.",
        ours=f"The fee is {ours}.",
        net=(known or 0) - charge.fee,
        deed="cost",
        heals=known is None,
    )
