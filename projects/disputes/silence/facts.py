"""What is on file of a dispute that waits for an answer: facts, and nobody's word about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Max, Q, Sum

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER
from payments.chargebacks.selectors import has_open_chargeback, look_for_open_chargebacks
from payments.escrow.division import nearest_division
from payments.escrow.facts import MoneyFacts, facts_of_each
from payments.escrow.models import Escrow
from projects.contracts.models import Event, PutOff
from projects.disputes.models import Dispute, Statement
from projects.disputes.rules import OTHER
from projects.messages.models import Message
from projects.milestones.models import Milestone, Submission
from projects.milestones.rules import due_of, late_from, review_end_of

# What a side says by a deed, not by a message: it proposes, answers a proposal, or pays a part.
_SAID_BY_A_DEED = Q(kind__startswith="ending_") | Q(kind__startswith="change_")
_PAID_A_PART = "part_released"


@dataclass(frozen=True)
class Facts:
    """Of one dispute, as of ``at``; the silent side is the one that did not open it.

    ``asked_for`` is the part of the price that its opener would give the freelancer, at most what
    is held and can be paid out beside what goes back; ``price_held`` is the part that is held, and
    ``held`` what is held for it, with the client's fee. All are minor units. ``table`` is the
    number of the one that the rules name which both signed, 0 where they name none;
    ``is_contested``: the client's bank wants money of it back.

    ``late_from`` is the end of the grace period after ``due_at``. ``delivered_at`` is of the newest
    delivery, ``is_all_met`` whether it says of every criterion of today that it is met, and
    ``review_ends_at`` when silence would have approved it. ``returned`` counts the deliveries of
    which the client asked for changes. ``stated`` are the sides with a statement on file;
    ``spoke_at`` is when a side last wrote a message, proposed something or answered a proposal,
    since the contract was signed. ``has_sent_files``: the freelancer has sent a file in a message
    since then, and before the dispute.
    """

    at: datetime
    opened_by: str
    opened_at: datetime
    asked_for: int
    price_held: int
    held: int
    due_at: datetime
    late_from: datetime
    table: int = 2
    is_fully_held: bool = True
    is_contested: bool = False
    delivered_at: datetime | None = None
    is_all_met: bool = False
    review_ends_at: datetime | None = None
    returned: int = 0
    has_sent_files: bool = False
    stated: frozenset[str] = frozenset()
    client_spoke_at: datetime | None = None
    freelancer_spoke_at: datetime | None = None

    @property
    def silent(self) -> str:
        """The side whose answer is waited for."""
        return OTHER[self.opened_by]

    def spoke_at(self, role: str) -> datetime | None:
        return self.client_spoke_at if role == CLIENT else self.freelancer_spoke_at

    @property
    def quiet_from(self) -> datetime:
        """From when on whoever has something to say would have said it: the delivery, or the due
        date where nothing is delivered, or the dispute, whichever was first.
        """
        return min(self.opened_at, self.delivered_at or self.due_at)

    @property
    def is_heard_since(self) -> bool:
        """Whether the silent side has said something from then on."""
        spoke_at = self.spoke_at(self.silent)
        return spoke_at is not None and spoke_at >= self.quiet_from

    @property
    def is_waiting_for_a_reply(self) -> bool:
        """Whether the last word between the two is the silent side's."""
        last, reply = self._last_word_of(self.silent), self._last_word_of(self.opened_by)
        return last is not None and (reply is None or reply < last)

    def _last_word_of(self, role: str) -> datetime | None:
        """A delivery is a word of the freelancer's."""
        delivered_at = self.delivered_at if role == FREELANCER else None
        return max(filter(None, [self.spoke_at(role), delivered_at]), default=None)


def facts_on(disputes: Iterable[Dispute]) -> dict[int, Facts]:
    """The facts of many by primary key, in a constant number of queries.

    Their milestones, contracts, escrows and both policies are at hand.
    """
    disputes, at = list(disputes), now()
    if not disputes:
        return {}
    milestones = [dispute.milestone for dispute in disputes]
    escrows = [milestone.escrow for milestone in milestones]
    look_for_open_chargebacks(escrows)
    money = facts_of_each(escrows)
    deliveries, stated = _deliveries_of(milestones), _stated_in(disputes)
    spoken, put_off = _spoken_on(milestones), _put_off(milestones)
    with_files = _with_files(disputes)
    return {
        dispute.pk: _facts(
            dispute,
            at,
            money[dispute.milestone.escrow_id],
            deliveries.get(dispute.milestone_id, []),
            put_off.get(dispute.milestone.public_id, timedelta()),
            has_sent_files=dispute.pk in with_files,
            stated=stated.get(dispute.pk, frozenset()),
            client_spoke_at=spoken.get((dispute.milestone_id, CLIENT)),
            freelancer_spoke_at=spoken.get((dispute.milestone_id, FREELANCER)),
        )
        for dispute in disputes
    }


def _facts(
    dispute: Dispute,
    at: datetime,
    money: MoneyFacts,
    deliveries: Sequence[Submission],
    put_off: timedelta,
    *,
    has_sent_files: bool,
    stated: frozenset[str],
    client_spoke_at: datetime | None,
    freelancer_spoke_at: datetime | None,
) -> Facts:
    milestone, latest = dispute.milestone, deliveries[-1] if deliveries else None
    return Facts(
        at=at,
        opened_by=dispute.opened_by_role,
        opened_at=dispute.created_at,
        asked_for=payable(dispute.asked_for, milestone.escrow, money),
        price_held=money.price_held,
        held=money.held,
        due_at=due_of(milestone),
        late_from=late_from(milestone),
        table=milestone.contract.policy.silence_table,
        is_fully_held=money.is_fully_held,
        is_contested=has_open_chargeback(milestone.escrow),
        delivered_at=latest.created_at if latest else None,
        is_all_met=latest is not None and _answers_all(latest, milestone),
        review_ends_at=(review_end_of(milestone, latest.created_at) + put_off if latest else None),
        returned=sum(delivery.returned_at is not None for delivery in deliveries),
        has_sent_files=has_sent_files,
        stated=stated,
        client_spoke_at=client_spoke_at,
        freelancer_spoke_at=freelancer_spoke_at,
    )


def payable(asked_for: int, escrow: Escrow, money: MoneyFacts) -> int:
    """Of what is asked for, the most that is held and that cards and banks carry, in minor units;
    what was asked for could be divided then, but a bank may have cut into it since.
    """
    if asked_for >= money.price_held:
        return money.price_held
    return nearest_division(asked_for, escrow, held=money.held)


def _answers_all(delivery: Submission, milestone: Milestone) -> bool:
    met = {answer["criterion"] for answer in delivery.criteria if answer["met"]}
    return met.issuperset(milestone.criteria)


def _deliveries_of(milestones: Sequence[Milestone]) -> dict[int, list[Submission]]:
    """By milestone, the oldest first."""
    found: dict[int, list[Submission]] = {}
    submissions = Submission.objects.filter(milestone__in=milestones).defer("note", "answer")
    for delivery in submissions.order_by("milestone_id", "version"):
        found.setdefault(delivery.milestone_id, []).append(delivery)
    return found


def _stated_in(disputes: Sequence[Dispute]) -> dict[int, frozenset[str]]:
    rows = Statement.objects.filter(dispute__in=disputes).values_list("dispute_id", "role")
    found: dict[int, frozenset[str]] = {}
    for dispute_id, role in rows.distinct():
        found[dispute_id] = found.get(dispute_id, frozenset()) | {role}
    return found


def _with_files(disputes: Sequence[Dispute]) -> set[int]:
    """Those before which the freelancer has sent a file in a message, since the contract was
    signed. What was sent since a dispute was opened is a word of its own.
    """
    contract = "milestone__contract"
    message = f"{contract}__bid__conversation__messages"
    sent = Dispute.objects.filter(
        pk__in=[dispute.pk for dispute in disputes],
        **{
            f"{message}__role": FREELANCER,
            f"{message}__files__isnull": False,
            f"{message}__created_at__gte": F(f"{contract}__accepted_at"),
            f"{message}__created_at__lt": F("created_at"),
        },
    )
    return set(sent.values_list("pk", flat=True).distinct())


def _spoken_on(milestones: Sequence[Milestone]) -> Mapping[tuple[int, str], datetime]:
    """When each side last said something, by milestone and role.

    What is said on a contract counts for each of its milestones: which it is about, only a person
    can tell.
    """
    contracts = {milestone.contract_id for milestone in milestones}
    written = (
        Message.objects.filter(
            conversation__bid__contracts__in=contracts,
            created_at__gte=F("conversation__bid__contracts__accepted_at"),
        )
        .values_list("conversation__bid__contracts", "role")
        .annotate(Max("created_at"))
        .order_by()
    )
    deeds = Event.objects.filter(contract__in=contracts, role__in=[CLIENT, FREELANCER])
    proposed = deeds.filter(_SAID_BY_A_DEED).values_list("contract_id", "role")
    about = {milestone.public_id for milestone in milestones}
    paid = deeds.filter(kind=_PAID_A_PART, about__in=about).values_list("about", "role")
    last: dict[tuple[int | str, str], datetime] = {}
    for where, role, at in [
        *written,
        *proposed.annotate(Max("created_at")).order_by(),
        *paid.annotate(Max("created_at")).order_by(),
    ]:
        last[where, role] = max(at, last.get((where, role), at))
    return {
        (milestone.pk, role): max(moments)
        for milestone in milestones
        for role in (CLIENT, FREELANCER)
        if (
            moments := [
                last[where, role]
                for where in (milestone.contract_id, milestone.public_id)
                if (where, role) in last
            ]
        )
    }


def _put_off(milestones: Sequence[Milestone]) -> dict[str, timedelta]:
    """By how much outages of ours have put off the review of each."""
    longer = ExpressionWrapper(F("due_at") - F("was_due_at"), output_field=DurationField())
    rows = PutOff.objects.filter(
        about__in=[milestone.public_id for milestone in milestones], clock=PutOff.Clock.REVIEW
    )
    return dict(rows.values_list("about").annotate(longer=Sum(longer)).order_by())
