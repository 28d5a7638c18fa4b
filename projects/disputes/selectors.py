"""Who may see which disputes, which are due for what, and what a decision means in money."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, Q, QuerySet

from accounts.parties.selectors import party_ids_of, person_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of, staff_with
from marketplace.common.clock import now
from payments.escrow.division import Shares, price_held, shares_of
from payments.escrow.facts import facts_now, facts_of
from payments.escrow.selectors import Closing, closings_of_each, held_in
from payments.policies.selectors import second_mediator_above
from payments.refunds.models import Refund
from payments.refunds.selectors import refunds_named
from projects.contracts.selectors import contracts_of
from projects.disputes.assigning.models import Assignment
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.exhibits.selectors import with_exhibits
from projects.disputes.models import OPEN, Dispute, Ruling, Statement
from projects.milestones.models import Milestone

# Support reads what mediators decide.
_READERS = {StaffRole.MEDIATOR, StaffRole.SUPPORT}


def disputes_of(user: User | AnonymousUser) -> QuerySet[Dispute]:
    """The disputes on this person's contracts, of either side, newest first."""
    return _in_full().filter(milestone__contract__in=contracts_of(user).order_by())


def may_read_disputes(user: User | AnonymousUser) -> bool:
    """Whether this person decides disputes, or is of those who read what others decide."""
    return bool(_READERS & staff_roles_of(user))


def desk_disputes(user: User | AnonymousUser) -> QuerySet[Dispute]:
    """What mediators and support see: every dispute but those on contracts of their own."""
    if not may_read_disputes(user):
        return Dispute.objects.none()
    parties = party_ids_of(user)
    return _in_full().exclude(
        Q(milestone__contract__client__in=parties) | Q(milestone__contract__freelancer__in=parties)
    )


def still_open(disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """Those of them that wait for somebody, the oldest first."""
    return disputes.filter(status__in=OPEN, milestone__closed_at__isnull=True).order_by(
        "created_at", "id"
    )


def neighbours_of(dispute: Dispute, disputes: QuerySet[Dispute]) -> list[Dispute | None]:
    """The ones before and after it among those that wait for somebody, the oldest first."""
    plain = disputes.select_related(None).prefetch_related(None)
    waiting = still_open(plain).exclude(pk=dispute.pk)
    at, pk = dispute.created_at, dispute.pk
    older = waiting.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    newer = waiting.filter(Q(created_at__gt=at) | Q(created_at=at, pk__gt=pk))
    return [older.last(), newer.first()]


def unanswered_ids(*, limit: int) -> list[int]:
    """Disputes whose other side had its time to answer."""
    due = Dispute.objects.filter(
        status=Dispute.Status.OPENED,
        answer_due_at__lte=now(),
        milestone__closed_at__isnull=True,
    ).order_by("answer_due_at")
    return list(due.values_list("pk", flat=True)[:limit])


def negotiated_ids(*, limit: int) -> list[int]:
    """Disputes whose sides had their time to settle."""
    due = Dispute.objects.filter(
        status=Dispute.Status.NEGOTIATING,
        negotiation_ends_at__lte=now(),
        milestone__closed_at__isnull=True,
    ).order_by("negotiation_ends_at")
    return list(due.values_list("pk", flat=True)[:limit])


def sides_of(dispute: Dispute) -> list[int]:
    """Whom what staff does with it concerns: the keys of both sides' people."""
    contract = dispute.milestone.contract
    return person_ids_of(contract.client_id, contract.freelancer_id)


def handled_before(dispute: Dispute, *, instance: int | None = None) -> set[int]:
    """Whoever had a hand in a decision of it, or, before an appeal, in one that did not stand, or
    was ever given it: their keys. An appeal goes to others. ``instance`` 2 where it is asked who
    could not hear an appeal that may come; else it is the one that the case is in.
    """
    instance = instance or dispute.instance
    hands = {
        key for ruling in dispute.rulings.all() for key in (ruling.by_id, ruling.confirmed_by_id)
    }
    for proposed in dispute.proposed_rulings.all():
        if proposed.number < instance:
            hands |= {proposed.by_id, proposed.answered_by_id}
    hands |= {one.mediator_id for one in dispute.assignments.all() if one.number < instance}
    return {key for key in hands if key is not None}


def mediators_for(dispute: Dispute) -> list[User]:
    """Who may decide it: every mediator but those who are a side of its contract, or had a hand in
    it before an appeal.
    """
    out = handled_before(dispute) | set(sides_of(dispute))
    return [one for one in staff_with(StaffRole.MEDIATOR) if one.pk not in out]


def limit_of(dispute: Dispute) -> int | None:
    """Where more of the price is held than that, in minor units, two mediators decide; or None."""
    milestone = dispute.milestone
    return second_mediator_above(milestone.contract.policy, milestone.currency)


def needs_second(dispute: Dispute, *, held: int | None = None) -> bool:
    """Whether one mediator alone cannot divide what is held of the price now. ``held`` where the
    caller knows what is held in all.
    """
    limit, escrow = limit_of(dispute), dispute.milestone.escrow
    held = held_in(escrow) if held is None else held
    return limit is not None and price_held(escrow, held=held) > limit


def readers_of(dispute: Dispute) -> list[User]:
    """Whoever of the staff reads it at the desk: never a side of its contract."""
    sides = set(sides_of(dispute))
    found = {one.pk: one for role in _READERS for one in staff_with(role)}
    return [one for pk, one in sorted(found.items()) if pk not in sides]


def moot_ids(*, limit: int) -> list[int]:
    """Disputes whose milestone has ended without a decision."""
    moot = Dispute.objects.filter(status__in=OPEN, milestone__closed_at__isnull=False)
    return list(moot.order_by("pk").values_list("pk", flat=True)[:limit])


def effect_of(milestone: Milestone, to_freelancer: int, *, held: int | None = None) -> Shares:
    """Who would get what of the held money if this part of the price were released. ``held`` where
    the caller knows what is held; otherwise the books are asked.
    """
    escrow = milestone.escrow
    held = held_in(escrow) if held is None else held
    return shares_of(escrow, held=held, to_payee=to_freelancer)


def read_closings(disputes: Iterable[Dispute]) -> None:
    """Ask once how all of these were closed, and how far what goes back is: so no list asks for
    each of them.
    """
    closed = [dispute for dispute in disputes if not dispute.is_open]
    found = closings_of_each(dispute.milestone.escrow.public_id for dispute in closed)
    refunds = refunds_named(name for one in found.values() for name in one.refunds)
    for dispute in closed:
        closing = found.get(dispute.milestone.escrow.public_id)
        names = closing.refunds if closing else ()
        dispute.__dict__["closing"] = closing
        dispute.__dict__["refunds"] = [refunds[name] for name in names]


def outcome_of(dispute: Dispute) -> Shares | None:
    """Who got what when the milestone ended, by whatever means; None while the case is open."""
    if dispute.is_open:
        return None
    if "closing" not in dispute.__dict__:
        read_closings([dispute])
    closing: Closing | None = dispute.__dict__["closing"]
    return closing.shares if closing else Shares(0, 0, 0, 0)


def refunds_of(dispute: Dispute) -> list[Refund]:
    """Those that its end has caused, as far as they are now; none while it is open."""
    if dispute.is_open:
        return []
    if "refunds" not in dispute.__dict__:
        read_closings([dispute])
    refunds: list[Refund] = dispute.__dict__["refunds"]
    return refunds


@dataclass(frozen=True)
class Stake:
    """What a dispute divides, or has divided, in minor units.

    ``held`` by the books, the client's fee included, and ``price``, the part of the milestone's
    price that it pays for: the most that can go to the freelancer. Its opener asks for
    ``asked_for`` of that.
    """

    held: int
    price: int
    asked_for: int

    @property
    def rest(self) -> int | None:
        """What would go back of the price; None where a bank has left less than is asked for."""
        return self.price - self.asked_for if self.asked_for <= self.price else None


def stake_of(dispute: Dispute, *, held: int | None = None) -> Stake | None:
    """None where nothing was left to divide in the end: a bank had taken all of it. ``held`` as in
    ``effect_of``.
    """
    escrow = dispute.milestone.escrow
    if dispute.is_open:
        facts = facts_now(escrow) if held is None else facts_of(escrow, held=held)
        return Stake(facts.held, facts.price_held, dispute.asked_for)
    outcome = outcome_of(dispute)
    if outcome is None or not outcome.total:
        return None
    before = copy(escrow)  # as it was until then; never saved
    before.released -= outcome.price
    return Stake(outcome.total, price_held(before, held=outcome.total), dispute.asked_for)


def _in_full() -> QuerySet[Dispute]:
    statements = Statement.objects.select_related("by").prefetch_related(with_exhibits())
    return (
        Dispute.objects.select_related(
            "milestone__contract__client",
            "milestone__contract__freelancer",
            "milestone__contract__policy",
            "milestone__escrow__policy",
            "opened_by",
        )
        .prefetch_related(
            Prefetch("statements", statements.order_by("created_at", "id")),
            Prefetch(
                "rulings", Ruling.objects.select_related("by", "confirmed_by").order_by("number")
            ),
            Prefetch(
                "assignments", Assignment.objects.select_related("mediator", "by").order_by("pk")
            ),
            Prefetch(
                "proposed_rulings",
                ProposedRuling.objects.select_related("by", "answered_by").order_by("pk"),
            ),
        )
        .order_by("-created_at", "-id")
    )
