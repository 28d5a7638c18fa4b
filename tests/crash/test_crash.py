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
import tests.crash.finance_deeds
import tests.crash.rare_deeds
import tests.crash.trouble_deeds
import tests.crash.work_deeds  # noqa: F401 - their deeds enter themselves
from tests.crash.deeds import BY_PEOPLE, BY_THE_CLOCK, Deed
from tests.crash.points import ASKED, Point, Run, run_apart
from tests.crash.transactions import money_deeds
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
    """Which deed reached which point, and in how many ways it ended there; and all the services
    whose writes any of them has kept.
    """

    reached: dict[str, set[str]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    cases: Counter[str] = field(default_factory=Counter)

    def tell(self, never: list[str]) -> None:
        print("\n\ncases  points  deed")
        for name, points in self.reached.items():
            print(f"{self.cases[name]:5}  {len(points):6}  {name}")
        points = set().union(*self.reached.values())
        print(f"{self.cases.total():5}  {len(points):6}  all of them")
        for point in never:
            print(f"never reached: {point}")

    @property
    def everything(self) -> set[str]:
        return self.kept.union(*self.reached.values())


def points_by_name() -> set[str]:
    """What the house can ask of the provider, each of its bells, each sweep of its timetable, each
    transaction that leads to money.
    """
    calls = {f"{when} call {name}" for name in ASKED for when in ("before", "after")}
    calls |= {f"before bell {bell}" for path in SOURCES for bell in bells_of(path)}
    # They have no rows: one reads a list, the other is a single write, and these are points too.
    rowless = {"payments.book_own_funds", "payments.take_snapshots"}
    return (
        calls
        | money_deeds()
        | {f"inside sweep {name.partition('.')[2]}" for name in sweeps() if name not in rowless}
    )


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


def outcome_of(deed: Deed, *, at: Point | None, how: str = "") -> tuple[Counter[str], str, Run]:
    """What the world holds after the deed, what is wrong with its books, how the deed went."""
    with fresh_world() as world:
        act = deed(world)
        run = run_apart(act, at=at, how=how) if at else run_apart(act)
        if at is None:
            assert run.ended == "done", run.ended
        elif deed.__name__ in BY_PEOPLE:
            run_apart(act)
        world.lose_letters()
        world.heal()
        return world.counted(), world.books(), run


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
    expected, trouble, whole = outcome_of(deed, at=None)
    assert trouble == ""
    cases = [(point, how) for point in whole.reached for how in point.ways]
    table.reached[name] = {point.name for point in whole.reached}
    table.kept |= whole.kept

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
