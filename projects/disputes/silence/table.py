"""The published tables of what becomes of a dispute that nobody answers. The first fitting row.

Each contract is judged by the table that its rules name. A table that is published never changes;
rows that decide keep their numbers and their words from one to the next.

Whoever opens a dispute says in the same step what they ask for. So a row can grant that, and never
more, or leave it to a mediator; where the silent side has anything on file, it is the mediator.
What either side says of the case is no fact, and no row asks for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_noop

from marketplace.common.lifecycle import CLIENT, FREELANCER
from projects.disputes.silence.facts import Facts


class Outcome(StrEnum):
    AS_ASKED = "as_asked"
    MEDIATOR = "mediator"

    @property
    def words(self) -> str:
        return _OUTCOMES[self]


_OUTCOMES = {
    Outcome.AS_ASKED: gettext_noop("What the opener asked for, and no more than is held"),
    Outcome.MEDIATOR: gettext_noop("A mediator decides"),
}


@dataclass(frozen=True)
class Row:
    """One line of a table. ``is_alike``: it reads the same with both sides exchanged."""

    number: int
    condition: str
    fits: Callable[[Facts], bool]
    outcome: Outcome
    reason: str
    is_alike: bool = False

    @property
    def ground(self) -> str:
        """Its name among what decisions rest on."""
        return f"silence_{self.number}"


@dataclass(frozen=True)
class Judgement:
    """Which row decides, and what part of the price the freelancer then gets, in minor units; None
    where a mediator says it.
    """

    row: Row
    to_freelancer: int | None


def judge(facts: Facts) -> Judgement:
    """What the table makes of these facts. Pure: the same facts are judged alike for ever."""
    # Rules that name no table are known to the first row of each.
    rows = TABLES[facts.table or min(TABLES)]
    row = next(row for row in rows if row.fits(facts))
    is_granted = row.outcome == Outcome.AS_ASKED
    return Judgement(row, facts.asked_for if is_granted else None)


def _asks_nothing(facts: Facts) -> bool:
    nothing = facts.price_held if facts.opened_by == CLIENT else 0
    return facts.asked_for == nothing


def _is_late(facts: Facts) -> bool:
    # While it is disputed nothing can be delivered: the date has to have passed before.
    return facts.due_at <= facts.opened_at and facts.late_from <= facts.at


def _is_reviewed(facts: Facts) -> bool:
    return facts.review_ends_at is not None and facts.review_ends_at <= facts.at


_FIRST = (
    Row(
        1,
        gettext_noop("The contract was signed under rules that do not know this table."),
        lambda facts: not facts.table,
        Outcome.MEDIATOR,
        gettext_noop("Nobody is judged by what they have not signed."),
        is_alike=True,
    ),
    Row(
        2,
        gettext_noop("The client’s bank wants money of it back."),
        lambda facts: facts.is_contested,
        Outcome.MEDIATOR,
        gettext_noop("While a bank asks for the money, silence moves none of it."),
        is_alike=True,
    ),
    Row(
        3,
        gettext_noop("Not all of the agreed money is held."),
        lambda facts: not facts.is_fully_held,
        Outcome.MEDIATOR,
        gettext_noop("Before all of it is held, no work is due, and silence approves none."),
        is_alike=True,
    ),
    Row(
        4,
        gettext_noop("The opener asks for nothing for their own side."),
        _asks_nothing,
        Outcome.AS_ASKED,
        gettext_noop("The silent side gets all that it could get."),
        is_alike=True,
    ),
    Row(
        5,
        gettext_noop("A statement of the silent side is on file."),
        lambda facts: facts.silent in facts.stated,
        Outcome.MEDIATOR,
        gettext_noop("Who has made a statement is not silent."),
        is_alike=True,
    ),
    Row(
        6,
        gettext_noop("The client opened it, and a delivery is on file."),
        lambda facts: facts.opened_by == CLIENT and facts.delivered_at is not None,
        Outcome.MEDIATOR,
        gettext_noop("A delivery is evidence: a person looks whether it is what was agreed."),
    ),
    Row(
        7,
        gettext_noop(
            "The silent side has written a message, proposed something or answered a proposal "
            "since the delivery (where nothing is delivered: since the due date), or since the "
            "dispute was opened."
        ),
        lambda facts: facts.is_heard_since,
        Outcome.MEDIATOR,
        gettext_noop("What was said is on file: a person reads what it means."),
        is_alike=True,
    ),
    Row(
        8,
        gettext_noop(
            "The last message, proposal or delivery between the two is the silent side’s: the "
            "opener has not replied to it."
        ),
        lambda facts: facts.is_waiting_for_a_reply,
        Outcome.MEDIATOR,
        gettext_noop("Who waits for a reply is not the one who is silent."),
        is_alike=True,
    ),
    Row(
        9,
        gettext_noop(
            "The client opened it after the due date; nothing is delivered, nothing was said "
            "since, and the grace period is over."
        ),
        lambda facts: facts.opened_by == CLIENT and facts.delivered_at is None and _is_late(facts),
        Outcome.AS_ASKED,
        gettext_noop("Nothing was delivered when it was due, and nobody says why."),
    ),
    Row(
        10,
        gettext_noop("The freelancer opened it, and nothing is delivered."),
        lambda facts: facts.opened_by == FREELANCER and facts.delivered_at is None,
        Outcome.MEDIATOR,
        gettext_noop("Silence does not pay for work that is not on file."),
    ),
    Row(
        11,
        gettext_noop("The freelancer opened it, and the client has asked for changes of the work."),
        lambda facts: facts.opened_by == FREELANCER and facts.returned > 0,
        Outcome.MEDIATOR,
        gettext_noop("What the client found not met is on file: a person looks at it."),
    ),
    Row(
        12,
        gettext_noop(
            "The freelancer opened it, and the newest delivery does not say of every criterion "
            "that it is met."
        ),
        lambda facts: facts.opened_by == FREELANCER and not facts.is_all_met,
        Outcome.MEDIATOR,
        gettext_noop("The delivery itself says that something is open."),
    ),
    Row(
        13,
        gettext_noop(
            "The freelancer opened it; the newest delivery says of every criterion that it is met, "
            "no changes were asked for, and the time to review it is over."
        ),
        lambda facts: (
            facts.opened_by == FREELANCER
            and facts.delivered_at is not None
            and facts.is_all_met
            and not facts.returned
            and _is_reviewed(facts)
        ),
        Outcome.AS_ASKED,
        gettext_noop("The client had the time to look and to object, and said nothing."),
    ),
    Row(
        14,
        gettext_noop("Anything else."),
        lambda facts: True,
        Outcome.MEDIATOR,
        gettext_noop("The silent side’s own time, to deliver or to review, is not over."),
    ),
)

# A file that the freelancer has sent is evidence as a delivery is.
_SINCE_FILES_COUNT = {
    1: Row(
        1,
        gettext_noop("The contract was signed under rules that name no such table."),
        lambda facts: not facts.table,
        Outcome.MEDIATOR,
        gettext_noop("Nobody is judged by what they have not signed."),
        is_alike=True,
    ),
    6: Row(
        6,
        gettext_noop(
            "The client opened it, and a delivery is on file, or a file that the freelancer sent "
            "in a message after the contract was signed and before the dispute."
        ),
        lambda facts: (
            facts.opened_by == CLIENT and (facts.delivered_at is not None or facts.has_sent_files)
        ),
        Outcome.MEDIATOR,
        gettext_noop("What was sent is evidence: a person looks whether it is what was agreed."),
    ),
}
# By the number under which the rules name them.
TABLES: dict[int, tuple[Row, ...]] = {
    1: _FIRST,
    2: tuple(_SINCE_FILES_COUNT.get(row.number, row) for row in _FIRST),
}
