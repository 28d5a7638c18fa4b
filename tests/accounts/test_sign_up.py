"""Signing up with a code: over the pages and over the API."""

import re
import smtplib

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from tests.world import PASSWORD, api_of, person

pytestmark = pytest.mark.django_db

ADA = {"email": "ada@example.com", "name": "Ada Lovelace"}


class DeadServer(EmailBackend):
    def send_messages(self, email_messages):
        raise smtplib.SMTPServerDisconnected("gone")


def code_in(letter) -> str:
    return re.search(r"^ {4}(\S+)$", letter.body, re.MULTILINE)[1]


# --- Pages ---------------------------------------------------------------------------------------


def sign_up_on_the_page(client, **given):
    return client.post("/account/signup/", ADA | {"password1": PASSWORD} | given)


def test_a_page_asks_for_name_address_and_password(client):
    page = client.get("/account/signup/").content.decode()

    assert all(f'name="{field}"' in page for field in ("name", "email", "password1"))


def test_the_code_of_the_mail_logs_in(client, mailoutbox):
    assert sign_up_on_the_page(client).status_code == 302
    assert client.get("/profile/").status_code == 302  # not yet

    client.post("/account/confirm-email/", {"code": code_in(mailoutbox[0])})

    assert client.get("/profile/").status_code == 200
    ada = User.objects.get()
    assert (ada.name, ada.email) == ("Ada Lovelace", "ada@example.com")
    assert own_party_of(ada).name == "Ada Lovelace"
    assert ada.emailaddress_set.get().verified


def test_a_wrong_code_logs_nobody_in(client, mailoutbox):
    sign_up_on_the_page(client)

    client.post("/account/confirm-email/", {"code": "NOPE-NOPE"})

    assert client.get("/profile/").status_code == 302
    assert not User.objects.get().emailaddress_set.get().verified


def test_signing_up_twice_looks_the_same_and_only_the_owner_is_told(client, mailoutbox):
    person("Ada")

    answer = sign_up_on_the_page(client)

    assert answer.status_code == 302
    assert answer["Location"] == "/account/confirm-email/"
    assert mailoutbox[0].subject == "You have an account with Milepost already"
    assert User.objects.count() == 1


def test_the_page_takes_as_long_for_an_address_that_somebody_has(client, monkeypatch):
    """Hashing a password is what takes long: it is done as often for both."""
    person("Ada")
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def count(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", count)
    sign_up_on_the_page(client, email="new@example.com")
    for_a_new_one = len(hashed)
    sign_up_on_the_page(Client())

    assert len(hashed) == 2 * for_a_new_one > 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "<script>alert(1)</script>"),
        ("name", "Ada\0"),
        ("name", "x" * 81),
        ("email", "no address"),
        ("email", "a\0@example.com"),
        ("password1", "short"),
        ("password1", "password123"),
    ],
)
def test_the_page_says_which_field_is_wrong_and_keeps_nothing(client, field, value):
    answer = sign_up_on_the_page(client, **{field: value})

    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not User.objects.exists()


def test_a_dead_mail_server_is_said_in_words(client, settings):
    settings.EMAIL_BACKEND = f"{__name__}.DeadServer"

    answer = sign_up_on_the_page(client)

    assert answer.status_code == 503
    assert "could not send you a mail" in answer.content.decode()


# --- API -----------------------------------------------------------------------------------------


def sign_up_over_the_api(**given):
    return api_of().post("/api/v1/auth/signup/", ADA | {"password": PASSWORD} | given)


def confirm(code: str, email: str = ADA["email"]):
    return api_of().post("/api/v1/auth/signup/confirm/", {"email": email, "code": code})


def test_the_api_signs_up_with_the_same_kind_of_code(mailoutbox):
    assert sign_up_over_the_api().status_code == 202

    answer = confirm(code_in(mailoutbox[0]))

    assert answer.status_code == 201
    client = api_of()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")
    me = client.get("/api/v1/me/").json()
    assert (me["name"], me["email"]) == ("Ada Lovelace", "ada@example.com")
    assert me["id"] == answer.json()["person"]


def test_a_code_is_good_once(mailoutbox):
    sign_up_over_the_api()
    code = code_in(mailoutbox[0])
    assert confirm(code).status_code == 201

    assert confirm(code).status_code == 400


def test_capitals_spaces_and_the_line_in_a_code_do_not_matter(mailoutbox):
    sign_up_over_the_api()

    assert confirm(f" {code_in(mailoutbox[0]).lower().replace('-', '')} ").status_code == 201


def test_five_wrong_guesses_void_the_code(mailoutbox):
    sign_up_over_the_api()
    for _ in range(5):
        assert confirm("BBBB-BBBB").status_code == 400

    assert confirm(code_in(mailoutbox[0])).status_code == 400


def test_a_code_belongs_to_its_address(mailoutbox):
    sign_up_over_the_api()
    sign_up_over_the_api(email="ben@example.com")

    assert confirm(code_in(mailoutbox[0]), "ben@example.com").status_code == 400


def test_the_api_does_not_tell_who_is_here(mailoutbox):
    person("Ada")

    taken = sign_up_over_the_api()
    free = sign_up_over_the_api(email="new@example.com")

    assert (taken.status_code, set(taken.json())) == (free.status_code, set(free.json()))
    assert mailoutbox[0].subject == "You have an account with Milepost already"
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", ["Ada"]),
        ("name", "<b>"),
        ("name", "Ada\0"),
        ("email", "no address"),
        ("email", 7),
        ("email", "x" * 300 + "@example.com"),
        ("password", ""),
        ("password", "short"),
        ("password", {"a": 1}),
        ("password", "x" * 2_000),
    ],
)
def test_the_api_names_the_field_at_fault_and_keeps_nothing(field, value):
    client = api_of()
    answer = client.post(
        "/api/v1/auth/signup/", ADA | {"password": PASSWORD} | {field: value}, format="json"
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == field
    assert not User.objects.exists()
    assert mail.outbox == []


@pytest.mark.parametrize("body", ["", "[]", '"x"', "{", "null", '{"email": "a@example.com"}'])
def test_a_body_that_is_no_form_is_refused(body):
    answer = api_of().post("/api/v1/auth/signup/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_nobody_floods_an_address_with_codes():
    answers = [sign_up_over_the_api().status_code for _ in range(11)]

    assert answers == [202] * 10 + [429]


def test_a_dead_mail_server_is_said_in_the_envelope(settings):
    settings.EMAIL_BACKEND = f"{__name__}.DeadServer"

    answer = sign_up_over_the_api()

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "mail_unreachable"
