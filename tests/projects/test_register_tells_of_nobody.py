"""From what the register tells, no count of fewer than it may tell of can be reckoned."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.disputes.register.grouping import LEAST, Decision, Group, grouped

# Of two that differ everything is known: three is the fewest for which it can hold.
FEWEST = 3


def decision(reason: str = "late", outcome: str = "client", days: int = 1, **told: str) -> Decision:
    return Decision({"reason": reason, "outcome": outcome} | told, days=days, share=0)


def told_of(groups: list[Group]) -> tuple[tuple[tuple[str, ...], int], ...]:
    """What a reader sees: the values of each group, and how many are in it."""
    return tuple(sorted((tuple(one.told.values()), len(one.decisions)) for one in groups))


def ways(boxes: int, most: int) -> Iterator[tuple[int, ...]]:
    """How up to ``most`` decisions can lie in so many boxes."""
    if not boxes:
        yield ()
        return
    for first in range(most + 1):
        for rest in ways(boxes - 1, most - first):
            yield (first, *rest)


def known(sizes: tuple[int, ...], *, least: int, most: int) -> list[tuple[object, object, int]]:
    """Whoever tries every quarter that there can be: which small counts are the same in all that
    look alike? ``sizes`` are how many values each finer column has.
    """
    finer = [f"column{number}" for number in range(len(sizes))]
    kinds = list(product(*(map(str, range(size)) for size in sizes)))
    alike = defaultdict(list)
    for counts in ways(len(kinds), most):
        decisions = [
            decision(**dict(zip(finer, kind, strict=True)))
            for kind, count in zip(kinds, counts, strict=True)
            for _ in range(count)
        ]
        alike[told_of(grouped(decisions, finer=finer, least=least))].append(counts)
    queries = list(product(*([None, *map(str, range(size))] for size in sizes)))
    fitting = {
        query: [
            number
            for number, kind in enumerate(kinds)
            if all(asked in (None, is_) for asked, is_ in zip(query, kind, strict=True))
        ]
        for query in queries
    }
    found = []
    for seen, inputs in alike.items():
        for query, numbers in fitting.items():
            answers = {sum(counts[number] for number in numbers) for counts in inputs}
            if len(answers) == 1 and 0 < (answer := answers.pop()) < least:
                found.append((seen, query, answer))
    return found


@pytest.mark.parametrize(
    ("sizes", "least", "most"),
    [((2,), 5, 22), ((3,), 3, 12), ((3,), 5, 20), ((2, 2), 3, 11), ((3, 2), 3, 8), ((2, 3), 3, 8)],
)
def test_no_small_count_can_be_reckoned_from_what_is_told(sizes, least, most):
    assert known(sizes, least=least, most=most) == []


def test_of_two_it_could_not_hold():
    """Which is why ``LEAST`` cannot be set to two: what is here tested can fail."""
    assert known((2,), least=2, most=4)
    assert LEAST >= FEWEST


COLUMNS = {"ground": "abc", "kind": "xy", "currency": "uvwz"}
DECISIONS = st.lists(
    st.builds(
        decision,
        reason=st.sampled_from(["late", "other"]),
        outcome=st.sampled_from(["client", "divided"]),
        days=st.integers(0, 90),
        **{name: st.sampled_from(values) for name, values in COLUMNS.items()},
    ),
    min_size=20,
    max_size=80,
)


@settings(max_examples=200, deadline=None)
@given(DECISIONS)
def test_each_is_told_of_once_among_enough_that_are_alike(decisions):
    groups = grouped(decisions, finer=list(COLUMNS))

    counted = [id(one) for group in groups for one in group.decisions]
    assert len(counted) == len(set(counted))
    told = [tuple(group.told.values()) for group in groups]
    assert len(told) == len(set(told))
    for group in groups:
        assert len(group.decisions) >= LEAST
        for one in group.decisions:
            # What is told of it is true.
            assert all(value in ("", one.told[name]) for name, value in group.told.items())
    # Of a reason and an outcome all are told of, or none.
    cells = Counter((one.told["reason"], one.told["outcome"]) for one in decisions)
    shown = Counter()
    for group in groups:
        shown[group.told["reason"], group.told["outcome"]] += len(group.decisions)
    assert shown == {cell: count for cell, count in cells.items() if count >= LEAST}


@settings(max_examples=100, deadline=None)
@given(DECISIONS, st.integers(0, LEAST - 1))
def test_what_is_left_out_changes_nothing_that_is_told(decisions, few):
    """None, one or four of a reason: nobody sees which."""
    more = [decision("no_response", "client", ground="a", kind="x", currency="u")] * few
    finer = list(COLUMNS)
    assert told_of(grouped(decisions + more, finer=finer)) == told_of(
        grouped(decisions, finer=finer)
    )


def test_what_is_told_of_a_group_is_of_its_middle():
    group = grouped([decision(days=days) for days in (1, 2, 7, 30, 90, 91)], finer=[])[0]
    assert (group.days, group.share) == (7, 0)


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(1, 9), st.integers(11, 19)), max_size=40))
def test_nobody_is_a_side_twice_in_what_is_told(pairs):
    """Whoever knows of one dispute that somebody had knows of no other by it."""
    decisions = [replace(decision(), people=frozenset(pair)) for pair in pairs]
    for group in grouped(decisions, finer=()):
        everybody = [person for one in group.decisions for person in one.people]
        assert len(group.decisions) >= LEAST
        assert len(everybody) == len(set(everybody)) == 2 * len(group.decisions)
