"""What the world does around a call at the worst moment."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe

from tests.stripe_sandbox.play import Play


def plan(play: Play, fault: str, **more) -> None:
    play.control("/faults", {"faults": [{"fault": fault, **more}]})


def happened(play: Play) -> dict[str, int]:
    return {name: times for name, times in play.control("/faults")["happened"].items() if times}


def transfer(play: Play, to: str, amount: int = 1_000, **fields):
    wish = {"amount": amount, "currency": "usd", "destination": to, **fields}
    return play.stripe.v1.transfers.create(wish)


def test_a_capability_is_revoked_between_the_look_and_the_transfer(play: Play):
    ben, cleo = play.freelancer(), play.freelancer()
    play.funded()
    plan(play, "capability_revoked")

    with pytest.raises(stripe.InvalidRequestError) as refused:
        transfer(play, ben)

    assert refused.value.code == "insufficient_capabilities_for_transfer"
    account = play.stripe.v2.core.accounts.retrieve(ben, {"include": ["requirements"]})
    assert len(account.requirements.entries) == 1
    assert (play.available(), happened(play)) == (9_680, {"capability_revoked": 1})
    assert transfer(play, cleo).amount == 1_000  # it struck once


def test_a_chargeback_follows_a_release_at_once(play: Play):
    ben = play.freelancer()
    first, second = play.funded(5_000), play.funded(10_000)
    plan(play, "chargeback", times=2)

    transfer(play, ben)  # of the newest
    transfer(play, ben, source_transaction=first.id)  # of its own charge

    disputes = play.stripe.v1.disputes.list().data
    assert [(one.charge, one.amount) for one in disputes] == [
        (first.id, 5_000),
        (second.id, 10_000),
    ]
    assert play.available(ben) == 2_000
    assert happened(play) == {"chargeback": 2}


def test_a_mishap_that_could_not_happen_is_still_to_come(play: Play):
    ben = play.freelancer()
    play.control("/topups", {"amount": 5_000, "currency": "usd"})
    plan(play, "chargeback")

    transfer(play, ben)  # but nothing was ever charged
    with pytest.raises(stripe.InvalidRequestError):
        transfer(play, "acct_nobody")
    assert (happened(play), play.stripe.v1.disputes.list().data) == ({}, [])

    charge = play.funded()
    transfer(play, ben)
    (dispute,) = play.stripe.v1.disputes.list().data
    assert (dispute.charge, happened(play)) == (charge.id, {"chargeback": 1})


def test_the_same_call_again_meets_no_second_mishap(play: Play):
    ben = play.freelancer()
    play.funded(), play.funded()
    plan(play, "chargeback", times=2)
    wish = {"amount": 1_000, "currency": "usd", "destination": ben}

    for _ in range(2):
        play.stripe.v1.transfers.create(wish, {"idempotency_key": "k1"})

    assert len(play.stripe.v1.disputes.list().data) == 1


def post_transfer(play: Play, to: str, *, amount: int = 1_000, **headers: str):
    sent = {"Authorization": "Bearer sk_test_x", "Idempotency-Key": "k1", **headers}
    wish = {"amount": amount, "currency": "usd", "destination": to}
    return requests.post(f"{play.url}/v1/transfers", data=wish, headers=sent, timeout=5)


@pytest.mark.parametrize("amount", [1_000, 2_000])
def test_no_capability_is_revoked_where_the_answer_is_known(play: Play, amount):
    """The same call again, or another one under its key, which is refused."""
    ben = play.freelancer()
    play.funded()
    assert post_transfer(play, ben).status_code == 200
    plan(play, "capability_revoked")

    again = post_transfer(play, ben, amount=amount)

    assert again.status_code == (200 if amount == 1_000 else 400)
    assert happened(play) == {}
    with pytest.raises(stripe.InvalidRequestError):  # it was still to strike
        transfer(play, ben)
    assert happened(play) == {"capability_revoked": 1}


def test_what_meets_a_key_in_use_meets_no_mishap(play: Play):
    ben = play.freelancer()
    play.funded()
    plan(play, "capability_revoked")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post_transfer, play, ben, **{"Sandbox-Fault": "slow; seconds=0.5"})
        time.sleep(0.2)
        conflict = post_transfer(play, ben)
        assert slow.result().status_code == 200

    assert (conflict.status_code, happened(play)) == (409, {})
    with pytest.raises(stripe.InvalidRequestError):  # it was still to strike
        transfer(play, ben)
    assert happened(play) == {"capability_revoked": 1}


def test_a_payout_comes_back_after_it_was_paid(play: Play):
    ben = play.freelancer()
    play.funded()
    transfer(play, ben)
    plan(play, "payout_fails_later")
    at = {"stripe_account": ben}
    payout = play.stripe.v1.payouts.create({"amount": 1_000, "currency": "usd"}, at)

    play.advance(5)
    assert play.stripe.v1.payouts.retrieve(payout.id, None, at).status == "paid"
    play.advance(5)

    failed = play.stripe.v1.payouts.retrieve(payout.id, {"expand": ["destination"]}, at)
    assert (failed.status, failed.failure_code) == ("failed", "account_frozen")
    assert (failed.destination.status, play.available(ben)) == ("errored", 1_000)


@pytest.mark.parametrize("card", ["4000000000000077", "4242424242424242", "4000000000007726"])
def test_a_refund_fails_after_it_succeeded(play: Play, card):
    play.control("/topups", {"amount": 1, "currency": "usd"})
    charge = play.paid(10_000, card=card)
    plan(play, "refund_fails_later")
    refund = play.stripe.v1.refunds.create({"charge": charge.id, "amount": 5_000})

    play.advance(3 * 86_400)  # where there was no cover at first, there is now
    play.advance(5)

    refund = play.stripe.v1.refunds.retrieve(refund.id)
    assert refund.status == "failed"
    assert refund.failure_balance_transaction is not None
    assert play.available() == 9_681
    assert play.stripe.v1.charges.retrieve(charge.id).amount_refunded == 0


def test_a_header_brings_one_too_where_it_belongs(play: Play):
    ben = play.freelancer()
    play.funded()
    headers = {"Authorization": "Bearer sk_test_x", "Sandbox-Fault": "capability_revoked"}
    wish = {"amount": 1_000, "currency": "usd", "destination": ben}

    def post(path: str) -> requests.Response:
        return requests.post(f"{play.url}{path}", data=wish, headers=headers, timeout=5)

    assert "befalls POST /v1/transfers" in post("/v1/payouts").json()["error"]["message"]
    answer = post("/v1/transfers")
    assert answer.json()["error"]["code"] == "insufficient_capabilities_for_transfer"
    assert happened(play) == {}  # that counts what was planned
