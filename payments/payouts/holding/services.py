"""Payouts are held while somebody looks into them, and go on by themselves when that is over."""

from datetime import timedelta

from django.db import transaction
from django.urls import reverse

from accounts.notifications.services import notify
from accounts.parties.selectors import acts_for, person_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import FINANCE, SYSTEM
from marketplace.common.text import checked_text
from marketplace.common.words import Words
from payments.payees.models import ConnectedAccount
from payments.payouts.holding.models import PayoutHold
from payments.payouts.holding.selectors import standing_hold_on
from payments.payouts.models import LIFECYCLE, Payout
from payments.payouts.services import hold_payout, lock_payee, lock_payout
from payments.policies.selectors import policy_in_force

LONGEST_REASON = 2_000
LONGEST_ANSWER = 5_000


@transaction.atomic
def place_hold(*, party_id: int, reason: str, evidence: str, days: int, by: User) -> PayoutHold:
    """Stop a payee's payouts for ``days`` at most: those that wait, and those that will be made.

    What has left already arrives. A payout is held once: none waits longer than the policy's most
    days in all. Raises NotAllowed, InvalidInput or WrongState (one stands, or no account).
    """
    _refuse_all_but_finance(by, party_id)
    reason = checked_text(reason, param="reason", longest=LONGEST_REASON, least=1)
    evidence = checked_text(evidence, param="evidence", longest=LONGEST_REASON, least=1)
    most = policy_in_force().payout_review_most_days
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= most:
        raise InvalidInput(f"A hold lasts from 1 to {most} days.", param="days")
    if not ConnectedAccount.objects.filter(party_id=party_id).exists():
        raise WrongState("This payee has no account for payouts: nothing can go out to be held.")
    lock_payee(party_id, must_be_ready=False)  # no payout is made meanwhile
    if standing_hold_on(party_id) is not None:
        raise WrongState("This payee’s payouts are held already.")
    at = now()
    hold = PayoutHold.objects.create(
        party_id=party_id,
        reason=reason,
        evidence=evidence,
        placed_by=by,
        created_at=at,
        ends_at=at + timedelta(days=days),
    )
    waiting = Payout.objects.filter(party_id=party_id, status=Payout.Status.SCHEDULED)
    for payout_id in waiting.order_by("pk").values_list("pk", flat=True):
        hold_payout(lock_payout(pk=payout_id), hold)
    notify(
        to=hold.party,
        kind="payouts_held",
        text=Words(
            "Your payouts are held until %(until)s at the latest. Read why.", until=hold.ends_at
        ),
        path=reverse("earnings"),
    )
    text = f"Held the payouts of {hold.party.name} for {days} days at most."
    _log(hold, "place", text, by=by, reason=reason)
    return hold


@transaction.atomic
def answer_hold(*, hold_id: int, answer: str, by: User) -> PayoutHold:
    """What the payee says to it, once; finance reads it. Raises NotAllowed or WrongState."""
    hold = PayoutHold.objects.select_for_update().get(pk=hold_id)
    if not acts_for(by, hold.party_id):
        raise NotAllowed("Only whose payouts are held can answer.")
    answer = checked_text(answer, param="answer", longest=LONGEST_ANSWER, least=1)
    _refuse_if_lifted(hold)
    if hold.answered_at is not None:
        raise WrongState("You have answered already. Finance has what you wrote.")
    hold.answer, hold.answered_at = answer, now()
    hold.save(update_fields=["answer", "answered_at"])
    return hold


@transaction.atomic
def lift_hold(*, hold_id: int, by: User | str) -> PayoutHold:
    """End it: what was held goes out now. By finance at any time, by the clock when it is over."""
    party_id = PayoutHold.objects.values_list("party_id", flat=True).get(pk=hold_id)
    if by != SYSTEM:
        _refuse_all_but_finance(by, party_id)
    lock_payee(party_id, must_be_ready=False)  # the gate first, as whoever makes a payout does
    hold = PayoutHold.objects.select_for_update().get(pk=hold_id)
    _refuse_if_lifted(hold)
    if by == SYSTEM and hold.ends_at > now():
        raise WrongState("This hold is not over yet.")
    hold.lifted_at, hold.lifted_by = now(), by if isinstance(by, User) else None
    hold.save(update_fields=["lifted_at", "lifted_by"])
    held = Payout.objects.filter(hold=hold, status=Payout.Status.HELD)
    for payout_id in held.order_by("pk").values_list("pk", flat=True):
        payout = lock_payout(pk=payout_id)
        LIFECYCLE.advance(payout, "lift", role=SYSTEM)
        payout.next_check_at = now()
        payout.save(update_fields=["status", "next_check_at"])
        ring("payments.send_payout", payout.pk)
    notify(
        to=hold.party,
        kind="payouts_go_on",
        text=Words("Your payouts are no longer held. What waited is on its way."),
        path=reverse("earnings"),
        by=by,
    )
    if isinstance(by, User):
        _log(hold, "lift", f"Lifted the hold on the payouts of {hold.party.name}.", by=by)
    return hold


def _log(hold: PayoutHold, step: str, text: str, *, by: User, reason: str = "") -> None:
    log_deed(
        f"{step} hold",
        hold.public_id,
        text,
        by=by,
        role=FINANCE,
        about=person_ids_of(hold.party_id),
        reason=reason,
    )


def _refuse_all_but_finance(by: object, party_id: int) -> None:
    if not isinstance(by, User) or StaffRole.FINANCE not in staff_roles_of(by):
        raise NotAllowed("Only finance holds payouts.")
    if acts_for(by, party_id):
        raise NotAllowed("Somebody else of finance has to look into your own payouts.")


def _refuse_if_lifted(hold: PayoutHold) -> None:
    if hold.lifted_at is not None:
        raise WrongState("This hold has ended.")
