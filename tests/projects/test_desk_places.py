"""Where one gets at the desk by a key: what each of the staff may read, and from case to case."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.people.models import StaffRole
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from projects.disputes.selectors import desk_disputes, neighbours_of
from tests.access_table import LINES
from tests.world import active_contract, browser, opened_dispute, person, reviewed_dispute

pytestmark = pytest.mark.django_db


LED = {
    StaffRole.SUPPORT: "s d f h o l n p r c b e m a",
    StaffRole.MODERATOR: "s h m a",
    StaffRole.MEDIATOR: "s d f t m a",
    StaffRole.FINANCE: "s h o l n p r c b e m a",
}
# Reached from the page that they belong to.
WITHOUT_A_KEY = {"reconciliation-runs"}


@pytest.mark.parametrize("role", StaffRole)
def test_each_of_the_staff_is_led_to_what_they_read_and_nowhere_else(role):
    sven = grant_staff_roles(user_id=person("Sven").pk, roles={role}, by=SYSTEM)
    page = browser(sven).get("/desk/").text
    led = re.findall(r'href="([^"]+)" data-key="g (\w)"', page)
    assert [key for _, key in led] == LED[role].split()
    for url, _ in led:
        assert browser(sven).get(url).status_code == 200, url


def test_each_page_of_the_desk_that_is_about_nothing_in_particular_has_a_key_of_its_own(dora):
    dora = grant_staff_roles(user_id=dora.pk, roles=set(StaffRole.values), by=SYSTEM)
    led = dict(re.findall(r'href="([^"]+)" data-key="g (\w)"', browser(dora).get("/desk/").text))
    pages = {
        reverse(line.route)
        for line in LINES
        if not line.of and "GET" in line.methods and line.route not in WITHOUT_A_KEY
    }
    assert set(led) == {page for page in pages if page.startswith("/desk/")}
    assert len(set(led.values())) == len(led)


def test_other_pages_have_no_such_keys(ada, dora):
    assert "desk.js" in browser(dora).get("/desk/").text
    for who in (ada, dora):
        assert "desk.js" not in browser(who).get("/").text


def test_a_case_leads_to_the_next_and_the_one_before(ada, ben, cleo, dora):
    first, over = reviewed_dispute(ada, ben), opened_dispute(ada, ben)
    last = reviewed_dispute(ben, cleo)
    opened_dispute(dora, ben)  # her own: nobody decides on that
    over.milestone.closed_at = over.created_at
    over.milestone.save(update_fields=["closed_at"])

    def found(dispute) -> list:
        return neighbours_of(dispute, desk_disputes(dora))

    assert (found(first), found(last)) == ([None, last], [first, None])
    assert found(over) == [first, last]  # from what is over one comes back to what waits
    page = browser(dora).get(f"/desk/disputes/{first.public_id}/").text
    assert f'href="/desk/disputes/{last.public_id}/" data-key="n"' in page
    assert 'data-key="p" aria' not in page
    assert 'href="#id_to_freelancer" data-key="r"' in page


def test_a_case_costs_no_more_where_more_wait(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    reviewed_dispute(ada, ben), active_contract(ada, ben)
    url = f"/desk/disputes/{dispute.public_id}/"
    with CaptureQueriesContext(connection) as few:
        browser(dora).get(url)
    for _ in range(4):
        opened_dispute(ada, ben)
    with CaptureQueriesContext(connection) as many:
        browser(dora).get(url)
    assert len(many) == len(few)
