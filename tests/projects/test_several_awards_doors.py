"""Several awards as pages and the API show and take them."""

from datetime import timedelta

import pytest

from marketplace.common.clock import now
from projects.agreements.services import award_bid
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.bids.models import Bid
from projects.contracts.models import Contract
from projects.postings.models import Posting
from projects.tasks import expire_postings
from tests.projects.confidentiality_world import hide
from tests.projects.test_posting_and_bid_pages import browser_of, typed_posting
from tests.projects.test_several_awards import as_it_is, hired, offered
from tests.world import GROUNDS, SIGNED, api_of, draft_posting, open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db


@pytest.fixture
def one_of_three(ada, ben, cleo) -> Posting:
    """Three announced, Ben is hired, and Cleo's bid stands."""
    posting = open_posting(ada, awards=3)
    hired(posting, ben, ada)
    submitted_bid(posting, cleo)
    return posting


def page_of(path: str, user=None) -> str:
    return browser_of(user).get(path).content.decode()


# --- Pages ---------------------------------------------------------------------------------------


def test_a_client_says_for_how_many_it_is(ada):
    browser = browser_of(ada)
    assert browser.post("/postings/new/", typed_posting(awards="3")).status_code == 302

    posting = Posting.objects.get()
    assert posting.awards == 3
    assert 'name="awards" value="3"' in browser.get(f"{posting.path}edit/").content.decode()
    browser.post(f"{posting.path}edit/", typed_posting(awards="", title="Left alone", then="save"))
    assert (as_it_is(posting).awards, as_it_is(posting).title) == (3, "Left alone")


@pytest.mark.parametrize("awards", ["0", "21", "-1", "2.5", "two", "9" * 400, "\x00"])
def test_a_number_that_is_none_is_refused_beside_its_field(ada, awards):
    answer = browser_of(ada).post("/postings/new/", typed_posting(awards=awards))
    assert answer.status_code == 400
    assert answer.context["form"].errors["awards"]
    assert not Posting.objects.exists()


def test_everybody_reads_how_many_are_made(one_of_three, ada, ben, cleo, mona):
    for reader in (None, ada, ben, cleo, mona):
        assert "1 of 3 awarded" in page_of(one_of_three.path, reader)
    assert "1 of 3 awarded" in page_of("/postings/")
    assert "1 of 3 awarded" in page_of("/my/postings/", ada)
    assert "chooses up to 3 bids, 1 so far" in page_of(one_of_three.path, person("Kim"))


def test_one_award_is_not_spoken_of(ada, ben):
    posting = open_posting(ada)
    submitted_bid(posting, ben)
    for page in (posting.path, "/postings/", "/my/bids/", f"{posting.path}bids/"):
        for reader in (ada, ben):
            shown = browser_of(reader).get(page, follow=True)
            assert " awarded" not in shown.content.decode(), page


def test_both_sides_read_on_the_bids_how_many_are_made(one_of_three, ada, ben, cleo):
    offered(one_of_three, person("Kim"), ada)

    bids = page_of(f"{one_of_three.path}bids/", ada)
    assert "1 of 3 awarded, 1 offer out" in bids
    assert "1 of 3 awarded" in page_of("/my/bids/", cleo)
    cleos = Bid.objects.get(freelancer__name="Cleo")
    assert "1 of 3 awards are made; yours stands until the last one is" in page_of(cleos.path, cleo)


def test_without_an_award_left_the_bid_says_what_to_do(one_of_three, ada):
    cleos = Bid.objects.get(freelancer__name="Cleo")
    assert f"{cleos.path}award/" in page_of(cleos.path, ada)
    for name in ("Kim", "Lou"):
        offered(one_of_three, person(name), ada)

    shown = page_of(cleos.path, ada)
    assert f"{cleos.path}award/" not in shown
    assert "All 3 awards are made or offered: withdraw an offer or announce more" in shown
    award = browser_of(ada).get(f"{cleos.path}award/")
    assert "No award is left to offer" in award.content.decode()
    typed = {"review_days": "7", "revisions": "2", "version": cleos.version, **SIGNED}
    typed |= {"ownership": "on_payment", "confidentiality_years": "0"}
    refused = browser_of(ada).post(f"{cleos.path}award/", typed)
    assert refused.status_code == 400
    assert "All 3 awards of this posting are made or offered" in refused.content.decode()
    assert Contract.objects.filter(bid=cleos).count() == 0


def test_the_form_says_what_another_number_does(one_of_three, ada):
    browser, page = browser_of(ada), f"{one_of_three.path}edit/"
    assert "With 1 the posting is awarded" in browser.get(page).content.decode()

    offered(one_of_three, person("Kim"), ada)
    refused = browser.post(page, typed_posting(awards="1", then="save"))
    assert refused.status_code == 400
    assert "withdraw an offer" in str(refused.context["form"].errors["awards"])

    assert browser.post(page, typed_posting(awards="2", then="save")).status_code == 302
    assert as_it_is(one_of_three).awards == 2


def test_a_lower_number_can_end_it_on_the_page(one_of_three, ada, cleo):
    answer = browser_of(ada).post(
        f"{one_of_three.path}edit/", typed_posting(awards="1", then="save"), follow=True
    )

    shown = answer.content.decode()
    assert "the posting is awarded, and the bids that were left are declined" in shown
    assert "1 awards" not in shown
    assert "The client has found enough." in page_of(
        Bid.objects.get(freelancer__name="Cleo").path, cleo
    )


def test_the_page_closes_it_as_awarded(one_of_three, ada, ben):
    browser, page = browser_of(ada), f"{one_of_three.path}close/"
    shown = browser.get(page).content.decode()
    assert "It ends as awarded, with 1 of 3 awards made." in shown
    assert "1 bid will be declined: their authors read that you have found enough" in shown

    answer = browser.post(page, {"reason": "One does it all."}, follow=True)

    assert "The posting is awarded, and takes no more bids." in answer.content.decode()
    for reader in (None, ada, ben):
        shown = page_of(one_of_three.path, reader)
        assert "Enough are found" in shown and "One does it all." in shown


def test_those_for_several_are_found(ada):
    one, several = open_posting(ada, title="For one"), open_posting(ada, title="Many", awards=5)

    shown = page_of("/postings/?awards=2")
    assert several.title in shown and one.title not in shown
    assert browser_of().get("/postings/?awards=3").status_code == 400
    found = api_of(ada).get("/api/v1/postings/?awards=3").json()["results"]
    assert [row["title"] for row in found] == ["Many"]
    for awards in ("0", "21", "x", "2.5"):
        refused = api_of(ada).get(f"/api/v1/postings/?awards={awards}")
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "awards")


def test_a_moderator_sees_it_suspended_and_restored(one_of_three, mona, cleo):
    suspend_posting(**GROUNDS, posting_id=one_of_three.pk, reason="Hm.", by=mona)
    assert "1 of 3 awarded" in page_of(one_of_three.path, mona)
    assert browser_of(cleo).get(one_of_three.path).status_code == 404

    restore_posting(posting_id=one_of_three.pk, by=mona)
    assert "1 of 3 awarded" in page_of(one_of_three.path, cleo)


# --- The API -------------------------------------------------------------------------------------


def test_programs_announce_read_and_change_the_number(ada, ben, cleo):
    sent = {"title": "A lamp shop", "description": "With a basket.", "awards": 2}
    made = api_of(ada).post("/api/v1/postings/", sent).json()
    door = f"/api/v1/postings/{made['id']}/"
    assert (made["awards"], made["awards_made"]) == (2, 0)
    assert api_of(ada).post("/api/v1/postings/", {"title": "One"}).json()["awards"] == 1
    api_of(ada).post(f"{door}publish/")
    posting = Posting.objects.get(public_id=made["id"])
    hired(posting, ben, ada)

    assert api_of(cleo).get(door).json()["awards_made"] == 1
    (row,) = api_of(cleo).get("/api/v1/postings/").json()["results"]
    assert (row["awards"], row["awards_made"]) == (2, 1)
    more = api_of(ada).patch(door, {"awards": 4}).json()
    assert (more["awards"], more["awards_made"], more["status"]) == (4, 1, "open")
    enough = api_of(ada).patch(door, {"awards": 1}).json()
    assert (enough["awards"], enough["status"], enough["next_steps"]) == (1, "awarded", [])
    assert api_of(ada).patch(door, {"awards": 2}).status_code == 409


@pytest.mark.parametrize(
    "awards", [0, 21, -1, 1.5, "two", "", None, [], {}, 10**30, "\x00", "<b>2</b>"]
)
def test_the_api_refuses_nonsense_by_its_field(ada, awards):
    posting = draft_posting(ada)
    for answer in (
        api_of(ada).post("/api/v1/postings/", {"title": "A lamp shop", "awards": awards}),
        api_of(ada).patch(f"/api/v1/postings/{posting.public_id}/", {"awards": awards}),
    ):
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "awards"
    assert (Posting.objects.count(), as_it_is(posting).awards) == (1, 1)


def test_the_api_names_why_nothing_is_offered_or_lowered(one_of_three, ada, cleo):
    for name in ("Kim", "Lou"):
        offered(one_of_three, person(name), ada)
    cleos = Bid.objects.get(freelancer__name="Cleo")
    api, door = api_of(ada), f"/api/v1/postings/{one_of_three.public_id}/"

    assert "offer" not in api.get(f"/api/v1/bids/{cleos.public_id}/").json()["next_steps"]
    refused = api.post(f"/api/v1/bids/{cleos.public_id}/award/", SIGNED)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_award_left")
    for reader, listed in ((ada, f"{door}bids/"), (cleo, "/api/v1/bids/")):
        rows = api_of(reader).get(listed).json()["results"]
        assert {(row["awards"], row["awards_made"]) for row in rows} == {(3, 1)}
    shortlisted = api.post(f"/api/v1/bids/{cleos.public_id}/shortlist/").json()
    assert (shortlisted["awards"], shortlisted["awards_made"]) == (3, 1)
    refused = api.patch(door, {"awards": 2})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (
        409,
        "too_few_awards",
        "awards",
    )
    assert api.patch(door, {"awards": 4}).status_code == 200
    assert "offer" in api.get(f"/api/v1/bids/{cleos.public_id}/").json()["next_steps"]


def test_programs_close_it_as_awarded_and_bidders_read_why(one_of_three, ada, cleo):
    cleos = Bid.objects.get(freelancer__name="Cleo")
    door = f"/api/v1/postings/{one_of_three.public_id}/close/"
    assert api_of(cleo).post(door, {}).status_code == 403

    closed = api_of(ada).post(door, {"reason": "One does it all."}).json()

    assert (closed["status"], closed["awards"], closed["awards_made"]) == ("awarded", 3, 1)
    read = api_of(cleo).get(f"/api/v1/bids/{cleos.public_id}/").json()
    assert (read["declined_for"], read["status_reason"]) == (
        "enough_found",
        "The client has found enough: One does it all.",
    )
    for reason in ("enough_found", "no_more_hired"):  # the house says these
        answer = api_of(ada).post(f"/api/v1/bids/{cleos.public_id}/decline/", {"reason": reason})
        assert answer.json()["error"]["param"] == "reason"


def test_what_is_given_back_when_time_is_over_says_so(ada, ben, cleo, later):
    posting = open_posting(ada, awards=2, bids_close_at=now() + timedelta(days=3))
    hired(posting, ben, ada)
    submitted_bid(posting, cleo)
    later(days=63, hours=1)
    Bid.objects.filter(status="submitted").update(valid_until=now() + timedelta(days=1))
    expire_postings()

    shown = page_of(Bid.objects.get(freelancer__name="Cleo").path, cleo)
    assert "Given back" in shown
    assert "The time to choose is over, and nobody more was hired." in shown


def test_the_contracts_are_found_from_the_posting_by_their_own_sides(one_of_three, ada, ben, cleo):
    contract = Contract.objects.get(freelancer__name="Ben")
    link = f'href="/contracts/{contract.public_id}/"'
    assert link in page_of(one_of_three.path, ada) and link in page_of(one_of_three.path, ben)
    for stranger in (cleo, None):
        assert contract.public_id not in page_of(one_of_three.path, stranger)


def test_the_page_of_an_award_that_has_to_wait_has_no_form(ada, ben, cleo):
    posting = open_posting(ada)
    bids = [submitted_bid(posting, who) for who in (ben, cleo)]
    award_bid(bid_id=bids[0].pk, by=ada)
    waiting = page_of(f"{bids[1].path}award/", ada)
    assert "No award is left to offer" in waiting and "Sign and send the offer" not in waiting
    other = submitted_bid(open_posting(ada), ben)
    assert "Sign and send the offer" in page_of(f"{other.path}award/", ada)
    hide(other.posting, ada)
    waiting = page_of(f"{other.path}award/", ada)
    assert "has not accepted your confidentiality" in waiting
    assert "Sign and send the offer" not in waiting and "Back to the bid" in waiting
