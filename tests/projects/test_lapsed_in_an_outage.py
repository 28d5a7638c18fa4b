"""What has lapsed while the house was down is not put aside by hand before that is made up for: its
answer is due later, and would be gone for good.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from marketplace.tasks import beat_heart
from projects import tasks
from projects.agreements.changes.services import accept_change
from projects.agreements.proposals.services import accept_proposal
from projects.bids.counters.services import accept_counter
from projects.givebacks.services import accept_giveback, ask_back
from projects.milestones.parts.services import release_part
from tests.projects.change_world import price_to
from tests.projects.counter_world import bid_of, countered, terms
from tests.projects.giveback_world import on, payable, released
from tests.projects.test_counter_offer_doors import row
from tests.projects.test_downtime import stopped, walk_to
from tests.projects.test_end_by_consent import propose
from tests.world import SIGNED, api_of, browser, funded_milestone

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Scene:
    """``standing`` waits for Ben's answer (``accept``); by these doors ``by`` would have something
    else instead, the page says it with ``page_status``.
    """

    standing: Any
    by: Any
    api: tuple[str, dict[str, Any]]
    page: tuple[str, dict[str, str]]
    accept: Callable[[], Any]
    method: str = "post"
    page_status: int = 400


def a_change(ada, ben) -> Scene:
    milestone = funded_milestone(ada, ben)
    order, name = price_to(70_000, milestone, ada), milestone.public_id
    path = f"/contracts/{milestone.contract.public_id}/"
    wishes = {"changes": [{"milestone": name, "amount": 80_000}]} | SIGNED
    return Scene(
        order,
        ada,
        (f"{path}change-orders/", wishes),
        (f"{path}change/", {f"{name}-amount": "800", "note": "So be it."} | SIGNED),
        lambda: accept_change(order_id=order.pk, by=ben),
        page_status=409,
    )


def a_proposal(ada, ben) -> Scene:
    milestone = funded_milestone(ada, ben)
    proposal, path = propose(milestone, ada), f"/milestones/{milestone.public_id}/"
    return Scene(
        proposal,
        ada,
        (f"{path}proposals/", {"to_freelancer": 60_000}),
        (f"{path}propose/", {"to_freelancer": "600", "note": "So be it."}),
        lambda: accept_proposal(proposal_id=proposal.pk, by=ben),
        page_status=409,
    )


def money_asked_back(ada, ben) -> Scene:
    milestone = released(ada, ben)
    payable(milestone)
    asked = ask_back(**on(milestone), by=ada, amount=40_000)
    path = f"/contracts/{milestone.contract.public_id}/"
    of = {"of": milestone.escrow.public_id}
    return Scene(
        asked,
        ada,
        (f"{path}givebacks/", of | {"amount": 30_000}),
        (f"{path}give-back/", of | {"amount": "300", "note": "So be it.", "once": "1"}),
        lambda: accept_giveback(giveback_id=asked.pk, by=ben),
    )


def other_terms(ada, ben) -> Scene:
    bid = bid_of(ada, ben)
    counter = countered(bid, ada)
    return Scene(
        counter,
        ada,
        (f"{bid.path}counter-offers/", terms(70_000)),
        (f"{bid.path}counter/", row(amount="700") | {"note": "So be it."}),
        lambda: accept_counter(counter_id=counter.pk, by=ben),
    )


def another_wording(ada, ben) -> Scene:
    bid = bid_of(ada, ben)
    counter = countered(bid, ada)
    edited = row(amount="900.00") | {
        "letter": "So be it.",
        "valid_days": "30",
    }
    return Scene(
        counter,
        ben,
        (bid.path, {"letter": "So be it."}),
        (f"{bid.path}edit/", edited),
        lambda: accept_counter(counter_id=counter.pk, by=ben),
        method="patch",
    )


SCENES = [a_change, a_proposal, money_asked_back, other_terms, another_wording]


def state_of(standing: Any) -> str:
    standing.refresh_from_db()
    return standing.status


@pytest.mark.parametrize("begin", SCENES)
def test_who_would_put_it_aside_is_asked_to_come_again(ada, ben, later, begin):
    scene = begin(ada, ben)
    was = state_of(scene.standing)
    walk_to(scene.standing.answer_due_at + timedelta(hours=1), later)
    stopped()
    for is_heard in (False, True):
        if is_heard:
            beat_heart()
        path, body = scene.api
        early = getattr(api_of(scene.by), scene.method)(f"/api/v1{path}", body, format="json")
        assert (early.status_code, early.headers.get("Retry-After")) == (409, "60"), early.json()
        assert early.json()["error"]["code"] == "wrong_state"
        path, form = scene.page
        page = browser(scene.by).post(path, form)
        assert page.status_code == scene.page_status
        text = page.content.decode()
        assert "Try again in a minute" in text and "So be it." in text, "nothing typed is lost"
        assert state_of(scene.standing) == was

    tasks.make_up_for_outages()
    assert scene.accept().status in {"accepted", "done"}


@pytest.mark.parametrize("begin", SCENES)
def test_what_lapsed_while_the_house_was_at_work_makes_way(ada, ben, later, begin):
    scene = begin(ada, ben)
    walk_to(scene.standing.answer_due_at + timedelta(hours=1), later)
    beat_heart()
    path, body = scene.api
    taken = getattr(api_of(scene.by), scene.method)(f"/api/v1{path}", body, format="json")
    assert taken.status_code in {200, 201}, taken.json()


def test_what_was_overtaken_makes_way_in_an_outage_too(ada, ben, later):
    """No outage brings it back."""
    milestone = funded_milestone(ada, ben)
    proposal = propose(milestone, ada)
    release_part(milestone_id=milestone.pk, by=ada, amount=20_000)
    walk_to(proposal.answer_due_at + timedelta(hours=1), later)
    stopped()
    assert propose(milestone, ada, 30_000).status == "proposed"
    assert state_of(proposal) == "lapsed"
