"""Where a milestone is to stand in the order of the agreement."""

from collections.abc import Sequence
from typing import Any

from marketplace.common.errors import InvalidInput
from projects.agreements.amending.order import arranged, order_in
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of


def check_places(contract: Contract, changes: Sequence[dict[str, Any]]) -> None:
    """Refuse a place that is none of those there will be, or that two of them want: InvalidInput
    with ``changes[1].place`` as the field at fault.
    """
    wanted = {at: one["place"]["to"] for at, one in enumerate(changes) if "place" in one}
    if not wanted:
        return
    last = len(arranged(order_in(agreement_of(contract)), changes))
    taken: set[int] = set()
    for at, place in wanted.items():
        if not 1 <= place <= last:
            raise InvalidInput(
                f"A place from 1 to {last}: so many milestones there will be.",
                param=f"changes[{at}].place",
            )
        if place in taken:
            raise InvalidInput(
                "Another one is to stand in this place.", param=f"changes[{at}].place"
            )
        taken.add(place)
