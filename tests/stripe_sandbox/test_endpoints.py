"""The webhook endpoints of v1: addresses beside the one that the sandbox was started with."""

from collections.abc import Iterator

import pytest
import stripe

from stripe_sandbox.event_types import SNAPSHOT, THIN
from tests.stripe_sandbox.definitions import MISSING, WHERE, Definitions
from tests.stripe_sandbox.play import DAY, SECRET, Play, Webhook

EVERYTHING = {"enabled_events": ["*"]}


@pytest.fixture
def elsewhere() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


def endpoint(play: Play, elsewhere: Webhook, **fields):
    return play.stripe.v1.webhook_endpoints.create({"url": elsewhere.url, **EVERYTHING, **fields})


def test_the_secret_is_said_once_and_signs(play: Play, elsewhere: Webhook):
    made = endpoint(play, elsewhere, description="Books", metadata={"for": "books"})
    assert made.secret.startswith("whsec_")
    assert (made.status, made.description, made.metadata.to_dict()) == (
        "enabled", "Books", {"for": "books"},
    )  # fmt: skip
    seen = play.stripe.v1.webhook_endpoints.retrieve(made.id)
    changed = play.stripe.v1.webhook_endpoints.update(made.id, {"description": "The books"})
    listed = play.stripe.v1.webhook_endpoints.list().data
    assert all("secret" not in one for one in (seen, changed, *listed))

    play.stripe.v1.customers.create({})
    play.deliver()

    (letter,) = elsewhere.letters
    event = play.stripe.construct_event(letter.body, letter.signature, made.secret)
    assert (event.type, event.pending_webhooks) == ("customer.created", 2)
    with pytest.raises(stripe.SignatureVerificationError):
        play.stripe.construct_event(letter.body, letter.signature, SECRET)
    assert play.webhook.types == ["customer.created"]  # and the first endpoint got its own


def test_the_address_of_the_start_is_the_first_endpoint(play: Play, elsewhere: Webhook):
    made = endpoint(play, elsewhere)

    newest, first = play.stripe.v1.webhook_endpoints.list().data

    assert (newest.id, first.url) == (made.id, play.webhook.url)
    play.stripe.v1.webhook_endpoints.update(first.id, {"disabled": True})
    play.stripe.v1.customers.create({})
    play.deliver()
    assert (play.webhook.types, elsewhere.types) == ([], ["customer.created"])


def test_an_endpoint_gets_what_it_is_enabled_for(play: Play, elsewhere: Webhook):
    made = endpoint(play, elsewhere, enabled_events=["charge.updated", "payout.paid"])
    play.funded()
    play.stripe.v1.webhook_endpoints.update(made.id, {"enabled_events": ["customer.created"]})
    play.stripe.v1.customers.create({})
    play.funded()

    play.deliver()

    assert elsewhere.types == ["charge.updated", "customer.created"]


def test_events_of_connected_accounts_go_to_endpoints_for_them(play: Play, elsewhere: Webhook):
    own = Webhook()
    endpoint(play, elsewhere, connect=True)
    endpoint(play, own)
    ben = play.freelancer()  # its balance settings, and thin events that no endpoint of v1 gets
    play.stripe.v1.customers.create({})

    play.deliver()
    own.close()

    assert own.types == ["customer.created"]
    (letter,) = elsewhere.letters
    assert (letter.type, letter.event["account"]) == ("balance_settings.updated", ben)


def test_what_is_disabled_or_deleted_gets_nothing_not_even_what_was_on_its_way(
    play: Play, elsewhere: Webhook
):
    elsewhere.answer = lambda letter: 500
    made, other = endpoint(play, elsewhere), endpoint(play, elsewhere)
    play.stripe.v1.customers.create({})
    play.deliver()
    assert len(elsewhere.letters) == 2
    elsewhere.answer = lambda letter: 200

    off = play.stripe.v1.webhook_endpoints.update(made.id, {"disabled": True})
    gone = play.stripe.v1.webhook_endpoints.delete(other.id)
    play.stripe.v1.customers.create({})
    play.deliver(force=True)

    assert (off.status, gone.deleted) == ("disabled", True)
    assert len(elsewhere.letters) == 2
    states = {one["endpoint"]: one["state"] for one in play.control("/deliveries")["data"]}
    assert (states[made.id], states[other.id]) == ("given_up", "given_up")
    with pytest.raises(stripe.InvalidRequestError) as missing:
        play.stripe.v1.webhook_endpoints.retrieve(other.id)
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    play.stripe.v1.webhook_endpoints.update(made.id, {"disabled": False})
    play.stripe.v1.customers.create({})
    play.deliver()
    assert len(elsewhere.letters) == 3


def test_one_address_where_nobody_is_at_home_holds_up_no_other(play: Play, elsewhere: Webhook):
    nobody = Webhook()
    nobody.close()
    endpoint(play, nobody)
    endpoint(play, elsewhere)
    for _ in range(3):
        play.stripe.v1.customers.create({})

    counts = play.deliver()

    assert (counts["delivered"], counts["failed"], counts["waiting"]) == (6, 1, 3)
    assert elsewhere.types == ["customer.created"] * 3


def test_an_event_waits_for_as_many_endpoints_as_have_not_taken_it(play: Play, elsewhere: Webhook):
    elsewhere.answer = lambda letter: 500
    endpoint(play, elsewhere)
    play.stripe.v1.customers.create({})
    (event,) = play.stripe.v1.events.list().data
    assert event.pending_webhooks == 2

    play.deliver()

    assert play.stripe.v1.events.retrieve(event.id).pending_webhooks == 1


def test_a_rolled_secret_signs_beside_the_old_one_for_a_while(play: Play, elsewhere: Webhook):
    made = endpoint(play, elsewhere)

    rolled = play.control(f"/endpoints/{made.id}/roll", {"keep_seconds": DAY})
    play.stripe.v1.customers.create({})
    play.deliver()
    play.advance(DAY)
    play.stripe.v1.customers.create({})
    play.deliver()

    both, after = elsewhere.letters
    assert (both.signature.count("v1="), after.signature.count("v1=")) == (2, 1)
    for secret in (made.secret, rolled["secret"]):
        play.stripe.construct_event(both.body, both.signature, secret)
    play.stripe.construct_event(after.body, after.signature, rolled["secret"])
    with pytest.raises(stripe.SignatureVerificationError):
        play.stripe.construct_event(after.body, after.signature, made.secret)


def test_a_secret_can_be_rolled_at_once_but_not_slowly(play: Play, elsewhere: Webhook):
    made = endpoint(play, elsewhere)

    play.control(f"/endpoints/{made.id}/roll", {"keep_seconds": 0})
    play.stripe.v1.customers.create({})
    play.deliver()

    assert elsewhere.letters[0].signature.count("v1=") == 1
    for wrong in ({"keep_seconds": DAY + 1}, {"keep_seconds": -1}, {"keep_seconds": "1"}):
        url = f"{play.url}/_sandbox/endpoints/{made.id}/roll"
        assert play.http.post(url, json=wrong).status_code == 400
    assert play.http.post(f"{play.url}/_sandbox/endpoints/we_no/roll", json={}).status_code == 404


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"enabled_events": ["charge.suceeded"]}, "enabled_events[0]"),
        ({"enabled_events": ["*", "v2.core.account.created"]}, "enabled_events[1]"),
        ({"url": "ftp://a.test"}, "url"),
        ({"api_version": "2020-08-27"}, "api_version"),
    ],
)
def test_an_endpoint_that_makes_no_sense_is_refused(play: Play, elsewhere: Webhook, wish, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        endpoint(play, elsewhere, **wish)

    assert refused.value.param == param


def test_there_are_sixteen_and_no_more(play: Play, elsewhere: Webhook):
    for _ in range(15):
        endpoint(play, elsewhere)

    with pytest.raises(stripe.InvalidRequestError, match="maximum of 16"):
        endpoint(play, elsewhere)


@pytest.mark.skipif(not WHERE, reason=MISSING)
def test_the_types_of_events_are_stripes():
    known = Definitions(WHERE or "")
    assert set(known.all["events"]) == SNAPSHOT
    assert {one for one in known.thin if one.startswith("v2.")} == THIN
