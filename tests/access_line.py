"""What a line of the table of access says (``tests/access_table.py``).

``may`` are those who come through; ``sees`` are those who are told that it is not theirs to do
(403), on a thing that they may see. Everybody else gets 404. A visitor is sent to log in, or gets
401 from the API, unless ``visitor`` says otherwise.

``of`` names what the route is about, as ``tests/access_world.py`` makes it; ``body`` is sent where
the input is looked at before the person.
"""

from dataclasses import dataclass, field
from typing import Any

# Ada is the client of everything, Ben the freelancer, Cleo passes by, Dora has every staff role.
SIGNED_IN = "cleo ada ben dora"
EVERYBODY = f"visitor {SIGNED_IN}"
SIDES = "ada ben"


@dataclass(frozen=True)
class Line:
    route: str
    methods: str
    may: str
    of: str = ""
    sees: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    visitor: str = "log in"
    # Pages of the library for sign-in: without an object, and with manners of their own. Of them
    # we only ask that they never break, and that visitors do not see those of members.
    is_foreign: bool = False


def foreign(route: str, may: str) -> Line:
    return Line(route, "GET", may, is_foreign=True)
