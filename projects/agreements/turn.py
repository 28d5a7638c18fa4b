"""One thing that one side of a contract should do next, or waits for."""

from dataclasses import dataclass
from datetime import datetime

from projects.agreements.outlook import Prospect
from projects.milestones.models import Milestone


@dataclass(frozen=True)
class Turn:
    """``waits``: there is nothing to do but wait. ``when`` says in words what ``at`` is.

    ``step`` names the step of the lifecycle that does it: on the milestone of ``prospect``, on the
    contract, or on what ``about`` names by its public id (a proposal, a question, a dispute, a
    bonus).
    """

    title: str
    text: str = ""
    waits: bool = False
    when: str = ""
    at: datetime | None = None
    step: str = ""
    prospect: Prospect | None = None
    about: str = ""

    @property
    def milestone(self) -> Milestone | None:
        return self.prospect.milestone if self.prospect else None
