"""Wherever a process dies over a program's call, the same call gets the answer that was lost."""

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from marketplace.common.errors import KeyInUse
from marketplace.common.idempotency import SOON
from marketplace.common.models import IdempotencyRecord
from payments.fundings.models import Payment
from payments.reconciliation.selectors import open_differences
from tests.crash.deeds import failed
from tests.crash.points import Point, run_apart
from tests.crash.rare_deeds import demanded
from tests.crash.test_crash import WANTED, part_of
from tests.crash.world import World, fresh_world
from tests.payments.reconciling import reconciled
from tests.world import active_contract, api_of, planned_milestone

pytestmark = pytest.mark.django_db(transaction=True)

# Who asks, at which address below /api/v1/, and with what.
Call = Callable[[World], tuple[str, str, dict[str, object]]]
CALLS: dict[str, Call] = {}
_A_MINUTE = timedelta(minutes=1)


def call(prepare: Call) -> Call:
    CALLS[prepare.__name__] = prepare
    return prepare


# --- One transaction -----------------------------------------------------------------------------


@call
def release(world: World):
    return "ada", f"milestones/{world.submitted().public_id}/release/", {}


@call
def release_a_part(world: World):
    return "ada", f"milestones/{world.funded().public_id}/release-part/", {"amount": 40_000}


@call
def give_back(world: World):
    return "ben", f"milestones/{world.funded().public_id}/cancel/", {"ground": "cancel"}


# --- The provider is asked after the deed, or before it ------------------------------------------


@call
def begin_to_pay(world: World):
    return "ada", f"milestones/{planned_milestone(world.ada, world.ben).public_id}/fund/", {}


@call
def give_a_bonus(world: World):
    contract = active_contract(world.ada, world.ben)
    return "ada", f"contracts/{contract.public_id}/bonuses/", {"amount": 5_000}


@call
def take_a_payout_back(world: World):
    return "ben", f"payouts/{failed(world).public_id}/cancel/", {}


@call
def answer_a_bank(world: World):
    body = {"evidence": "The work was delivered, and accepted."}
    return "dora", f"desk/chargebacks/{demanded(world).public_id}/evidence/", body


@call
def settle_what_differs(world: World):
    """A refund that somebody made at the provider's own desk."""
    world.funded()
    charge = Payment.objects.get().charge_id
    world.sandbox.api("POST", "/v1/refunds", charge=charge, amount=1_000)
    reconciled()
    difference = open_differences().get(about=Payment.objects.get().public_id)
    body = {"deed": "take_from_held", "reason": "Ada asked for it by telephone."}
    return "dora", f"desk/differences/{difference.public_id}/settle/", body


# -------------------------------------------------------------------------------------------------


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("name", CALLS if WANTED else ("release", "give_a_bonus"))
def test_the_same_key_gets_the_answer_that_was_lost(name):
    expected, reached = answer_to(CALLS[name], at=None)
    assert expected[0] < 300, expected
    cases = [(point, how) for point in reached for how in point.ways]

    wrong = []
    for at, how in part_of(cases):
        found, _ = answer_to(CALLS[name], at=at, how=how)
        if found != expected:
            wrong.append(f"{at}, {how}: {found} and not {expected}")

    assert wrong == [], "\n".join(wrong)


def answer_to(prepare: Call, *, at: Point | None, how: str = "") -> tuple[tuple[int, str], list]:
    """What is answered in the end, without what differs from world to world; the points reached.

    Whoever got an answer before gets the same one again.
    """
    with fresh_world() as world:
        who, path, body = prepare(world)
        program, key = api_of(getattr(world, who)), {"Idempotency-Key": "once"}

        def ask():
            return program.post(f"/api/v1/{path}", body, headers=key)

        run = run_apart(ask, at=at, how=how) if at else run_apart(ask)
        assert at or run.ended == "done", run.ended
        # Whoever died in the midst of what follows the deed is surely dead a minute later.
        IdempotencyRecord.objects.update(busy_until=F("busy_until") - _A_MINUTE)
        answer, again = _patiently(ask), ask()
        assert again.json() == answer.json()
        assert again["Idempotent-Replayed"] == "true"
        return (answer.status_code, _alike(answer.json())), run.reached


def _patiently(ask: Callable[[], Any]) -> Any:
    """As a program does that is told to ask again in a moment: the database may not have seen yet
    that who held the key is dead.
    """
    for _ in range(50):
        answer = ask()
        if answer.status_code != KeyInUse.status or answer.json()["error"]["code"] != KeyInUse.code:
            break
        assert int(answer["Retry-After"]) == SOON
        time.sleep(0.1)
    return answer


def _alike(body: object) -> str:
    """Ids, times and addresses are each world's own."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    text = re.sub(r"\b[a-z]{2,4}_[0-9A-Za-z]{16,}", "ID", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z|http://[^\s\"]+", "…", text)
