"""What finance does about a difference: chosen by a person, with a reason, done once."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.audit import log_deed
from marketplace.common.errors import DomainError, InvalidInput, WrongState
from marketplace.common.lifecycle import FINANCE
from payments.escrow import services as escrows
from payments.escrow.outside.selectors import Effect
from payments.escrow.outside.services import lock_effect, note_refunded
from payments.fundings.models import Payment
from payments.gateway.base import (
    GatewayRefused,
    GatewayUnknown,
    RemoteCharge,
    RemoteObject,
    RemotePayout,
    RemoteRefund,
)
from payments.gateway.outcomes import unreachable
from payments.gateway.stripe import gateway
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.payouts.adopting.services import adopt_payout
from payments.payouts.cancelling.services import note_taken_back
from payments.payouts.models import Payout
from payments.policies.selectors import refuse_alone
from payments.reconciliation.findings import DEEDS, Finding, deeds_for
from payments.reconciliation.judging.payouts import waiting_payout
from payments.reconciliation.judging.refunds import twin_of
from payments.reconciliation.looking import (
    OF_WHAT_IS_SHOWN,
    account_of,
    judge_thing,
    look_again,
    thing_of,
)
from payments.reconciliation.models import LIFECYCLE, Difference, DifferenceEvent
from payments.reconciliation.selectors import people_of
from payments.refunds import services as refunds

LONGEST_REASON = 2_000


@dataclass(frozen=True)
class Seen:
    """How the thing stands at the provider just now."""

    thing: RemoteObject | None
    finding: Finding | None
    reversal_id: str


def look_before_settling(*, difference_id: int, deed: str, by: User) -> Seen:
    """Ask the provider. Not atomic.

    Raises NotAllowed, InvalidInput (``deed``), WrongState (it is no longer open), DomainError (the
    provider refuses to say) or ProviderUnreachable.
    """
    difference = Difference.objects.get(pk=difference_id)
    _judge(difference, deed, by)
    try:
        thing = thing_of(difference) if difference.kind in OF_WHAT_IS_SHOWN else None
        finding = None if thing else look_again(difference)
        reversal_id = (
            gateway().find_reversal(transfer_id=difference.object_id)
            if deed == "end_payout"
            else ""
        )
    except GatewayRefused as refusal:
        raise DomainError(f"The payment provider does not say how it stands: {refusal}") from None
    except GatewayUnknown as unknown:
        raise unreachable(unknown, "Nothing was done: please try again in a moment.") from None
    return Seen(thing, finding, reversal_id)


@transaction.atomic
def judge_as_seen(*, difference_id: int, deed: str, by: User, seen: Seen) -> Difference:
    """Whether this person may do that to it now; from here on it is locked. Raises as
    ``settle_as_seen`` does.
    """
    thing, finding = seen.thing, seen.finding
    difference = Difference.objects.select_for_update().get(pk=difference_id)
    _judge(difference, deed, by)
    if thing is not None:
        finding = judge_thing(thing, account=account_of(difference))
    if finding is None or (finding.kind, finding.object_id) != (
        difference.kind,
        difference.object_id,
    ):
        raise WrongState("This has changed since it was found. The next run will say how it is.")
    difference.net, difference.deed = finding.net, finding.deed
    _judge(difference, deed, by)
    return difference


def moved_by(difference: Difference, deed: str, seen: Seen) -> int:
    """How much of the platform's money that would book, in minor units. What follows a deed of ours
    or goes back to who paid it is none.
    """
    if deed in ("own_funds", "cost"):
        return abs(difference.net - difference.booked)
    if deed in ("bear_refund", "take_and_bear"):
        assert isinstance(seen.thing, RemoteRefund)
        return seen.thing.amount
    return 0


@transaction.atomic
def settle_as_seen(
    *,
    difference_id: int,
    deed: str,
    reason: str,
    by: User,
    seen: Seen,
    second: User | None = None,
) -> Difference:
    """Do it; ``second`` has confirmed it, as somebody must above the limit. Raises NotAllowed,
    InvalidInput (``deed``, ``reason``) or WrongState (no longer open, changed, or not confirmed).
    """
    reason = _checked_reason(reason)
    difference = judge_as_seen(difference_id=difference_id, deed=deed, by=by, seen=seen)
    if second is None:
        refuse_alone(moved_by(difference, deed, seen), difference.currency)
    else:
        _judge(difference, deed, second)
    LIFECYCLE.advance(difference, _step_of(deed), role=_role_of(by))
    _DEEDS[deed](difference, seen.thing, seen.reversal_id, by)
    difference.save()
    DifferenceEvent.objects.create(difference=difference, what=deed, reason=reason, by=by)
    log_deed(
        f"{_step_of(deed)} difference".replace("_", " "),
        difference.public_id,
        f"{difference.get_kind_display()}: {DEEDS[deed].label.lower()}.",
        by=by,
        role=FINANCE,
        about=people_of(difference.about, account=difference.account, deed=deed),
        reason=reason,
    )
    return difference


def offered_deeds(difference: Difference, user: User) -> list[str]:
    """The buttons that this person gets."""
    steps = LIFECYCLE.open_to(_role_of(user), difference.status)
    return [deed for deed in deeds_for(difference) if _step_of(deed) in steps]


def _judge(difference: Difference, deed: str, by: User) -> None:
    LIFECYCLE.judge(difference, _step_of(deed), role=_role_of(by))
    if deed not in deeds_for(difference):
        raise InvalidInput("That is not what can be done about this.", param="deed")


def _step_of(deed: str) -> str:
    return "set_aside" if deed == "set_aside" else "settle"


def _role_of(by: User) -> str | None:
    return FINANCE if StaffRole.FINANCE in staff_roles_of(by) else None


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say why: whoever checks the books will read it.", param="reason")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(f"Use at most {LONGEST_REASON:,} characters.", param="reason")
    return reason


# --- The deeds -----------------------------------------------------------------------------------


def _set_aside(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    """Nothing moves: it is known from now on."""


def _book_as_own(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    _follow(difference, "own_funds", chart.own_funds(difference.currency))


def _book_as_cost(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    _follow(difference, "provider_fee", chart.provider_costs(difference.currency))
    # Known from now on as the provider has it, so that nobody asks for it any more.
    Payment.objects.filter(public_id=difference.about).update(
        provider_fee=difference.amount, next_check_at=None
    )


def _follow(difference: Difference, kind: str, ours: str) -> None:
    """Our books follow the provider's by what is missing in them."""
    missing, currency = difference.net - difference.booked, difference.currency
    ends = (chart.provider(currency), ours)
    source, target = ends if missing > 0 else ends[::-1]
    move_money(
        Move(kind, source, target, abs(missing), currency),
        key=f"{difference.public_id}:{difference.events.count()}",
    )
    difference.booked = difference.net


def _give_back(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    """Taken in as what it is: money that nobody wants, which goes back by itself."""
    assert isinstance(thing, RemoteCharge)
    payment = Payment.objects.get(public_id=difference.about)
    escrows.take_in(payment_id=payment.pk, intent_id="", charge_id=thing.remote_id)


def _match_refund(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    assert isinstance(thing, RemoteRefund)
    twin = twin_of(thing.amount, Payment.objects.get(charge_id=thing.charge_id))
    if twin is None:
        raise WrongState("Our refund of this amount is on its way by itself by now.")
    refunds.adopt_refund(refund_id=twin.pk, remote=thing)


def _take_from_held(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    """The payer has it back: less is held for the work."""
    assert isinstance(thing, RemoteRefund)
    _follow_refund(thing, borne=0)


def _take_and_bear(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    """They have more back than is held of their payment: all of that goes, and the platform bears
    the rest.
    """
    assert isinstance(thing, RemoteRefund)
    takes = _locked_effect(thing).takes
    if not 0 < takes < thing.amount:
        raise WrongState("What is held has changed. The next run will say how it is.")
    _follow_refund(thing, borne=thing.amount - takes)


def _bear_refund(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    """The payer has the money, and what is held stays held: it is the platform's that is gone.

    Raises WrongState where the provider could then not give back all that is still held.
    """
    assert isinstance(thing, RemoteRefund)
    if not _locked_effect(thing).can_be_borne:
        raise WrongState(
            "This money is still held for the work: the refund comes from what is held."
        )
    _follow_refund(thing, borne=thing.amount)


def _locked_effect(thing: RemoteRefund) -> Effect:
    payment = Payment.objects.get(charge_id=thing.charge_id)
    return lock_effect(payment_id=payment.pk, amount=thing.amount)[1]


def _follow_refund(thing: RemoteRefund, *, borne: int) -> None:
    payment = Payment.objects.get(charge_id=thing.charge_id)
    refund = note_refunded(payment_id=payment.pk, amount=thing.amount, borne=borne)
    refunds.adopt_refund(refund_id=refund.pk, remote=thing)


def _match_payout(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    assert isinstance(thing, RemotePayout)
    payout = waiting_payout(thing.account, thing.amount, thing.currency)
    if payout is None:
        raise WrongState("Our payout of this amount is on its way by itself by now.")
    adopt_payout(payout_id=payout.pk, remote=thing, by=by)


def _end_payout(difference: Difference, thing: object, reversal_id: str, by: User) -> None:
    payout = Payout.objects.get(public_id=difference.about)
    note_taken_back(payout_id=payout.pk, reversal_id=reversal_id, by=by)


_DEEDS: dict[str, Callable[[Difference, object, str, User], None]] = {
    "set_aside": _set_aside,
    "own_funds": _book_as_own,
    "cost": _book_as_cost,
    "give_back": _give_back,
    "match_refund": _match_refund,
    "take_from_held": _take_from_held,
    "take_and_bear": _take_and_bear,
    "bear_refund": _bear_refund,
    "match_payout": _match_payout,
    "end_payout": _end_payout,
}
