import time

import requests

from tests.stripe_sandbox.play import DAY, Play


def test_time_is_the_walls_plus_an_offset(play: Play):
    assert play.control("/clock")["offset_seconds"] == 0
    assert abs(play.control("/clock")["now"] - time.time()) < 5

    moved = play.control("/clock", {"offset_seconds": 3 * DAY})

    assert moved["offset_seconds"] == 3 * DAY
    assert abs(moved["now"] - time.time() - 3 * DAY) < 5
    assert abs(play.stripe.v1.customers.create({}).created - moved["now"]) < 5


def test_time_does_not_move_back(play: Play):
    play.control("/clock", {"offset_seconds": 100})

    for offset in (99, -1, "200", 100.5, True, None):
        url = f"{play.url}/_sandbox/clock"
        answer = requests.post(url, json={"offset_seconds": offset}, timeout=5)
        assert answer.status_code == 400, offset

    assert play.control("/clock")["offset_seconds"] == 100


def test_what_fell_due_on_the_way_happened_at_its_own_time(play: Play):
    session = play.session()
    play.submit(play.session().url, card_number="4242424242424242")

    play.advance(10 * DAY)

    play.deliver()
    moments = {letter.type: letter.event["created"] for letter in play.webhook.letters}
    assert moments["checkout.session.expired"] == session.expires_at
    assert moments["charge.updated"] <= session.created + 3
    assert play.pending() == 0


def test_work_that_falls_due_is_done_without_being_asked(stage):
    play = stage(deliver_by_itself=True, settle_delay=0)
    session = play.session()
    play.submit(session.url, card_number="4242424242424242")

    until = time.monotonic() + 5
    while "charge.updated" not in play.webhook.types and time.monotonic() < until:
        time.sleep(0.02)

    assert play.webhook.types[-1] == "charge.updated"
