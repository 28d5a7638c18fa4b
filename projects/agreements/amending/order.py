"""In which order the milestones of an agreement stand, and how a change moves them.

A milestone keeps its number, its ``position``. Where it stands is its place in the wording's list,
counted from one; a change moves it by ``"place": {"from": 3, "to": 1}``, and the others make room.
"""

import json
from collections.abc import Sequence
from typing import Any

from projects.contracts.models import Agreement


def order_in(agreement: Agreement) -> list[int]:
    """The positions of its milestones, in the order in which they stand."""
    return [part["position"] for part in json.loads(agreement.body)["milestones"]]


def arranged(order: Sequence[int], changes: Sequence[dict[str, Any]]) -> list[int]:
    """The order after all of ``changes``: whatever is moved stands in the place that it names among
    those that are left, and the others follow one another as before. What is new stands last.
    """
    dropped = {change["position"] for change in changes if "drop" in change}
    added = [change["position"] for change in changes if "add" in change]
    places = {change["position"]: change["place"]["to"] for change in changes if "place" in change}
    after = [one for one in (*order, *added) if one not in dropped and one not in places]
    # The first places first: so no later one pushes them on.
    for position, place in sorted(places.items(), key=lambda moved: moved[1]):
        after.insert(place - 1, position)
    return after
