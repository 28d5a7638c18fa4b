"""Above the limit of the rules finance moves no money alone: one wishes it, another confirms it."""

from django.db import transaction
from django.urls import reverse

from accounts.notifications.services import notify
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of, staff_with
from marketplace.common import money
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import FINANCE
from marketplace.common.text import checked_text
from marketplace.common.words import Money, Words
from payments.chargebacks.settling.services import judge_settling, settle_refund
from payments.payouts.attesting.services import Outcome, attest_payout, judge_attesting
from payments.payouts.models import Payout
from payments.policies.selectors import needs_second
from payments.reconciliation.confirming.models import (
    ARRIVED,
    CAME_BACK,
    LIFECYCLE,
    LOST,
    SETTLE_REFUND,
    ProposedDeed,
)
from payments.reconciliation.confirming.selectors import (
    why_it_is_gone,
    why_not_confirmed_by,
)
from payments.reconciliation.deeds.services import (
    LONGEST_REASON,
    Seen,
    judge_as_seen,
    look_before_settling,
    moved_by,
    settle_as_seen,
)
from payments.reconciliation.models import Difference
from payments.reconciliation.selectors import people_of
from payments.refunds.models import Refund

# By what became of one.
OF_PAYOUTS = {
    Outcome.ARRIVED.value: ARRIVED,
    Outcome.CAME_BACK.value: CAME_BACK,
    Outcome.LOST.value: LOST,
}


@transaction.atomic
def settle_refund_or_propose(*, refund_id: int, reason: str, by: User) -> ProposedDeed | None:
    """Note that a refund was paid by other means; above the limit it waits for another person, and
    the answer is that wish. Raises as ``settle_refund`` does, and WrongState where one waits.
    """
    refund = judge_settling(refund_id=refund_id, by=by)
    if not needs_second(refund.amount, refund.currency):
        settle_refund(refund_id=refund_id, reason=reason, by=by)
        return None
    wish = ProposedDeed(deed=SETTLE_REFUND, refund=refund, reason=reason, by=by)
    return _propose(wish, refund.amount, refund.currency)


@transaction.atomic
def attest_payout_or_propose(
    *, payout_id: int, outcome: str, reason: str, by: User, bank_payout: str = ""
) -> ProposedDeed | None:
    """Note what became of a payout to a closed account; above the limit it waits for another
    person, and the answer is that wish. Raises as ``attest_payout`` does, and WrongState where one
    waits.
    """
    payout, remote_id = judge_attesting(
        payout_id=payout_id, outcome=outcome, by=by, bank_payout=bank_payout
    )
    if not needs_second(payout.amount, payout.currency):
        attest_payout(
            payout_id=payout_id, outcome=outcome, reason=reason, by=by, bank_payout=bank_payout
        )
        return None
    wish = ProposedDeed(deed=OF_PAYOUTS[outcome], payout=payout, reason=reason, by=by)
    wish.bank_payout = remote_id
    return _propose(wish, payout.amount, payout.currency)


def settle_difference_or_propose(
    *, difference_id: int, deed: str, reason: str, by: User
) -> ProposedDeed | None:
    """Do one of the deeds that a difference offers, or propose it. Not atomic: the provider is
    asked first. Raises what both steps raise.
    """
    reason = checked_text(reason, param="reason", longest=LONGEST_REASON, least=1)
    seen = look_before_settling(difference_id=difference_id, deed=deed, by=by)
    return settle_or_propose_as_seen(
        difference_id=difference_id, deed=deed, reason=reason, by=by, seen=seen
    )


@transaction.atomic
def settle_or_propose_as_seen(
    *, difference_id: int, deed: str, reason: str, by: User, seen: Seen
) -> ProposedDeed | None:
    """Do it, or above the limit propose it: the answer is the wish, which waits for another person.
    Raises as ``settle_as_seen`` does, and WrongState where one waits.
    """
    difference = judge_as_seen(difference_id=difference_id, deed=deed, by=by, seen=seen)
    amount = moved_by(difference, deed, seen)
    if not needs_second(amount, difference.currency):
        settle_as_seen(difference_id=difference_id, deed=deed, reason=reason, by=by, seen=seen)
        return None
    wish = ProposedDeed(deed=deed, difference=difference, reason=reason, by=by)
    return _propose(wish, amount, difference.currency)


def confirm_deed(*, proposed_id: int, by: User) -> ProposedDeed:
    """Have it done as another person of finance wishes it. Not atomic: the provider is asked first
    how a difference stands now. Raises what both steps raise.
    """
    seen = look_before_confirming(proposed_id=proposed_id, by=by)
    return confirm_as_seen(proposed_id=proposed_id, by=by, seen=seen)


def look_before_confirming(*, proposed_id: int, by: User) -> Seen | None:
    """Ask the provider. Not atomic; raises as ``look_before_settling`` does."""
    proposed = ProposedDeed.objects.select_related("by").get(pk=proposed_id)
    _judge(proposed, "confirm", by)
    if proposed.difference_id is None:
        return None
    return look_before_settling(difference_id=proposed.difference_id, deed=proposed.deed, by=by)


@transaction.atomic
def confirm_as_seen(*, proposed_id: int, by: User, seen: Seen | None) -> ProposedDeed:
    """Raises NotAllowed (one's own wish, or not of finance) or WrongState (answered, what it is
    about has changed, or another amount would move by now).
    """
    proposed = _lock(proposed_id)
    _judge(proposed, "confirm", by)
    if proposed.refund_id is not None:
        settle_refund(
            refund_id=proposed.refund_id, reason=proposed.reason, by=proposed.by, second=by
        )
    elif proposed.payout_id is not None:
        (outcome,) = [one for one, deed in OF_PAYOUTS.items() if deed == proposed.deed]
        attest_payout(
            payout_id=proposed.payout_id,
            outcome=outcome,
            bank_payout=proposed.bank_payout,
            reason=proposed.reason,
            by=proposed.by,
            second=by,
        )
    else:
        assert proposed.difference_id is not None and seen is not None
        key, deed = proposed.difference_id, proposed.deed
        difference = judge_as_seen(difference_id=key, deed=deed, by=by, seen=seen)
        if moved_by(difference, deed, seen) != proposed.amount:
            raise WrongState("Another amount would move by now. Return it, and wish it anew.")
        settle_as_seen(
            difference_id=key,
            deed=deed,
            reason=proposed.reason,
            by=proposed.by,
            seen=seen,
            second=by,
        )
    _close(proposed, "confirm", by)
    _log(proposed, "confirm proposed deed", "Confirmed as a second person", by=by)
    return proposed


@transaction.atomic
def return_deed(*, proposed_id: int, by: User, why: str) -> ProposedDeed:
    """Do not confirm it, and say ``why``; whoever wishes it may take it back in the same way.
    Raises NotAllowed, InvalidInput (``why``) or WrongState (answered).
    """
    proposed = _lock(proposed_id)
    LIFECYCLE.judge(proposed, "return", role=role_of(by))
    proposed.returned_for = checked_text(why, param="why", longest=LONGEST_REASON, least=1)
    _close(proposed, "return", by)
    _keep_from_being_sent(proposed)
    _tell(
        proposed.by,
        proposed,
        "deed_returned",
        Words(
            "%(who)s returns your wish to book %(amount)s, and says why on its page. Nothing has "
            "moved.",
            who=by.name,
        ),
        by=by,
    )
    _log(proposed, "return proposed deed", "Returned", by=by)
    return proposed


# --- One wish ------------------------------------------------------------------------------------


def _propose(wish: ProposedDeed, amount: int, currency: str) -> ProposedDeed:
    """The caller has locked what it is about, and judged who wishes it."""
    wish.amount, wish.currency = amount, currency
    wish.reason = checked_text(wish.reason, param="reason", longest=LONGEST_REASON, least=1)
    subject = {"refund": wish.refund, "payout": wish.payout, "difference": wish.difference}
    if ProposedDeed.objects.filter(**subject, status=ProposedDeed.Status.PROPOSED).exists():
        raise WrongState("A wish about this waits for a second person already.")
    wish.save()
    _keep_from_being_sent(wish)
    text = Words(
        "%(who)s wishes to book %(amount)s. That is so much that another person of finance has to "
        "confirm it, or to return it.",
        who=wish.by.name,
    )
    for person in staff_with(StaffRole.FINANCE):
        _tell(person, wish, "deed_to_confirm", text, by=wish.by)
    _log(wish, "propose deed", "Wished, for another person to confirm", by=wish.by)
    return wish


def _keep_from_being_sent(proposed: ProposedDeed) -> None:
    """While somebody says that a refund was paid by other means. The caller has locked it."""
    if proposed.refund_id is not None:
        waits = proposed.status == ProposedDeed.Status.PROPOSED
        Refund.objects.filter(pk=proposed.refund_id).update(is_settling=waits)


def _lock(proposed_id: int) -> ProposedDeed:
    """What it is about comes first, as where it is proposed."""
    subject = ProposedDeed.objects.values_list("refund", "payout", "difference")
    refund_id, payout_id, difference_id = subject.get(pk=proposed_id)
    Refund.objects.select_for_update().filter(pk=refund_id).first()
    Payout.objects.select_for_update().filter(pk=payout_id).first()
    Difference.objects.select_for_update().filter(pk=difference_id).first()
    return (
        ProposedDeed.objects.select_for_update(of=("self",))
        .select_related("by")
        .get(pk=proposed_id)
    )


def _judge(proposed: ProposedDeed, step: str, by: User) -> None:
    LIFECYCLE.judge(proposed, step, role=role_of(by))
    if refusal := why_not_confirmed_by(proposed, by):
        raise NotAllowed(refusal)
    if gone := why_it_is_gone(proposed):
        raise WrongState(gone)


def role_of(by: User) -> str | None:
    """Who somebody is to such a wish."""
    return FINANCE if StaffRole.FINANCE in staff_roles_of(by) else None


def _close(proposed: ProposedDeed, step: str, by: User) -> None:
    LIFECYCLE.advance(proposed, step, role=role_of(by))
    proposed.answered_by, proposed.closed_at = by, now()
    proposed.save()


def _tell(person: User, proposed: ProposedDeed, kind: str, text: Words, *, by: User) -> None:
    notify(
        to=person,
        kind=kind,
        text=text.filled(amount=Money(proposed.amount, proposed.currency)),
        path=reverse("desk-deed", args=[proposed.public_id]),
        about=proposed.public_id,
        by=by,
    )


def _log(proposed: ProposedDeed, deed: str, text: str, *, by: User) -> None:
    """For those, too, whom what is wished concerns: their refund may stand still for it."""
    amount = money.in_words(proposed.amount, proposed.currency)
    thing = proposed.refund or proposed.payout or proposed.difference
    assert thing is not None
    about, account = (
        (thing.about, thing.account) if isinstance(thing, Difference) else (thing.public_id, "")
    )
    log_deed(
        deed,
        proposed.public_id,
        f"{text}: {proposed.what.lower()}, {amount}.",
        by=by,
        role=FINANCE,
        about=people_of(about, account=account, deed=proposed.deed),
        reason=proposed.returned_for or proposed.reason,
    )
