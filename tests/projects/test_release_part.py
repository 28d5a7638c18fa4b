"""A client may release a part of what is held; the rest stays held, or goes back by consent."""

import itertools

import pytest
from django.core.management import call_command
from django.db.models import QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput, KeyReused, NotAllowed, WrongState
from payments.escrow import services as escrows
from payments.escrow.facts import facts_now
from payments.escrow.models import Escrow, Part
from payments.escrow.selectors import held_in
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.payouts.models import Earning
from payments.policies.fees import fee_on
from projects.agreements.outlook import prospects_of
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.contracts.models import Event
from projects.disputes.services import open_dispute
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import (
    cancel_milestone,
    release_milestone,
    release_unreviewed,
    submit_work,
)
from tests.payments.racing import at_once
from tests.projects.test_races import without_locks
from tests.races import meet_after
from tests.world import api_of, funded_milestone, planned_milestone, submitted_milestone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def fresh(milestone: Milestone) -> Milestone:
    return Milestone.objects.select_related("escrow__policy", "contract").get(pk=milestone.pk)


def earned(milestone: Milestone) -> int:
    return balance_of(chart.available(milestone.contract.freelancer, milestone.currency))


def test_the_example_of_the_fees_adds_up(ada, ben):
    milestone = funded_milestone(ada, ben, amount=100_001)

    for part in (33_333, 33_333):
        release_part(milestone_id=milestone.pk, by=ada, amount=part)
    release_milestone(milestone_id=milestone.pk, by=ada)

    fees = [earning.fee for earning in Earning.objects.order_by("pk")]
    assert fees == [1_000, 1_000, 1_000]
    assert earned(milestone) == 97_001
    assert balance_of(chart.platform_fees("USD")) == 6_000
    assert fresh(milestone).status == "released"


def test_the_rest_stays_held_and_the_work_goes_on(ada, ben):
    milestone = funded_milestone(ada, ben)

    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)

    facts = facts_now(fresh(milestone).escrow)
    assert (facts.held, facts.price_held, facts.released) == (61_800, 60_000, 40_000)
    assert facts.is_fully_held, "all that is agreed and not yet released"
    submit_work(milestone_id=milestone.pk, by=ben, note="Here.")
    assert fresh(milestone).status == "submitted"


def test_silence_releases_the_rest(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)
    (strike,) = [
        strike
        for strike in prospects_of(milestone.contract).of(milestone).outlook.strikes
        if strike.kind == "approved"
    ]
    assert (strike.to_freelancer, strike.fee) == (58_200, 3_600)

    later(days=8)
    release_unreviewed(milestone_ids=[milestone.pk])

    assert earned(milestone) == 97_000


def test_each_part_is_earned_and_held_from_the_bank_by_itself(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)
    later(days=1)
    release_part(milestone_id=milestone.pk, by=ada, amount=10_000)

    first, second = Earning.objects.order_by("pk")

    assert (first.amount, second.amount) == (38_800, 9_700)
    assert (second.clears_at - first.clears_at).days == 1
    kinds = [s.kind for s in prospects_of(milestone.contract).of(milestone).outlook.strikes]
    assert kinds.count("payout") == 2


def test_both_read_it_and_the_freelancer_is_told(ada, ben):
    milestone = funded_milestone(ada, ben)

    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)

    told = Notification.objects.get(kind="part_released")
    assert told.recipient == ben and "$400.00" in told.text and "rest stays held" in told.text
    assert Event.objects.get(kind="part_released").detail["terms"] == "$400.00"


def test_the_rest_goes_back_with_the_freelancers_consent(ada, ben):
    milestone = funded_milestone(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)

    proposal = propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=0)
    accept_proposal(proposal_id=proposal.pk, by=ben)

    facts = facts_now(fresh(milestone).escrow)
    assert (facts.released, facts.refunded, facts.held) == (40_000, 61_800, 0)


def test_the_rest_can_be_divided_too(ada, ben):
    milestone = funded_milestone(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)
    with pytest.raises(InvalidInput, match=r"\$600.00, not more"):
        propose_ending(milestone_id=milestone.pk, by=ben, to_freelancer=60_001)

    proposal = propose_ending(milestone_id=milestone.pk, by=ben, to_freelancer=20_000)
    accept_proposal(proposal_id=proposal.pk, by=ada)

    facts = facts_now(fresh(milestone).escrow)
    assert (facts.released, facts.refunded) == (60_000, 41_200)
    assert earned(milestone) == 58_200


def test_a_cancellation_gives_back_what_is_left(ada, ben):
    milestone = funded_milestone(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)
    cancel_milestone(milestone_id=milestone.pk, by=ben)
    facts = facts_now(fresh(milestone).escrow)
    assert (facts.released, facts.refunded) == (40_000, 61_800)


@pytest.mark.parametrize("amount", [0, -1, 100_000, 100_001, 2**53, 2**64, 1.5, "1", None, True])
def test_what_is_no_part_is_refused_about_its_field(ada, ben, amount):
    milestone = funded_milestone(ada, ben)

    with pytest.raises(InvalidInput) as refusal:
        release_part(milestone_id=milestone.pk, by=ada, amount=amount)

    assert refusal.value.param == "amount"
    assert not Transfer.objects.filter(kind="release").exists()


def test_a_part_that_no_bank_carries_names_one_that_would_do(ada, ben):
    milestone = funded_milestone(ada, ben, amount=100_000, currency="KWD")
    with pytest.raises(InvalidInput, match="would do"):
        release_part(milestone_id=milestone.pk, by=ada, amount=33_333)


@pytest.mark.parametrize("name", ["ben", "cleo", "dora"])
def test_only_the_client_may(ada, ben, name, request):
    milestone = funded_milestone(ada, ben)
    with pytest.raises(NotAllowed):
        release_part(milestone_id=milestone.pk, by=request.getfixturevalue(name), amount=5)


def test_nothing_is_released_of_what_is_not_held_disputed_or_ended(ada, ben):
    planned, disputed, ended = (
        planned_milestone(ada, ben),
        funded_milestone(ada, ben),
        funded_milestone(ada, ben),
    )
    words = {"reason": "late", "statement": "Late.", "asked_for": 5}
    open_dispute(milestone_id=disputed.pk, by=ada, **words)
    release_milestone(milestone_id=ended.pk, by=ada)
    for milestone in (planned, disputed, ended):
        with pytest.raises(WrongState):
            release_part(milestone_id=milestone.pk, by=ada, amount=5)


def test_two_equal_parts_are_two_and_one_click_twice_is_one(ada, ben):
    milestone = funded_milestone(ada, ben)
    for once in ("a", "a", "b", "", ""):
        release_part(milestone_id=milestone.pk, by=ada, amount=10_000, once=once)

    assert Part.objects.count() == 4
    assert fresh(milestone).escrow.released == 40_000
    assert Event.objects.filter(kind="part_released").count() == 4
    with pytest.raises(KeyReused):
        release_part(milestone_id=milestone.pk, by=ada, amount=10_001, once="a")


# --- Eight at once -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_times_the_same_click_release_one_part(ada, ben, bells):
    milestone = funded_milestone(ada, ben)

    outcomes = at_once(
        lambda _: release_part(milestone_id=milestone.pk, by=ada, amount=40_000, once="x")
    )

    assert outcomes == {"done": 8}
    assert fresh(milestone).escrow.released == 40_000


@pytest.mark.django_db(transaction=True)
def test_eight_parts_at_once_are_never_more_than_is_held(ada, ben, bells):
    milestone = funded_milestone(ada, ben)

    outcomes = at_once(lambda _: release_part(milestone_id=milestone.pk, by=ada, amount=30_000))

    assert outcomes == {"done": 3, "InvalidInput": 5}
    assert held_in(milestone.escrow) == 10_300


@pytest.mark.django_db(transaction=True)
def test_without_the_escrows_lock_its_numbers_and_the_balance_refuse(ada, ben, bells, monkeypatch):
    """The lower guard: parts are numbered, and nobody takes more than stands there."""
    escrow = funded_milestone(ada, ben).escrow
    monkeypatch.setattr(
        escrows, "_lock", lambda pk: Escrow.objects.select_related("policy", "payee").get(pk=pk)
    )
    # Each has counted the parts before anybody writes the next one.
    meet_after(monkeypatch, QuerySet, "count")

    outcomes = at_once(lambda _: escrows.release_part(escrow_id=escrow.pk, amount=30_000))

    assert outcomes == {"done": 1, "IntegrityError": 7}
    assert held_in(escrow) == 72_100


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["cancel", "dispute", "release"])
def test_a_part_and_an_end_at_once_lose_nothing(ada, ben, bells, other):
    milestone = funded_milestone(ada, ben)
    words = {"reason": "late", "statement": "Late.", "asked_for": 5}
    ends = {
        "cancel": lambda: cancel_milestone(milestone_id=milestone.pk, by=ben),
        "dispute": lambda: open_dispute(milestone_id=milestone.pk, by=ada, **words),
        "release": lambda: release_milestone(milestone_id=milestone.pk, by=ada),
    }

    def act(n: int) -> object:
        if n % 4 == 0:
            return ends[other]()
        return release_part(milestone_id=milestone.pk, by=ada, amount=10_000)

    outcomes = at_once(act)

    assert set(outcomes) <= {"done", "WrongState"}
    escrow = fresh(milestone).escrow
    spent = escrow.released + fee_on(escrow.released, 300)
    assert spent + escrow.refunded + held_in(escrow) == 103_000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["cancel", "release"])
def test_without_the_locks_only_the_balance_keeps_a_part_from_money_that_has_gone(
    ada, ben, bells, monkeypatch, end
):
    milestone = funded_milestone(ada, ben)
    ends = {
        "cancel": lambda: cancel_milestone(milestone_id=milestone.pk, by=ben),
        "release": lambda: release_milestone(milestone_id=milestone.pk, by=ada),
    }
    without_locks(monkeypatch)
    meet_after(monkeypatch, escrows, "_held_or_refused", then=ends[end])

    outcomes = at_once(lambda _: release_part(milestone_id=milestone.pk, by=ada, amount=10_000))

    # The first finds nothing there, and the number of its part is free again for the next one.
    assert set(outcomes) <= {"InsufficientFunds", "IntegrityError"}, outcomes
    assert Part.objects.count() == held_in(milestone.escrow) == 0


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_part_is_released_of_what_is_disputed(ada, ben, bells, monkeypatch):
    milestone = funded_milestone(ada, ben)
    words = {"reason": "late", "statement": "Late.", "asked_for": 5}
    without_locks(monkeypatch)
    meet_after(
        monkeypatch,
        escrows,
        "_held_or_refused",
        then=lambda: open_dispute(milestone_id=milestone.pk, by=ada, **words),
    )

    outcomes = at_once(lambda _: release_part(milestone_id=milestone.pk, by=ada, amount=10_000))

    assert outcomes["done"] >= 1
    assert fresh(milestone).status == "disputed" and fresh(milestone).escrow.released > 0


# --- Any order, any currency ---------------------------------------------------------------------


@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
@settings(
    deadline=None,
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    price=st.integers(1, 3_000),
    parts=st.lists(st.integers(1, 9_000), min_size=1, max_size=5),
    end=st.sampled_from(["release", "cancel"]),
)
def test_in_any_parts_everybody_gets_to_the_unit_what_the_formula_says(
    ada, ben, currency, price, parts, end
):
    # A thousand fils at three in a hundred are amounts that a card can carry in KWD.
    amount = 5_000 + price * 1_000 if currency == "KWD" else 500 + price
    milestone = funded_milestone(ada, ben, amount=amount, currency=currency)
    before = balance_of(chart.platform_fees(currency)), earned(milestone)

    for part in itertools.chain(parts, [1]):
        try:
            release_part(milestone_id=milestone.pk, by=ada, amount=amount * part // 10_000)
        except InvalidInput:
            continue
    if end == "release":
        release_milestone(milestone_id=milestone.pk, by=ada)
    else:
        cancel_milestone(milestone_id=milestone.pk, by=ben)

    escrow = fresh(milestone).escrow
    fee = fee_on(escrow.released, 300)
    assert end == "cancel" or escrow.released == amount
    assert held_in(escrow) == 0
    assert escrow.released + fee + escrow.refunded == amount + fee_on(amount, 300)
    assert earned(milestone) - before[1] == escrow.released - fee
    assert balance_of(chart.platform_fees(currency)) - before[0] == 2 * fee


# --- Doors ---------------------------------------------------------------------------------------


def test_the_api_answers_the_same_key_with_the_same_part(ada, ben, cleo):
    milestone = funded_milestone(ada, ben)
    api, url = api_of(ada), f"/api/v1/milestones/{milestone.public_id}/release-part/"
    key = {"Idempotency-Key": "part-1"}

    assert api_of(cleo).post(url, {"amount": 5}).status_code == 404
    assert api_of(ben).post(url, {"amount": 5}).status_code == 403
    first = api.post(url, {"amount": 40_000}, headers=key)
    again = api.post(url, {"amount": 40_000}, headers=key)
    other = api.post(url, {"amount": 40_001}, headers=key)

    assert first.status_code == 200 and first.json() == again.json()
    assert other.status_code == 409
    money = first.json()["money"]
    assert (money["released"], money["held"], money["received"]) == (40_000, 61_800, 38_800)
    assert "release_part" in first.json()["next_steps"]


@pytest.mark.parametrize("amount", [0, -1, 1.5, "a", 100_000, 2**64, None, [], True])
def test_the_api_refuses_what_is_no_part(ada, ben, amount):
    milestone = funded_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/release-part/"
    answer = api_of(ada).post(url, {"amount": amount})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "amount")


def test_the_page_shows_to_the_cent_what_a_part_brings_and_sends_it_once(ada, ben, client):
    milestone = funded_milestone(ada, ben)
    client.force_login(ada)
    url = f"/milestones/{milestone.public_id}/release-part/"
    form = {"amount": "400", "once": "abc"}

    assert client.get(url).status_code == 200
    preview = client.post(
        url, form | {"preview": "1"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "$388.00" in preview and "$618.00" in preview
    assert not Part.objects.exists()

    assert client.post(url, form).status_code == client.post(url, form).status_code == 302
    assert Part.objects.get().amount == 40_000
    refused = client.post(url, {"amount": "600", "once": "b"})
    assert refused.status_code == 400
    assert "all that is held" in refused.content.decode()
    page = client.get(f"/contracts/{milestone.contract.public_id}/").content.decode()
    assert "Release a part" in page and "Released a part of" in page
    assert "released so far $412.00" in page
