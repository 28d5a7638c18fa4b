"""The page of outgoing mails: the sandbox's letterbox, and nothing at all anywhere else."""

import pytest
from django.core.mail import EmailMessage

from accounts.notifications.models import OutgoingMail
from tests.world import api_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept_mail(settings):
    settings.EMAIL_BACKEND = "accounts.notifications.backends.OutboxBackend"


def post(to, subject="Hello", body="How are you?"):
    EmailMessage(subject, body, to=[to]).send()


def test_a_mail_is_kept_for_each_who_would_get_it(kept_mail):
    EmailMessage("Hello", "text", to=["ada@example.com"], bcc=["ben@example.com"]).send()

    assert set(OutgoingMail.objects.values_list("to", flat=True)) == {
        "ada@example.com",
        "ben@example.com",
    }


def test_a_visitor_finds_the_code_of_their_sign_up(client, kept_mail):
    body = {"email": "ada@example.com", "name": "Ada", "password": "seven tall birches"}
    api_of().post("/api/v1/auth/signup/", body)

    page = client.get("/outbox/").content.decode()

    assert "Your code for Milepost" in page
    assert "ada@example.com" in page


def test_mails_are_escaped(client, kept_mail):
    post("ada@example.com", "<b>bold</b>", "<script>alert(1)</script>")

    page = client.get("/outbox/").content.decode()

    assert "<b>bold" not in page
    assert "<script>alert" not in page


def test_it_is_searched_by_address_newest_first(client, kept_mail):
    post("ada@example.com", "first")
    post("ben@example.com", "other")
    post("ada@example.com", "second")

    page = client.get("/outbox/?to=ADA@").context["page"]

    assert [mail.subject for mail in page.items] == ["second", "first"]


def test_nobody_is_found_in_words(client, kept_mail):
    answer = client.get("/outbox/", {"to": "%_'\"<" + "x" * 500})

    assert answer.status_code == 200
    assert "No mail to" in answer.content.decode()


def test_a_search_goes_on_over_the_pages(client, kept_mail):
    for _ in range(25):
        post("ada@example.com")
        post("ben@example.com")

    first = client.get("/outbox/?to=ada").context["page"]
    second = client.get(f"/outbox/{first.next_url}").context["page"]

    assert len(first.items + second.items) == 25
    assert {mail.to for mail in second.items} == {"ada@example.com"}


def test_outside_the_sandbox_there_is_no_such_page(client, ada, settings):
    settings.SANDBOX = False
    client.force_login(ada)

    assert client.get("/outbox/").status_code == 404
