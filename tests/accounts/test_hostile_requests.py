"""Addresses and headers that nobody would send by accident: refused, never a 5xx."""

import pytest
from django.test import Client

from tests.world import Program, api_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "/people/%00/",
        "/people/us_%00/",
        "/people/%ff/",
        "/people/%F0%9F%92%A9/",
        f"/people/{'x' * 5_000}/",
        "/notices/?cursor=%00",
        "/outbox/?to=%00",
        "/api/v1/people/%00/",
        "/api/v1/people/%ed%a0%80/",
        "/api/v1/auth/tokens/%00/",
        "/api/v1/notifications/?cursor=%00",
        "/api/v1/notifications/?cursor=x",
    ],
)
def test_addresses(ada, path):
    client = Client(raise_request_exception=False)
    client.force_login(ada)

    assert client.get(path).status_code in (400, 404, 405)


def test_a_nul_in_an_address_of_the_api_gets_its_envelope():
    answer = api_of().get("/api/v1/people/%00/")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_input"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer mp_",
        "Bearer mp_\0abc",
        "Bearer \xff\xfe",
        "Bearer a b c",
        f"Bearer {'x' * 5_000}",
        "Bearer mp_' OR 1=1 --",
        "Basic YWRhOmFkYQ==",
    ],
)
def test_headers(header):
    client = Program(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=header)

    answer = client.get("/api/v1/me/")

    assert answer.status_code == 401
    assert answer.json()["error"]["message"]


def test_who_has_left_is_refused_with_a_good_token(ada):
    program = api_of(ada)
    ada.is_active = False
    ada.save()

    assert program.get("/api/v1/me/").status_code == 401


def test_a_token_is_found_in_one_query_however_many_there_are(ada, django_assert_num_queries):
    program = api_of(ada)
    for _ in range(10):
        api_of(ada)

    with django_assert_num_queries(3):  # the clock, the token with its person, the notices
        program.get("/api/v1/notifications/")
