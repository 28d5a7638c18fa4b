"""The same by several at the same moment."""

from collections import Counter
from collections.abc import Callable
from functools import partial

from tests.races import outcomes_at_once


def at_once(act: Callable[[int], object], *, people: int = 8) -> Counter[str]:
    """Let everybody act behind one barrier; how often which outcome: "done" or an error's name."""
    outcomes = outcomes_at_once(*[partial(act, number) for number in range(people)])
    return Counter(
        type(outcome).__name__ if isinstance(outcome, BaseException) else "done"
        for outcome in outcomes
    )
