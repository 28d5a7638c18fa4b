"""Tokens of programs: made, listed, revoked, on the page and over the API."""

import pytest

from tests.world import PASSWORD, api_of, person

pytestmark = pytest.mark.django_db

TOKENS = "/api/v1/auth/tokens/"


def log_in():
    return api_of().post(TOKENS, {"email": "ada@example.com", "password": PASSWORD})


def test_a_revoked_token_opens_nothing(ada):
    made = log_in().json()
    client = api_of()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made['token']}")

    assert client.delete(f"{TOKENS}{made['id']}/").status_code == 204

    refused = client.get("/api/v1/me/")
    assert refused.status_code == 401
    assert refused.json()["error"]["message"]


def test_a_token_of_somebody_else_does_not_exist(ada, ben):
    made = log_in().json()

    assert api_of(ben).delete(f"{TOKENS}{made['id']}/").status_code == 404
    assert api_of(ben).get(TOKENS).json()["results"][0]["id"] != made["id"]


def test_fifty_tokens_are_enough(ada):
    client = api_of(ada)
    for _ in range(49):
        log_in()

    assert log_in().status_code == 409
    assert len(client.get(f"{TOKENS}?limit=100").json()["results"]) == 50


def logged_in_just_now(client, user):
    """At the browser, with the password shown again."""
    client.force_login(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


def test_the_page_shows_a_new_token_once(client, ada):
    logged_in_just_now(client, ada)

    made = client.post("/account/tokens/", {"name": "<b>bookkeeping</b>"})

    assert made.status_code == 201
    secret = made.context["secret"]
    assert secret in made.content.decode()
    assert "&lt;b&gt;bookkeeping" in made.content.decode()
    assert secret not in client.get("/account/tokens/").content.decode()
    program = api_of()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert program.get("/api/v1/me/").status_code == 200


def test_the_page_revokes(client, ada):
    client.force_login(ada)
    token = api_of(ada).get(TOKENS).json()["results"][0]
    path = f"/account/tokens/{token['id']}/revocation/"

    assert client.get(path).status_code == 405
    assert client.post(path).status_code == 302

    assert client.post(path).status_code == 404
    assert not ada.auth_token_set.exists()


def test_an_open_browser_is_not_enough_to_make_a_token(client, ada):
    """The password is asked again; what was typed before is not lost."""
    client.force_login(ada)

    asked = client.post("/account/tokens/", {"name": "bookkeeping"})
    assert asked.status_code == 302
    assert asked["Location"].startswith("/account/reauthenticate/")
    assert not ada.auth_token_set.exists()

    page = client.get(asked["Location"]).content.decode()
    assert "Confirm that it is you" in page
    assert client.post(asked["Location"], {"password": "wrong"}).status_code == 200
    assert not ada.auth_token_set.exists()

    body = {"password": PASSWORD, "next": "/account/tokens/"}
    made = client.post(asked["Location"], body)
    assert made.status_code == 201
    assert made.context["secret"] in made.content.decode()
    # The form of this answer, too, leads to the page of tokens.
    assert 'action="/account/tokens/"' in made.content.decode()


def test_the_owner_is_told_of_a_new_token(client, ada):
    logged_in_just_now(client, ada).post("/account/tokens/", {"name": "bookkeeping"})
    log_in()

    told = list(ada.notifications.order_by("pk"))
    assert [(it.kind, it.path) for it in told] == [("token_made", "/account/tokens/")] * 2
    assert "“bookkeeping”" in told[0].text


def test_the_page_refuses_a_token_without_a_name(client, ada):
    logged_in_just_now(client, ada)

    answer = client.post("/account/tokens/", {"name": " "})

    assert answer.status_code == 400
    assert not ada.auth_token_set.exists()


def test_a_stranger_cannot_revoke_on_the_page(client, ada, ben):
    token = api_of(ada).get(TOKENS).json()["results"][0]
    client.force_login(ben)

    assert client.post(f"/account/tokens/{token['id']}/revocation/").status_code == 404
    assert ada.auth_token_set.exists()


def test_the_list_of_tokens_takes_the_same_queries_however_long(
    client, django_assert_max_num_queries
):
    frank = person("Frank")
    for _ in range(20):
        api_of(frank)
    client.force_login(frank)

    with django_assert_max_num_queries(6):
        client.get("/account/tokens/")
