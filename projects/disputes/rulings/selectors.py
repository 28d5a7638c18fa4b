"""Which decision stands, what it brings each side, and who may still rule."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.chargebacks.selectors import contested_ids, has_open_chargeback
from payments.escrow.division import Shares, nearest_division, price_held, shares_of
from payments.escrow.models import Escrow
from payments.escrow.selectors import held_in
from projects.contracts.roles import Actor, role_in
from projects.disputes.models import JUDGED, Dispute, Ruling
from projects.disputes.rules import judge_step, open_steps, refusal_of
from projects.disputes.selectors import handled_before

# The provider's limit waits for no bank: so long before it what is there is divided.
_BEFORE_LIMIT = timedelta(days=1)
# So long at least a mediator has for a decision once no bank keeps it from being made.
LEFT_AFTER_BANK = timedelta(days=4)
HAD_A_HAND = "You had a hand in this case before: the appeal goes to somebody else."


def ruling_of(dispute: Dispute) -> Ruling | None:
    """The last decision on it."""
    return max(dispute.rulings.all(), key=lambda ruling: ruling.number, default=None)


def had_a_hand(dispute: Dispute, by: Actor) -> bool:
    """Whether this person had a hand in it before an appeal, which goes to others."""
    return isinstance(by, User) and by.pk in handled_before(dispute)


def steps_for(dispute: Dispute, by: Actor, *, is_contested: bool | None = None) -> list[str]:
    """What this person can do with it right now, in the table's order. ``is_contested`` where the
    caller knows whether a bank wants money of it back.
    """
    steps = open_steps(dispute, role_in(dispute.milestone.contract, by))
    cannot = set()
    if had_a_hand(dispute, by):
        cannot |= {"assign", "give_up"}
    if dispute.assignee != by:
        cannot.add("give_up")
    if "decide" in steps and not _may_decide(dispute, by, is_contested):
        cannot.add("decide")
    return [step for step in steps if step not in cannot]


def judge_decision(dispute: Dispute, by: Actor, *, is_contested: bool | None = None) -> None:
    """Refuse a decision that this person cannot make now, or pass in silence: NotAllowed or
    WrongState. ``is_contested`` as above.
    """
    if dispute.state in JUDGED and had_a_hand(dispute, by):
        raise NotAllowed(HAD_A_HAND)
    judge_step(dispute, "decide", role_in(dispute.milestone.contract, by))
    if dispute.assignee not in (None, by):
        raise WrongState(
            f"{dispute.assignee.name} looks after this case. Take it over first, or leave it.",
            code="assigned",
        )
    if dispute.waiting_ruling:
        raise WrongState(
            "A decision of this case waits to be confirmed. Confirm it, or return it first."
        )
    refuse_for_bank(dispute, is_contested=is_contested)


def _may_decide(dispute: Dispute, by: Actor, is_contested: bool | None) -> bool:
    try:
        judge_decision(dispute, by, is_contested=is_contested)
    except (NotAllowed, WrongState):
        return False
    return True


def refuse_for_bank(dispute: Dispute, *, is_contested: bool | None = None) -> None:
    """Raise WrongState while a bank wants money of it back; ``is_contested`` as above. Where it is
    judged for a deed, the money is locked.
    """
    if waits_for_bank(dispute, is_contested=is_contested):
        raise WrongState(
            "The client's bank wants money of it back. Decide once it has: only then is it known "
            "what is left to divide."
        )


def is_final(dispute: Dispute) -> bool:
    """Whether its decision stands for good: it is carried out, as soon as no bank is in the way."""
    steps = {Dispute.Status.DECIDED, Dispute.Status.APPEALED}
    return dispute.state in steps and not refusal_of(dispute, "carry_out", SYSTEM)


def part_now(ruling: Ruling, escrow: Escrow, *, held: int) -> int:
    """The part of the price, in minor units, that the decision gives the freelancer now.

    Never more than was decided. Where less is held than then, because a bank has taken of it, both
    sides bear that in proportion.
    """
    left = price_held(escrow, held=held)
    if left >= ruling.held:
        return ruling.to_freelancer
    share = ruling.to_freelancer * left // ruling.held
    return left if share == left else nearest_division(share, escrow, held=held)


def expected_shares(dispute: Dispute, *, held: int | None = None) -> Shares | None:
    """Who would get what if the decision were carried out now, that stands, or does unless another
    mediator decides otherwise in time; None where there is none.

    ``held`` where the caller knows what is held; otherwise the books are asked.
    """
    ruling, escrow = ruling_of(dispute), dispute.milestone.escrow
    if dispute.state not in {Dispute.Status.DECIDED, Dispute.Status.APPEALED} or ruling is None:
        return None
    held = held_in(escrow) if held is None else held
    return shares_of(escrow, held=held, to_payee=part_now(ruling, escrow, held=held))


def waits_for_bank(dispute: Dispute, *, is_contested: bool | None = None) -> bool:
    """A bank wants money of it back and may yet give it up: the decision waits for that, unless the
    provider's limit is near. ``is_contested`` where the caller knows whether one does.
    """
    escrow = dispute.milestone.escrow
    if not (has_open_chargeback(escrow) if is_contested is None else is_contested):
        return False
    is_near = escrow.limit_at is not None and escrow.limit_at <= now() + _BEFORE_LIMIT
    # Where the bank has all of it, the provider holds nothing that could be divided in time.
    return not (is_near and held_in(escrow))


def ids_at_banks(*, limit: int) -> list[int]:
    """Disputes with a mediator of which a bank wants money back, and whose time to decide would end
    so soon that nobody could use it once the bank has let go: the next first.
    """
    ends = {"ruling_due_at__gt": now(), "ruling_due_at__lte": now() + LEFT_AFTER_BANK}
    due = Dispute.objects.filter(
        status__in=JUDGED,
        milestone__closed_at__isnull=True,
        milestone__escrow__public_id__in=contested_ids(),
        **ends,
    )
    return list(due.order_by("ruling_due_at").values_list("pk", flat=True)[:limit])


def stood_by(moment: datetime) -> Q:
    """Decisions that stood for good then, whatever waits for a bank: the time to appeal was over,
    or that of another mediator to decide.
    """
    status = Dispute.Status
    return Q(status=status.DECIDED, appeal_ends_at__lte=moment) | Q(
        status=status.APPEALED, ruling_due_at__lte=moment
    )


def free_of_banks(disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """Those of them that wait for no bank: somebody may decide them, or what stands is carried out.
    Which do wait is asked at once, for the few of which a bank wants money back.
    """
    contested = disputes.filter(milestone__escrow__public_id__in=contested_ids())
    waiting = [
        dispute.pk
        for dispute in contested.select_related("milestone__escrow")
        if waits_for_bank(dispute, is_contested=True)
    ]
    return disputes.exclude(pk__in=waiting)


def standing_ids(*, limit: int) -> list[int]:
    """Decisions that stand for good, and that wait for no bank: the longest-standing first."""
    due = Dispute.objects.filter(stood_by(now()), milestone__closed_at__isnull=True)
    free = free_of_banks(due).order_by("appeal_ends_at", "ruling_due_at")
    return list(free.values_list("pk", flat=True)[:limit])
