"""What can happen to a thing, as a table: the one source of permissions, buttons and refusals."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from marketplace.common.errors import NotAllowed, WrongState

# Who acts. On a contract a person is one of its sides or of the staff; SYSTEM is the house itself,
# and acts only when named. BOTH is the two sides by one accepted proposal.
CLIENT = "client"
FREELANCER = "freelancer"
BOTH = "both"
MEDIATOR = "mediator"
FINANCE = "finance"
MODERATOR = "moderator"
SYSTEM = "system"
OWNER = "owner"

ROLES = (OWNER, CLIENT, FREELANCER, BOTH, MEDIATOR, FINANCE, MODERATOR, SYSTEM)

SAME = "same"


@dataclass(frozen=True)
class Step:
    """One move.

    ``to`` is the state after it, SAME where nothing changes, or several where the deed decides.
    ``label`` is what its button says (no label: no button); ``clock`` names the policy value that
    fires or unlocks it; ``tells`` is the event that it leaves.
    """

    name: str
    source: frozenset[str]
    to: frozenset[str]
    by: frozenset[str]
    label: str = ""
    clock: str = ""
    tells: str = ""

    def __init__(
        self,
        name: str,
        source: Iterable[str],
        to: str | Iterable[str],
        by: Iterable[str],
        *,
        label: str = "",
        clock: str = "",
        tells: str = "",
    ) -> None:
        fields = {
            "name": name,
            "source": frozenset(map(str, source)),
            "to": frozenset([str(to)] if isinstance(to, str) else map(str, to)),
            "by": frozenset(by),
            "label": label,
            "clock": clock,
            "tells": tells,
        }
        for key, value in fields.items():
            object.__setattr__(self, key, value)

    def targets(self, status: str) -> frozenset[str]:
        """The states that this move may lead to from ``status``."""
        return frozenset(status if state == SAME else state for state in self.to)


@dataclass(frozen=True)
class Lifecycle:
    """The table of one kind of thing. ``noun`` is the model's name, and used in refusals.

    A thing is made in the state that its column begins with, or in one of ``begins`` if there is
    a choice. PostgreSQL knows the same table (``lifecycle_sql``).
    """

    noun: str
    steps: dict[str, Step] = field(default_factory=dict)
    begins: frozenset[str] = frozenset()

    def __init__(self, noun: str, *steps: Step, begins: Iterable[str] = ()) -> None:
        object.__setattr__(self, "noun", noun)
        object.__setattr__(self, "begins", frozenset(map(str, begins)))
        object.__setattr__(self, "steps", {step.name: step for step in steps})
        if len(self.steps) != len(steps):
            raise ValueError(f"two steps of one name in the lifecycle of a {noun}")

    def advance(self, thing: Any, step_name: str, *, role: str | None, to: str = "") -> None:
        """Judge the move and set ``thing.status``; the caller holds the row's lock and saves.

        ``to`` chooses among several targets. Raises NotAllowed (wrong person) before WrongState
        (wrong time): who may not do a thing at all is told so whatever its state.
        """
        self.judge(thing, step_name, role=role)
        targets = self.steps[step_name].targets(thing.status)
        if not to and len(targets) > 1:
            raise ValueError(f"{self.noun}.{step_name} leads to several states: name one")
        to = to or next(iter(targets))
        if to not in targets:
            raise ValueError(f"{self.noun}.{step_name} does not lead to {to}")
        thing.status = to

    def judge(self, thing: Any, step_name: str, *, role: str | None) -> None:
        """Refuse, or pass in silence. Raises NotAllowed or WrongState."""
        step = self.steps[step_name]
        words = (step.label or step_name.replace("_", " ")).lower()
        if role not in step.by:
            raise NotAllowed(f"You cannot {words} here: that is not yours to do.")
        if thing.status not in step.source:
            raise WrongState(
                f"This {self.noun} is {thing.get_status_display().lower()}, "
                f"so you cannot {words} now."
            )

    def open_to(self, role: str | None, status: str) -> list[str]:
        """The names of the moves that ``role`` may make from ``status``, in the table's order."""
        return [s.name for s in self.steps.values() if role in s.by and status in s.source]
