"""Who is suspended begins nothing new; all that runs goes on, and what was earned is paid."""

import ast
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from accounts.holds import services as holds
from accounts.holds.models import Hold
from accounts.holds.rules import BARRED, GOES_ON, Suspended
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from payments.payouts.models import Earning
from projects.agreements.services import accept_offer, award_bid, decline_offer
from projects.bids.counters.services import accept_counter, counter_counter, propose_counter
from projects.bids.models import Bid
from projects.bids.renewals.services import renew_bid
from projects.bids.services import edit_bid, withdraw_bid
from projects.contracts.models import Contract
from projects.disputes.services import answer_dispute, open_dispute
from projects.invitations.services import invite_person
from projects.milestones.services import fund_milestone, release_milestone, submit_work
from projects.postings.importing.services import import_postings
from projects.postings.services import create_posting, edit_posting, publish_posting
from projects.questions.services import ask_question
from tests.projects.counter_world import bid_of, countered, terms
from tests.projects.holds_world import fresh, suspended
from tests.races import at_once, overtaken_after
from tests.test_house import ROOT, SOURCES, name_of
from tests.world import (
    active_contract,
    api_of,
    browser,
    draft_posting,
    funded_milestone,
    offered_contract,
    open_posting,
    opened_dispute,
    planned_milestone,
    submitted_bid,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db

Act = Callable[[], object]


# --- What is barred ------------------------------------------------------------------------------


def publishes(ben, ada) -> Act:
    return partial(publish_posting, posting_id=draft_posting(ben).pk, by=ben)


def makes_and_publishes(ben, ada) -> Act:
    return partial(create_posting, by=ben, title="A shop", description="For lamps.", publish=True)


def edits_and_publishes(ben, ada) -> Act:
    return partial(edit_posting, posting_id=draft_posting(ben).pk, by=ben, publish=True)


def imports(ben, ada) -> Act:
    return partial(import_postings, by=ben, rows=[{"title": "A shop"}], publish=True)


def invites(ben, ada) -> Act:
    return partial(invite_person, posting_id=open_posting(ben).pk, whom=ada.email, by=ben)


def asks(ben, ada) -> Act:
    return partial(ask_question, posting_id=open_posting(ada).pk, text="For whom?", by=ben)


def bids(ben, ada) -> Act:
    return partial(submitted_bid, open_posting(ada), ben)


def edits(ben, ada) -> Act:
    return partial(edit_bid, bid_id=bid_of(ada, ben).pk, by=ben, letter="I can do better.")


def renews(ben, ada) -> Act:
    until = now() + timedelta(days=50)
    return partial(renew_bid, bid_id=bid_of(ada, ben).pk, valid_until=until, by=ben)


def counters(ben, ada) -> Act:
    return partial(propose_counter, bid_id=bid_of(ben, ada).pk, by=ben, **terms(60_000))


def counters_again(ben, ada) -> Act:
    counter = countered(bid_of(ada, ben), ada)
    return partial(counter_counter, counter_id=counter.pk, by=ben, **terms(70_000))


def takes_other_terms(ben, ada) -> Act:
    return partial(accept_counter, counter_id=countered(bid_of(ada, ben), ada).pk, by=ben)


def offers(ben, ada) -> Act:
    return partial(award_bid, bid_id=bid_of(ben, ada).pk, by=ben)


def signs(ben, ada) -> Act:
    return partial(accept_offer, contract_id=offered_contract(ada, ben).pk, by=ben)


DEEDS = [
    publishes, makes_and_publishes, edits_and_publishes, imports, invites, asks, bids, edits,
    renews, counters, counters_again, takes_other_terms, offers, signs,
]  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_what_begins_something_new_is_refused_until_it_is_over(ben, ada, mona, later, deed):
    act = deed(ben, ada)
    hold = suspended(ben, mona, days=2)

    with pytest.raises(Suspended) as refusal:
        act()
    said = refusal.value.message
    assert (refusal.value.code, refusal.value.status) == ("suspended", 403)
    assert hold.reason in said and "You can appeal on your account page until" in said

    later(days=2)  # also before any sweep has written it down
    act()


def calls_of(source: str) -> dict[str, set[str]]:
    """For each function of it the deeds that it says it is."""
    found: dict[str, set[str]] = {}
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            found[function.name] = {
                call.args[1].value  # type: ignore[attr-defined]
                for call in ast.walk(function)
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "judge_may_begin"
            }
    return {name: deeds for name, deeds in found.items() if deeds}


def test_each_of_them_is_tried_here_and_is_in_the_published_list():
    found = {name: deeds for path in SOURCES for name, deeds in calls_of(path.read_text()).items()}
    assert set().union(*found.values()) == set(BARRED)
    tried = (ROOT / "tests/projects/test_suspended_people.py").read_text()
    # Behind submitted_bid, and behind accept_counter and counter_counter.
    assert {name for name in found if f"partial({name}" not in tried} == {"submit_bid", "_agree"}


# A row of these is something new between people.
BEGINS = {"Posting", "Bid", "CounterOffer", "Contract", "Invitation", "Question"}


def test_nothing_new_is_made_past_the_gate():
    """Whoever writes another service that makes such a row has it judged, or says here why not."""
    made = {
        f"{name_of(path)}:{function.name}"
        for path in SOURCES
        if path.name == "services.py" and "projects" in path.parts
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        and any(_makes(call) for call in ast.walk(function))
        and "judge_may_begin" not in ast.unparse(function)
    }
    assert made == {
        # A draft, which nobody else sees.
        "projects/postings/services.py:create_posting",
        # Behind propose_counter and counter_counter.
        "projects/bids/counters/services.py:_propose",
    }


def _makes(call: ast.AST) -> bool:
    if not isinstance(call, ast.Call):
        return False
    said = ast.unparse(call.func)
    return said in BEGINS or said in {f"{name}.objects.create" for name in BEGINS}


def test_the_api_says_it_with_its_code(ben, mona):
    suspended(ben, mona)
    posting = draft_posting(ben)
    answer = api_of(ben).post(f"/api/v1/postings/{posting.public_id}/publish/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "suspended")


# --- What goes on --------------------------------------------------------------------------------


def test_running_contracts_go_on_on_both_sides(ben, ada, mona):
    planned = planned_milestone(ben, ada)
    work, reviewed = funded_milestone(ada, ben), submitted_milestone(ben, ada)
    case, offer = opened_dispute(ada, ben), offered_contract(ada, ben)
    bid = submitted_bid(open_posting(ada), ben)
    suspended(ben, mona)

    fund_milestone(milestone_id=planned.pk, by=ben)
    submit_work(milestone_id=work.pk, by=ben, note="Done.")
    release_milestone(milestone_id=reviewed.pk, by=ben)
    answer_dispute(dispute_id=case.pk, by=ben, statement="It works.")
    decline_offer(contract_id=offer.pk, reason="other", note="Not now.", by=ben)
    withdraw_bid(bid_id=bid.pk, by=ben)
    open_dispute(
        milestone_id=work.pk, by=ben, reason="no_response", statement="Silence.", asked_for=100_000
    )
    release_milestone(milestone_id=work.pk, by=ada)

    assert Earning.objects.filter(party__members=ben).count() == 1
    for path in ("/account/holds/", "/earnings/", "/statements/", "/account/audit/"):
        assert browser(ben).get(path).status_code in {200, 302}, path


# --- What takes two ------------------------------------------------------------------------------


# Ben agrees on something with Ada, by a deed of his own.
AGREED = [counters, counters_again, takes_other_terms, offers, signs]


@pytest.mark.parametrize("deed", AGREED, ids=lambda deed: deed.__name__)
def test_nothing_is_agreed_on_with_who_is_suspended(ben, ada, cleo, mona, later, deed):
    act = deed(ben, ada)
    suspended(ada, mona, days=2)
    active_contract(ben, cleo)  # with others as ever

    with pytest.raises(WrongState, match="Ada is suspended from new business") as refusal:
        act()
    assert refusal.value.code == "other_side_suspended"
    later(days=2)
    act()


def test_who_may_not_ask_learns_of_no_suspension(ben, ada, mona):
    bid = bid_of(ada, ben)
    suspended(ada, mona)
    with pytest.raises(NotAllowed):
        award_bid(bid_id=bid.pk, by=ben)


def test_an_offer_of_a_suspended_client_waits_and_says_so(ben, ada, mona, later):
    contract = offered_contract(ada, ben)
    page, url = f"/contracts/{contract.public_id}/", f"/api/v1/contracts/{contract.public_id}/"

    def steps_of(user: User) -> tuple[list[str], list[str]]:
        api = api_of(user)
        (listed,) = api.get("/api/v1/contracts/").json()["results"]
        return api.get(url).json()["next_steps"], listed["next_steps"]

    assert steps_of(ben) == (["accept", "decline"],) * 2
    suspended(ada, mona, days=2)

    assert steps_of(ben) == (["decline"],) * 2
    assert "This offer waits" in browser(ben).get(page).text
    assert f"{page}accept/" not in browser(ben).get(page).text
    assert "it cannot be accepted meanwhile" in browser(ada).get(page).text
    later(days=2)
    assert steps_of(ben) == (["accept", "decline"],) * 2
    assert "This offer waits" not in browser(ben).get(page).text


def test_an_offer_to_who_is_suspended_waits_and_can_be_declined(ben, ada, mona, later):
    contract = offered_contract(ada, ben)
    page, url = f"/contracts/{contract.public_id}/", f"/api/v1/contracts/{contract.public_id}/"
    suspended(ben, mona, days=2)

    api = api_of(ben)
    (listed,) = api.get("/api/v1/contracts/").json()["results"]
    (strike,) = api.get(f"{url}next/").json()["happens"]
    assert api.get(url).json()["next_steps"] == listed["next_steps"] == ["decline"]
    assert {one["step"] for one in strike["stopped_by"]} == {"decline", "withdraw"}
    assert strike["stops"] == "Ben can decline before."
    shown = browser(ben).get(page).text
    assert f"{page}accept/" not in shown and f"{page}decline/" in shown
    assert "You can sign once that is over, if" in shown
    assert "Ben is suspended from new business, and can sign" in browser(ada).get(page).text
    later(days=2)
    assert "accept" in api.get(url).json()["next_steps"]
    (strike,) = api.get(f"{url}next/").json()["happens"]
    assert strike["stops"] == "Ben can accept or decline before."


def test_a_list_of_offers_costs_no_more_for_more(ben, ada, django_assert_max_num_queries):
    api = api_of(ben)
    for _ in range(3):
        offered_contract(ada, ben)
    with CaptureQueriesContext(connection) as few:
        api.get("/api/v1/contracts/")
    for _ in range(5):
        offered_contract(ada, ben)
    with django_assert_max_num_queries(len(few)):
        assert len(api.get("/api/v1/contracts/").json()["results"]) == 8


def test_the_rules_say_what_is_barred_and_for_how_long(db):
    page = browser().get("/rules/").text
    assert "of at most 30 days" in page and "held for at most 14 days" in page
    for deed in (*BARRED.values(), *GOES_ON):
        assert deed in page


# --- At once -------------------------------------------------------------------------------------


def many_bids(ada, ben) -> list[Act]:
    postings = [open_posting(ada) for _ in range(7)]
    return [partial(submitted_bid, posting, ben) for posting in postings]


def many_offers(ada, ben) -> list[Act]:
    ids = [submitted_bid(open_posting(ben), ada).pk for _ in range(7)]
    return [partial(award_bid, bid_id=pk, by=ben) for pk in ids]


def many_signatures(ada, ben) -> list[Act]:
    ids = [offered_contract(ada, ben).pk for _ in range(7)]
    return [partial(accept_offer, contract_id=pk, by=ben) for pk in ids]


def many_signatures_beside(ada, ben) -> list[Act]:
    """Of Ada, on offers of Ben."""
    ids = [offered_contract(ben, ada).pk for _ in range(7)]
    return [partial(accept_offer, contract_id=pk, by=ada) for pk in ids]


def signed_at() -> QuerySet:
    signed = Contract.objects.filter(accepted_at__isnull=False)
    return signed.values_list("accepted_at", flat=True)


MADE = {
    many_bids: lambda: Bid.objects.values_list("created_at", flat=True),
    many_offers: lambda: Contract.objects.values_list("created_at", flat=True),
    many_signatures: signed_at,
    many_signatures_beside: signed_at,
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deeds", MADE, ids=lambda deeds: deeds.__name__)
def test_eight_at_once_nothing_is_begun_after_the_suspension(ada, ben, mona, deeds):
    acts = [partial(act) for act in deeds(ada, ben)]

    ends = at_once(lambda: suspended(ben, mona), *acts)

    assert ends[0] == "done"
    assert set(ends) <= {"done", "suspended", "other_side_suspended"}
    placed_at = Hold.objects.get().created_at
    assert [at for at in MADE[deeds]() if at > placed_at] == []
    assert len(MADE[deeds]()) == ends[1:].count("done")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deeds", MADE, ids=lambda deeds: deeds.__name__)
def test_without_the_gate_it_is_begun_after_the_suspension(ada, ben, mona, monkeypatch, deeds):
    act = deeds(ada, ben)[0]
    monkeypatch.setattr(holds, "_lock_person", lambda pk: User.objects.get(pk=pk))
    read = "suspensions_among" if deeds == many_signatures_beside else "suspension_of"
    overtaken_after(monkeypatch, holds, read, lambda: suspended(fresh(ben), mona))

    act()

    placed_at = Hold.objects.get().created_at
    assert len([at for at in MADE[deeds]() if at > placed_at]) == 1
