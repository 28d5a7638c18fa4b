"""What goes wrong on purpose."""

import pytest
import requests
import stripe

from tests.stripe_sandbox.play import SECRET, Play


def customers(play: Play) -> int:
    return len(play.server.world.store.find("customer"))


def create(play: Play, fault: str | None = None, key: str = "k1") -> requests.Response:
    headers = {"Authorization": "Bearer sk_test_x", "Idempotency-Key": key}
    if fault:
        headers["Sandbox-Fault"] = fault
    return requests.post(f"{play.url}/v1/customers", headers=headers, timeout=5)


@pytest.mark.parametrize(
    ("fault", "done"),
    [("timeout_after; seconds=0.05", 1), ("reset", 1), ("timeout_before; seconds=0.05", 0)],
)
def test_an_answer_may_be_lost_and_the_key_finds_the_truth(play: Play, fault, done):
    with pytest.raises(requests.RequestException):
        create(play, fault)
    assert customers(play) == done

    again = create(play)

    assert again.status_code == 200
    assert ("Idempotent-Replayed" in again.headers) is bool(done)
    assert customers(play) == 1


@pytest.mark.parametrize(
    ("fault", "status", "done", "kept"),
    [
        ("error_500", 500, 0, False),
        ("error_500_saved", 500, 0, True),
        ("error_500_after", 500, 1, True),
        ("error_503", 503, 0, False),
        ("lock", 409, 0, False),
        ("rate_limit", 429, 0, False),
    ],
)
def test_errors_are_kept_or_not_as_stripe_does(play: Play, fault, status, done, kept):
    assert create(play, fault).status_code == status
    assert customers(play) == done

    again = create(play)

    assert again.status_code == (status if kept else 200)
    assert customers(play) == (done if kept else 1)


def test_an_event_may_come_before_the_answer(play: Play):
    create(play, "event_first")

    assert play.webhook.types == ["customer.created"]


def test_too_many_requests_may_ask_for_a_retry(play: Play):
    assert "Stripe-Should-Retry" not in create(play, "rate_limit").headers
    assert create(play, "rate_limit_retry").headers["Stripe-Should-Retry"] == "true"
    error = create(play, "rate_limit")
    assert error.json()["error"]["code"] == "rate_limit"
    assert error.json()["error"]["request_log_url"].endswith(error.headers["Request-Id"])
    client = stripe.StripeClient("sk_test_x", base_addresses={"api": play.url})
    play.control("/faults", {"faults": [{"fault": "rate_limit"}]})
    with pytest.raises(stripe.RateLimitError):
        client.v1.customers.create({})


def test_a_plan_says_what_fails_where_and_how_often(play: Play):
    play.control(
        "/faults",
        {"faults": [{"fault": "error_503", "method": "POST", "path": "/v1/cust.*", "times": 2}]},
    )

    statuses = [create(play, key=str(n)).status_code for n in range(4)]

    assert statuses == [503, 503, 200, 200]
    assert play.available() == 0  # another path


def test_the_same_seed_makes_the_same_trouble(play: Play):
    def run(seed: int) -> list[int]:
        fault = {"fault": "error_503", "times": None, "probability": 0.5}
        play.control("/faults", {"seed": seed, "faults": [fault]})
        return [create(play, key=f"{seed}-{n}").status_code for n in range(12)]

    first = run(7)
    play.server.world.store.run("DELETE FROM answers")
    assert first == run(7)
    assert set(first) == {200, 503}


def test_an_unknown_fault_is_refused(play: Play):
    answer = requests.post(
        f"{play.url}/_sandbox/faults", json={"faults": [{"fault": "earthquake"}]}, timeout=5
    )
    assert answer.status_code == 400
    assert create(play, "earthquake").status_code == 400


@pytest.mark.parametrize(
    ("fault", "at_once", "in_the_end"),
    [
        ("webhook_duplicate", 2, 2),
        ("webhook_never", 0, 0),
        ("webhook_late", 0, 1),
        ("webhook_unknown", 2, 2),
    ],
)
def test_events_may_come_twice_late_or_never(play: Play, fault, at_once, in_the_end):
    play.control("/faults", {"faults": [{"fault": fault, "event": "customer.*", "seconds": 60}]})
    id = play.stripe.v1.customers.create({}).id

    play.deliver()
    assert len(play.webhook.letters) == at_once
    play.deliver(force=True)
    assert len(play.webhook.letters) == in_the_end
    events = {letter.event["id"] for letter in play.webhook.letters}
    assert len(events) == min(in_the_end, 2 if fault == "webhook_unknown" else 1)
    if fault == "webhook_unknown":
        stranger = play.webhook.letters[1].event["data"]["object"]["id"]
        assert stranger.startswith("cus_")
        assert stranger != id
    assert len(play.stripe.v1.events.list({"type": "customer.created"}).data) == 1


def test_what_has_no_id_cannot_be_told_of_under_another_one(play: Play):
    """The settings of a balance: nobody else has such a thing, so only the true letter is sent."""
    faults = [{"fault": "webhook_unknown", "event": "balance_settings.*", "times": None}]
    account = play.account()
    play.control("/faults", {"faults": faults})
    manual = {"payments": {"payouts": {"schedule": {"interval": "manual"}}}}

    play.stripe.v1.balance_settings.update(manual, {"stripe_account": account.id})

    play.deliver(force=True)
    types = [letter.event["type"] for letter in play.webhook.letters]
    assert types.count("balance_settings.updated") == 1


@pytest.mark.parametrize(
    ("fault", "done"), [("error_500_after", 1), ("error_500_saved", 0), ("error_500", 0)]
)
def test_the_second_version_keeps_no_error_and_says_what_came_of_it(play: Play, fault, done):
    def open_account(**headers: str) -> requests.Response:
        known = {"Authorization": "Bearer sk_test_x", "Idempotency-Key": "k1"}
        wish = {"display_name": "Ben", "contact_email": "ben@example.com"}
        return requests.post(
            f"{play.url}/v2/core/accounts",
            json=wish,
            headers=known | {"Stripe-Version": stripe.api_version} | headers,
            timeout=5,
        )

    def accounts() -> int:
        return len(play.server.world.store.find("v2.core.account"))

    assert open_account(**{"Sandbox-Fault": fault}).status_code == 500
    assert accounts() == done

    assert [open_account().status_code for _ in range(2)] == [200, 200]
    assert accounts() == 1


def test_events_may_overtake_each_other(play: Play):
    play.control(
        "/faults",
        {"seed": 1, "faults": [{"fault": "webhook_reorder", "times": None, "seconds": 60}]},
    )
    session = play.session()
    play.submit(session.url, card_number="4000000000000077")
    play.advance(1)

    play.deliver(force=True)

    types = play.webhook.types
    assert len(types) == 5
    assert types != sorted(types, key=lambda one: one != "payment_intent.created")
    assert set(types) >= {"payment_intent.created", "checkout.session.completed"}


@pytest.mark.parametrize("fault", ["webhook_bad_signature", "webhook_stale"])
def test_a_bad_signature_is_followed_by_a_good_one(play: Play, fault):
    def answer(letter) -> int:
        try:
            play.stripe.construct_event(letter.body, letter.signature, SECRET)
        except stripe.SignatureVerificationError:
            return 400
        return 200

    play.webhook.answer = answer
    play.control("/faults", {"faults": [{"fault": fault}]})
    play.stripe.v1.customers.create({})

    assert play.deliver()["failed"] == 1
    assert play.deliver(force=True)["delivered"] == 1


def test_a_header_may_spoil_the_events_of_its_call(play: Play):
    create(play, "webhook_duplicate")
    play.deliver()

    assert play.webhook.types == ["customer.created"] * 2
