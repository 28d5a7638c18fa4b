"""Where none of our views answered: an envelope for programs, a page for people."""

import json
from urllib.parse import quote

import pytest
from django.db import DatabaseError, OperationalError
from django.test import Client
from django.test.client import FakePayload
from redis.exceptions import ConnectionError as BrokerGone

from marketplace.common.models import ClockOffset

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(settings) -> Client:
    settings.SANDBOX = True
    return Client(raise_request_exception=False)


def breaks_with(monkeypatch, fault: Exception) -> None:
    """Every request reads the clock first."""

    def fail() -> None:
        raise fault

    monkeypatch.setattr(ClockOffset, "current", fail)


AWAY = [
    OperationalError("the database is starting up"),
    DatabaseError("server closed the connection unexpectedly"),
    BrokerGone("refused"),
]


@pytest.mark.parametrize("fault", AWAY, ids=["database", "line", "broker"])
def test_programs_are_told_that_a_part_is_away(client, monkeypatch, fault):
    breaks_with(monkeypatch, fault)

    answer = client.get("/api/v1/postings/")

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "away"
    assert answer["Retry-After"] == "5"


@pytest.mark.parametrize("fault", AWAY, ids=["database", "line", "broker"])
def test_people_read_that_a_part_is_away(client, monkeypatch, fault):
    breaks_with(monkeypatch, fault)

    answer = client.get("/")

    assert answer.status_code == 503
    assert "Back in a moment" in answer.content.decode()
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_a_fragment_gets_a_notice_and_not_a_page(client, monkeypatch):
    breaks_with(monkeypatch, OperationalError("gone"))

    answer = client.get("/", headers={"HX-Request": "true"})

    assert answer.status_code == 503
    assert answer["HX-Retarget"] == "#notices"
    assert "<!doctype" not in answer.content.decode().lower()


def test_a_fault_of_ours_is_an_envelope_too(client, monkeypatch):
    breaks_with(monkeypatch, ZeroDivisionError("our fault"))

    answer = client.get("/api/v1/postings/")

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "broken"
    assert "our fault" not in answer.content.decode()


def test_a_fault_of_ours_is_a_page_that_says_so(client, monkeypatch):
    breaks_with(monkeypatch, ZeroDivisionError("our fault"))

    answer = client.get("/")

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()


@pytest.mark.django_db
def test_who_is_not_logged_in_may_do_so_where_nothing_is_for_a_visitor(client, ada):
    """It may be there for who they are; of what is not there at all it says the same."""
    for path in ("/postings/pt_nothing/?page=2", "/nothing/"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert f"/account/login/?next={quote(path, safe='')}" in answer.content.decode()
    client.force_login(ada)
    assert "?next=" not in client.get("/nothing/").content.decode()


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/nothing/", "/api/v2/postings/"])
def test_an_unknown_address_of_the_api_gets_the_envelope(client, path):
    answer = client.post(path)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_an_unknown_host_gets_the_envelope_from_the_api(client):
    answer = client.get("/api/v1/postings/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_input"


def test_the_api_is_described_to_everybody(client):
    answer = client.get("/api/v1/openapi.json")

    assert answer.status_code == 200
    described = json.loads(answer.content)
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/milestones/{public_id}/release/" in described["paths"]


@pytest.mark.parametrize(
    "form",
    [{"days": "x" * 2_000_000}, {f"field{number}": "x" for number in range(600)}],
    ids=["text", "fields"],
)
def test_a_form_that_is_too_large_is_refused_in_words(client, form):
    answer = client.post("/sandbox/clock/", form)

    assert answer.status_code == 413
    assert "than we take in one piece" in answer.content.decode()


def test_a_huge_upload_is_refused_on_a_page(client, settings):
    settings.MAX_BODY_BYTES = 1_000

    answer = client.post("/postings/", {"title": "x" * 2_000})

    assert answer.status_code == 413
    assert "<title>That did not work" in answer.content.decode()
    assert "Send smaller files." in answer.content.decode()


@pytest.mark.parametrize("path", ["/postings/", "/api/v1/postings/"])
def test_a_body_without_a_length_is_refused_instead_of_read_as_nothing(client, path):
    chunked = {"Transfer-Encoding": "chunked"}

    answer = client.generic("POST", path, b"", "application/json", headers=chunked)

    assert answer.status_code == 411
    assert "Content-Length" in answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/api/v1/me/", "/nothing/"])
def test_a_refused_body_is_read_to_its_end(client, path):
    """Else the server cuts the line, and the sender never hears the refusal."""
    body = FakePayload(b"x" * 3_000_000)

    answer = client.post(
        path,
        content_type="text/plain",
        **{"wsgi.input": body, "CONTENT_LENGTH": str(len(body))},
    )

    assert 400 <= answer.status_code < 500
    assert len(body) == 0  # what is left to read


@pytest.mark.parametrize("charset", ["hex", "idna", "undefined", "utf-7", "unicode_escape"])
@pytest.mark.parametrize("path", ["/postings/new/", "/api/v1/postings/po_x/files/"])
def test_a_body_that_is_no_utf_8_is_refused_before_it_is_read(client, path, charset):
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    body = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n+2AA-\r\n--x--\r\n'

    answer = client.generic("POST", path, body, kind)

    assert answer.status_code == 400
    assert "UTF-8" in answer.content.decode()


def test_a_form_in_an_encoding_that_no_browser_sends_is_refused():
    browser = Client(raise_request_exception=False, enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "x" * 32

    kind = "application/x-www-form-urlencoded; charset=utf-16"
    answer = browser.post("/sandbox/clock/", b"days=1", content_type=kind)

    assert answer.status_code == 400
