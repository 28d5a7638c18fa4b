"""Whose money cannot reach their bank before they do something is told so, once a week."""

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from accounts.notifications.services import notify
from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.words import Money, Words
from payments.payouts.models import Earning
from payments.payouts.recovering.selectors import owed_by
from payments.payouts.reminding.selectors import (
    REMIND_EVERY,
    behind,
    held_until,
    kind_of_reminder,
    payouts_to_remind_of,
    without_account,
)
from payments.payouts.services import lock_payout, stands_elsewhere
from payments.payouts.words import reason_of

# From so long before the provider's limit on, its date is said: before that it worries in vain.
LIMIT_IS_NEAR = timedelta(days=14)

_SENTENCES = {
    "payout_still_failed": Words("Your payout of %(sum)s has still not arrived."),
    "payout_still_waits": Words("Your payout of %(sum)s still cannot be sent."),
}
_TRY_AGAIN = Words("Put your bank details right and try it again, or cancel it.")
_CANCEL_FOR_THE_DEBT = Words(
    "You owe something after a chargeback. Cancel this payout: what comes back goes to that first, "
    "and the rest to your bank."
)


@transaction.atomic
def remind_payee(*, party_id: int) -> None:
    """Tell who has earned and cannot be paid out what is missing; once a week."""
    unpaid = without_account().filter(party_id=party_id)
    waiting = list(unpaid.select_for_update().order_by("pk"))
    at = now()
    if not any(e.reminded_at is None or e.reminded_at <= at - REMIND_EVERY for e in waiting):
        return
    Earning.objects.filter(pk__in=[earning.pk for earning in waiting]).update(reminded_at=at)
    text = Words("You have earned money that we cannot pay out yet. Set up your payouts.")
    party = Party.objects.get(pk=party_id)
    notify(
        to=party,
        kind="payout_account_missing",
        text=text + _limit_in_words(min(earning.limit_at for earning in waiting), at),
        path=reverse("payout-setup"),
        key=f"payout_account_missing:{_week_of(at)}",
        about=party.public_id,
    )


@transaction.atomic
def remind_of_payout(*, payout_id: int) -> None:
    """Tell whose payout has failed, or waits for their details, that it still does; once a week.

    What they earn meanwhile waits behind it, and the provider holds none of it for ever.
    """
    payout, at = lock_payout(pk=payout_id), now()
    if not payouts_to_remind_of(at).filter(pk=payout.pk).exists():
        return
    kind = kind_of_reminder(payout)
    payout.reminded_at = at
    payout.save(update_fields=["reminded_at"])
    text = _SENTENCES[kind]
    waits, limit_at = behind(payout, at), held_until(payout)
    if limit_at and limit_at <= at + LIMIT_IS_NEAR:
        text += _limit_in_words(limit_at, at)
    code = payout.failure_code
    if stands_elsewhere(payout, payout.party.connected_account):
        code = "account_replaced"  # whatever it failed for: it can only be cancelled
    if code:
        text += reason_of(code)
    if waits:
        text += Words("%(behind)s that you have earned since wait behind it.")
    if kind == "payout_still_failed" and code != "account_replaced":
        owes = owed_by(payout.party, payout.currency)
        text += _CANCEL_FOR_THE_DEBT if owes else _TRY_AGAIN
    notify(
        to=payout.party,
        kind=kind,
        text=text.filled(
            sum=Money(payout.amount, payout.currency), behind=Money(waits, payout.currency)
        ),
        path=reverse("payout", args=[payout.public_id]),
        key=f"{kind}:{payout.public_id}:{_week_of(at)}",
        about=payout.public_id,
    )


def _limit_in_words(limit_at: datetime, at: datetime) -> Words:
    if limit_at <= at:
        return Words(
            "The payment provider was to hold this money until %(limit)s: please do it now.",
            limit=limit_at,
        )
    return Words("The payment provider holds this money only until %(limit)s.", limit=limit_at)


def _week_of(at: datetime) -> str:
    year, week, _ = at.isocalendar()
    return f"{year}-{week}"
