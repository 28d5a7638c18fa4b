"""How two wordings differ, line by line: of a bid, and of whatever else has milestones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Protocol

from marketplace.common.models import StoredFile
from marketplace.common.money import in_words
from projects.screening.models import ScreeningQuestion
from projects.screening.rules import Answers
from projects.screening.selectors import in_words as answer_in_words

# What is about no single milestone.
WHOLE = "As a whole"
ANSWERS = "Answers"
# Comparing grows with the square of the lines; a letter of more lines is shown whole.
_COMPARED_LINES = 100

Milestone = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One difference: ``what`` of the milestone changes; an empty side is not there."""

    title: str
    what: str
    before: str = ""
    after: str = ""


class Terms(Protocol):
    """What is offered: ``price`` in minor units, ``plan`` as a bid has it."""

    price: int
    days: int
    plan: list[Milestone]


class Wording(Terms, Protocol):
    """What both a bid and an earlier version of it have."""

    letter: str
    valid_until: datetime
    answers: Answers


@dataclass(frozen=True)
class LetterLine:
    """A line of a letter: kept, added or removed."""

    sign: str
    text: str


def wording_differences(
    old: Wording, new: Wording, currency: str, questions: Sequence[ScreeningQuestion] = ()
) -> list[Line]:
    """What an edit changed but for the letter; ``questions`` are those that both answer."""
    lines = terms_differences(old, new, currency)
    valid = [_moment(one.valid_until) for one in (old, new)]
    if valid[0] != valid[1]:
        lines.insert(0, Line(WHOLE, "Valid until", *valid))
    for question in questions:
        said = [answer_in_words(question, one.answers) for one in (old, new)]
        if said[0] != said[1]:
            lines.append(Line(ANSWERS, question.text, *said))
    return lines


def terms_differences(old: Terms, new: Terms, currency: str) -> list[Line]:
    """The whole first, then milestone by milestone as the new plan has them, then what is gone."""
    whole = [
        ("Price", in_words(old.price, currency), in_words(new.price, currency)),
        ("Time", f"{old.days} days", f"{new.days} days"),
    ]
    lines = [Line(WHOLE, *line) for line in whole if line[1] != line[2]]
    pairs = _pairs(old.plan, new.plan)
    kept = [now["title"] for was, now in pairs if was and now and was["title"] == now["title"]]
    order = [was["title"] for was in old.plan if was["title"] in kept]
    if order != kept:
        lines.append(Line(WHOLE, "Order", " · ".join(order), " · ".join(kept)))
    for was, now in pairs:
        if was is None and now is not None:
            lines += _added(now, currency)
        elif was is not None and now is not None:
            lines += _changed(was, now, currency)
        elif was is not None:
            lines.append(Line(was["title"], "Milestone", before=was["title"]))
    return lines


def criteria_differences(title: str, old: Sequence[str], new: Sequence[str]) -> list[Line]:
    """Each criterion that is gone or new; both lists where only their order differs."""
    if old == new:
        return []
    gone = [Line(title, "Done means", before=one) for one in old if one not in new]
    come = [Line(title, "Done means", after=one) for one in new if one not in old]
    return gone + come or [Line(title, "Done means", " · ".join(old), " · ".join(new))]


def file_differences(old: Sequence[StoredFile], new: Sequence[StoredFile]) -> list[Line]:
    """Each file that is gone or new; on one line where another of the same name took its place."""
    before, after = ({one.public_id: one for one in files} for files in (old, new))
    gone = {one.name: one for key, one in before.items() if key not in after}
    come = {one.name: one for key, one in after.items() if key not in before}
    lines = []
    for name in sorted(gone | come):
        was, now = gone.get(name), come.get(name)
        if was and now:
            lines.append(Line(WHOLE, "File", _with_hash(was), _with_hash(now)))
        else:
            lines.append(Line(WHOLE, "File", name if was else "", name if now else ""))
    return lines


def letter_differences(old: str, new: str) -> list[LetterLine]:
    """The letter line by line; nothing where it is the same."""
    if old == new:
        return []
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) > _COMPARED_LINES:
        return [LetterLine("removed", old), LetterLine("added", new)]
    lines: list[LetterLine] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [LetterLine("kept", text) for text in before[a:b]]
        else:
            lines += [LetterLine("removed", text) for text in before[a:b]]
            lines += [LetterLine("added", text) for text in after[c:d]]
    return lines


def _pairs(
    old: Sequence[Milestone], new: Sequence[Milestone]
) -> list[tuple[Milestone | None, Milestone | None]]:
    """Which milestone became which: the one of the same title, else the one in the same place."""
    left = dict(enumerate(old))
    found: dict[int, Milestone] = {}
    for place, milestone in enumerate(new):
        same = [at for at, was in left.items() if was["title"] == milestone["title"]]
        if same:
            found[place] = left.pop(same[0])
    for place in range(len(new)):
        if place not in found and place in left:
            found[place] = left.pop(place)
    pairs: list[tuple[Milestone | None, Milestone | None]] = [
        (found.get(place), milestone) for place, milestone in enumerate(new)
    ]
    return pairs + [(was, None) for was in left.values()]


def _added(new: Milestone, currency: str) -> list[Line]:
    title = new["title"]
    return [
        Line(title, "Milestone", after=title),
        Line(title, "Price", after=in_words(new["amount"], currency)),
        Line(title, "Due", after=f"day {new['days']}"),
        *(Line(title, "Done means", after=criterion) for criterion in new["criteria"]),
    ]


def _changed(old: Milestone, new: Milestone, currency: str) -> list[Line]:
    pairs = [
        ("Title", old["title"], new["title"]),
        ("Price", in_words(old["amount"], currency), in_words(new["amount"], currency)),
        ("Due", f"day {old['days']}", f"day {new['days']}"),
    ]
    lines = [Line(new["title"], *pair) for pair in pairs if pair[1] != pair[2]]
    return lines + criteria_differences(new["title"], old["criteria"], new["criteria"])


def _with_hash(file: StoredFile) -> str:
    """What tells two of one name apart."""
    return f"{file.name} (SHA-256 {file.sha256[:8]}…)"


def _moment(moment: datetime) -> str:
    return f"{moment:%-d %b %Y, %H:%M} UTC"
