"""Logging in: the page, tokens for programs, the second factor, and who knocks too often."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache

from accounts.access import knocks
from accounts.access.knocks import PER_ADDRESS
from accounts.access.second_factor import new_offer
from accounts.access.services import add_second_factor
from accounts.people.services import create_person
from tests.world import PASSWORD, api_of

pytestmark = pytest.mark.django_db

TOKENS = "/api/v1/auth/tokens/"


def code_of(secret: str, *, steps_ahead: int = 0) -> str:
    """What the person's app shows now, or one step later."""
    counter = int(time.time()) // 30 + steps_ahead
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


@pytest.fixture
def guarded(ada):
    """Ada with a second factor: her secret and her recovery codes."""
    offer = new_offer(ada)
    recovery_codes = add_second_factor(
        user_id=ada.pk,
        ticket=offer.ticket,
        code=code_of(offer.secret),
        password=PASSWORD,
        by=ada,
    )
    return offer.secret, recovery_codes


def log_in(**given):
    body = {"email": "ada@example.com", "password": PASSWORD} | given
    return api_of().post(TOKENS, body)


# --- Address and password ------------------------------------------------------------------------


def test_the_page_logs_in(client, ada):
    client.post("/account/login/", {"login": "Ada@Example.com", "password": PASSWORD})

    assert client.get("/profile/").status_code == 200


def test_a_program_gets_a_token_that_opens(ada):
    answer = log_in(name="bookkeeping")

    assert answer.status_code == 201
    client = api_of()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")
    assert client.get("/api/v1/me/").json()["id"] == ada.public_id
    listed = client.get(TOKENS).json()["results"]
    assert [token["name"] for token in listed] == ["bookkeeping"]
    assert "token" not in listed[0]


def test_an_unknown_address_and_a_wrong_password_get_one_answer(ada):
    unknown = log_in(email="nobody@example.com")
    wrong = log_in(password="not the password")

    assert unknown.status_code == wrong.status_code == 400
    assert unknown.json() == wrong.json()


def test_who_has_left_does_not_come_in(ada):
    ada.is_active = False
    ada.save()

    assert log_in().json()["error"]["code"] == "wrong_credentials"


def test_an_unproven_address_gets_a_new_code_instead(mailoutbox):
    create_person(email="ada@example.com", name="Ada", password=PASSWORD)

    answer = log_in()

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "address_not_proven"
    assert "code" in mailoutbox[0].subject


@pytest.mark.parametrize(
    "given",
    [
        {"email": ""},
        {"email": "a\0@example.com"},
        {"email": ["ada@example.com"]},
        {"password": ""},
        {"password": "\0"},
        {"password": "x" * 5_000},
        {"code": "1" * 21},
        {"name": ""},
        {"name": "x" * 81},
        {"name": "line\nbreak"},
    ],
)
def test_bad_input_is_refused_with_its_field(ada, given):
    answer = log_in(**given)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == next(iter(given))


def test_the_eleventh_guess_waits_even_with_the_right_password(ada):
    answers = [log_in(password=f"guess number {n}").status_code for n in range(10)]
    assert answers == [400] * 10

    late = log_in()

    assert late.status_code == 429
    assert int(late["Retry-After"]) > 0


def test_who_comes_in_may_come_again(ada):
    assert {log_in().status_code for _ in range(15)} == {201}


# --- The second factor ---------------------------------------------------------------------------


def test_with_a_second_factor_the_password_is_not_enough(guarded):
    answer = log_in()

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "code_required"


def test_the_code_of_the_app_opens_once(guarded):
    secret, _ = guarded
    code = code_of(secret)

    assert log_in(code=code).status_code == 201
    assert log_in(code=code).status_code == 400


def test_a_recovery_code_opens_once(guarded):
    _, recovery_codes = guarded

    assert log_in(code=recovery_codes[0]).status_code == 201
    assert log_in(code=recovery_codes[0]).status_code == 400
    assert log_in(code=recovery_codes[1]).status_code == 201


def test_the_page_asks_for_the_code_too(client, guarded):
    secret, _ = guarded
    client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert client.get("/profile/").status_code == 302

    client.post("/account/security/authenticate/", {"code": code_of(secret)})

    assert client.get("/profile/").status_code == 200


def test_the_secret_is_sealed_in_the_database(guarded):
    secret, _ = guarded

    kept = Authenticator.objects.get(type="totp").data["secret"]

    assert secret not in kept


def test_it_is_set_up_and_removed_over_the_api(ada):
    client = api_of(ada)
    offer = client.get("/api/v1/me/totp/").json()
    assert offer["active"] is False
    assert offer["secret"] in offer["uri"]

    body = {"ticket": offer["ticket"], "code": code_of(offer["secret"]), "password": PASSWORD}
    made = client.post("/api/v1/me/totp/", body)
    assert made.status_code == 201
    assert len(made.json()["recovery_codes"]) == 10
    assert client.post("/api/v1/me/totp/", body).status_code == 409
    assert client.get("/api/v1/me/totp/").json() == {"active": True, "recovery_codes_left": 10}

    later = code_of(offer["secret"], steps_ahead=1)
    removed = client.delete("/api/v1/me/totp/", {"code": later, "password": PASSWORD})
    assert removed.status_code == 204
    assert log_in().status_code == 201
    told = ada.notifications.order_by("pk").values_list("kind", flat=True)
    assert list(told)[:2] == ["second_factor_added", "second_factor_removed"]


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"password": "not mine at all"}, "password"),
        ({"code": "000000000"}, "code"),
        ({"code": ""}, "code"),
        ({"ticket": "forged"}, "ticket"),
        ({"ticket": "x" * 501}, "ticket"),
    ],
)
def test_nothing_is_set_up_without_password_code_and_ticket(ada, wrong, param):
    offer = new_offer(ada)
    body = {"ticket": offer.ticket, "code": code_of(offer.secret), "password": PASSWORD}

    answer = api_of(ada).post("/api/v1/me/totp/", body | wrong)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert not ada.authenticator_set.exists()


def test_the_ticket_of_somebody_else_is_worth_nothing(ada, ben):
    offer = new_offer(ben)
    body = {"ticket": offer.ticket, "code": code_of(offer.secret), "password": PASSWORD}

    assert api_of(ada).post("/api/v1/me/totp/", body).json()["error"]["param"] == "ticket"


@pytest.mark.parametrize("wrong", [{"password": "not mine at all"}, {"code": "000000"}])
def test_nothing_is_removed_without_password_and_code(ada, guarded, wrong):
    secret, _ = guarded
    body = {"code": code_of(secret), "password": PASSWORD} | wrong

    assert api_of(ada).delete("/api/v1/me/totp/", body).status_code == 400
    assert ada.authenticator_set.count() == 2


@pytest.mark.parametrize("method", ["post", "delete"])
def test_who_found_a_token_cannot_try_out_passwords_and_codes(ada, guarded, method):
    client = api_of(ada)
    body = {"ticket": "x", "code": "000000", "password": "not mine at all"}

    statuses = [
        getattr(client, method)("/api/v1/me/totp/", body).status_code
        for _ in range(PER_ADDRESS + 1)
    ]

    assert statuses == [400] * PER_ADDRESS + [429]


def test_no_count_is_without_an_end(ada):
    """Also one that began as the one before ran out: it would lock the address for ever."""
    name = cache.make_key(knocks._key("log-in", "address", "ada@example.com"))
    knocks._valkey.set(name, 1)

    log_in(password="not mine at all")

    assert 0 < knocks._valkey.ttl(name) <= knocks.SECONDS
