"""What notices of several rooms say in the same words."""

from collections.abc import Sequence

from marketplace.common.words import Words


def with_numbers(text: Words, not_met: Sequence[int]) -> Words:
    """``text``, and then which criteria are not met, by their numbers."""
    if not not_met:
        return text
    numbers = tuple(map(str, not_met))
    return text + Words.counted(
        "Criterion %(numbers)s is not met.",
        "Criteria %(numbers)s are not met.",
        count=len(numbers),
        numbers=numbers,
    )
