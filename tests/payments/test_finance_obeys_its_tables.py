"""Every state of what finance decides on, every person, every step of theirs: tried by its deed.

What the provider says of a chargeback, and a comparison of a difference, are steps of the house:
they are tried in the files of their rooms.
"""

from types import SimpleNamespace
from typing import Any

import pytest

from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import FINANCE, SYSTEM, Lifecycle
from payments.chargebacks.answering.services import wish_to_accept, wish_to_answer
from payments.chargebacks.models import LIFECYCLE as CHARGEBACK
from payments.chargebacks.models import Chargeback
from payments.reconciliation.confirming.models import LIFECYCLE as PROPOSED
from payments.reconciliation.confirming.services import confirm_deed, return_deed
from payments.reconciliation.deeds.services import Seen, settle_as_seen
from payments.reconciliation.findings import Finding
from payments.reconciliation.models import LIFECYCLE as DIFFERENCE
from payments.reconciliation.models import Difference, ReconciliationRun
from tests.payments.chargeback_world import Bank, payment_of
from tests.payments.test_two_of_finance import wished
from tests.payments.world import held
from tests.walking import Deed, Walk
from tests.world import person

pytestmark = pytest.mark.django_db

K = Difference.Kind


def demanded(who: Any) -> Chargeback:
    return Bank(payment_of(held(who.ada, who.ben))).takes()


def differing(net: int) -> Any:
    """Something that the provider moved, and no book of ours knows; or that moved nothing."""

    def scene(who: Any) -> Difference:
        return Difference.objects.create(
            kind=K.MOVEMENT,
            object_id="txn_1",
            amount=net,
            currency="USD",
            net=net,
            theirs="A movement",
            ours="",
            run=ReconciliationRun.objects.create(),
        )

    return scene


def settle(deed: str) -> Any:
    """With what the provider was just asked: that it stands as it was found."""

    def act(pk: int, by: Any) -> object:
        found = Difference.objects.get(pk=pk)
        finding = Finding(K.MOVEMENT, found.object_id, found.theirs, found.ours, net=found.net)
        return settle_as_seen(
            difference_id=pk,
            deed=deed,
            reason="A letter of 3 May.",
            by=by,
            seen=Seen(None, finding, ""),
        )

    return act


CHARGEBACKS = {
    "answer": Deed(
        demanded, lambda pk, by: wish_to_answer(chargeback_id=pk, by=by, text="It was delivered.")
    ),
    "accept": Deed(demanded, lambda pk, by: wish_to_accept(chargeback_id=pk, by=by)),
}
DIFFERENCES = {
    "settle": Deed(differing(-6_500), settle("own_funds")),
    "set_aside": Deed(differing(0), settle("set_aside")),
}
WISHES = {
    "confirm": Deed(
        lambda who: wished(who.ada, who.ben, who.dora),
        lambda pk, by: confirm_deed(proposed_id=pk, by=by),
    ),
    "return": Deed(
        lambda who: wished(who.ada, who.ben, who.dora),
        lambda pk, by: return_deed(proposed_id=pk, by=by, why="Which letter?"),
    ),
}
ROOMS: dict[str, tuple[Lifecycle, dict[str, Deed]]] = {
    "chargeback": (CHARGEBACK, CHARGEBACKS),
    "difference": (DIFFERENCE, DIFFERENCES),
    "proposed deed": (PROPOSED, WISHES),
}
CASES = [(room, step) for room, (_, deeds) in ROOMS.items() for step in deeds]
# What is answered stands with who has answered it.
OF_A_WISH = {"confirmed", "returned"}


def people(who: Any) -> dict[str, Any]:
    return {
        FINANCE: who.fay,
        "payer": who.ada,
        "payee": who.ben,
        "moderator": who.mona,
        "": who.cleo,
    }


@pytest.fixture
def who(ada, ben, cleo, dora) -> SimpleNamespace:
    """Dora wishes, Fay answers."""
    staff = {"fay": "finance", "mona": "moderator"}
    others = {
        name: grant_staff_roles(user_id=person(name.title()).pk, roles={role}, by=SYSTEM)
        for name, role in staff.items()
    }
    return SimpleNamespace(ada=ada, ben=ben, cleo=cleo, dora=dora, **others)


@pytest.mark.parametrize("room", ROOMS)
def test_every_step_of_a_person_has_its_deed(room):
    table, deeds = ROOMS[room]
    assert set(deeds) == {name for name, step in table.steps.items() if step.by != {SYSTEM}}


@pytest.mark.parametrize(("room", "step"), CASES)
def test_finance_obeys_its_tables(room, step, who):
    table, deeds = ROOMS[room]

    def as_it_would_be(status: str) -> dict[str, Any]:
        if room != "proposed deed":
            return {}
        answered = status in OF_A_WISH
        return {
            "closed_at": now() if answered else None,
            "answered_by": who.fay if answered else None,
            "returned_for": "Which letter?" if answered else "",
        }

    Walk(table, deeds, people, as_it_would_be).of(step, who)
