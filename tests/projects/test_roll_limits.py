"""What goes on has the provider's time that it had: both read until when, before they agree."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.notifications.models import Notification
from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now, said
from marketplace.common.errors import WrongState
from payments.chargebacks.limits.services import note_country
from payments.escrow.models import Escrow, Roll
from payments.payees.models import ConnectedAccount
from projects.agreements.models import Proposal
from projects.agreements.outlook import prospects_of
from projects.agreements.proposals.services import accept_proposal
from projects.agreements.turns import turn_of
from projects.contracts.models import Agreement
from projects.contracts.selectors import agreement_of
from projects.milestones.endings import services as endings
from projects.milestones.models import Milestone
from projects.milestones.rolling import targets_of
from tests.projects.test_roll_rest import books_are_whole, fresh, propose, two
from tests.races import at_once
from tests.world import SIGNED, active_contract, api_of, browser, fund

pytestmark = pytest.mark.django_db


def five_days_apart(ada: User, ben: User, later) -> list[Milestone]:
    """Two milestones, the second paid five days after the first."""
    first, second = active_contract(ada, ben, (100_000, 50_000)).milestones.order_by("position")
    fund(first)
    later(days=5)
    fund(second)
    return [fresh(first), fresh(second)]


def limit_is(milestone: Milestone, at: datetime | None) -> None:
    Escrow.objects.filter(pk=milestone.escrow_id).update(limit_at=at)


# --- Named ---------------------------------------------------------------------------------------


def test_the_proposal_names_the_earlier_limit_to_both(ada, ben, later):
    first, second = five_days_apart(ada, ben, later)
    sooner, now_until = first.escrow.limit_at, second.escrow.limit_at

    proposal = propose(first, second, ada)

    assert proposal.limit_at == sooner
    asked = Notification.objects.get(kind="ending_proposed")
    assert f"holds what is held for “Part 2” until {said(sooner)} then." in asked.text
    shown = api_of(ben).get(f"/api/v1/proposals/{proposal.public_id}/").json()
    assert datetime.fromisoformat(shown["limit_at"]) == sooner
    turn = turn_of(prospects_of(first.contract), "freelancer")
    assert "You would get $388.00; the rest goes into “Part 2”." in turn.text
    assert said(sooner) in turn.text
    page = f"/contracts/{first.contract.public_id}/"
    for person in (ada, ben):
        seen = browser(person).get(page).content.decode()
        assert 'data-limit="earlier"' in seen
        for date in (sooner, now_until):
            assert f"{date:%Y-%m-%dT%H:%M}" in seen

    accept_proposal(proposal_id=proposal.pk, by=ben)

    assert fresh(second).escrow.limit_at == sooner, "as it was named"
    told = Notification.objects.get(kind="ending_accepted")
    assert said(sooner) in told.text
    wording = json.loads(agreement_of(first.contract).body)
    assert datetime.fromisoformat(wording["changed_by"]["limit_at"]) == sooner
    agreed = browser(ben).get(f"{page}agreement/").content.decode()
    assert "holds the money that went on until" in agreed


def test_the_preview_names_it_before_it_is_proposed(ada, ben, later):
    first, second = five_days_apart(ada, ben, later)
    url = f"/milestones/{first.public_id}/propose/"
    sent = {"into": second.public_id, "to_freelancer": "400.00", "note": "", "preview": "1"}
    assert 'data-limit="earlier"' in browser(ada).post(url, sent).content.decode()
    back = browser(ada).post(url, sent | {"into": ""})
    assert "data-limit" not in back.content.decode()


def test_a_limit_that_does_not_move_is_named_as_it_is(ada, ben, later):
    first, second = five_days_apart(ada, ben, later)
    proposal = propose(second, first, ada, 20_000)
    assert proposal.limit_at == first.escrow.limit_at
    then = prospects_of(first.contract).of(second).limit_then
    assert (then.at, then.is_earlier) == (first.escrow.limit_at, False)
    seen = browser(ben).get(f"/contracts/{first.contract.public_id}/").content.decode()
    assert 'data-limit="same"' in seen


def test_what_nobody_has_funded_gets_its_first_limit(ada, ben):
    first, second = two(ada, ben, both=False)
    proposal = propose(first, second, ada)
    assert proposal.limit_at == first.escrow.limit_at
    seen = browser(ben).get(f"/contracts/{first.contract.public_id}/").content.decode()
    assert 'data-limit="first"' in seen


def test_what_goes_back_has_no_limit(ada, ben):
    first, _ = two(ada, ben)
    path = f"/api/v1/milestones/{first.public_id}/proposals/"
    made = api_of(ada).post(path, {"to_freelancer": 40_000})
    assert made.json()["limit_at"] is None


# --- Refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "due", "said_why"),
    [
        (timedelta(hours=23, minutes=59), timedelta(hours=1), "too soon for it to go into"),
        (timedelta(days=-1), timedelta(days=-3), "holds this money no longer"),
        (timedelta(days=9, hours=23), timedelta(days=10), "“Part 2” is due after that"),
    ],
)
def test_money_that_has_to_leave_before_it_serves_is_refused(ada, ben, left, due, said_why):
    first, second = two(ada, ben)
    limit_is(first, now() + left)
    Milestone.objects.filter(pk=second.pk).update(due_at=now() + due)

    path = f"/api/v1/milestones/{first.public_id}/proposals/"
    wish = {"to_freelancer": 40_000, "into": second.public_id, **SIGNED}
    refused = api_of(ada).post(path, wish)

    assert refused.status_code == 409
    error = refused.json()["error"]
    assert said_why in error["message"]
    if left > timedelta(0):
        assert (error["code"], error["param"]) == ("held_too_short", "into")
    assert targets_of(fresh(first)) == [], "the page does not offer it either"
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("left", [timedelta(days=1, minutes=1), timedelta(days=10, minutes=1)])
def test_money_that_is_held_just_long_enough_goes_on(ada, ben, left):
    first, second = two(ada, ben)
    limit_is(first, now() + left)
    due = now() + (timedelta(days=10) if left.days == 10 else timedelta(days=1))
    Milestone.objects.filter(pk=second.pk).update(due_at=due)
    assert propose(first, second, ada).status == "proposed"


def test_what_nobody_has_funded_is_due_its_days_after_the_funding(ada, ben):
    first, second = two(ada, ben, both=False)
    limit_is(first, now() + timedelta(days=20))
    Milestone.objects.filter(pk=second.pk).update(
        due_at=now() + timedelta(days=2), allowance=timedelta(days=21)
    )
    with pytest.raises(WrongState, match="is due after that"):
        propose(first, fresh(second), ada)


# --- Looked at again -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "code"),
    [(timedelta(hours=2), "held_too_short"), (timedelta(days=60), "limit_moved")],
)
def test_a_limit_that_came_nearer_is_not_what_was_agreed_to(ada, ben, left, code):
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    limit_is(first, now() + left)

    for _ in range(2):
        with pytest.raises(WrongState) as refusal:
            accept_proposal(proposal_id=proposal.pk, by=ben)
        assert (refusal.value.code, refusal.value.param) == (code, "into")
    assert Proposal.objects.get().status == "proposed"
    assert (Roll.objects.count(), Agreement.objects.count()) == (0, 1)


def test_more_time_than_was_named_hurts_nobody(ada, ben):
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    for one in (first, second):
        limit_is(one, now() + timedelta(days=300))
    accept_proposal(proposal_id=proposal.pk, by=ben)
    assert Roll.objects.count() == 1


def moved_to_thailand(ben: User):
    """The provider learns that Ben's bank is where money is held for ten days."""

    def act() -> None:
        note_country(party_id=own_party_of(ben).pk)

    ConnectedAccount.objects.create(party=own_party_of(ben), country="TH", country_due_at=now())
    return act


@pytest.mark.django_db(transaction=True)
def test_a_limit_that_moves_in_the_same_moment_is_seen_or_comes_after(ada, ben, bells):
    first, second = two(ada, ben)
    Milestone.objects.update(due_at=now() + timedelta(days=1))
    proposal = propose(first, second, ada)

    act = moved_to_thailand(ben)
    outcomes = at_once(*[lambda: accept_proposal(proposal_id=proposal.pk, by=ben)] * 4, *[act] * 4)

    assert outcomes[4:] == ["done"] * 4
    is_rolled = Roll.objects.exists()
    assert outcomes.count("done") == 4 + is_rolled
    # Seen: refused. Unseen: it had not come yet, and has since moved what was rolled, too.
    assert fresh(second).escrow.limit_at < now() + timedelta(days=11)
    books_are_whole()


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_money_a_nearer_limit_is_overlooked(ada, ben, bells, monkeypatch):
    """Both have read the old limit when it moves: what was named is not what both get."""
    first, second = two(ada, ben)
    Milestone.objects.update(due_at=now() + timedelta(days=1))
    proposal = propose(first, second, ada)
    act = moved_to_thailand(ben)

    def unlocked(escrow_id: int, into_id: int) -> tuple[Escrow, Escrow]:
        found = Escrow.objects.select_related("policy", "payer", "payee")
        return found.get(pk=escrow_id), found.get(pk=into_id)

    judge = endings.judge_agreed_roll

    def judge_and_be_overtaken(*args: Any, **agreed: Any) -> None:
        judge(*args, **agreed)
        assert at_once(act) == ["done"]

    monkeypatch.setattr(endings, "lock_pair", unlocked)
    monkeypatch.setattr(endings, "judge_agreed_roll", judge_and_be_overtaken)

    accept_proposal(proposal_id=proposal.pk, by=ben)

    assert proposal.limit_at > now() + timedelta(days=80)
    assert fresh(second).escrow.limit_at < now() + timedelta(days=11), "both had agreed to more"
