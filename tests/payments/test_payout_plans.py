"""A payee chooses how often they are paid out; without a choice it is every day."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed
from payments.payouts import services as payouts
from payments.payouts.models import Earning, Payout
from payments.payouts.plans.selectors import Every, plan_of, turn_after, turn_before
from payments.payouts.plans.services import choose_payout_plan
from payments.payouts.turns.selectors import due_groups
from payments.tasks import schedule_due_payouts
from tests.against_the_rules import force
from tests.payments.payout_world import ready_without_provider
from tests.payments.racing import at_once
from tests.races import without_the_second_look
from tests.world import api_of

pytestmark = pytest.mark.django_db

# A Wednesday.
WEDNESDAY = datetime(2020, 5, 13, 12, tzinfo=UTC)
MONDAY, FIRST = datetime(2020, 5, 11, tzinfo=UTC), datetime(2020, 5, 1, tzinfo=UTC)


@pytest.fixture
def payee(ada, ben) -> int:
    return ready_without_provider(ada, ben)


def choose(ben, every: str):
    return choose_payout_plan(party_id=own_party_of(ben).pk, every=every, by=ben)


def cleared_at(moment: datetime) -> None:
    Earning.objects.update(clears_at=moment)


@pytest.mark.parametrize(
    ("every", "turn"), [(Every.WEEK, MONDAY), (Every.MONTH, FIRST)], ids=["week", "month"]
)
def test_what_cleared_before_the_turn_goes_out_and_the_rest_waits(payee, ben, every, turn):
    choose(ben, every)

    cleared_at(turn + timedelta(hours=1))
    assert due_groups(WEDNESDAY, limit=10) == []
    cleared_at(turn - timedelta(hours=1))
    assert due_groups(WEDNESDAY, limit=10) == [(payee, "USD")]


def test_every_day_needs_no_turn(payee, ben):
    cleared_at(WEDNESDAY - timedelta(minutes=1))
    assert due_groups(WEDNESDAY, limit=10) == [(payee, "USD")]
    choose(ben, Every.DAY)
    assert due_groups(WEDNESDAY, limit=10) == [(payee, "USD")]


def test_by_hand_nothing_goes_until_it_is_asked_for(payee, ben):
    choose(ben, Every.HAND)

    assert schedule_due_payouts() == {"done": 0, "failed": 0}
    assert due_groups(now() + timedelta(days=400), limit=10) == []
    assert payouts.schedule_payout(party_id=payee, currency="USD", by=ben).amount == 97_000


def test_one_turn_brings_one_payout(payee, ben):
    choose(ben, Every.WEEK)
    cleared_at(MONDAY - timedelta(days=1))
    payout = payouts.schedule_payout(party_id=payee, currency="USD", by=ben)
    force(
        Payout.objects.filter(pk=payout.pk), status="paid", created_at=MONDAY + timedelta(minutes=1)
    )
    payout.earnings.update(payout=None)

    assert due_groups(WEDNESDAY, limit=10) == []
    assert due_groups(WEDNESDAY + timedelta(days=7), limit=10) == [(payee, "USD")]
    Earning.objects.update(payout=payout)
    force(Payout.objects.filter(pk=payout.pk), status="scheduled")


def test_a_change_of_mind_holds_at_once(payee, ben):
    cleared_at(MONDAY + timedelta(hours=1))
    choose(ben, Every.MONTH)
    assert due_groups(WEDNESDAY, limit=10) == []
    choose(ben, Every.DAY)
    assert due_groups(WEDNESDAY, limit=10) == [(payee, "USD")]


def test_the_sweep_keeps_to_it(payee, ben):
    choose(ben, Every.MONTH)
    cleared_at(turn_before(Every.MONTH, now()) - timedelta(days=1))

    assert schedule_due_payouts() == {"done": 1, "failed": 0}
    assert schedule_due_payouts() == {"done": 0, "failed": 0}


def test_nobody_chooses_for_somebody_else(ada, ben):
    with pytest.raises(NotAllowed):
        choose_payout_plan(party_id=own_party_of(ben).pk, every="week", by=ada)
    assert plan_of(own_party_of(ben)).every == "day"


@pytest.mark.parametrize("every", ["", "year", "DAY", "day "])
def test_only_what_is_offered_can_be_chosen(ben, every):
    with pytest.raises(InvalidInput):
        choose(ben, every)


@pytest.mark.django_db(transaction=True)
def test_eight_first_choices_at_once_are_one_plan(ben):
    outcomes = at_once(lambda n: choose(ben, Every.WEEK if n % 2 else Every.MONTH))

    assert outcomes == {"done": 8}
    assert plan_of(own_party_of(ben)).every in ("week", "month")


@pytest.mark.django_db(transaction=True)
def test_without_the_second_look_the_constraint_keeps_it_to_one_and_breaks_the_others(
    ben, monkeypatch
):
    without_the_second_look(monkeypatch)

    outcomes = at_once(lambda n: choose(ben, Every.WEEK if n % 2 else Every.MONTH))

    assert outcomes == {"done": 1, "IntegrityError": 7}
    assert plan_of(own_party_of(ben)).every in ("week", "month")


@given(st.datetimes(datetime(2024, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_turns_follow_one_another_without_a_gap(at):
    for every in (Every.WEEK, Every.MONTH):
        before, after = turn_before(every, at), turn_after(every, at)
        assert before <= at < after
        assert turn_before(every, after - timedelta(seconds=1)) == before
        assert turn_before(every, after) == after
        assert (after.weekday() == 0) if every == Every.WEEK else (after.day == 1)


# --- Doors ---------------------------------------------------------------------------------------


def test_the_page_keeps_the_choice_and_tells_the_next_turn(ben, client):
    client.force_login(ben)

    assert client.post("/payouts/plan/", {"every": "month"}).status_code == 302

    page = client.get("/payouts/setup/").content.decode()
    assert '<option value="month" selected' in page
    assert "The next turn is on" in page


def test_the_page_refuses_what_is_not_offered_in_words(ben, client):
    client.force_login(ben)

    answer = client.post("/payouts/plan/", {"every": "fortnight"})

    assert answer.status_code == 400
    assert "Choose one of the offered ways." in answer.content.decode()


def test_the_api_does_the_same(ben):
    api = api_of(ben)

    assert api.get("/api/v1/payout-plan/").json() == {"every": "day", "next_turn": None}
    assert api.put("/api/v1/payout-plan/", {"every": "week"}).json()["every"] == "week"
    refusal = api.put("/api/v1/payout-plan/", {"every": "fortnight"})
    assert (refusal.status_code, refusal.json()["error"]["param"]) == (400, "every")
