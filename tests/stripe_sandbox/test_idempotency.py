"""The same key, the same deed: once, and the same answer again."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe

from tests.stripe_sandbox.play import DAY, RECIPIENT, Play

HEADERS = {"Authorization": "Bearer sk_test_x"}


def transfer(play: Play, to: str, key: str, amount: int = 1_000, **headers: str):
    return requests.post(
        f"{play.url}/v1/transfers",
        data={"amount": amount, "currency": "usd", "destination": to},
        headers={**HEADERS, "Idempotency-Key": key, **headers},
        timeout=10,
    )


def test_the_second_call_gets_the_first_answer_and_moves_nothing(play: Play):
    ben = play.freelancer()
    play.funded()

    first, second = transfer(play, ben, "k1"), transfer(play, ben, "k1")

    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.headers["Request-Id"] != second.headers["Request-Id"]
    assert play.available(ben) == 1_000


def test_other_parameters_under_the_same_key_are_refused(play: Play):
    ben = play.freelancer()
    play.funded()
    transfer(play, ben, "k1")

    with pytest.raises(stripe.IdempotencyError) as refused:
        play.stripe.v1.transfers.create(
            {"amount": 2_000, "currency": "usd", "destination": ben}, {"idempotency_key": "k1"}
        )

    assert refused.value.http_status == 400
    assert play.available(ben) == 1_000


def test_a_refusal_is_kept_once_execution_had_begun(play: Play):
    ben = play.freelancer()
    assert transfer(play, ben, "k1").json()["error"]["code"] == "balance_insufficient"
    play.funded()

    again = transfer(play, ben, "k1")

    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (400, "true")
    assert transfer(play, ben, "k2").status_code == 200


def test_a_call_with_wrong_parameters_does_not_use_up_its_key(play: Play):
    ben = play.freelancer()
    play.funded()
    wrong = requests.post(
        f"{play.url}/v1/transfers",
        data={"amount": "1000", "currency": "usd", "destination": ben, "colour": "blue"},
        headers={**HEADERS, "Idempotency-Key": "k1"},
        timeout=10,
    )
    assert wrong.json()["error"]["code"] == "parameter_unknown"

    assert transfer(play, ben, "k1").status_code == 200


def test_a_key_belongs_to_its_account(play: Play):
    ben, cleo = play.freelancer(), play.freelancer()
    play.funded()
    for to in (ben, cleo):
        play.stripe.v1.transfers.create({"amount": 1_000, "currency": "usd", "destination": to})

    payouts = {
        play.stripe.v1.payouts.create(
            {"amount": 500, "currency": "usd"}, {"stripe_account": to, "idempotency_key": "k1"}
        ).id
        for to in (ben, cleo)
    }

    assert len(payouts) == 2


def test_a_key_is_forgotten_after_a_day(play: Play):
    ben = play.freelancer()
    play.funded()
    transfer(play, ben, "k1")
    play.advance(DAY - 60)
    transfer(play, ben, "k1")
    assert play.available(ben) == 1_000

    play.advance(120)
    transfer(play, ben, "k1")

    assert play.available(ben) == 2_000


def test_eight_at_once_make_one_transfer(play: Play):
    ben = play.freelancer()
    play.funded()
    gate = threading.Barrier(8)

    def call(_: int) -> int:
        gate.wait()
        return transfer(play, ben, "k1", **{"Sandbox-Fault": "slow; seconds=0.05"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(call, range(8)))

    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    assert play.available(ben) == 1_000
    assert transfer(play, ben, "k1").headers["Idempotent-Replayed"] == "true"


def test_a_key_in_use_is_a_conflict(play: Play):
    ben = play.freelancer()
    play.funded()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(transfer, play, ben, "k1", **{"Sandbox-Fault": "slow; seconds=0.5"})
        time.sleep(0.2)
        conflict = transfer(play, ben, "k1")
        assert slow.result().status_code == 200

    assert conflict.status_code == 409
    error = conflict.json()["error"]
    assert (error["type"], error["code"]) == ("idempotency_error", "idempotency_key_in_use")
    assert play.available(ben) == 1_000


def test_v2_repeats_what_failed_and_not_what_succeeded(play: Play):
    def create(key: str) -> str:
        return play.stripe.v2.core.accounts.create(
            {"configuration": RECIPIENT}, {"idempotency_key": key}
        ).id

    assert create("k1") == create("k1")
    with pytest.raises(stripe.IdempotencyError):
        play.stripe.v2.core.accounts.create({"display_name": "Ben"}, {"idempotency_key": "k1"})

    link = {
        "account": "acct_later",
        "use_case": {
            "type": "account_onboarding",
            "account_onboarding": {"refresh_url": "http://a.test/"},
        },
    }
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as missing:
            play.stripe.v2.core.account_links.create(link, {"idempotency_key": "k2"})
        assert "Idempotent-Replayed" not in missing.value.headers
