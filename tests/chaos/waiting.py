"""What has not come to its end waits for somebody who knows: see ``what_waits``.

A bank sends a payout back, a refund cannot be made, a card holder wants money back: rules say who
is to act then. Everything else has come to its end once all is quiet.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse

from accounts.notifications.models import Notification
from accounts.parties.selectors import people_of
from accounts.people.models import User
from marketplace.common import clock
from payments.chargebacks.models import CONTESTED, Chargeback
from payments.chargebacks.selectors import to_be_answered
from payments.ledger import chart
from payments.ledger.models import LedgerAccount
from payments.payees.models import ConnectedAccount
from payments.payouts.checks import nothing_earned_is_past_its_limit
from payments.payouts.models import UNDER_WAY, Payout
from payments.payouts.selectors import failed_payouts
from payments.refunds.models import Refund
from payments.refunds.selectors import failed_refunds

ENDED = {Refund.Status.SUCCEEDED, Refund.Status.COVERED, Refund.Status.SETTLED}
# (what waits for whom, or nothing where nobody knows of it; the row)
Waiting = tuple[str, object]


def what_waits() -> tuple[list[str], list[str]]:
    """What waits and nobody knows of it, past the provider's limit too; and how much waits for
    whom.
    """
    clock.refresh()
    waiting = list(everything_that_waits())
    unknown = [
        f"{row} ({getattr(row, 'status', '')}) waits, and nobody knows of it."
        for whom, row in waiting
        if not whom
    ]
    known = Counter(whom for whom, _ in waiting if whom)
    unknown += nothing_earned_is_past_its_limit()
    return unknown, [f"{times} {whom}." for whom, times in sorted(known.items())]


def everything_that_waits() -> Iterator[Waiting]:
    leaving = [*_payouts(), *_refunds()]
    yield from leaving
    yield from _in_transit(leaving)
    yield from _chargebacks()
    yield from _debts()


def _payouts() -> Iterator[tuple[str, Payout]]:
    """One that failed: for other details, of which its payee was told, and stands at the desk. One
    that is not sent: for finance, or for what the provider asks of its payee, who was told, too.
    """
    at_the_desk = set(failed_payouts().values_list("pk", flat=True))
    unfinished = Payout.objects.filter(status__in=[*UNDER_WAY, Payout.Status.FAILED])
    for payout in unfinished.select_related("party__connected_account").order_by("pk"):
        whom, people = "", people_of(payout.party)
        is_restricted = payout.party.connected_account.status == ConnectedAccount.Status.RESTRICTED
        if payout.pk in at_the_desk:
            path = reverse("payout", args=[payout.public_id])
            told = _were_told(people, "payout_failed", path, since=payout.closed_at)
            whom = "failed payouts for other details of their payees" if told else ""
        elif payout.status == Payout.Status.HELD:
            whom = "payouts for finance, which holds them"
        elif payout.status == Payout.Status.SCHEDULED and is_restricted:
            told = _were_told(people, "payout_account_restricted", reverse("payout-setup"))
            whom = "payouts for what the provider asks of their payees" if told else ""
        yield whom, payout


def _refunds() -> Iterator[tuple[str, Refund]]:
    """Given up, or held up by a bank: they stand at the desk. What is tried again is under way."""
    at_the_desk = set(failed_refunds().values_list("pk", flat=True))
    unfinished = Refund.objects.exclude(status__in=ENDED)
    for refund in unfinished.select_related("payment").order_by("pk"):
        is_tried_again = refund.next_check_at is not None and refund.payment.charged_back_at is None
        is_known = refund.pk in at_the_desk and not is_tried_again
        yield "refunds for the desk" if is_known else "", refund


def _in_transit(leaving: list[tuple[str, Payout | Refund]]) -> Iterator[Waiting]:
    """Money that stands there for nothing that waits. ``check_ledger --quiet``, of which the rest
    is asked above, says the same, but for failed refunds alone: here a bank or a payee may keep
    others waiting, too.
    """
    known = [chart.leaving(row.public_id) for _, row in leaving]
    full = LedgerAccount.objects.filter(key__startswith=chart.leaving(""), balance__gt=0)
    for account in full.exclude(key__in=known).order_by("key"):
        yield "", account


def _chargebacks() -> Iterator[Waiting]:
    """For our answer, at the desk, or for the bank's ruling."""
    at_the_desk = set(to_be_answered().values_list("pk", flat=True))
    for one in Chargeback.objects.filter(status__in=CONTESTED).order_by("pk"):
        is_known = one.pk in at_the_desk or one.status == Chargeback.Status.REVIEW
        yield "chargebacks for an answer" if is_known else "", one


def _debts() -> Iterator[Waiting]:
    """For what their payees earn next."""
    owed = LedgerAccount.objects.filter(
        key__startswith="party:", key__contains=":owed:", balance__gt=0
    )
    for account in owed.order_by("key"):
        yield "debts for what their payees earn next", account


def _were_told(
    people: QuerySet[User], kind: str, path: str, *, since: datetime | None = None
) -> bool:
    """Whether there are people and each was told, of what was so ``since``, not of an earlier one.

    A deed tells of what it did after it wrote down when.
    """
    told = Notification.objects.filter(recipient__in=people, kind=kind, path=path)
    if since is not None:
        told = told.filter(created_at__gte=since)
    return 0 < people.count() == told.values("recipient").distinct().count()
