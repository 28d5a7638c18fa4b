"""A proposal to end a milestone is answered by another one: it is off, and the turn changes."""

from itertools import pairwise

import pytest

from accounts.notifications.models import Notification
from marketplace.common.errors import WrongState
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import accept_proposal, decline_proposal
from projects.contracts.models import Event
from projects.contracts.sentences import sentence_of
from tests.projects.test_end_by_consent import UNTOUCHED, books_of, propose, read
from tests.projects.test_roll_rest import propose as propose_rest
from tests.projects.test_roll_rest import two
from tests.races import at_once
from tests.world import api_of, browser, funded_milestone, negotiated_dispute

pytestmark = pytest.mark.django_db


def test_it_goes_forth_and_back_until_one_is_accepted(ada, ben):
    milestone = funded_milestone(ada, ben)
    first = propose(milestone, ada, 20_000)
    second = propose(milestone, ben, 60_000)
    third = propose(milestone, ada, 40_000)

    assert [read(one).state for one in (first, second, third)] == [
        "countered",
        "countered",
        "proposed",
    ]
    for gone in (first, second):
        for answer in (accept_proposal, decline_proposal):
            with pytest.raises(WrongState):
                answer(proposal_id=gone.pk, by=ben if gone == first else ada)
    assert books_of(milestone) == UNTOUCHED
    accept_proposal(proposal_id=third.pk, by=ben)
    assert books_of(milestone) == {"held": 0, "ben": 38_800, "ada": 61_800, "us": 2_400}


def test_it_is_one_event_and_one_notice(ada, ben):
    milestone = funded_milestone(ada, ben)
    propose(milestone, ada)
    before = Event.objects.count()

    answer = propose(milestone, ben, 60_000)

    event = Event.objects.latest("pk")
    assert (Event.objects.count(), event.kind) == (before + 1, "ending_countered")
    assert sentence_of(event).text == (
        "Proposed something else instead, to end “Part 1”: $600.00 of $1,000.00 to the freelancer"
    )
    notice = Notification.objects.get(recipient=ada, about=answer.public_id)
    assert notice.text.startswith("Ben proposes something else instead, to end “Part 1”.")
    assert "Ben gets $582.00" in notice.text
    assert Notification.objects.filter(kind="ending_countered").count() == 1


def test_a_rest_that_was_to_go_on_is_answered_by_a_division(ada, ben):
    first, second = two(ada, ben)
    rest = propose_rest(first, second, ada)
    propose(first, ben, 1)
    assert read(rest).state == "countered"


def test_the_page_offers_it_and_shows_what_it_answers(ada, ben):
    dispute = negotiated_dispute(ada, ben)
    propose(dispute.milestone, ada, note="Half and half.")
    form = f"/milestones/{dispute.milestone.public_id}/propose/"

    mine, theirs = (browser(side).get(dispute.path).content.decode() for side in (ada, ben))
    assert "Propose something else" in theirs and f'href="{form}"' in theirs
    assert f'href="{form}"' not in mine
    assert browser(ada).get(form).status_code == 409
    page = browser(ben).get(form).content.decode()
    assert "What the other side proposes" in page and "Half and half." in page
    said = {"to_freelancer": "900", "note": "More is done."}
    unseen = browser(ben).post(form, said)
    assert unseen.status_code == 409, "nobody answers what they have not seen"
    text = unseen.content.decode()
    assert "proposed something else meanwhile" in text and "More is done." in text
    standing = Proposal.objects.get()
    assert f'name="counters" value="{standing.public_id}"' in text
    sent = browser(ben).post(form, said | {"counters": standing.public_id})
    assert sent.url == f"{dispute.path}#settling"
    statuses = Proposal.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["countered", "proposed"]
    assert "Answered by another division" in browser(ada).get(dispute.path).content.decode()


def test_at_the_work_the_button_stands_once(ada, ben):
    milestone = funded_milestone(ada, ben)
    propose(milestone, ada)
    page = browser(ben).get(f"/contracts/{milestone.contract.public_id}/").content.decode()
    assert page.count(f"/milestones/{milestone.public_id}/propose/") == 1
    assert "Propose something else" in page


@pytest.mark.django_db(transaction=True)
def test_eight_answers_of_one_side_at_once_are_one(ada, ben, bells):
    milestone = funded_milestone(ada, ben)
    first = propose(milestone, ada)
    outcomes = at_once(*[lambda: propose(milestone, ben, 60_000)] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert (read(first).status, Proposal.objects.count()) == ("countered", 2)
    assert Notification.objects.filter(kind="ending_countered").count() == 1


@pytest.mark.django_db(transaction=True)
def test_however_both_propose_at_once_one_stands(ada, ben, bells):
    milestone = funded_milestone(ada, ben)
    outcomes = at_once(*[lambda by=by: propose(milestone, by) for by in (ada, ben) * 4])
    assert set(outcomes) <= {"done", "wrong_state"}
    made = Proposal.objects.order_by("pk")
    assert len(made) == outcomes.count("done")
    assert [one.status for one in made] == ["countered"] * (len(made) - 1) + ["proposed"]
    sides = [one.proposed_by_role for one in made]
    assert all(one != other for one, other in pairwise(sides))


def test_a_program_can_say_which_it_answers(ada, ben):
    dispute = negotiated_dispute(ada, ben)
    first = propose(dispute.milestone, ada)
    call = f"/api/v1/disputes/{dispute.public_id}/settlements/"
    for seen in ("", "pp_another"):
        answer = api_of(ben).post(call, {"to_freelancer": 90_000, "counters": seen})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (
            409,
            "proposed_meanwhile",
            "counters",
        )
    assert Proposal.objects.get().status == "proposed"
    sent = api_of(ben).post(call, {"to_freelancer": 90_000, "counters": first.public_id})
    assert sent.status_code == 201
    first.refresh_from_db()
    assert first.status == "countered"
