"""A forgotten password: a code by mail, on the pages and over the API."""

import pytest
from django.test import Client

from accounts.people.services import create_person
from tests.accounts.test_sign_up import code_in
from tests.world import PASSWORD, api_of, token_of

pytestmark = pytest.mark.django_db

NEW = "nine short willows"


def ask(email="ada@example.com"):
    return api_of().post("/api/v1/auth/password-reset/", {"email": email})


def reset(code, *, email="ada@example.com", password=NEW):
    body = {"email": email, "code": code, "password": password}
    return api_of().post("/api/v1/auth/password-reset/confirm/", body)


def log_in(password):
    body = {"email": "ada@example.com", "password": password}
    return api_of().post("/api/v1/auth/tokens/", body).status_code


def test_the_code_sets_a_new_password(ada, mailoutbox):
    assert ask().status_code == 202

    assert reset(code_in(mailoutbox[0])).status_code == 204

    assert log_in(NEW) == 201
    assert log_in(PASSWORD) == 400
    assert mailoutbox[1].subject == "Your password was changed"


def test_sessions_and_tokens_from_before_end(ada, client, mailoutbox):
    client.force_login(ada)
    program = api_of(ada)
    ask()

    reset(code_in(mailoutbox[0]))

    assert client.get("/profile/").status_code == 302
    assert program.get("/api/v1/me/").status_code == 401


def test_a_code_is_good_once(ada, mailoutbox):
    ask()
    code = code_in(mailoutbox[0])
    reset(code)

    assert reset(code, password="eleven young oaks").status_code == 400
    assert log_in(NEW) == 201


def test_a_password_that_we_refuse_does_not_cost_the_code(ada, mailoutbox):
    ask()
    code = code_in(mailoutbox[0])

    refused = reset(code, password="short")
    assert refused.json()["error"]["param"] == "password"

    assert reset(code).status_code == 204


def test_asking_does_not_tell_who_is_here(ada, mailoutbox):
    known, unknown = ask(), ask("nobody@example.com")

    assert (known.status_code, set(known.json())) == (unknown.status_code, set(unknown.json()))
    assert mailoutbox[1].subject == "There is no account with this address"


def test_a_sign_up_code_sets_no_password(mailoutbox):
    body = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    api_of().post("/api/v1/auth/signup/", body)

    assert reset(code_in(mailoutbox[0])).status_code == 400


def test_it_proves_the_address_as_well(mailoutbox):
    """So that nobody can block an address by signing up with it first."""
    create_person(email="ada@example.com", name="Somebody else", password=PASSWORD)
    ask()

    reset(code_in(mailoutbox[0]))

    assert log_in(NEW) == 201


@pytest.mark.parametrize("code", ["", "x" * 21, "0000-0000", None, 7, ["a"]])
def test_a_wrong_code_changes_nothing(ada, code):
    ask()

    answer = reset(code)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "code"
    assert log_in(PASSWORD) == 201


def test_the_pages_do_the_same(ada, client, mailoutbox):
    token_of(ada)
    old_session = Client()
    old_session.force_login(ada)
    client.post("/account/password/reset/", {"email": "ada@example.com"})
    code = code_in(mailoutbox[0])

    client.post("/account/password/reset/confirm/", {"code": code})
    client.post("/account/password/reset/complete/", {"password1": NEW, "password2": NEW})

    assert log_in(NEW) == 201
    assert old_session.get("/profile/").status_code == 302
    assert not ada.auth_token_set.filter(name="test").exists()


def test_changing_it_on_the_page_keeps_this_session_and_ends_the_tokens(ada, client):
    client.force_login(ada)
    program = api_of(ada)
    client.post(
        "/account/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW},
    )

    assert client.get("/profile/").status_code == 200
    assert program.get("/api/v1/me/").status_code == 401
    assert log_in(NEW) == 201
