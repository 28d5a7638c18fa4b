"""Money out: transfers to the payees' accounts, and payouts from there to their banks."""

from typing import Any

from marketplace.common.money import in_words
from payments.gateway.base import RemotePayout, RemoteTransfer, State
from payments.payouts.models import Payout
from payments.reconciliation.findings import SAID, UNASKED, Finding, K, facts_of
from payments.reconciliation.judging.rows import Rows

UNDER_WAY = (Payout.Status.SENDING, Payout.Status.IN_TRANSIT)


def judge_transfer(remote: RemoteTransfer, rows: Rows) -> Finding | None:
    payout = rows.payouts.get(remote.remote_id)
    about = facts_of(remote)
    gone = remote.amount - remote.amount_reversed
    if payout is None and not gone:
        return None  # it came back as it went
    sent = f"{in_words(remote.amount, remote.currency)} went to {remote.destination}."
    if payout is None:
        named = rows.payouts.get(remote.payout)
        if named is not None and not named.transfer_id:
            return Finding(
                K.TRANSFER_UNNOTED, theirs=sent, about=named.public_id, net=-gone, heals=True,
                ours=f"The payout is {named.get_status_display().lower()}.", **about,
            )  # fmt: skip
        return Finding(
            K.TRANSFER_FOREIGN, theirs=sent, account=remote.destination, net=-gone,
            ours=f"That payout went by {named.transfer_id}." if named else UNASKED,
            about=named.public_id if named else "", deed="own_funds", **about,
        )  # fmt: skip
    if (remote.amount, remote.currency) != (payout.amount, payout.currency):
        return Finding(
            K.TRANSFER_AMOUNT, theirs=sent, about=payout.public_id,
            ours=f"It is of {in_words(payout.amount, payout.currency)}.",
            net=payout.amount - remote.amount, **about,
        )  # fmt: skip
    expected = payout.amount if payout.reversal_id else 0
    whole = remote.amount_reversed == payout.amount
    if remote.amount_reversed == expected or (whole and payout.cancel_wished_at):
        return None
    deed = ""
    if payout.status in (Payout.Status.SCHEDULED, Payout.Status.FAILED):
        deed = "end_payout" if whole else ""
    elif payout.status == Payout.Status.PAID or payout.lost_at:
        deed = "own_funds"
    return Finding(
        K.TRANSFER_REVERSED, about=payout.public_id, account=remote.destination,
        theirs=f"{in_words(remote.amount_reversed, remote.currency)} of it were taken back.",
        ours=f"{in_words(expected, payout.currency)} were; the payout is "
        f"{payout.get_status_display().lower()}.",
        net=remote.amount_reversed - expected, deed=deed, **about,
    )  # fmt: skip


def judge_payout(remote: RemotePayout, rows: Rows) -> Finding | None:
    """Of a payee's account: what it does to the payee's money there, and nothing to ours."""
    attempt = rows.attempts.get(remote.remote_id)
    about = facts_of(remote) | {"account": remote.account}
    sent = f"{in_words(remote.amount, remote.currency)} paid out: {SAID[remote.state]}."
    if attempt is None:
        return _judge_unknown_payout(remote, sent, about)
    payout = attempt.payout
    if (remote.amount, remote.currency) != (payout.amount, payout.currency):
        ours = in_words(payout.amount, payout.currency)
        return Finding(
            K.PAYOUT_AMOUNT, theirs=sent, ours=f"It is of {ours}.", about=payout.public_id, **about
        )
    if remote.state == State.FAILED:
        agreed = bool(attempt.failure_code)
    elif remote.state == State.DONE:
        agreed = payout.status == Payout.Status.PAID and not attempt.failure_code
    else:
        agreed = payout.status in UNDER_WAY and not attempt.failure_code
    if agreed:
        return None
    return Finding(
        K.PAYOUT_STATE, theirs=f"It is {SAID[remote.state]}.", about=payout.public_id, heals=True,
        ours=f"It is {payout.get_status_display().lower()}.", **about,
    )  # fmt: skip


def _judge_unknown_payout(remote: RemotePayout, sent: str, about: dict[str, Any]) -> Finding | None:
    named = Payout.objects.filter(public_id=remote.payout).first() if remote.payout else None
    if remote.state == State.FAILED:
        return None  # it came back as it went
    attempts = named.attempts.filter(number=remote.attempt, remote_id="") if named else None
    if named is not None and attempts:
        return Finding(
            K.PAYOUT_STATE, theirs=sent, ours=f"It is {named.get_status_display().lower()}.",
            about=named.public_id, heals=True, **about,
        )  # fmt: skip
    twin = waiting_payout(remote.account, remote.amount, remote.currency)
    return Finding(
        K.PAYOUT_FOREIGN, theirs=sent, ours=UNASKED, about=twin.public_id if twin else "",
        deed="match_payout" if twin else "set_aside", **about,
    )  # fmt: skip


def waiting_payout(account: str, amount: int, currency: str) -> Payout | None:
    """Our payout of that amount whose money is at the account, and which has not left it."""
    waiting = Payout.objects.filter(
        amount=amount,
        currency=currency,
        status__in=[Payout.Status.SCHEDULED, Payout.Status.FAILED],
        reversal_id="",
        attempts__destination=account,
    ).exclude(transfer_id="")
    return waiting.order_by("pk").first()
