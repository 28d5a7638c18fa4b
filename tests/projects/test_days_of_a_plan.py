"""A day of a plan ends as "due on Friday" does: with its last minute where its writer lives."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.people.models import User
from marketplace.common.clock import after_days, end_of_day, now
from projects.agreements import terms
from projects.agreements.changes.services import accept_change
from projects.agreements.services import accept_offer, withdraw_offer
from projects.agreements.terms import canonical, digest, zone_of
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of
from projects.tasks import lapse_offers
from tests.against_the_rules import force
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.change_world import now_of, proposed, wish
from tests.world import (
    active_contract,
    browser,
    fund,
    funded_milestone,
    offered_contract,
    open_posting,
    plan_of,
    submitted_bid,
)

pytestmark = pytest.mark.django_db

BERLIN = "Europe/Berlin"
TODAY = "If accepted and funded today:"
Until = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def days_end_where_people_live(monkeypatch) -> None:
    monkeypatch.setattr(terms, "zone_of", zone_of)


@pytest.fixture
def until(later) -> Until:
    """Moves the clock on to that moment."""
    return lambda moment: later(seconds=(moment - now()).total_seconds())


def lives_in(person: User, zone: str) -> None:
    person.time_zone = zone
    person.save(update_fields=["time_zone"])


def there(zone: str, *when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone))


def first_of(contract: Contract) -> Milestone:
    return contract.milestones.get(position=1)


@pytest.mark.parametrize(
    ("zone", "signed", "days", "due"),
    [
        # Clocks go forward in the night to 28 March 2027, and back in that to 31 October.
        (BERLIN, (2027, 3, 25, 13, 37), 7, "2027-04-01T21:59+00:00"),
        (BERLIN, (2027, 3, 27, 23, 30), 1, "2027-03-28T21:59+00:00"),
        (BERLIN, (2027, 10, 30, 0, 10), 1, "2027-10-31T22:59+00:00"),
        (BERLIN, (2027, 10, 30, 23, 50), 7, "2027-11-06T22:59+00:00"),
        ("America/Los_Angeles", (2027, 6, 1, 20, 0), 2, "2027-06-04T06:59+00:00"),
        ("Asia/Tokyo", (2027, 6, 1, 2, 0), 2, "2027-06-03T14:59+00:00"),
        ("UTC", (2027, 6, 1, 0, 1), 1, "2027-06-02T23:59+00:00"),
    ],
)
def test_it_is_due_at_the_end_of_that_day(ada, ben, until, zone, signed, days, due):
    lives_in(ben, zone)
    contract = offered_contract(ada, ben, plan=plan_of(50_000, days=days))
    Contract.objects.update(offer_lapses_at=there(zone, *signed) + timedelta(days=1))
    until(there(zone, *signed))
    accept_offer(contract_id=contract.pk, by=ben)

    assert first_of(contract).due_at == datetime.fromisoformat(due)


def test_where_it_would_be_counted_to_the_minute_nobody_could_tell_when(ada, ben, until):
    """What it was before: the same plan without its zone, as older agreements have it."""
    lives_in(ben, BERLIN)
    contract = offered_contract(ada, ben)
    agreement = agreement_of(contract)
    wording = json.loads(agreement.body) | {"agreement": 3}
    assert wording.pop("days_end_in") == BERLIN
    body = canonical(wording)
    force(contract.agreements.all(), body=body, sha256=digest(body))
    accept_offer(contract_id=contract.pk, by=ben)

    contract.refresh_from_db()
    milestone = first_of(contract)
    assert milestone.due_at == contract.accepted_at + timedelta(days=20)
    fund(milestone)
    milestone = now_of(milestone)
    assert milestone.due_at == milestone.escrow.held_at + timedelta(days=20)
    shown = browser(ada).get(f"/contracts/{contract.public_id}/agreement/").content.decode()
    assert "A day ends at" not in shown, "nothing is read into it that nobody signed"


def test_the_last_minute_of_a_day_is_the_later_one_where_the_clocks_go_back_in_it():
    zone = ZoneInfo("America/Santiago")  # at midnight it is 23:00 again on 3 April 2027
    day = there("America/Santiago", 2027, 4, 3).date()
    ends = end_of_day(day, zone)
    assert ends.astimezone(UTC) == datetime(2027, 4, 4, 3, 59, tzinfo=UTC)
    assert (ends.astimezone(UTC) + timedelta(minutes=1)).astimezone(zone).date() > day
    three = timedelta(days=3)
    assert after_days(ends - three, three, "America/Santiago") == ends.astimezone(UTC)


def test_money_on_the_day_of_the_signature_moves_no_date_and_later_money_by_whole_days(
    ada, ben, until
):
    lives_in(ben, BERLIN)
    contract = offered_contract(ada, ben, plan=plan_of(50_000, 50_000, days=20))
    Contract.objects.update(offer_lapses_at=there(BERLIN, 2027, 3, 30))
    until(there(BERLIN, 2027, 3, 20, 9, 0))
    accept_offer(contract_id=contract.pk, by=ben)
    until(there(BERLIN, 2027, 3, 20, 22, 0))
    first, second = contract.milestones.order_by("position")
    fund(first)
    assert now_of(first).due_at == there(BERLIN, 2027, 3, 30, 23, 59)

    until(there(BERLIN, 2027, 4, 7, 23, 0))
    fund(second)
    second = now_of(second)
    assert second.due_at == due_of(second) == there(BERLIN, 2027, 4, 17, 23, 59)


def test_both_read_the_minute_on_the_page_that_they_sign(ada, ben, until):
    lives_in(ada, "Asia/Tokyo")
    lives_in(ben, BERLIN)
    contract = offered_contract(ada, ben)
    Contract.objects.update(offer_lapses_at=there(BERLIN, 2027, 6, 10))
    until(there(BERLIN, 2027, 6, 1, 13, 37))
    page = f"/contracts/{contract.public_id}/"

    def shown(person: User, page: str) -> str:
        return " ".join(browser(person).get(page).content.decode().split())

    for_ben, for_ada = "21 Jun 2027, 23:59", "22 Jun 2027, 06:59"
    for path in (f"{page}accept/", f"{page}agreement/", page):
        assert TODAY in shown(ben, path) and for_ben in shown(ben, path), path
    assert for_ada in shown(ada, page)
    rule = "A day ends at 23:59 in the time zone Europe/Berlin."
    assert rule in shown(ada, f"{page}agreement/") and rule in shown(ben, f"{page}accept/")

    accept_offer(contract_id=contract.pk, by=ben)
    assert first_of(contract).due_at == there(BERLIN, 2027, 6, 21, 23, 59)
    until(there(BERLIN, 2027, 6, 5, 9, 0))
    agreed = shown(ada, f"{page}agreement/")
    assert "If funded today:" in agreed and "26 Jun 2027, 06:59" in agreed
    assert for_ada not in agreed and TODAY not in agreed, "its money comes too late for that"
    card = shown(ada, page)
    assert "If funded today: due" in card and "26 Jun 2027, 06:59" in card and for_ada not in card

    fund(first_of(contract))
    until(there(BERLIN, 2027, 6, 7, 9, 0))
    agreed = shown(ada, f"{page}agreement/")
    assert "Now due:" in agreed and "26 Jun 2027, 06:59" in agreed
    assert "If funded today" not in shown(ada, page)
    assert first_of(contract).due_at == there(BERLIN, 2027, 6, 25, 23, 59)


@pytest.mark.parametrize("lapsed_by", ["time", "sweep", "withdrawal"])
def test_of_what_nobody_can_accept_any_more_no_date_is_read(ada, ben, later, lapsed_by):
    contract = offered_contract(ada, ben)
    pages = [f"/contracts/{contract.public_id}/{page}" for page in ("", "agreement/")]
    for page in pages:
        assert TODAY in browser(ada).get(page).content.decode()
    if lapsed_by == "withdrawal":
        withdraw_offer(contract_id=contract.pk, by=ada)
    else:
        later(days=8)
    if lapsed_by == "sweep":
        assert lapse_offers()["done"] == 1

    for page in pages:
        shown = browser(ada).get(page).content.decode()
        assert "after 20 days" in shown and "today:" not in shown and "Now due" not in shown


def test_nor_of_a_bid_that_can_be_awarded_no_more(ada, ben, later):
    bid = submitted_bid(open_posting(ada), ben)
    later(days=(bid.valid_until - now()) / timedelta(days=1) + 0.1)
    page = browser(ada).get(f"/bids/{bid.public_id}/award/").content.decode()
    assert "after 20 days" in page and "If accepted" not in page


def test_a_bank_that_took_the_money_leaves_no_date_but_that_of_another_funding(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    path = f"/contracts/{milestone.contract.public_id}/agreement/"
    assert "Now due:" in browser(ada).get(path).content.decode()
    Bank(payment_of(milestone.escrow)).takes()
    later(days=2)
    page = browser(ada).get(path).content.decode()
    assert "If funded today:" in page and "Now due" not in page


def test_an_older_version_shows_what_was_signed_alone(ada, ben):
    milestone = first_of(active_contract(ada, ben))
    path = f"/contracts/{milestone.contract.public_id}/agreement/"
    due_at = now().replace(microsecond=0) + timedelta(days=9)
    order = proposed(ada, wish(milestone, due_at=due_at), milestone=milestone)
    accept_change(order_id=order.pk, by=ben)
    before = browser(ada).get(f"{path}?version=1").content.decode()
    assert "after 20 days" in before and "If funded today:" not in before


def test_who_awards_reads_it_too(ada, ben):
    lives_in(ada, BERLIN)
    lives_in(ben, BERLIN)
    bid = submitted_bid(open_posting(ada), ben)
    page = browser(ada).get(f"/bids/{bid.public_id}/award/").content.decode()
    ends_at = after_days(now(), timedelta(days=20), BERLIN).astimezone(ZoneInfo(BERLIN))
    assert TODAY in page and f"{ends_at:%-d %b %Y}, 23:59" in page


def test_the_zone_that_was_signed_counts_whoever_moves_since(ada, ben, until):
    lives_in(ben, BERLIN)
    contract = offered_contract(ada, ben)
    lives_in(ben, "Asia/Tokyo")
    accept_offer(contract_id=contract.pk, by=ben)
    milestone = first_of(contract)
    assert milestone.days_end_in == BERLIN
    assert f"{milestone.due_at.astimezone(ZoneInfo(BERLIN)):%H:%M}" == "23:59"


def test_a_moment_that_both_have_named_since_is_no_day_of_the_plan(ada, ben, later):
    lives_in(ben, BERLIN)
    milestone = first_of(active_contract(ada, ben))
    due_at = now().replace(microsecond=0) + timedelta(days=9)
    order = proposed(ada, wish(milestone, due_at=due_at), milestone=milestone)
    accept_change(order_id=order.pk, by=ben)
    later(days=3)
    fund(milestone)

    milestone = now_of(milestone)
    assert milestone.days_end_in == ""
    assert abs(milestone.due_at - (due_at + timedelta(days=3))) < timedelta(minutes=1)
