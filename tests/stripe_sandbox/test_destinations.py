"""The event destinations of v2: what is sent where, in full or thin."""

from collections.abc import Iterator

import pytest
import stripe

from tests.stripe_sandbox.play import DAY, Play, Webhook

ALL = {"include": ["webhook_endpoint.url", "webhook_endpoint.signing_secret"]}
WHERE_TO = {"include": ["webhook_endpoint.url"]}


@pytest.fixture
def elsewhere() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


def destination(play: Play, elsewhere: Webhook, **fields):
    return play.stripe.v2.core.event_destinations.create(
        {
            "name": "Accounts",
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": ["v2.core.account.created"],
            "events_from": ["@accounts"],
            "webhook_endpoint": {"url": elsewhere.url},
            **ALL,
            **fields,
        }
    )


def test_thin_events_of_accounts_are_sent_signed_by_its_own_secret(play: Play, elsewhere: Webhook):
    made = destination(play, elsewhere)
    id = play.account().id
    play.stripe.v2.core.accounts.update(id, {"display_name": "Benjamin"})
    play.stripe.v1.customers.create({})

    play.deliver()

    (letter,) = elsewhere.letters
    secret = made.webhook_endpoint.signing_secret
    notification = play.stripe.parse_event_notification(letter.body, letter.signature, secret)
    assert (notification.type, notification.related_object.id) == ("v2.core.account.created", id)
    assert notification.fetch_related_object().id == id


def test_the_secret_is_said_at_creation_alone_and_the_rest_on_request(
    play: Play, elsewhere: Webhook
):
    destinations = play.stripe.v2.core.event_destinations
    made = destination(play, elsewhere)
    assert made.webhook_endpoint.url == elsewhere.url

    assert destinations.retrieve(made.id).webhook_endpoint is None
    seen = destinations.retrieve(made.id, WHERE_TO).webhook_endpoint
    assert (seen.url, seen.signing_secret) == (elsewhere.url, None)
    (listed,) = destinations.list(WHERE_TO).data
    assert listed.webhook_endpoint.url == elsewhere.url
    with pytest.raises(stripe.InvalidRequestError, match="signing_secret"):
        destinations.retrieve(made.id, ALL)


def test_snapshots_are_sent_to_a_destination_that_wants_them(play: Play, elsewhere: Webhook):
    made = destination(
        play, elsewhere, event_payload="snapshot", enabled_events=["*"], events_from=["@self"]
    )
    play.freelancer()  # nothing of which is the platform's own
    play.stripe.v1.customers.create({})

    play.deliver()

    assert made.snapshot_api_version == stripe.api_version
    (letter,) = elsewhere.letters
    secret = made.webhook_endpoint.signing_secret
    event = play.stripe.construct_event(letter.body, letter.signature, secret)
    assert event.data.object.object == "customer"


def test_a_destination_is_changed_disabled_enabled_and_deleted(play: Play, elsewhere: Webhook):
    destinations = play.stripe.v2.core.event_destinations
    made = destination(play, elsewhere, metadata={"a": "1"})
    play.advance(5)

    changed = destinations.update(
        made.id,
        {"name": "Closings", "metadata": {"b": "2"}, "enabled_events": ["v2.core.account.closed"]},
    )
    assert (changed.name, changed.metadata.to_dict()) == ("Closings", {"a": "1", "b": "2"})
    assert changed.updated > made.updated

    off = destinations.disable(made.id)
    assert (off.status, off.status_details.disabled.reason) == ("disabled", "user")
    play.stripe.v2.core.accounts.close(play.account().id)
    on = destinations.enable(made.id)
    assert (on.status, on.status_details) == ("enabled", None)
    closed = play.account().id
    play.stripe.v2.core.accounts.close(closed)
    play.deliver()
    (letter,) = elsewhere.letters
    assert letter.event["related_object"]["id"] == closed

    assert destinations.delete(made.id).id == made.id
    assert destinations.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as missing:
        destinations.retrieve(made.id)
    assert missing.value.http_status == 404


def test_a_ping_reaches_one_address_and_no_other(play: Play, elsewhere: Webhook):
    made = destination(play, elsewhere)

    pinged = play.stripe.v2.core.event_destinations.ping(made.id)
    play.deliver()

    (letter,) = elsewhere.letters
    assert (letter.type, letter.event["id"]) == ("v2.core.event_destination.ping", pinged.id)
    assert pinged.related_object.url == f"/v2/core/event_destinations/{made.id}"
    assert play.stripe.v2.core.events.retrieve(pinged.id).id == pinged.id
    assert play.webhook.letters == []


def test_its_secret_is_rolled_like_any_other(play: Play, elsewhere: Webhook):
    made = destination(play, elsewhere)

    new = play.control(f"/endpoints/{made.id}/roll", {"keep_seconds": DAY})["secret"]
    play.account()
    play.deliver()

    (letter,) = elsewhere.letters
    for secret in (made.webhook_endpoint.signing_secret, new):
        told = play.stripe.parse_event_notification(letter.body, letter.signature, secret)
        assert told.id == letter.event["id"]
    with pytest.raises(stripe.SignatureVerificationError):
        play.stripe.parse_event_notification(letter.body, letter.signature, "whsec_of_nobody")


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"enabled_events": ["charge.succeeded"]}, "enabled_events[0]"),
        ({"enabled_events": []}, "enabled_events"),
        ({"event_payload": "snapshot"}, "enabled_events[0]"),
        ({"snapshot_api_version": "2026-10-28.endive"}, "snapshot_api_version"),
        ({"events_from": ["self"]}, "events_from[0]"),
        ({"include": ["webhook_endpoint"]}, "include"),
        ({"type": "amazon_eventbridge"}, "type"),
    ],
)
def test_a_destination_that_makes_no_sense_is_refused(play: Play, elsewhere: Webhook, wish, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        destination(play, elsewhere, **wish)

    assert refused.value.json_body["error"]["param"] == param
    assert play.stripe.v2.core.event_destinations.list().data == []


def test_a_deletion_of_v2_heeds_its_key(play: Play, elsewhere: Webhook):
    made = destination(play, elsewhere)
    delete = play.stripe.v2.core.event_destinations.delete
    again = {"idempotency_key": "k1"}

    assert delete(made.id, None, again).id == delete(made.id, None, again).id == made.id
    with pytest.raises(stripe.InvalidRequestError):
        delete(made.id, None, {"idempotency_key": "k2"})
