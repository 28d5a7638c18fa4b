"""Events on their way to the platform."""

import json
import time

import pytest
import stripe

from tests.stripe_sandbox.play import DAY, SECRET, Play


def test_the_sdk_accepts_the_signature_and_reads_both_kinds(play: Play):
    play.freelancer()
    play.deliver()
    letters = {letter.type: letter for letter in play.webhook.letters}

    snapshot = letters["balance_settings.updated"]
    event = play.stripe.construct_event(snapshot.body, snapshot.signature, SECRET)
    assert event.type == "balance_settings.updated"

    thin = letters["v2.core.account[configuration.recipient].capability_status_updated"]
    notification = play.stripe.parse_event_notification(thin.body, thin.signature, SECRET)
    account = notification.fetch_related_object()
    assert account.id == notification.related_object.id
    assert notification.fetch_event().data.updated_capability == ("stripe_balance.stripe_transfers")
    assert "data" not in thin.event


def test_another_secret_is_not_accepted(play: Play):
    play.stripe.v1.customers.create({})
    play.deliver()
    (letter,) = play.webhook.letters

    with pytest.raises(stripe.SignatureVerificationError):
        play.stripe.construct_event(letter.body, letter.signature, "whsec_other")


def test_signatures_live_on_wall_time_when_the_clock_is_moved(play: Play):
    play.advance(30 * DAY)
    play.stripe.v1.customers.create({})
    play.deliver()
    (letter,) = play.webhook.letters

    event = play.stripe.construct_event(letter.body, letter.signature, SECRET, tolerance=60)
    assert event.created > time.time() + 29 * DAY


def test_what_is_not_taken_comes_again_as_the_same_event(play: Play):
    play.webhook.answer = lambda letter: 500 if len(play.webhook.letters) == 1 else 200
    play.stripe.v1.customers.create({})

    assert play.deliver() == {"jobs": 0, "delivered": 0, "failed": 1, "waiting": 1}
    assert play.deliver()["delivered"] == 0  # not yet: the retry waits a second
    assert play.deliver(force=True)["delivered"] == 1
    first, second = play.webhook.letters
    assert first.body == second.body
    (listed,) = play.control("/deliveries")["data"]
    assert (listed["state"], listed["attempts"], listed["outcome"]) == ("delivered", 2, "200")


def test_the_delivery_thread_retries_by_itself(stage):
    play = stage(deliver_by_itself=True)
    play.webhook.answer = lambda letter: 500 if len(play.webhook.letters) == 1 else 200
    play.stripe.v1.customers.create({})

    until = time.monotonic() + 5
    while len(play.webhook.letters) < 2 and time.monotonic() < until:
        time.sleep(0.02)

    first, second = play.webhook.letters
    assert first.event["id"] == second.event["id"]


def test_one_refused_event_does_not_hold_up_the_others(play: Play):
    play.webhook.answer = lambda letter: 400 if letter.type == "customer.created" else 200
    play.stripe.v1.customers.create({})
    play.funded()

    play.deliver()

    assert "charge.updated" in play.webhook.types


def test_an_absent_platform_is_not_called_for_each_event(play: Play):
    for _ in range(5):
        play.stripe.v1.customers.create({})
    play.webhook.close()

    assert play.deliver() == {"jobs": 0, "delivered": 0, "failed": 1, "waiting": 5}
    (tried,) = [one for one in play.control("/deliveries")["data"] if one["attempts"]]
    assert "refused" in tried["outcome"]


def test_events_can_be_read_again(play: Play):
    charge = play.funded()
    play.deliver()
    letter = next(one for one in play.webhook.letters if one.type == "charge.updated")

    event = play.stripe.v1.events.retrieve(letter.event["id"])
    assert event.data.object.id == charge.id
    assert event.data.previous_attributes.balance_transaction is None
    assert (letter.event["pending_webhooks"], event.pending_webhooks) == (1, 0)
    listed = play.stripe.v1.events.list({"type": "charge.updated"}).data
    assert [one.id for one in listed] == [event.id]

    play.advance(31 * DAY)
    assert play.stripe.v1.events.list().data == []


def test_events_can_be_narrowed_to_types_and_to_what_was_not_delivered(play: Play):
    play.stripe.v1.customers.create({})
    play.funded()
    play.deliver()
    play.stripe.v1.customers.create({})
    events = play.stripe.v1.events

    types = ["customer.created", "charge.updated"]
    assert [one.type for one in events.list({"types": types})] == [
        "customer.created",
        "charge.updated",
        "customer.created",
    ]
    assert len(events.list({"delivery_success": False}).data) == 1
    assert len(events.list({"delivery_success": True}).data) == 6


def test_an_event_knows_the_request_that_caused_it(play: Play):
    play.stripe.v1.customers.create({}, {"idempotency_key": "k1"})
    play.deliver()

    (letter,) = play.webhook.letters
    assert letter.event["request"]["idempotency_key"] == "k1"
    assert letter.event["request"]["id"].startswith("req_")


def test_an_event_can_be_sent_once_more(play: Play):
    play.stripe.v1.customers.create({})
    play.deliver()

    play.control(f"/events/{play.webhook.letters[0].event['id']}/resend", {})
    play.deliver()

    assert play.webhook.types == ["customer.created"] * 2


def test_the_body_is_json_with_the_object_as_it_was(play: Play):
    session = play.session(metadata={"escrow": "es_1"}, name="Écriture “déf”")
    play.submit(session.url, card_number="4242424242424242")
    play.deliver()

    completed = json.loads(play.webhook.letters[-1].body)
    assert completed["type"] == "checkout.session.completed"
    assert completed["data"]["object"]["metadata"] == {"escrow": "es_1"}
    assert completed["data"]["object"]["payment_status"] == "paid"
    assert isinstance(completed["data"]["object"]["payment_intent"], str)
