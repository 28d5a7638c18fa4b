"""Asking for another date of delivery, by its page."""

from datetime import timedelta

import pytest

from marketplace.common.clock import now
from projects.agreements.changes.models import ChangeOrder
from projects.milestones.services import cancel_milestone
from tests.projects.change_world import in_days
from tests.world import SIGNED, browser, funded_milestone, opened_dispute

pytestmark = pytest.mark.django_db


@pytest.fixture
def milestone(ada, ben):
    return funded_milestone(ada, ben)


@pytest.fixture
def path(milestone) -> str:
    return f"/milestones/{milestone.public_id}/extend/"


def page_of(milestone) -> str:
    return f"/contracts/{milestone.contract.public_id}/"


def test_the_card_leads_to_it_and_the_other_side_reads_the_new_date(ada, ben, milestone, path):
    assert path in browser(ben).get(page_of(milestone)).content.decode()
    day = f"{in_days(30):%Y-%m-%d}"

    sent = browser(ben).post(path, {"due_at": day, "note": "The server is late."} | SIGNED)

    order = ChangeOrder.objects.get()
    assert (sent.status_code, sent["Location"]) == (302, f"{page_of(milestone)}#{order.public_id}")
    assert [set(change) for change in order.changes] == [{"position", "due_at"}]
    text = browser(ada).get(page_of(milestone)).content.decode()
    assert "The server is late." in text
    assert path not in text, "while one waits no other is offered"
    again = browser(ada).get(path)
    assert (again.status_code, again["Location"]) == (302, sent["Location"])


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"due_at": ""}, "This field is required."),
        ({"due_at": "soon"}, "Enter a valid date."),
        ({"due_at": f"{now() - timedelta(days=9):%Y-%m-%d}"}, "ahead"),
        ({"password": "wrong"}, "password"),
        ({"note": "n" * 6_000}, "at most"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    said, refusal, ben, milestone, path
):
    known = {"due_at": f"{in_days(30):%Y-%m-%d}", "note": "The server is late."} | SIGNED
    answer = browser(ben).post(path, known | said)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert refusal in text
    assert (known | said)["note"] in text
    assert not ChangeOrder.objects.exists()


def test_the_date_of_what_is_disputed_or_has_ended_stays(ada, ben, milestone, path):
    ended = funded_milestone(ada, ben)
    cancel_milestone(milestone_id=ended.pk, by=ben)
    disputed = opened_dispute(ada, ben).milestone
    for one in (ended, disputed):
        other = f"/milestones/{one.public_id}/extend/"
        assert browser(ben).get(other).status_code == 409
        assert other not in browser(ben).get(page_of(one)).content.decode()
