"""Every state of a payout or refund, every person, every step of a person: tried by its deed.

What the house and the provider do to them is tried with a provider, in the files of their rooms.
"""

from types import SimpleNamespace
from typing import Any

import pytest

from marketplace.common.clock import now
from marketplace.common.errors import InsufficientFunds, WrongState
from marketplace.common.lifecycle import FINANCE, OWNER, SYSTEM, Lifecycle
from payments.chargebacks.settling.services import settle_refund
from payments.escrow import services as escrows
from payments.payouts import services as payouts
from payments.payouts.attesting.services import attest_payout
from payments.payouts.cancelling.services import cancel_payout
from payments.payouts.models import LIFECYCLE as PAYOUT
from payments.payouts.models import Payout
from payments.refunds.models import LIFECYCLE as REFUND
from payments.refunds.models import Refund
from payments.refunds.services import retry_refund
from tests.payments.payout_world import (
    failed_payout,
    ready_without_provider,
    stranded,
    unreturned,
)
from tests.payments.world import held
from tests.walking import Deed, Walk

pytestmark = pytest.mark.django_db


def scheduled(who: Any) -> Payout:
    party_id = ready_without_provider(who.ada, who.ben)
    return payouts.schedule_payout(party_id=party_id, currency="USD", by=who.ben)


def going_back(who: Any) -> Refund:
    escrows.refund(escrow_id=held(who.ada, who.ben).pk, reason="cancelled")
    return Refund.objects.get()


def _attesting(outcome: str) -> Any:
    return lambda pk, by: attest_payout(payout_id=pk, outcome=outcome, reason="A letter.", by=by)


PAYOUT_DEEDS = {
    "confirm": Deed(lambda who: stranded(who.ada, who.ben), _attesting("arrived")),
    "return": Deed(lambda who: stranded(who.ada, who.ben), _attesting("came_back")),
    "retry": Deed(
        lambda who: failed_payout(who.ada, who.ben),
        lambda pk, by: payouts.retry_payout(payout_id=pk, by=by),
    ),
    "cancel": Deed(
        scheduled, lambda pk, by: cancel_payout(payout_id=pk, by=by, reason="Its bank asks.")
    ),
    "write_off": Deed(
        lambda who: unreturned(who.ada, who.ben),
        _attesting("lost"),
        # What has failed was given back: nothing of it is set aside.
        refused={(Payout.Status.SCHEDULED, FINANCE): InsufficientFunds},
    ),
}
REFUND_DEEDS = {
    "retry": Deed(going_back, lambda pk, by: retry_refund(refund_id=pk, by=by)),
    "settle": Deed(
        going_back,
        lambda pk, by: settle_refund(refund_id=pk, reason="By bank, on 3 May.", by=by),
        # It is on its way by itself, unless the card's bank has a part of its payment.
        refused={(Refund.Status.REQUESTED, FINANCE): WrongState},
    ),
}


def as_it_would_be(status: str) -> dict[str, Any]:
    return {"closed_at": None if status in {"scheduled", "requested", "sending"} else now()}


def around_a_payout(who: Any) -> dict[str, Any]:
    return {OWNER: who.ben, FINANCE: who.dora, "payer": who.ada, "": who.cleo, SYSTEM: SYSTEM}


def around_a_refund(who: Any) -> dict[str, Any]:
    return {FINANCE: who.dora, "payer": who.ada, "payee": who.ben, "": who.cleo}


def and_the_house(who: Any) -> dict[str, Any]:
    return around_a_refund(who) | {SYSTEM: SYSTEM}


@pytest.fixture
def who(ada, ben, cleo, dora) -> SimpleNamespace:
    return SimpleNamespace(ada=ada, ben=ben, cleo=cleo, dora=dora)


def of_people(table: Lifecycle) -> set[str]:
    return {name for name, step in table.steps.items() if step.by != {SYSTEM}}


def test_every_step_of_a_person_has_its_deed():
    # What is taken up is confirmed in the same deed (test_payouts_not_taken_back.py).
    assert set(PAYOUT_DEEDS) == of_people(PAYOUT) - {"take_up"}
    assert set(REFUND_DEEDS) == of_people(REFUND)


@pytest.mark.parametrize("step", PAYOUT_DEEDS)
def test_payouts_obey_their_table(step, who):
    Walk(PAYOUT, PAYOUT_DEEDS, around_a_payout, as_it_would_be).of(step, who)


@pytest.mark.parametrize("step", REFUND_DEEDS)
def test_refunds_obey_their_table(step, who):
    people = and_the_house if step == "retry" else around_a_refund
    Walk(REFUND, REFUND_DEEDS, people, as_it_would_be).of(step, who)
