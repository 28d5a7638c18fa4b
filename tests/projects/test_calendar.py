"""A calendar fetches the deadlines of whoever made its address, until it is closed."""

import re

import pytest
from django.db import IntegrityError
from django.test import Client
from icalendar import Calendar

from accounts.access.calendar.models import CalendarFeed
from accounts.access.calendar.services import make_feed, reader_of, revoke_feed
from projects.agreements.deadlines.selectors import deadlines_of
from projects.bonuses.services import give_bonus
from projects.milestones.services import release_milestone
from tests.projects.change_world import price_to
from tests.races import at_once, outcomes_at_once, without_the_second_look
from tests.test_growing_lists import cost
from tests.world import (
    api_of,
    browser,
    funded_milestone,
    offered_contract,
    opened_dispute,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


def fetched(secret: str) -> Calendar:
    answer = Client().get(f"/calendar/{secret}.ics")
    assert answer.status_code == 200 and answer["Content-Type"] == "text/calendar"
    return Calendar.from_ical(answer.content)


def events_of(person) -> dict[str, object]:
    return {str(one["uid"]): one for one in fetched(make_feed(by=person)).walk("VEVENT")}


def test_it_shows_every_clock_to_both_sides(ada, ben, cleo):
    review = submitted_milestone(ada, ben)
    offer = offered_contract(ada, ben)
    dispute = opened_dispute(ada, ben)
    order = price_to(70_000, funded_milestone(ada, ben), ben)

    for person in (ada, ben):
        events = events_of(person)
        for uid, at in (
            (f"{review.public_id}-approved", review.review_ends_at),
            (f"{offer.public_id}-lapses", offer.offer_lapses_at),
            (f"{dispute.milestone.public_id}-dispute_answer", dispute.answer_due_at),
            (f"{order.contract.public_id}-change_lapses", order.answer_due_at),
        ):
            event = events[f"{uid}@milepost"]
            assert event["dtstart"].dt == event["dtend"].dt == at.replace(microsecond=0)
            assert event["description"]
    assert events_of(cleo) == {}


def test_what_has_ended_or_is_the_other_sides_own_is_not_in_it(ada, ben):
    milestone = submitted_milestone(ada, ben)
    give_bonus(contract_id=milestone.contract_id, by=ada, amount=5_000)
    release_milestone(milestone_id=milestone.pk, by=ada)
    assert not [uid for uid in events_of(ben) if "approved" in uid or "pay_page" in uid]


def test_hostile_words_stay_words(ada, ben):
    milestone = submitted_milestone(ada, ben)
    type(milestone).objects.filter(pk=milestone.pk).update(
        title="End\nBEGIN:VEVENT\nSUMMARY:x; , \\ 日本"
    )
    (event,) = [one for uid, one in events_of(ada).items() if "approved" in uid]
    assert str(event["summary"]) == "End\nBEGIN:VEVENT\nSUMMARY:x; , \\ 日本"


def test_a_new_address_closes_the_old_one_and_it_can_be_closed(ada):
    first = make_feed(by=ada)
    second = make_feed(by=ada)
    assert (reader_of(first), reader_of(second)) == (None, ada)
    assert CalendarFeed.objects.count() == 1
    assert second not in CalendarFeed.objects.get().digest
    for _ in range(2):
        revoke_feed(by=ada)
        assert Client().get(f"/calendar/{second}.ics").status_code == 404
    ada.is_active = False
    third = make_feed(by=ada)
    ada.save(update_fields=["is_active"])
    assert Client().get(f"/calendar/{third}.ics").status_code == 404


@pytest.mark.parametrize("secret", ["x", "x" * 5_000, "..%2F..", "%F0%9F%98%80", "%FF"])
def test_an_unknown_address_is_not_there(secret):
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_eight_addresses_at_once_leave_one(ada):
    assert at_once(*[lambda: make_feed(by=ada)] * 8) == ["done"] * 8
    assert CalendarFeed.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_second_look_the_constraint_leaves_one_and_breaks_the_others(ada, monkeypatch):
    without_the_second_look(monkeypatch)

    secrets = outcomes_at_once(*[lambda: make_feed(by=ada)] * 8)

    made = [one for one in secrets if isinstance(one, str)]
    assert [type(one) for one in secrets].count(IntegrityError) == 7, secrets
    assert [reader_of(one) for one in made] == [ada]


def test_by_the_page_it_is_shown_once(ada, ben):
    submitted_milestone(ada, ben)
    client = browser(ada)
    assert "It is approved by itself" in client.get("/account/calendar/").content.decode()
    refused = client.post("/account/calendar/")
    assert refused.status_code == 302 and "reauthenticate" in refused["Location"]


def test_by_the_api(ada):
    api = api_of(ada)
    assert api.get("/api/v1/me/calendar/").json() == {"since": None}
    made = api.post("/api/v1/me/calendar/")
    path = re.sub(r"^https?://[^/]+", "", made.json()["address"])
    assert made.status_code == 201 and Client().get(path).status_code == 200
    assert api.get("/api/v1/me/calendar/").json()["since"]
    assert api.delete("/api/v1/me/calendar/").status_code == 204
    assert Client().get(path).status_code == 404


def test_more_contracts_ask_no_more(ada, ben):
    submitted_milestone(ada, ben)
    opened_dispute(ada, ben)
    price_to(70_000, funded_milestone(ada, ben), ben)
    path = f"/calendar/{make_feed(by=ada)}.ics"
    cost(lambda: Client().get(path))
    small, few = cost(lambda: Client().get(path))
    for _ in range(4):
        opened_dispute(ada, ben)
        price_to(70_000, funded_milestone(ada, ben), ben)
    large, still = cost(lambda: Client().get(path))
    assert large > small and still <= few
    assert len(deadlines_of(ada)) > 8
