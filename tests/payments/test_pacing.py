"""The provider is asked no oftener than it allows, and left alone once it was too often."""

import threading
import time
from collections.abc import Iterator

import pytest
import stripe
from django.core.management import call_command

from payments import tasks
from payments.escrow import services as escrows
from payments.fundings.models import Payment
from payments.gateway import pacing
from payments.gateway.base import GatewayBusy, GatewayUnknown
from payments.gateway.pacing import Pace, pace
from payments.gateway.stripe import gateway
from payments.refunds.models import Refund
from tests.payments.world import A_WHILE, days_pass, opened, paid_at, silence_ends
from tests.sandbox import play_on
from tests.world import api_of, planned_milestone

pytestmark = pytest.mark.django_db
TOO_OFTEN = {"fault": "rate_limit", "times": 1}


@pytest.fixture
def requests_made(monkeypatch) -> Iterator[list[str]]:
    """The address of every request that leaves the house for the provider."""
    made: list[str] = []
    send = stripe.RequestsClient.request

    def noted(self, method, url, *args):
        made.append(url)
        return send(self, method, url, *args)

    monkeypatch.setattr(stripe.RequestsClient, "request", noted)
    return made


@pytest.fixture
def long_silence(monkeypatch) -> None:
    """Longer than a slow machine takes for a test."""
    monkeypatch.setattr(pacing, "FIRST_SILENCE", 60_000)
    monkeypatch.setattr(pacing, "LONGEST_SILENCE", 60_000)


@pytest.fixture
def no_valkey(settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"


def most_in_a_second(turns: list[float]) -> int:
    return max(sum(start <= turn < start + 1 for turn in turns) for start in turns)


# --- Turns ---------------------------------------------------------------------------------------


def turns_of(paces: list[Pace], *, each: int) -> list[float]:
    """When each of so many got its turn; a pace stands for a process, and two threads use it."""
    turns: list[float] = []

    def ask(one: Pace) -> None:
        for _ in range(each):
            one.wait_for_turn(patience=30)
            turns.append(time.monotonic())

    threads = [threading.Thread(target=ask, args=[one]) for one in paces for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(turns)


def test_all_processes_together_keep_to_the_rate():
    processes = [Pace("together", per_second=40) for _ in range(4)]

    turns = turns_of(processes, each=7)

    assert len(turns) == 56
    # A thread that is woken late may meet the next one.
    assert most_in_a_second(turns) <= 42
    assert turns[-1] - turns[0] == pytest.approx(55 / 40, abs=0.5)


def test_a_process_that_kept_to_it_alone_would_make_it_too_often(no_valkey):
    processes = [Pace("alone", per_second=40) for _ in range(4)]

    assert most_in_a_second(turns_of(processes, each=7)) > 42


def test_without_valkey_each_process_keeps_to_it_by_itself(no_valkey):
    turns = turns_of([Pace("alone", per_second=40)], each=28)

    assert most_in_a_second(turns) <= 42


def test_whoever_would_wait_too_long_is_told_so_and_takes_nobodys_turn():
    one = Pace("long", per_second=1)
    one.wait_for_turn(patience=0)

    for _ in range(3):
        with pytest.raises(GatewayBusy) as busy:
            one.wait_for_turn(patience=0.2)
        assert busy.value.seconds == 1


# --- Silence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked_for", [0, 90])
def test_once_it_was_too_often_nobody_asks_for_so_long(asked_for, long_silence):
    name = f"silent-{asked_for}"
    told, other = (Pace(name, per_second=1_000) for _ in range(2))

    seconds = told.be_silent(asked_for)

    assert seconds == max(asked_for, 60)
    for one in (told, other):
        assert one.is_silent()
        with pytest.raises(GatewayBusy) as busy:
            one.wait_for_turn(patience=30)
        assert seconds - 30 < busy.value.seconds <= seconds


def test_it_is_longer_each_time_but_many_at_once_count_once():
    one = Pace("longer", per_second=1_000)
    measures = []
    for _ in range(7):
        measures.append(one.be_silent())
        one.be_silent()
        one.be_silent()
        one._valkey.delete(one._silence)

    assert measures == [1, 2, 4, 8, 16, 32, 32]


def test_nobody_is_silenced_for_longer_than_five_minutes():
    assert Pace("day", per_second=1_000).be_silent(86_400) == 300


def test_without_valkey_a_process_is_silent_by_itself(no_valkey):
    one = Pace("alone", per_second=1_000)
    one.be_silent(60)

    assert one.is_silent()
    with pytest.raises(GatewayBusy):
        one.wait_for_turn(patience=30)


# --- What the house does -------------------------------------------------------------------------


def three_refunds(ada, ben, sandbox) -> list[Refund]:
    """Paid, booked at the provider, and to be given back."""
    held = [opened(ada, ben) for _ in range(3)]
    for escrow in held:
        paid_at(sandbox, escrow)
    sandbox.ask("POST", "/topups", amount=1_000_000, currency="usd")
    days_pass(A_WHILE)
    play_on(sandbox)
    for escrow in held:
        escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    return list(Refund.objects.order_by("pk"))


def test_a_sweep_that_was_too_fast_stops_and_loses_nothing(
    ada, ben, sandbox, requests_made, long_silence
):
    refunds = three_refunds(ada, ben, sandbox)
    requests_made.clear()
    sandbox.trouble(TOO_OFTEN)

    assert tasks.send_due_refunds() == {"done": 1, "failed": 0}
    assert tasks.send_due_refunds() == {"done": 0, "failed": 0}
    assert tasks.ask_about_due_payments() == {"done": 0, "failed": 0}
    assert tasks.book_own_funds() == 0

    assert len(requests_made) == 1
    assert sorted(Refund.objects.values_list("status", "failure_code")) == [
        ("requested", ""),
        ("requested", ""),
        ("sending", ""),
    ]

    silence_ends()
    days_pass(A_WHILE)
    tasks.send_due_refunds()
    play_on(sandbox)
    assert {refund.status for refund in Refund.objects.all()} == {"succeeded"}
    assert {refund.attempt for refund in Refund.objects.all()} == {refunds[0].attempt}
    assert len(sandbox.api("GET", "/v1/refunds")["data"]) == 3
    call_command("check_ledger")


def test_a_sweep_that_did_not_look_would_ask_on(ada, ben, sandbox, requests_made, monkeypatch):
    three_refunds(ada, ben, sandbox)
    requests_made.clear()
    sandbox.trouble(TOO_OFTEN | {"times": None})
    monkeypatch.setattr(Pace, "is_silent", lambda self: False)
    monkeypatch.setattr(Pace, "wait_for_turn", lambda self, patience: None)

    tasks.send_due_refunds()

    assert len(requests_made) == 3


def test_the_sdk_does_not_repeat_what_was_too_often(sandbox, requests_made):
    sandbox.trouble(TOO_OFTEN | {"fault": "rate_limit_retry"})

    with pytest.raises(GatewayBusy):
        gateway().refund("re_1")

    assert len(requests_made) == 1


def test_a_lock_on_one_thing_silences_nobody(monkeypatch):
    locked = (b'{"error": {"code": "lock_timeout"}}', 429, {})
    monkeypatch.setattr(stripe.RequestsClient, "request", lambda *_: locked)

    with pytest.raises(GatewayUnknown):
        gateway().refund("re_1")

    assert not pace().is_silent()


def test_what_the_provider_asks_for_is_kept_to(monkeypatch):
    busy = (b'{"error": {"code": "rate_limit"}}', 429, {"Retry-After": "90"})
    monkeypatch.setattr(stripe.RequestsClient, "request", lambda *_: busy)

    for _ in range(2):
        with pytest.raises(GatewayBusy) as told:
            gateway().refund("re_1")
        assert 60 < told.value.seconds <= 90
    silence_ends()


def test_whoever_wants_to_pay_is_told_to_come_again_in_a_moment(
    ada, ben, sandbox, client, long_silence
):
    milestone = planned_milestone(ada, ben)
    sandbox.trouble(TOO_OFTEN)
    client.force_login(ada)

    page = client.post(f"/milestones/{milestone.public_id}/fund/")
    program = api_of(ada).post(f"/api/v1/milestones/{milestone.public_id}/fund/")

    for answer in (page, program):
        assert answer.status_code == 503
        assert 1 <= int(answer["Retry-After"]) <= 60
        assert "The payment provider is busy just now" in answer.content.decode()
        assert "try again in a moment" in answer.content.decode()
    assert Payment.objects.get().status == "pending"

    silence_ends()
    again = api_of(ada).post(f"/api/v1/milestones/{milestone.public_id}/fund/")
    assert again.json()["payment"]["url"].startswith(sandbox.url)
    assert Payment.objects.get().attempt == 1


def test_the_pace_is_this_houses_at_its_provider(settings):
    before = pace()
    assert before is pace()
    settings.STRIPE_SECRET_KEY = "sk_test_another"
    assert pace()._turn != before._turn
