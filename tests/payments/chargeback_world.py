"""Banks that take money back, as the provider would tell of it."""

from datetime import timedelta
from itertools import count

from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now
from payments.chargebacks import services as chargebacks
from payments.chargebacks.models import Chargeback
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.gateway.chargebacks import ChargebackState, RemoteChargeback, RemoteWithdrawal
from payments.incoming.checks import CHECKS
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payouts.recovering.selectors import owed_by

FEE = 1_500
_numbers = count(1)


class Bank:
    """One demand of a bank for one payment, and the movements that came of it so far."""

    def __init__(self, payment: Payment, amount: int | None = None, *, name: str = "") -> None:
        self.payment, self.amount = payment, amount or payment.amount
        self.remote_id = name or f"du_{next(_numbers)}"
        self.withdrawals: list[RemoteWithdrawal] = []
        self.due_in_days, self.says_last = 7, ""

    def asks(self) -> Chargeback:
        return self.says(ChargebackState.INQUIRY)

    def takes(self) -> Chargeback:
        return self.says(ChargebackState.OPEN, self.amount, fee=FEE)

    def takes_unheard(self) -> None:
        """No letter of it ever comes."""
        self._move(self.amount, FEE)

    def gives_back(self) -> Chargeback:
        return self.says(ChargebackState.WON, -self.amount)

    def keeps(self) -> Chargeback:
        return self.says(ChargebackState.LOST)

    def says(self, state: ChargebackState, amount: int = 0, *, fee: int = 0) -> Chargeback:
        if amount:
            self._move(amount, fee)
        self.says_last = str(state)
        return chargebacks.record_chargeback(remote=self.word(state))

    def _move(self, amount: int, fee: int) -> None:
        name = f"txn_{self.remote_id}_{len(self.withdrawals)}"
        self.withdrawals.append(RemoteWithdrawal(name, amount, self.payment.currency, fee))

    def word(
        self, state: ChargebackState, *, is_answered: bool = False, evidence: str = ""
    ) -> RemoteChargeback:
        return RemoteChargeback(
            remote_id=self.remote_id,
            charge_id=self.payment.charge_id,
            amount=self.amount,
            currency=self.payment.currency,
            reason="fraudulent",
            state=state,
            due_at=now() + timedelta(days=self.due_in_days),
            is_answered=is_answered,
            withdrawals=tuple(self.withdrawals),
            evidence=evidence,
        )


def payment_of(escrow: Escrow) -> Payment:
    return Payment.objects.get(paid_for=escrow.public_id)


def stands(escrow: Escrow) -> int:
    return balance_of(chart.escrow(escrow.public_id))


def owes(person: User) -> int:
    return owed_by(own_party_of(person), "USD")


def has(person: User) -> int:
    return balance_of(chart.available(own_party_of(person), "USD"))


def ours() -> int:
    return balance_of(chart.platform_fees("USD"))


def findings() -> list[str]:
    return [finding for check in CHECKS for finding in check()]
