"""Every state, every person, one deed: the table decides, and the deed obeys it.

A deed has a scene in which nothing but its table can refuse it. There the thing is put into each
state of its table, and each of the cast tries: who may, does it; everybody else is refused with the
right code, and nothing has changed.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction

from marketplace.common.errors import DomainError, NotAllowed, WrongState
from marketplace.common.lifecycle import (
    BOTH,
    CLIENT,
    FREELANCER,
    MEDIATOR,
    SYSTEM,
    Lifecycle,
    Step,
)
from tests.against_the_rules import force

# Whatever happens where nobody may do it.
UNCHANGED = "unchanged"


def people(who: Any) -> dict[str, Any]:
    """The roles that there are on a contract, and who of the cast has them."""
    return {
        CLIENT: who.ada,
        FREELANCER: who.ben,
        MEDIATOR: who.dora,
        "moderator": who.mona,
        "": who.cleo,
        SYSTEM: SYSTEM,
    }


@dataclass(frozen=True)
class Deed:
    """``act`` is called with the thing's key and who tries it; that of the house alone, which takes
    nobody's name, ``by_house``. Of both sides it is what the one does who agrees last, and ``both``
    says who that is.

    ``refused`` are the (state, role) whom a rule refuses whatever the table says. ``to`` is the
    state after it where the deed decides.
    """

    scene: Callable[[Any], models.Model]
    act: Callable[..., object]
    by_house: bool = False
    both: str = ""
    to: str = ""
    refused: Mapping[tuple[str, str], type[DomainError]] = field(default_factory=dict)


@dataclass(frozen=True)
class Walk:
    """``people`` are the roles and who has them; "" and what no table knows are nobody's role.

    ``as_it_would_be`` says which columns go with a state.
    """

    table: Lifecycle
    deeds: Mapping[str, Deed]
    people: Callable[[Any], Mapping[str, Any]]
    as_it_would_be: Callable[[str], dict[str, Any]]

    def of(self, name: str, cast: Any) -> None:
        """Let all of them try this step in all states of its table."""
        step, deed = self.table.steps[name], self.deeds[name]
        thing = deed.scene(cast)
        allowed = 0
        for status in type(thing).Status.values:
            for role, by in self._who_tries(deed, cast):
                with forgotten():
                    force(_row(thing), status=status, **self.as_it_would_be(status))
                    outcome = tried(deed, thing.pk, by)
                    after = _row(thing).get().status
                    said = (name, status, role, outcome, after)
                    assert _is_lawful(outcome, expected(step, deed, status, role)), said
                    if outcome is None and not _is_untouched(deed, step, status, role):
                        allowed += 1
                        assert after in step.targets(status), said
                        assert deed.to in ("", after), said
                    else:
                        assert after == status, said
        assert allowed, "nobody has done it"

    def _who_tries(self, deed: Deed, cast: Any) -> list[tuple[str, Any]]:
        if deed.by_house:
            return [(SYSTEM, SYSTEM)]
        people = self.people(cast)
        return [
            (BOTH if deed.both and role == deed.both else role, by) for role, by in people.items()
        ]


def expected(step: Step, deed: Deed, status: str, role: str) -> type[DomainError] | str | None:
    if role not in step.by:
        return NotAllowed
    if refused := deed.refused.get((status, role)):
        return refused
    if status not in step.source:
        # The house alone passes over what is not to be done.
        return UNCHANGED if deed.by_house else WrongState
    return None


def _is_lawful(outcome: type[DomainError] | None, wanted: type[DomainError] | str | None) -> bool:
    return outcome in (None, WrongState) if wanted == UNCHANGED else outcome == wanted


def _is_untouched(deed: Deed, step: Step, status: str, role: str) -> bool:
    return expected(step, deed, status, role) == UNCHANGED


def tried(deed: Deed, pk: int, by: Any) -> type[DomainError] | None:
    try:
        with transaction.atomic():
            deed.act(pk) if deed.by_house else deed.act(pk, by)
    except DomainError as refusal:
        return type(refusal)
    return None


def _row(thing: models.Model) -> models.QuerySet:
    return type(thing)._default_manager.filter(pk=thing.pk)


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """Whatever is tried in here, the next one does not find it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def begun(begin: Callable[..., Any]) -> Callable[..., Any]:
    """The scene of what both sides have begun, so many ``days`` ago."""

    def scene(who: Any, *, days: float = 0) -> Any:
        thing = begin(who.ada, who.ben)
        who.later(days=days)
        return thing

    return scene
