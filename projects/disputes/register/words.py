"""What the register says, in words; the same on its page, in the API and in its files."""

from projects.disputes.grounds import Ground
from projects.disputes.register.grouping import LEAST
from projects.disputes.register.models import RegisterEntry
from projects.disputes.silence.table import TABLES, Outcome

# Of a decision from before there were names.
UNNAMED = "unnamed"
GROUNDS = {
    **dict(Ground.choices),
    **{
        row.ground: f"Row {row.number} of the rules for silence: {row.condition}"
        for table in TABLES.values()
        for row in table
        if row.outcome == Outcome.AS_ASKED
    },
    UNNAMED: "Not named",
}

SMALL_CELLS = (
    f"What is told of a decision is told of at least {LEAST} of the same quarter together, which "
    "are alike in all of it, and in which nobody is a side twice: of several of the same person, "
    f"the first with a reason and outcome counts. Fewer than {LEAST} with the same reason and "
    "outcome are left out, of the entries and of every sum; anything else that would tell of fewer "
    "is withheld."
)

# Each column of the files and of the API, in its order.
COLUMNS = {
    "id": "Of the entry. It leads to no case.",
    "quarter": "In which the decisions were carried out, in UTC: 2026-Q4.",
    "reason": "Which the opener chose.",
    "outcome": "What was decided of the money that was held.",
    "decided_by": "Who decided.",
    "ground": "The rule that was applied.",
    "delivery": "Whether a delivery was on file.",
    "missed": "How many of the agreed criteria the opener named as not met.",
    "opened_by": "Which side opened the dispute.",
    "kind": "The kind of work: for a fixed price or by the hour.",
    "currency": "Of the money that was held.",
    "band": "How much of the price was held, in whole units of the currency: from the first "
    "number on, and less than the second. Each currency has its own four.",
    "decisions": f"How many are alike in all of this: {LEAST} or more.",
    "days_median": "Days from the opening to the decision, of the middle one.",
    "days_total": "The same of all of them together.",
    "share_median": "What the freelancer got by the decision, in per mille, of the middle one.",
}
WITHHELD = "Blank where it is withheld, since it would be told of too few."
# What is said to whoever asks for a band as if it were one: 1000-10000 of a pound and of a dollar.
BAND_OF_NOTHING = "Choose the currency too: others have amounts of the same numbers."
NO_SUCH_BAND = "This currency has no such amounts to choose."


def quarter_name(number: int) -> str:
    """20264 → '2026-Q4'."""
    return f"{number // 10}-Q{number % 10}"


def as_row(entry: RegisterEntry) -> dict[str, str | int]:
    """An entry as the files and the API tell it."""
    row = {name: getattr(entry, name) for name in COLUMNS if name not in ("id", "quarter")}
    return {"id": entry.public_id, "quarter": quarter_name(entry.quarter)} | row


def facts_in_words(entry: RegisterEntry) -> list[str]:
    """What is told of the cases, as far as it is."""
    facts = [
        entry.get_delivery_display(),
        entry.get_missed_display(),
        entry.get_opened_by_display(),
    ]
    return [f"{fact}." for fact in facts if fact]


def withheld_in_words(entry: RegisterEntry) -> list[str]:
    """What is not told, since it would be told of too few."""
    return [words for column, words in _WITHHELD.items() if not getattr(entry, column)]


_WITHHELD = {
    "decided_by": "who decided",
    "ground": "the rule",
    "delivery": "whether anything was delivered",
    "missed": "the criteria that were named",
    "opened_by": "who opened it",
    "kind": "the kind of work",
    "band": "the amount",
}
