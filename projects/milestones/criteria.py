"""What a delivery answers to each acceptance criterion, and what a client finds not met."""

from typing import Any

from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.etags import etag_of
from marketplace.common.text import checked_line

LONGEST_HOW = 500


def refuse_if_changed(criteria: list[str], tag: str) -> None:
    """Raises WrongState where ``tag`` is of criteria that have been changed since; "" is of any."""
    if tag and tag != etag_of(criteria):
        raise WrongState(
            "The criteria were changed while you wrote. Read them again: they are named by number.",
            code="criteria_changed",
        )


def checked_answers(answers: object, criteria: list[str]) -> list[dict[str, Any]]:
    """One answer to each criterion, in the agreement's order, beside the criterion's own words.

    ``answers`` are {"criterion" (its number, from 1), "met", "how"}, in any order. What is stored
    names the criterion in full, so that a delivery still says what it answered after the criteria
    have been changed. Raises InvalidInput.
    """
    if not isinstance(answers, list):
        raise InvalidInput("Give the answers as a list.", param="criteria")
    found: dict[int, dict[str, Any]] = {}
    for place, answer in enumerate(answers):
        param = f"criteria[{place}]"
        if not isinstance(answer, dict):
            raise InvalidInput("Give an answer as an object.", param=param)
        if unknown := sorted(set(map(str, answer)) - {"criterion", "met", "how"}):
            raise InvalidInput(f"There is no “{unknown[0][:40]}” in an answer.", param=param)
        number = checked_number(answer.get("criterion"), criteria, param=f"{param}.criterion")
        if number in found:
            raise InvalidInput(f"Criterion {number} is answered twice.", param=f"{param}.criterion")
        if not isinstance(met := answer.get("met"), bool):
            raise InvalidInput("Say whether it is met: true or false.", param=f"{param}.met")
        how = checked_line(answer.get("how"), param=f"{param}.how", longest=LONGEST_HOW)
        found[number] = {"criterion": criteria[number - 1], "met": met, "how": how}
    for number, criterion in enumerate(criteria, start=1):
        if number not in found:
            raise InvalidInput(
                f"Criterion {number} is not answered: “{criterion}”.",
                param="criteria",
                code="criterion_missing",
            )
    return [found[number] for number in range(1, len(criteria) + 1)]


def checked_not_met(
    numbers: object,
    criteria: list[str],
    *,
    is_needed: bool = True,
    why: str = "changes are asked for by what was agreed",
) -> list[int]:
    """The numbers of the criteria that are not met, in order.

    Where there are criteria and it ``is_needed`` (``why`` is said), one at least. Raises
    InvalidInput.
    """
    if not isinstance(numbers, list):
        raise InvalidInput("Give the numbers of the criteria as a list.", param="not_met")
    found = {checked_number(number, criteria, param="not_met") for number in numbers}
    if criteria and is_needed and not found:
        raise InvalidInput(
            f"Name at least one criterion that is not met: {why}.",
            param="not_met",
            code="criterion_missing",
        )
    return sorted(found)


def checked_number(number: object, criteria: list[str], *, param: str) -> int:
    """The number of one of the criteria, from 1. Raises InvalidInput."""
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= len(criteria):
        return number
    known = f"they are numbered 1 to {len(criteria)}" if criteria else "it has none"
    raise InvalidInput(
        f"This milestone has no such criterion: {known}.", param=param, code="unknown_criterion"
    )
