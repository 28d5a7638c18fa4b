"""When a payout is expected at the bank is known, and one that is late waits for a person."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.working_days import after_working_days, working_days_before
from payments.payouts import services as payouts
from payments.payouts.models import Payout
from payments.payouts.selectors import payouts_in_trouble
from payments.payouts.sending.services import begin_attempt, send_payout
from tests.against_the_rules import force
from tests.payments.payout_world import now_of, ready_without_provider, scheduled
from tests.payments.world import days_pass
from tests.sandbox import NO_SUCH_ACCOUNT, PAYOUT_DELAY, play_on
from tests.world import api_of, browser

pytestmark = pytest.mark.django_db


def test_the_provider_says_when_it_arrives_and_its_payee_reads_it(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox)
    send_payout(payout_id=payout.pk)

    at = now_of(payout).arrives_at
    assert payout.status == "in_transit"
    assert at is not None
    assert timedelta(0) <= now() + timedelta(seconds=PAYOUT_DELAY) - at < timedelta(days=1)
    assert (at.hour, at.minute, at.second) == (0, 0, 0)
    told = api_of(ben).get(f"/api/v1/payouts/{payout.public_id}/").json()
    assert datetime.fromisoformat(told["arrives_at"]) == at
    assert "expects it at your bank on" in browser(ben).get(f"/payouts/{payout.public_id}/").text


def test_one_that_is_tried_again_is_expected_anew(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    send_payout(payout_id=payout.pk)
    first = now_of(payout).arrives_at
    days_pass(1)
    play_on(sandbox)
    assert now_of(payout).status == "failed"
    payouts.retry_payout(payout_id=payout.pk, by=ben)
    assert first is not None and now_of(payout).arrives_at is None


@pytest.fixture
def sent(ada, ben) -> Payout:
    """Without any provider."""
    payout = payouts.schedule_payout(
        party_id=ready_without_provider(ada, ben), currency="USD", by=ben
    )
    begin_attempt(payout.pk)
    return now_of(payout)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Pacific/Auckland"])
def test_its_day_is_the_providers_wherever_it_is_read(zone, sent, ben, dora):
    """It names a day, as its midnight in UTC: west of it that is the day before."""
    User.objects.update(time_zone=zone)
    force(Payout, status="in_transit", arrives_at=datetime(2026, 6, 10, tzinfo=UTC))

    shown = browser(ben).get(f"/payouts/{sent.public_id}/").text

    assert re.search(r"expects it at your bank on <time[^>]*>10 Jun 2026</time>", shown)
    force(Payout, arrives_at=datetime(2026, 1, 9, tzinfo=UTC))
    assert re.search(
        r"was to be there on <time[^>]*>9 Jan 2026</time>", browser(dora).get("/desk/").text
    )


def test_one_that_is_late_waits_for_a_person(sent, dora):
    late = working_days_before(now(), 3, zone=ZoneInfo("UTC"))
    force(Payout, status="in_transit", arrives_at=late + timedelta(minutes=1))
    assert not payouts_in_trouble().exists()
    assert api_of(dora).get("/api/v1/desk/payouts/").json()["results"] == []

    force(Payout, arrives_at=late - timedelta(seconds=1))

    (found,) = payouts_in_trouble()
    assert (found, found.is_late, found.is_to_attest) == (sent, True, False)
    page = browser(dora).get("/desk/").text
    assert "It was to be there on" in page and f"?words={sent.public_id}" in page
    assert f"/desk/payouts/{sent.public_id}/retry/" not in page
    (told,) = api_of(dora).get("/api/v1/desk/payouts/").json()["results"]
    assert told["id"] == sent.public_id and told["arrives_at"]


def test_so_does_one_of_which_the_provider_says_nothing_for_a_day(sent, dora):
    sent.attempts.update(started_at=now() - timedelta(hours=23))
    assert not payouts_in_trouble().exists()
    sent.attempts.update(started_at=now() - timedelta(hours=25))
    assert list(payouts_in_trouble()) == [sent]
    assert "has not answered for a day" in browser(dora).get("/desk/").text
    force(Payout, status="paid")
    assert not payouts_in_trouble().exists()


@pytest.mark.parametrize("day", range(1, 15))
@pytest.mark.parametrize("hour", [0, 10, 23])
def test_working_days_back_are_those_forth(day, hour):
    end, zone = datetime(2026, 6, day, hour, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    start = working_days_before(end, 3, zone=zone)
    assert after_working_days(start, 3, zone=zone) <= end
    assert after_working_days(start + timedelta(microseconds=1), 3, zone=zone) > end
