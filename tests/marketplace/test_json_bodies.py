"""Bodies that no program should send: refused in words, never a 5xx."""

import pytest

from tests.world import api_of

pytestmark = pytest.mark.django_db


def send(user, body: bytes, **headers):
    program = api_of(user)
    program.raise_request_exception = False
    kind = "application/json"
    return program.post("/api/v1/postings/", body, content_type=kind, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"a":' * 50_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"title": NaN}',
        b'{"title": -Infinity}',
        b'{"title": ' + b"9" * 5_000 + b"}",
        rb'{"title": "Half of a pair: \ud800"}',
        rb'{"title": "A logo", "kind": "\udfff"}',
        rb'{"\ud800": 1}',
    ],
    ids=lambda body: repr(body[:30]),
)
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}], ids=["plain", "with a key"])
def test_what_is_not_json_is_refused(ada, body, headers):
    answer = send(ada, body, **headers)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "invalid_input"
    assert "JSON" in error["message"]


def test_a_fault_of_grammar_says_where_it_is(ada):
    answer = send(ada, b'{"title": "A logo",}')

    assert "line 1, column 20" in answer.json()["error"]["message"]


def test_a_mark_of_byte_order_harms_nobody(ada):
    answer = send(ada, b'\xef\xbb\xbf{"title": "A logo"}')

    assert answer.status_code == 201


@pytest.mark.parametrize("size", [0, 10_000_000])
def test_a_body_of_megabytes_is_refused(ada, settings, size):
    size = size or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    answer = send(ada, b'{"title": "' + b"x" * size + b'"}')

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_a_refusal_does_not_repeat_all_that_was_sent(ada):
    answer = send(ada, b'{"title": "A logo", "kind": "' + b"x" * 100_000 + b'"}')

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "kind"
    assert len(answer.content) < 500
