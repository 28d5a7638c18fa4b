"""What the rules say of appeals, rulings and sealed figures, by the values that are in force."""

import pytest

from payments.policies.services import add_version
from projects.disputes.sealed.models import MOST_FIGURES
from tests.world import browser, funded_milestone

pytestmark = pytest.mark.django_db

UNHEARD = "the first one is carried out"


def card(client, version: str = "") -> str:
    page = client.get(f"/rules/{version}").text
    return page[page.index('id="appeals"') :].partition("</section>")[0]


def test_its_numbers_are_those_of_the_rules(client):
    first = card(client)
    assert "expected within 2 working days, and due within 10 days" in first
    assert "within 3 days of the decision" in first and "has 3 days to reply" in first
    assert "hears it within 10 days" in first and UNHEARD in first
    assert f"up to {MOST_FIGURES} of them" in first

    add_version({"ruling_working_days": 1, "ruling_days": 5, "appeal_days": 4})

    second = card(client)
    assert "expected within 1 working day, and due within 5 days" in second
    assert "within 4 days of the decision" in second and "has 2.5 days to reply" in second
    assert "hears it within 5 days" in second
    assert card(client, "?version=1") == first


def test_who_appeals_is_told_what_comes_of_it_where_nobody_hears_it(client, ada, ben):
    assert (
        "where none does in the time for a ruling, the first decision is"
        in client.get("/rules/").text
    )
    add_version({"ruling_days": 6})
    milestone = funded_milestone(ada, ben)
    page = browser(ben).get(f"/milestones/{milestone.public_id}/dispute/").text
    assert "where none does within 6 days, the first decision is carried out" in page
