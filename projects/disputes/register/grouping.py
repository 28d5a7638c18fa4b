"""Which decisions of one quarter are alike, and how much can be told of so few. Pure.

What is told of a decision is told of at least ``LEAST`` of them together, word for word; nothing
that is not told can be reckoned from what is. How, and why it holds: decision 39.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

LEAST = 5
# Alike in these, or not told at all.
CELL = ("reason", "outcome")


@dataclass(frozen=True)
class Decision:
    """``told`` is a value for each column; ``days`` from the opening to the decision, ``share`` the
    freelancer's part of what was held, in per mille; ``people`` are the keys of both sides.
    """

    told: Mapping[str, str]
    days: int
    share: int
    people: frozenset[int] = frozenset()

    @property
    def cell(self) -> tuple[str, ...]:
        return tuple(self.told[column] for column in CELL)


@dataclass(frozen=True)
class Group:
    """``told`` has "" in the columns that are withheld."""

    told: Mapping[str, str]
    decisions: Sequence[Decision]

    @property
    def days(self) -> int:
        """Of the middle one, the lower of two."""
        return median_low(one.days for one in self.decisions)

    @property
    def share(self) -> int:
        return median_low(one.share for one in self.decisions)


def grouped(
    decisions: Iterable[Decision], *, finer: Sequence[str], least: int = LEAST
) -> list[Group]:
    """The groups of which the register tells, each of ``least`` at least: three or more, since of
    two that differ everything is known.

    ``finer`` are the columns beside ``CELL``, in the order in which they are told.
    """
    cells = defaultdict(list)
    for decision in counted(decisions):
        cells[decision.cell].append(decision)
    return [
        group
        for cell, alike in sorted(cells.items())
        if len(alike) >= least
        for group in _refined(alike, dict(zip(CELL, cell, strict=True)), finer, least)
    ]


def counted(decisions: Iterable[Decision]) -> Iterator[Decision]:
    """Of those of a cell, in their order, each that has no side in common with one before it: five
    decisions between the same two are nobody to hide among.
    """
    known: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for decision in decisions:
        people = known[decision.cell]
        if people.isdisjoint(decision.people):
            people |= decision.people
            yield decision


def _refined(
    alike: list[Decision], told: dict[str, str], finer: Sequence[str], least: int
) -> list[Group]:
    if not finer:
        return [Group(told, alike)]
    column, *rest = finer
    return [
        group
        for value, part in _parts(alike, column, least)
        for group in _refined(part, told | {column: value}, rest, least)
    ]


def _parts(alike: list[Decision], column: str, least: int) -> list[tuple[str, list[Decision]]]:
    """Those of each value; those whose value is withheld stand together under ""."""
    parts = defaultdict(list)
    for decision in alike:
        parts[decision.told[column]].append(decision)
    shown = {value: part for value, part in sorted(parts.items()) if len(part) >= least}
    left = [decision for decision in alike if decision.told[column] not in shown]
    # Beside what is shown, so few would be a small cell themselves; and where every value that is
    # left has as many as it may, their sum would tell how many are of each.
    fills = (len(parts) - len(shown)) * (least - 1)
    if left and (len(left) < least or len(left) == fills):
        shown, left = {}, alike
    return [*shown.items(), *([("", left)] if left else [])]
