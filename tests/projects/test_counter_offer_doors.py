"""Other terms for a bid by the pages and by the API."""

import pytest

from projects.bids.counters.models import CounterOffer
from projects.bids.counters.services import accept_counter
from tests.projects.counter_world import again, bid_of, countered, terms
from tests.world import api_of, browser

pytestmark = pytest.mark.django_db


def shown(person, path: str, status: int = 200) -> str:
    answer = browser(person).get(path)
    assert answer.status_code == status
    return answer.content.decode()


def row(place: int = 0, **said: str) -> dict[str, str]:
    stands = {"title": "Part 1", "amount": "600.00", "days": "20", "criteria": "It runs."}
    return {f"row-{place}-{name}": value for name, value in (stands | said).items()}


def test_by_the_pages_from_the_first_round_to_the_next_wording(ada, ben):
    bid = bid_of(ada, ben)
    assert "Propose other terms" in shown(ada, bid.path)
    form = shown(ada, f"{bid.path}counter/")
    assert 'value="800.00"' in form and "They receive" in form
    sent = browser(ada).post(f"{bid.path}counter/", row() | {"note": "<b>Less</b>, please."})
    assert (sent.status_code, sent["Location"]) == (302, f"{bid.path}#terms")

    counter = CounterOffer.objects.get()
    for person in (ada, ben):
        page = shown(person, bid.path)
        assert "&lt;b&gt;Less&lt;/b&gt;" in page and "<b>Less" not in page
        assert "<del" in page and "$600.00" in page
        assert "proposed before" not in page, "it answers no other terms"
    assert "Answer the other terms" in shown(ben, bid.path)
    assert "Ben answers your terms" in shown(ada, bid.path)
    assert "your answer" in shown(ben, "/contracts/") and "waits for Ben" in shown(
        ada, "/contracts/"
    )
    assert "Other terms for a bid" in shown(ben, "/account/calendar/")

    path = f"/counter-offers/{counter.public_id}/"
    assert "$600.00" in shown(ben, f"{path}counter/")
    assert browser(ben).post(f"{path}counter/", row(amount="700")).status_code == 302
    newest = CounterOffer.objects.get(status="proposed")
    assert "something else instead" in shown(ada, bid.path)
    since = shown(ada, bid.path).split("Against what was proposed before")[1]
    assert ">$600.00</del>" in since and ">$700.00</ins>" in since
    assert browser(ada).post(f"/counter-offers/{newest.public_id}/accept/").status_code == 302
    page = shown(ben, bid.path)
    assert "Agreed by both" in page and "Terms proposed so far" in page and "version 2" in page


def test_a_second_proposal_leads_to_the_open_one_and_a_closed_bid_takes_none(ada, ben):
    bid = bid_of(ada, ben)
    countered(bid, ada)
    answer = browser(ada).get(f"{bid.path}counter/")
    assert (answer.status_code, answer["Location"]) == (302, f"{bid.path}#terms")
    browser(ben).post(f"{bid.path}withdraw/")
    assert browser(ada).get(f"{bid.path}counter/").status_code == 409


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (row(amount="1"), "at least"),
        (row(amount="<script>"), "amount"),
        (row(days="0"), "greater than or equal to 1"),
        (row(days="soon"), "whole number"),
        (row(criteria="\n".join(["x"] * 11)), "At most 10"),
        (row(amount="800"), "stands already"),
        ({}, "at least one milestone"),
    ],
)
def test_what_is_wrong_stands_in_words_and_nothing_typed_is_lost(said, words, ada, ben):
    bid = bid_of(ada, ben)
    answer = browser(ada).post(f"{bid.path}counter/", said | {"note": "Please."})
    body = answer.content.decode()
    assert answer.status_code == 400 and words in body and "Please." in body
    assert not CounterOffer.objects.exists()


def test_a_row_more_and_the_sums_without_a_word_sent(ada, ben):
    bid = bid_of(ada, ben)
    grown = browser(ada).post(
        f"{bid.path}counter/", row(0) | row(1) | {"then": "row", "note": "Kept."}
    )
    assert grown.status_code == 200 and "row-2-title" in grown.content.decode()
    assert "Kept." in grown.content.decode() and not CounterOffer.objects.exists()


def test_by_the_api(ada, ben):
    bid = bid_of(ada, ben)
    path = f"/api/v1/bids/{bid.public_id}/counter-offers/"
    body = terms(40_000, 30_000, days=25, note="As discussed.", version=1)
    made = api_of(ada).post(path, body, HTTP_IDEMPOTENCY_KEY="one")
    assert made.status_code == 201, made.json()
    again_ = api_of(ada).post(path, body, HTTP_IDEMPOTENCY_KEY="one")
    assert again_.json() == made.json() and CounterOffer.objects.count() == 1
    said = made.json()
    assert (said["price"], said["against"], said["became"]) == (70_000, 1, None)
    assert said["next_steps"] == ["withdraw"]
    assert said["differences"][0] == {
        "title": "As a whole",
        "what": "Price",
        "before": "$800.00",
        "after": "$700.00",
    }
    assert len(api_of(ben).get(path).json()["results"]) == 1
    (mine,) = api_of(ben).get("/api/v1/counter-offers/").json()["results"]
    assert mine["next_steps"] == ["accept", "decline", "counter"]

    one = f"/api/v1/counter-offers/{said['id']}/"
    assert api_of(ben).get(one).json()["note"] == "As discussed."
    other = api_of(ben).post(f"{one}counter/", terms(75_000))
    assert (other.status_code, other.json()["counters"]) == (201, said["id"])
    assert said["differences_from_countered"] == []
    since = {(line["what"], line["before"], line["after"]) for line in _since(ada, other.json())}
    assert ("Price", "$700.00", "$750.00") in since
    done = api_of(ada).post(f"/api/v1/counter-offers/{other.json()['id']}/accept/")
    assert (done.json()["status"], done.json()["became"]) == ("accepted", 2)
    refused = api_of(ben).post(f"{one}accept/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wrong_state")
    assert api_of(ada).get(f"/api/v1/bids/{bid.public_id}/").json()["price"] == 75_000
    assert len(api_of(ada).get(f"/api/v1/bids/{bid.public_id}/versions/").json()) == 2


def _since(person, told: dict) -> list[dict[str, str]]:
    """What is otherwise than the round before, as a program reads it."""
    found = api_of(person).get(f"/api/v1/counter-offers/{told['id']}/").json()
    assert found["differences_from_countered"] == told["differences_from_countered"]
    return found["differences_from_countered"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"price": 1}, "plan"),
        ({"price": "x"}, "price"),
        ({"plan": [{}]}, "plan[0].title"),
        ({"plan": "x"}, "plan"),
        ({"days": 0}, "days"),
        ({"version": "x"}, "version"),
        ({"note": 5 * "long" * 500}, "note"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused_by_its_field(said, field, ada, ben):
    bid = bid_of(ada, ben)
    path = f"/api/v1/bids/{bid.public_id}/counter-offers/"
    answer = api_of(ada).post(path, terms(60_000) | said)
    error = answer.json()["error"]
    assert answer.status_code == 400 and error["param"].startswith(field), error
    assert error["message"] and not CounterOffer.objects.exists()


def test_an_edit_by_the_api_waits_too(ada, ben):
    bid = bid_of(ada, ben)
    countered(bid, ada)
    answer = api_of(ben).patch(f"/api/v1/bids/{bid.public_id}/", {"letter": "Other."})
    assert answer.status_code == 409


def test_nobody_else_sees_it_and_of_a_withdrawn_bid_the_client_neither(ada, ben, cleo, dora):
    bid = bid_of(ada, ben)
    counter = countered(bid, ada)
    one = f"/api/v1/counter-offers/{counter.public_id}/"
    for person in (cleo, dora):
        assert api_of(person).get(one).status_code == 404
        assert api_of(person).get("/api/v1/counter-offers/").json()["results"] == []
        assert (
            browser(person).post(f"/counter-offers/{counter.public_id}/accept/").status_code == 404
        )
    browser(ben).post(f"{bid.path}withdraw/")
    assert api_of(ada).get(one).status_code == 404
    assert api_of(ben).get(one).json()["status"] == "lapsed"
    assert "Terms proposed" not in shown(ada, bid.path)


def test_a_long_story_costs_no_more_to_read(ada, ben, django_assert_max_num_queries):
    bid = bid_of(ada, ben)
    counter = countered(bid, ada)
    for amount in range(61_000, 66_000, 1_000):
        counter = again(counter, ben if counter.proposed_by == ada else ada, amount)
    accept_counter(counter_id=counter.pk, by=ben if counter.proposed_by == ada else ada)
    countered(bid, ada, 50_000)
    reader = browser(ben)
    with django_assert_max_num_queries(24):
        assert reader.get(bid.path).status_code == 200
    program = api_of(ben)
    with django_assert_max_num_queries(8):
        assert len(program.get("/api/v1/counter-offers/").json()["results"]) == 7
