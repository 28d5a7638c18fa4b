"""The queue of disputes is read and searched, by people and by programs."""

import html
import re

import pytest

from projects.disputes.assigning.services import assign_dispute
from projects.disputes.models import Dispute
from projects.milestones.services import release_milestone
from tests.projects.dispute_world import rule
from tests.test_growing_lists import grows_for_free
from tests.world import api_of, browser, opened_dispute, person, reviewed_dispute

pytestmark = pytest.mark.django_db
PAGE, CALL = "/desk/disputes/", "/api/v1/desk/disputes/"


def found(by, **asked: str) -> set[str]:
    page = browser(by).get(PAGE, asked)
    rows = api_of(by).get(CALL, asked).json()["results"]
    shown = {dispute.public_id for dispute in page.context["page"].items}
    assert shown == {row["id"] for row in rows}, "both find the same"
    return shown


@pytest.fixture
def cases(ada, ben, dora) -> dict[str, Dispute]:
    moot = opened_dispute(ada, ben)
    release_milestone(milestone_id=moot.milestone_id, by=ada)
    return {
        "opened": opened_dispute(ada, person("Ida")),
        "under_review": reviewed_dispute(ada, ben),
        "decided": rule(reviewed_dispute(ada, ben), dora),
        "closed": moot,
    }


def test_by_its_state_as_people_see_it(cases, dora):
    ids = {state: dispute.public_id for state, dispute in cases.items()}
    for state in ids:
        assert found(dora, state=state) == {ids[state]}
    assert found(dora, state="appealed") == set()
    open_ = set(ids.values()) - {ids["closed"]}
    assert found(dora) == open_
    assert found(dora, state="all") == set(ids.values())


def test_by_words_and_reason(cases, dora):
    one = cases["opened"]
    for words in (
        one.public_id,
        one.milestone.public_id,
        " ida ",
        one.milestone.contract.public_id,
    ):
        assert found(dora, words=words) == {one.public_id}
    assert found(dora, words="Part 1") == found(dora)
    assert found(dora, words="nobody of that name") == set()
    Dispute.objects.filter(pk=one.pk).update(reason="late")
    assert found(dora, reason="late") == {one.public_id}
    assert found(dora, reason="late", words="Ben") == set()


def test_what_there_is_not_is_refused_by_its_field(dora):
    for asked in ({"state": "lost"}, {"whose": "everybody"}, {"reason": "weather"}):
        page, call = browser(dora).get(PAGE, asked), api_of(dora).get(CALL, asked)
        assert (page.status_code, call.status_code) == (400, 400)
        assert call.json()["error"]["param"] == next(iter(asked))
        assert "This cannot be searched for" in page.text


def test_nobody_finds_a_case_of_their_own(ada, dora):
    dispute = opened_dispute(ada, dora)
    assert found(dora, words=dispute.public_id) == set()


def cells_of(page: str, tag: str) -> list[str]:
    """What the cells say of the first row of a table that has some of this kind."""
    row = next(row for row in re.findall("(?s)<tr>(.*?)</tr>", page) if f"<{tag}" in row)
    cells = re.findall(rf"(?s)<{tag}\b.*?</{tag}>", row)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in cells]


@pytest.mark.parametrize("page", ["/desk/", PAGE])
def test_a_row_tells_age_price_clock_and_who_looks_after_it(ada, ben, dora, later, page):
    dispute = reviewed_dispute(ada, ben, 123_450)
    assign_dispute(dispute_id=dispute.pk, by=dora, mediator=dora.public_id)
    later(days=1.1)

    shown = browser(dora).get(page).text

    told = dict(zip(cells_of(shown, "th"), cells_of(shown, "td"), strict=True))
    assert told.pop("Next clock").startswith("Ruling in ")
    assert told == {
        "Milestone": "Part 1 Ada · Ben",
        "State": "With a mediator",
        "Opened": "1 day ago",
        "Mediator": "Dora",
        "Price": "$1,234.50",
    }


def test_a_search_costs_as_much_for_more(ada, ben, dora):
    asked, client = {"words": "Part", "state": "all", "whose": "nobody"}, browser(dora)
    grows_for_free(lambda: client.get(PAGE, asked), lambda: opened_dispute(ada, ben))


def test_the_queue_stands_in_the_order_in_which_the_keys_lead_through_it(ada, ben, dora):
    ids = [opened_dispute(ada, ben).public_id for _ in range(21)]
    client = browser(dora)

    def shown(query: str) -> tuple[list[str], object]:
        page = client.get(f"{PAGE}{query}").context["page"]
        return [one.public_id for one in page.items], page

    first, page = shown("")
    assert first == ids[:20]
    last, page = shown(page.next_url)
    assert (last, page.next_url) == (ids[20:], "")
    again, page = shown(page.previous_url)
    assert (again, page.previous_url) == (first, "")
    assert client.get(f"/desk/disputes/{ids[3]}/").context["case_next"].public_id == ids[4]
    assert shown("?state=all")[0] == ids[:0:-1]
