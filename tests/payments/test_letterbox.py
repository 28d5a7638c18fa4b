"""Every letter is kept first, read later and applied once."""

import json
import signal
import socket
import time
from collections.abc import Iterator

import pytest
import redis
import stripe
from celery import current_app
from django.test import Client

from marketplace.common import doorbell
from marketplace.embedded import Valkey
from marketplace.processes import MarkBook
from marketplace.programs import PROVIDER_QUEUE
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.incoming import services as incoming
from payments.incoming.models import WebhookEvent
from payments.incoming.selectors import unexplained_events
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from tests.payments.racing import at_once
from tests.payments.world import A_WHILE, asked, days_pass, opened, paid_at
from tests.races import outcomes_at_once
from tests.sandbox import AVAILABLE_AT_ONCE, SECRET, drop, play_on, sweep_all

pytestmark = pytest.mark.django_db


def event(kind: str = "customer.created", **about) -> dict:
    return {
        "id": "evt_one",
        "object": "event",
        "type": kind,
        "data": {"object": {"id": "cus_one", "metadata": {}} | about},
    }


def signed(body: bytes, *, secret: str = SECRET, at: int | None = None) -> tuple[bytes, str]:
    at = at or int(time.time())
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return body, header


def letter(said: dict | None = None, **how) -> tuple[bytes, str]:
    return signed(json.dumps(said or event()).encode(), **how)


# --- At the door ---------------------------------------------------------------------------------


def test_a_letter_of_a_kind_that_nobody_knows_is_kept_and_done_with():
    assert drop(letter()) == 200

    kept = WebhookEvent.objects.get()
    assert (kept.remote_id, kept.kind, kept.handled_at) == ("evt_one", "customer.created", None)
    sweep_all_letters()
    kept.refresh_from_db()
    assert kept.handled_at is not None and kept.problem == ""


def sweep_all_letters() -> None:
    for pk in WebhookEvent.objects.values_list("pk", flat=True):
        incoming.handle_event(event_id=pk)


@pytest.mark.parametrize(
    "forged",
    [
        letter(secret="whsec_of_somebody_else"),
        (letter()[0], ""),
        (letter()[0], "t=1,v1=00"),
        (letter()[0], "nonsense"),
        (b'{"id": "evt_two"}', letter()[1]),
        letter(at=int(time.time()) - 3_600),
    ],
)
def test_a_letter_that_is_not_the_providers_is_refused(forged):
    assert drop(forged) == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"not json", b'"x"', b'{"object": "event"}', b"\xff\xfe"]
)
def test_what_is_no_letter_is_refused_even_if_signed(body):
    text = body.decode("latin-1").encode()
    assert drop(signed(text)) == 400
    assert drop((body, signed(text)[1])) == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 50_000 + b"]" * 50_000,
        json.dumps({"object": "event", "type": "x", "id": "e" * 300}).encode(),
        json.dumps({"object": "event", "type": "x" * 300, "id": "evt_x"}).encode(),
        json.dumps({"object": "event", "type": "x", "id": "evt_x", "account": ["a"]}).encode(),
        json.dumps({"object": "event", "type": "x", "id": "e", "related_object": "a"}).encode(),
    ],
    ids=["deep", "long id", "long kind", "odd account", "odd object"],
)
def test_a_signed_letter_that_cannot_be_kept_is_refused(body):
    assert drop(signed(body)) == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize("sign", ["\0", "\ud800"])
def test_a_letter_with_a_sign_that_the_database_does_not_take_is_kept_without_it(sign):
    assert drop(letter(event(note=f"a{sign}b"))) == 200
    assert WebhookEvent.objects.get().payload["data"]["object"]["note"] == "ab"


@pytest.mark.parametrize("size", [1_100_000, 10_000_000])
def test_a_letter_too_large_is_refused_before_it_is_read(size):
    body, signature = signed(json.dumps(event(note="x" * size)).encode())
    assert drop((body, signature)) == 413


def test_only_post_and_without_any_login_or_token():
    client = Client(enforce_csrf_checks=True)
    assert client.get("/webhooks/stripe/").status_code == 405
    body, signature = letter()
    answer = client.post(
        "/webhooks/stripe/",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature},
    )
    assert answer.status_code == 200


def test_both_secrets_open_while_one_is_being_rolled(settings):
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", SECRET]
    assert drop(letter()) == 200
    assert drop(letter(event() | {"id": "evt_two"}, secret="whsec_new")) == 200


def test_what_the_provider_signs_with_both_secrets_opens_with_either(sandbox, settings):
    new = sandbox.ask("POST", "/endpoints/we_configured/roll", keep_seconds=3_600)["secret"]
    sandbox.api("POST", "/v1/customers")
    sandbox.collect()
    (doubly_signed,) = sandbox.letters

    for known, answer in (([SECRET], 200), ([new], 200), ([SECRET, new], 200), (["whsec_x"], 400)):
        settings.STRIPE_WEBHOOK_SECRETS = known
        assert drop(doubly_signed) == answer, known
    assert doubly_signed[1].count("v1=") == 2
    assert WebhookEvent.objects.count() == 1


def test_the_same_letter_is_kept_once():
    for _ in range(3):
        assert drop(letter()) == 200
    assert WebhookEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_copies_at_once_are_kept_once():
    outcomes = at_once(lambda _: drop(letter()))
    assert outcomes == {"done": 8}
    assert WebhookEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_were_it_not_looked_for_only_postgresql_would_keep_the_copies_out(monkeypatch):
    letters = WebhookEvent.objects
    monkeypatch.setattr(
        letters,
        "get_or_create",
        lambda defaults, **name: (letters.create(**name, **defaults), True),
    )

    # Django tells every client of a test of what broke, also in the request of another one.
    def bring() -> int:
        return drop(letter(), Client(raise_request_exception=False))

    assert sorted(outcomes_at_once(*[bring] * 8)) == [200] + [500] * 7
    assert WebhookEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_broken_broker_does_not_keep_the_postman_waiting(monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("no broker")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", broken)
    assert drop(letter()) == 200
    assert WebhookEvent.objects.count() == 1


def nobody_there() -> socket.socket:
    """A port that is taken by us, at which nobody listens: whoever knocks is refused."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    return door


def nobody_answers() -> socket.socket:
    """Whoever knocks is let in, and hears nothing."""
    door = nobody_there()
    door.listen()
    return door


@pytest.mark.parametrize(
    ("door", "complaint"),
    [(nobody_there, "Connection refused"), (nobody_answers, "Timeout reading")],
)
@pytest.mark.django_db(transaction=True)
def test_with_the_broker_down_the_postman_is_answered_within_a_second(
    monkeypatch, caplog, door, complaint
):
    drop(letter(event() | {"id": "evt_first"}))  # reads what is read once for a process
    took = []
    with door() as broker:
        monkeypatch.setattr(
            current_app.conf, "broker_write_url", f"redis://127.0.0.1:{broker.getsockname()[1]}/0"
        )
        for number in range(4):
            monkeypatch.setattr(doorbell, "_silent_until", 0.0)  # so that each of them is rung for
            started = time.monotonic()
            assert drop(letter(event() | {"id": f"evt_{number}"})) == 200
            took.append(time.monotonic() - started)

    assert sorted(took)[-2] < 1, took  # all of them would wait: one may be the machine's
    assert WebhookEvent.objects.count() == 5
    rung = [record for record in caplog.records if record.exc_info]
    assert len(rung) == 4 and caplog.text.count(complaint) >= 4  # and nobody was there


@pytest.fixture
def own_broker(tmp_path, monkeypatch) -> Iterator[Valkey]:
    """A broker that nobody else uses, and that can be frozen."""
    marks = MarkBook(tmp_path / "processes.json")
    broker = Valkey(tmp_path / "valkey", log=tmp_path / "valkey.log", marks=marks, hasty=True)
    try:
        monkeypatch.setattr(current_app.conf, "broker_write_url", broker.start())
        monkeypatch.setattr(doorbell, "_silent_until", 0.0)
        yield broker
    finally:
        broker.process.send_signal(signal.SIGCONT)
        broker.stop()


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_freezes_after_it_was_well_keeps_no_postman_waiting(
    own_broker, monkeypatch, caplog
):
    """The line to it is open, and what is said into it is not refused: it only is not answered."""
    with redis.Redis.from_url(current_app.conf.broker_write_url) as looking:
        drop(letter(event() | {"id": "evt_first"}))
        assert looking.llen(PROVIDER_QUEUE) == 1  # so it was heard
    own_broker.process.send_signal(signal.SIGSTOP)
    took = []
    for number in range(4):
        monkeypatch.setattr(doorbell, "_silent_until", 0.0)  # so that each of them is rung for
        started = time.monotonic()
        assert drop(letter(event() | {"id": f"evt_{number}"})) == 200
        took.append(time.monotonic() - started)

    assert sorted(took)[-2] < 1, took  # all of them would wait: one may be the machine's
    assert WebhookEvent.objects.count() == 5
    assert caplog.text.count("Timeout reading") >= 4


@pytest.mark.django_db(transaction=True)
def test_it_rings_once_it_is_kept(bells):
    drop(letter())
    drop(letter())
    assert bells == [("payments.handle_event", (WebhookEvent.objects.get().pk,))]


# --- Too early, unknown, in trouble --------------------------------------------------------------


def test_a_letter_that_comes_before_we_noted_its_page_waits(ada, ben, sandbox):
    payment = fundings.open_pay_page(payment_id=asked(opened(ada, ben)).pk)
    sandbox.pay(payment.url, "4000000000000002")
    Payment.objects.update(session_id="")  # the answer of the provider is still on its way to us
    sandbox.collect()
    for one in sandbox.letters:
        drop(one)
    sandbox.letters.clear()
    sweep_all()
    waiting = WebhookEvent.objects.get(kind="payment_intent.payment_failed")
    assert waiting.handled_at is None and "not noted yet" in waiting.problem

    Payment.objects.update(session_id=payment.session_id)
    days_pass(A_WHILE)
    sweep_all()

    waiting.refresh_from_db()
    payment.refresh_from_db()
    assert waiting.handled_at is not None and waiting.problem == ""
    assert payment.failure_code == "generic_decline"


@pytest.mark.parametrize(
    "shape", [{}, {"status": "settled_twice"}, {"amount": 1.5, "currency": None, "metadata": []}]
)
def test_a_letter_of_a_newer_version_is_only_a_reason_to_look(ada, ben, sandbox, shape):
    """Whatever shape its object has there: what counts is what our own version is answered."""
    payment = fundings.open_pay_page(payment_id=asked(opened(ada, ben)).pk)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    sandbox.collect()
    for body, _ in sandbox.letters:
        newer = json.loads(body) | {"api_version": "2099-01-01.walnut"}
        newer["data"]["object"] |= shape
        assert drop(letter(newer)) == 200
    sandbox.letters.clear()
    sweep_all_letters()

    payment.refresh_from_db()
    assert payment.status == Payment.Status.SUCCEEDED
    assert Transfer.objects.filter(kind="fund").count() == 1
    assert list(unexplained_events()) == []


@pytest.mark.parametrize("kind", ["checkout.session.completed", "refund.updated", "payout.paid"])
@pytest.mark.parametrize(
    "data",
    [{"data": {"thing": "pi_one"}}, {"data": ["pi_one"]}, {"data": {"object": {"id": {"v": 3}}}}],
    ids=["thing", "list", "id"],
)
def test_a_letter_of_a_newer_version_that_names_nothing_is_kept_for_a_person(bells, kind, data):
    nameless = event(kind) | {"api_version": "2099-01-01.walnut"} | data
    assert drop(letter(nameless)) == 200

    sweep_all_letters()

    (kept,) = unexplained_events()
    assert "its version is 2099-01-01.walnut" in kept.problem
    assert Transfer.objects.count() == 0


def test_what_we_never_asked_for_is_left_to_a_person(ada, ben, sandbox):
    payment = paid_at(sandbox, opened(ada, ben))
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    sandbox.api("POST", "/v1/refunds", charge=payment.charge_id, amount=1_000)

    play_on(sandbox)

    (left,) = unexplained_events()
    assert left.kind == "refund.created"
    assert "nobody here asked for that" in left.problem


def test_a_letter_about_something_unknown_is_given_up_in_the_end(sandbox):
    about = {"id": "acct_of_nobody", "type": "v2.core.account", "url": "/x"}
    thin = {
        "id": "evt_thin",
        "object": "v2.core.event",
        "type": "v2.core.account[requirements].updated",
        "related_object": about,
    }
    drop(letter(thin))

    for _ in range(15):
        sweep_all()
        days_pass(1.01)

    kept = WebhookEvent.objects.get()
    assert (kept.handled_at, kept.next_try_at) == (None, None)
    assert "acct_of_nobody" in kept.problem
    assert kept.tries == 11


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("v2.core.account_link.returned", "acct_of_nobody"),
        ("v2.core.account_person.created", "acct_of_nobody"),
        ("v2.core.account.closed", None),
    ],
)
def test_a_thin_letter_that_is_about_no_account_of_ours_is_done_with(kind, about):
    thin = {"id": "evt_thin", "object": "v2.core.event", "type": kind}
    if about:
        thin["related_object"] = {"id": about, "type": "v2.core.account", "url": "/x"}
    drop(letter(thin))

    sweep_all_letters()

    assert WebhookEvent.objects.get().handled_at is not None


@pytest.mark.parametrize("ours", [{"amount": 102_999}, {"currency": "EUR"}])
def test_another_sum_than_ours_is_not_booked(ada, ben, sandbox, ours):
    payment = fundings.open_pay_page(payment_id=asked(opened(ada, ben)).pk)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    Payment.objects.update(**ours)

    sandbox.collect()
    for one in sandbox.letters:
        drop(one)
    sandbox.letters.clear()
    sweep_all()

    kept = WebhookEvent.objects.get(kind="checkout.session.completed")
    assert kept.handled_at is None and kept.next_try_at is None
    assert "is about 103000 USD" in kept.problem
    payment.refresh_from_db()
    assert payment.status == "pending"


def test_a_silent_provider_is_asked_again_later(ada, ben, sandbox, quick_gateway):
    payment = fundings.open_pay_page(payment_id=asked(opened(ada, ben)).pk)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    sandbox.trouble({"fault": "error_503", "method": "GET", "times": None})
    sandbox.collect()
    for one in sandbox.letters:
        drop(one)
    sandbox.letters.clear()
    sweep_all_letters()
    kept = WebhookEvent.objects.get(kind="checkout.session.completed")
    assert kept.handled_at is None and kept.tries == 1

    sandbox.trouble()
    days_pass(A_WHILE)
    play_on(sandbox)

    payment.refresh_from_db()
    assert payment.status == "succeeded"


def test_a_letter_that_kills_its_reader_is_not_read_for_ever(ada, ben, sandbox, monkeypatch):
    drop(letter(event("charge.updated")))
    kept = WebhookEvent.objects.get()

    def die(*args):
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setitem(incoming.HANDLERS, "charge.updated", die)
    for tries in range(1, 15):
        try:
            incoming.handle_event(event_id=kept.pk)
        except ZeroDivisionError:
            kept.refresh_from_db()
            assert kept.tries == tries
    assert kept.tries == 11
    assert kept.problem == "ZeroDivisionError: a fault of ours"


@pytest.mark.django_db(transaction=True)
def test_eight_workers_who_ask_about_one_payment_at_once_take_it_in_once(ada, ben, sandbox):
    """Each reads the object at the provider: whichever comes first settles it for all."""
    escrow = opened(ada, ben)
    payment = fundings.open_pay_page(payment_id=asked(escrow).pk)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)

    outcomes = at_once(lambda _: incoming.ask_about_payment(payment_id=payment.pk))

    assert outcomes == {"done": 8}
    assert balance_of(chart.escrow(escrow.public_id)) == payment.amount
    payment.refresh_from_db()
    assert (payment.status, payment.refunded) == ("succeeded", 0)
