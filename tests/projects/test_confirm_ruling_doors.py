"""A second mediator at the desk and in the API; what both sides see of it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import in_words
from payments.policies.services import add_version
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.models import Dispute
from tests.projects.two_mediators import ABOVE, proposed, proposed_on
from tests.world import api_of, browser, person, reviewed_dispute, ruled

pytestmark = pytest.mark.django_db

DECISION = {
    "to_freelancer": "2000.00",
    "facts": "Three of five are met.",
    "rule": "What was agreed.",
    "ground": "in_part",
    "reasons": "So it is.",
}
FIGURE = in_words(200_000, "USD")


def desk(dispute: Dispute, reader: User) -> str:
    return browser(reader).get(dispute.desk_path).content.decode()


def test_at_the_desk_it_is_written_seen_and_confirmed(ada, ben, dora, emil):
    dispute = reviewed_dispute(ada, ben, ABOVE)
    assert "another mediator confirms what you decide" in desk(dispute, dora)

    answer = browser(dora).post(f"{dispute.desk_path}rulings/", DECISION, follow=True)

    assert "waits for another mediator, who has been told" in answer.content.decode()
    own, other = desk(dispute, dora), desk(dispute, emil)
    for page in (own, other):
        assert "Waits for a second mediator" in page and FIGURE in page
        assert "Three of five are met." in page and f"{dispute.desk_path}rulings/" not in page
    assert "You wrote this decision" in own and "Take it back" in own and "Confirm it" not in own
    assert "Confirm it" in other and "Return it" in other
    assert "To be confirmed" in browser(emil).get("/desk/disputes/").content.decode()

    row = ProposedRuling.objects.get()
    answer = browser(emil).post(f"/desk/rulings/{row.public_id}/confirm/", follow=True)

    page = answer.content.decode()
    assert "Both sides have been told" in page and "confirmed by Emil" in page
    assert "To be confirmed" not in browser(emil).get("/desk/disputes/").content.decode()
    assert "confirmed by Emil" in browser(ben).get(dispute.path).content.decode()


def test_at_the_desk_it_is_returned_and_the_reason_read(waiting, dora, emil):
    url = f"/desk/rulings/{waiting.public_id}/return/"
    refused = browser(emil).post(url, {"why": " "})
    assert refused.status_code == 400 and "cannot be empty" in refused.content.decode()

    browser(emil).post(url, {"why": "The log says otherwise."})

    page = desk(waiting.dispute, dora)
    assert "Emil returned it:" in page and "The log says otherwise." in page
    assert f"{waiting.dispute.desk_path}rulings/" in page, "another one can be written"


def test_support_reads_and_does_nothing(waiting):
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={"support"}, by=SYSTEM)
    page = desk(waiting.dispute, fay)
    assert "Waits for a second mediator" in page
    assert "Confirm it" not in page and "Return it" not in page
    for act in ("confirm", "return"):
        answer = browser(fay).post(f"/desk/rulings/{waiting.public_id}/{act}/", {"why": "No."})
        assert answer.status_code == 403


def test_a_mediator_who_is_a_side_finds_nothing(ada, dora, emil):
    row = proposed(ada, emil, dora)

    assert browser(emil).get(row.dispute.desk_path).status_code == 404
    for act in ("confirm", "return"):
        path = f"rulings/{row.public_id}/{act}/"
        assert browser(emil).post(f"/desk/{path}", {"why": "No."}).status_code == 404
        assert api_of(emil).post(f"/api/v1/desk/{path}", {"why": "No."}).status_code == 404
    row.refresh_from_db()
    assert row.status == "proposed"


def test_neither_side_reads_what_it_says_and_what_they_read_is_true(waiting, ada, ben):
    path = waiting.dispute.path
    for side in (ada, ben):
        page = browser(side).get(path).content.decode()
        assert "a second mediator confirms the decision before it stands" in page
        assert "A mediator is reading both sides" in page
        body = api_of(side).get(f"/api/v1{path}").json()
        audit = browser(side).get("/account/audit/").content.decode()
        assert "another mediator confirms or returns it" in " ".join(audit.split())
        for said in (page, str(body), audit):
            assert FIGURE not in said and "Three of five" not in said
        assert (body["status"], body["rulings"]) == ("under_review", [])


@pytest.mark.parametrize("amount", [500_000, ABOVE])
def test_the_page_speaks_of_a_second_mediator_only_where_one_is_needed(ada, ben, dora, amount):
    dispute = reviewed_dispute(ada, ben, amount)

    said = "second mediator confirms" in browser(ada).get(dispute.path).content.decode()
    told = "another mediator confirms what you decide" in desk(dispute, dora)

    assert said is told is (amount == ABOVE)


# --- The API -------------------------------------------------------------------------------------


def test_the_api_writes_lists_returns_and_confirms(ada, ben, dora, emil):
    dispute = reviewed_dispute(ada, ben, ABOVE)
    case = f"/api/v1/desk/disputes/{dispute.public_id}/"
    words = DECISION | {"to_freelancer": 200_000}
    body = api_of(dora).post(f"{case}rulings/", words).json()
    assert (body["status"], body["rulings"]) == ("under_review", [])
    assert "decide" not in body["next_steps"]

    (row,) = api_of(emil).get(f"{case}rulings/").json()["results"]
    assert (row["status"], row["by"], row["to_freelancer"]) == ("proposed", "Dora", 200_000)
    shares = row["shares"]
    assert (shares["freelancer_gets"], shares["freelancer_fee"]) == (194_000, 6_000)
    assert sum(shares.values()) == ABOVE + ABOVE * 3 // 100, "all that is held"
    page = desk(dispute, emil)
    booked = page[page.index("Waits for a second mediator") :]
    for amount in shares.values():
        assert in_words(amount, "USD") in booked
    assert in_words(sum(shares.values()), "USD") in booked
    again = api_of(emil).post(f"{case}rulings/", words)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "wrong_state")
    own = api_of(dora).post(f"/api/v1/desk/rulings/{row['id']}/confirm/")
    assert (own.status_code, own.json()["error"]["code"]) == (403, "not_allowed")
    empty = api_of(emil).post(f"/api/v1/desk/rulings/{row['id']}/return/", {})
    assert (empty.status_code, empty.json()["error"]["param"]) == (400, "why")

    returned = api_of(emil).post(f"/api/v1/desk/rulings/{row['id']}/return/", {"why": "No."})
    assert returned.json()["status"] == "returned" and returned.json()["returned_for"] == "No."
    assert returned.json()["shares"] is None
    late = api_of(emil).post(f"/api/v1/desk/rulings/{row['id']}/confirm/")
    assert late.status_code == 409
    second = proposed_on(Dispute.objects.get(pk=dispute.pk), dora, 300_000)
    body = api_of(emil).post(f"/api/v1/desk/rulings/{second.public_id}/confirm/").json()

    assert (body["status"], len(body["rulings"])) == ("decided", 1)
    ruling = body["rulings"][0]
    assert (ruling["by"], ruling["confirmed_by"]) == ("Dora", "Emil")
    rows = api_of(dora).get(f"{case}rulings/").json()["results"]
    assert [one["status"] for one in rows] == ["returned", "confirmed"]


def test_a_confirmation_that_is_called_again_is_answered_the_same(waiting, emil):
    url, key = f"/api/v1/desk/rulings/{waiting.public_id}/confirm/", {"Idempotency-Key": "once"}

    first, second = (api_of(emil).post(url, headers=key) for _ in range(2))

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


def test_what_one_mediator_decided_names_no_second(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    ruled(dispute, dora, 1)

    body = api_of(ada).get(f"/api/v1{dispute.path}").json()

    assert body["rulings"][0]["confirmed_by"] is None
    assert "confirmed by" not in browser(ada).get(dispute.path).content.decode()


# --- The rules -----------------------------------------------------------------------------------


def test_the_published_rules_say_from_where_on(client):
    page = client.get("/rules/").content.decode()
    assert "Above it two mediators decide" in page and "5,000 units" in page
    assert "750,000 units: JPY" in page and "1,500 units: KWD" in page

    add_version({"second_mediator_units": 0, "second_mediator_units_by_currency": {"JPY": 0}})

    page = client.get("/rules/").content.decode()
    assert "none: JPY" in page


def test_lists_of_cases_ask_no_more_for_more_of_them(ada, ben, dora, emil):
    counts = []
    for _ in range(2):
        proposed(ada, ben, dora)
        with CaptureQueriesContext(connection) as asked:
            browser(emil).get("/desk/disputes/")
        counts.append(len(asked))
    assert counts[0] == counts[1]
