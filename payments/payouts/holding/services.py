"""Payouts are held while somebody looks into them, and go on by themselves when that is over."""

from collections.abc import Sequence
from datetime import timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse

from accounts.holds.models import Hold
from accounts.holds.rules import role_in
from accounts.holds.services import (
    close_hold,
    judge_holder,
    lock_hold,
    log_lifted,
    log_placed,
    place_hold,
)
from accounts.notifications.services import notify
from accounts.parties.models import Party
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_with
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from payments.payees.models import ConnectedAccount
from payments.payouts.holding.selectors import held_payouts, near_limit
from payments.payouts.models import LIFECYCLE, Payout
from payments.payouts.services import (
    hold_payout,
    lock_payee,
    lock_payout,
    tell_finance_it_leaves,
    tell_payee,
    what_it_waits_for,
)
from payments.payouts.words import reason_of
from payments.policies.selectors import clocks_of_holds

# So long before a hold ends by itself finance hears of it.
TOLD_AHEAD = timedelta(days=1)


@transaction.atomic
def hold_payouts(
    *,
    party_id: int,
    reason: str,
    evidence: str,
    days: int,
    by: User,
    links: Sequence[str] = (),
    files: Sequence[UploadedFile] = (),
) -> Hold:
    """Stop a payee's payouts for ``days`` at most: those that wait, and those that will be made.

    What has left already arrives. A payout is held once: none waits longer than the policy's most
    days in all, or than the provider holds it. Raises NotAllowed, InvalidInput, TooLarge or
    WrongState (one stands, or no account).
    """
    party = Party.objects.get(pk=party_id)
    hold = Hold(kind=Hold.Kind.PAYOUTS, party=party, subject=party.public_id, title=party.name)
    judge_holder(hold, by)
    if not ConnectedAccount.objects.filter(party_id=party_id).exists():
        raise WrongState("This payee has no account for payouts: nothing can go out to be held.")
    lock_payee(party_id, must_be_ready=False)  # no payout is made meanwhile
    hold = place_hold(
        hold,
        reason=reason,
        evidence=evidence,
        links=links,
        files=files,
        days=days,
        clocks=clocks_of_holds(hold.kind),
        by=by,
    )
    waiting = Payout.objects.filter(party_id=party_id, status=Payout.Status.SCHEDULED)
    for payout_id in waiting.order_by("pk").values_list("pk", flat=True):
        hold_payout(lock_payout(pk=payout_id), hold)
    notify(
        to=party,
        kind="payouts_held",
        text=Words(
            "Your payouts are held until %(until)s at the latest. Read why.", until=hold.ends_at
        ),
        path=reverse("earnings"),
    )
    log_placed(hold)
    return hold


@transaction.atomic
def lift_hold(*, hold_id: int, by: User | str, ruling: str = "") -> Hold:
    """End it: what was held goes out now. By finance at any time, by the clock when it is over.

    ``ruling`` is what finance says of an appeal. Raises NotAllowed or WrongState.
    """
    party_id = Hold.objects.values_list("party_id", flat=True).get(pk=hold_id)
    # The gate first, as whoever makes a payout does.
    account = lock_payee(party_id, must_be_ready=False)
    is_ready = account.status == ConnectedAccount.Status.ACTIVE
    hold = close_hold(lock_hold(hold_id), by=by, ruling=ruling)
    held = Payout.objects.filter(hold=hold, status=Payout.Status.HELD)
    waits_for = "" if is_ready else "account_not_ready"
    for payout_id in held.order_by("pk").values_list("pk", flat=True):
        payout = lock_payout(pk=payout_id)
        _lift(payout)
        waits_for = waits_for or what_it_waits_for(payout, account)
    text = Words("Your payouts are no longer held. What waited is on its way.")
    if waits_for:
        text = Words("Your payouts are no longer held.") + reason_of(waits_for)
    notify(
        to=hold.party,
        kind="payouts_go_on",
        text=text,
        path=reverse("earnings"),
        by=by,
    )
    log_lifted(hold, by=by)
    return hold


@transaction.atomic
def let_go_before_the_limit(*, payout_id: int) -> None:
    """The provider holds it not much longer: it goes out, while the hold stands on. Its payee and
    finance are told. Safe to call again.
    """
    party_id = Payout.objects.values_list("party_id", flat=True).get(pk=payout_id)
    # The gate first, as whoever places or lifts one does.
    account = lock_payee(party_id, must_be_ready=False)
    payout = lock_payout(pk=payout_id)
    if not near_limit(held_payouts(), now()).filter(pk=payout.pk).exists():
        return
    assert payout.hold is not None
    _lift(payout)
    text = Words(
        "Your payout of %(sum)s is no longer held: the payment provider holds the money not much "
        "longer."
    )
    waits_for = what_it_waits_for(payout, account)
    text += reason_of(waits_for) if waits_for else Words("It is on its way.")
    tell_payee(payout, "payouts_go_on", text)
    tell_finance_it_leaves(payout, payout.hold)


@transaction.atomic
def tell_that_it_ends(*, hold_id: int) -> None:
    """Remind finance, a day before, that a hold of payouts ends by itself; once for each end. Safe
    to call too early and too late.
    """
    hold, at = lock_hold(hold_id), now()
    is_soon = at < hold.closes_at <= at + TOLD_AHEAD
    if not hold.stands or not is_soon or hold.end_told_at == hold.closes_at:
        return
    hold.end_told_at = hold.closes_at
    hold.save(update_fields=["end_told_at"])
    text = Words(
        "The hold on the payouts of %(who)s ends by itself on %(until)s. What is held goes out "
        "then.",
        who=hold.party.name,
        until=hold.closes_at,
    )
    for person in staff_with(StaffRole.FINANCE):
        if role_in(hold, person) != hold.role:
            continue
        notify(
            to=person,
            kind="hold_ends",
            text=text,
            path=reverse("desk-hold", args=[hold.public_id]),
            key=f"hold_ends:{hold.public_id}:{hold.closes_at.isoformat()}",
            about=hold.public_id,
        )


def _lift(payout: Payout) -> None:
    """Its payee is told right after, also of what it waits for: they are not reminded at once."""
    LIFECYCLE.advance(payout, "lift", role=SYSTEM)
    payout.next_check_at = payout.reminded_at = now()
    payout.save(update_fields=["status", "next_check_at", "reminded_at"])
    ring("payments.send_payout", payout.pk)
