"""Wherever a process dies in a deed, the deed ends once, and money moved once.

Each case: a world of its own, a forked process that does the deed against real PostgreSQL, Valkey
and the provider's sandbox and dies at one point; then, in another process, what people and sweeps
do next. The world must then hold what it holds where nothing happened, and the books must be clean.

``make crash`` plays every point of every deed and lists the points that no deed reaches; the suite
plays a part of them.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

import tests.crash.dispute_deeds
import tests.crash.rare_deeds  # noqa: F401 - its deeds enter themselves
from tests.crash.deeds import BY_PEOPLE, BY_THE_CLOCK, Deed
from tests.crash.points import ASKED, Point, run_apart
from tests.crash.world import fresh_world, sweeps
from tests.test_house import SOURCES, bells_of

DEEDS = BY_PEOPLE | BY_THE_CLOCK
# `make crash` plays all deeds: "all" their cases, or so many of each.
WANTED = os.environ.get("CRASH_CASES", "")
# The part that every run of the suite plays: where two systems must come to agree, and where the
# answer to a person is lost.
SHORT = ("release", "take_in_by_letter", "send_a_refund", "send_a_payout")
SHORT_CASES = 3

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Table:
    """Which deed reached which point, and in how many ways it ended there."""

    reached: dict[str, set[str]] = field(default_factory=dict)
    cases: Counter[str] = field(default_factory=Counter)

    def tell(self, never: list[str]) -> None:
        print("\n\ncases  points  deed")
        for name, points in self.reached.items():
            print(f"{self.cases[name]:5}  {len(points):6}  {name}")
        print(f"{self.cases.total():5}  {len(self.everything):6}  all of them")
        for point in never:
            print(f"never reached: {point}")

    @property
    def everything(self) -> set[str]:
        return set().union(*self.reached.values())


def points_by_name() -> set[str]:
    """What the house can ask of the provider, each of its bells, each sweep of its timetable."""
    calls = {f"{when} call {name}" for name in ASKED for when in ("before", "after")}
    calls |= {f"before bell {bell}" for path in SOURCES for bell in bells_of(path)}
    # They have no rows: one reads a list, the other is a single write, and these are points too.
    rowless = {"payments.book_own_funds", "payments.take_snapshots"}
    return calls | {
        f"inside sweep {name.partition('.')[2]}" for name in sweeps() if name not in rowless
    }


@pytest.fixture(scope="module")
def table(request) -> Iterator[Table]:
    """Once all deeds have been played: none of the points may be left out."""
    one = Table()
    yield one
    if one.reached.keys() == DEEDS.keys():
        never = sorted(points_by_name() - one.everything)
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            one.tell(never)
        assert never == []


def outcome_of(deed: Deed, *, at: Point | None, how: str = "") -> tuple[Counter[str], str, list]:
    """What the world holds after the deed, what is wrong with its books, the points reached."""
    with fresh_world() as world:
        act = deed(world)
        run = run_apart(act, at=at, how=how) if at else run_apart(act)
        if at is None:
            assert run.ended == "done", run.ended
        else:
            assert at in run.reached, f"{at} was not reached again: {run.reached}"
            if deed.__name__ in BY_PEOPLE:
                run_apart(act)
        world.lose_letters()
        world.heal()
        return world.counted(), world.books(), run.reached


def part_of(cases: list[tuple[Point, str]]) -> list[tuple[Point, str]]:
    """Evenly over the deed."""
    if WANTED == "all":
        return cases
    most = int(WANTED or SHORT_CASES)
    step = max(1, len(cases) // max(1, most))
    return cases[step // 2 :: step][:most]


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", DEEDS if WANTED else SHORT)
def test_it_ends_once_wherever_it_is_cut_short(name, table):
    deed = DEEDS[name]
    expected, trouble, reached = outcome_of(deed, at=None)
    assert trouble == ""
    cases = [(point, how) for point in reached for how in point.ways]
    table.reached[name] = {point.name for point in reached}

    wrong = []
    for at, how in part_of(cases):
        found, trouble, _ = outcome_of(deed, at=at, how=how)
        table.cases[name] += 1
        if found != expected:
            more, less = dict(found - expected), dict(expected - found)
            wrong.append(f"{at}, {how}: more {more}, less {less}")
        if trouble:
            wrong.append(f"{at}, {how}: {trouble}")

    assert wrong == [], "\n".join(wrong)
