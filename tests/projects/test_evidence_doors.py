"""The bundle by page and program, for both sides and the desk; for anybody else it is not there."""

import json

import pytest
from django.test import Client

from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from tests.projects.evidence_world import contents, rich_dispute
from tests.world import api_of, browser, person, ruled

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispute(ada, ben):
    return rich_dispute(ada, ben)


def desk(dispute) -> str:
    return f"/desk/disputes/{dispute.public_id}/"


def test_one_click_on_the_page_of_the_dispute(dispute, ada, ben, settings):
    for side in (ada, ben):
        page = browser(side).get(dispute.path).text
        assert f'href="{dispute.path}evidence.zip"' in page and "about" in page
        answer = browser(side).get(f"{dispute.path}evidence.zip")
        assert answer["Content-Type"] == "application/zip"
        assert answer["Content-Disposition"].endswith(f'evidence-{dispute.public_id}.zip"')
        assert answer["Cache-Control"] == "private, no-store"
        assert json.loads(contents(answer.getvalue())["record.json"])["redacted"] is False


def test_one_click_on_the_case_and_the_same_file(dispute, ada, dora):
    page = browser(dora).get(desk(dispute)).text
    assert f'href="{desk(dispute)}evidence.zip"' in page

    for_staff = browser(dora).get(f"{desk(dispute)}evidence.zip").getvalue()

    assert for_staff == browser(ada).get(f"{dispute.path}evidence.zip").getvalue()
    api = api_of(dora).get(f"/api/v1/desk/disputes/{dispute.public_id}/evidence/")
    assert api.getvalue() == for_staff


def test_once_it_has_ended_staff_get_no_messages_and_both_sides_still_do(dispute, ada, dora):
    ruled(dispute, dora, 20_000, "Half of it.")

    for_staff = contents(browser(dora).get(f"{desk(dispute)}evidence.zip").getvalue())
    by_api = api_of(dora).get(f"/api/v1/desk/disputes/{dispute.public_id}/evidence/")
    for_ada = contents(browser(ada).get(f"{dispute.path}evidence.zip").getvalue())

    assert "messages.json" not in for_staff and "messages.json" in for_ada
    assert contents(by_api.getvalue()) == for_staff
    assert "The messages are left out" in browser(dora).get(desk(dispute)).text


@pytest.mark.parametrize("redacted", ["1", "true"])
def test_a_redacted_copy_for_people_outside(dispute, ada, dora, redacted):
    asked = {"redacted": redacted}
    copies = [
        browser(ada).get(f"{dispute.path}evidence.zip", asked),
        browser(dora).get(f"{desk(dispute)}evidence.zip", asked),
        api_of(ada).get(f"/api/v1/disputes/{dispute.public_id}/evidence/", asked),
        api_of(dora).get(f"/api/v1/desk/disputes/{dispute.public_id}/evidence/", asked),
    ]

    assert len({copy.getvalue() for copy in copies}) == 1
    assert copies[0]["Content-Disposition"].endswith('-redacted.zip"')
    assert f'href="{dispute.path}evidence.zip?redacted=1"' in browser(ada).get(dispute.path).text


@pytest.mark.parametrize("guess", ["yes", "2", "True", "ja", "on"])
def test_nobody_gets_the_whole_record_by_a_guess(dispute, ada, guess):
    answer = api_of(ada).get(f"/api/v1/disputes/{dispute.public_id}/evidence/?redacted={guess}")

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "redacted"
    page = browser(ada).get(f"{dispute.path}evidence.zip?redacted={guess}")
    assert page.status_code == 400 and "redacted is 1 or 0" in page.text


def test_for_anybody_else_it_is_not_there(dispute, ada):
    cleo, finance = person("Cleo"), person("Fina")
    grant_staff_roles(user_id=finance.pk, roles={"finance"}, by=SYSTEM)
    of_api = f"/api/v1/disputes/{dispute.public_id}/evidence/"
    of_desk = f"/api/v1/desk/disputes/{dispute.public_id}/evidence/"
    for query in ("", "?redacted=1"):
        for outsider in (cleo, finance):
            for path in (f"{dispute.path}evidence.zip", f"{desk(dispute)}evidence.zip"):
                assert browser(outsider).get(path + query).status_code == 404
            assert api_of(outsider).get(of_api + query).status_code == 404
            assert api_of(outsider).get(of_desk + query).status_code == 404
        # A side of the dispute has no desk.
        assert browser(ada).get(f"{desk(dispute)}evidence.zip{query}").status_code == 404
        assert Client().get(f"{dispute.path}evidence.zip{query}").status_code == 302


def test_staff_who_are_a_side_get_it_as_a_side_alone(dispute, ada):
    grant_staff_roles(user_id=ada.pk, roles={"mediator"}, by=SYSTEM)

    assert browser(ada).get(f"{desk(dispute)}evidence.zip").status_code == 404
    assert browser(ada).get(f"{dispute.path}evidence.zip").status_code == 200
