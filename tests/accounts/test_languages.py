"""People read what they are told in their own language, wherever they read it."""

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from accounts.notifications.models import Notification
from accounts.notifications.services import notify
from accounts.people.models import User
from marketplace.common.words import Money, Words
from projects.tasks import deliver_due_digests, deliver_due_notifications
from tests.world import api_of

pytestmark = pytest.mark.django_db

DUE = datetime(2026, 12, 3, 14, tzinfo=UTC)
ENGLISH = "€1,000.01 is held for “Lamps”. It is due on 3 December 2026, 14:00 UTC."
GERMAN = (
    "1.000,01\xa0€ sind für „Lamps“ hinterlegt. "
    "Fällig ist es am 3. Dezember 2026, 15:00 Uhr MEZ (Europe/Berlin)."
)


@pytest.fixture
def ada(ada) -> User:
    """Reads German in Berlin."""
    ada.language, ada.time_zone = "de", "Europe/Berlin"
    ada.save()
    return ada


def tell(*people: User, **given) -> None:
    text = Words(
        "%(held)s is held for “%(title)s”. It is due on %(due)s.",
        held=Money(100_001, "EUR"),
        title="Lamps",
        due=DUE,
    )
    for person in people:
        notify(to=person, **{"kind": "milestone_funded", "text": text, "path": "/"} | given)


def test_one_notice_is_read_by_each_in_their_own_language(client, ada, ben):
    tell(ada, ben)

    for reader, said in ((ada, GERMAN), (ben, ENGLISH)):
        client.force_login(reader)
        page = client.get("/notices/").text
        assert f'<span lang="{reader.language}">{said}</span>' in page
        assert f'aria-label="Open: {said}"' in page
        assert '<html lang="en"' in page and "Mark all as read" in page


def test_programs_read_it_so_too_with_their_own_clock(ada, ben):
    tell(ada, ben)
    (german,), (english,) = (
        api_of(reader).get("/api/v1/notifications/").json()["results"] for reader in (ada, ben)
    )

    assert english["text"] == ENGLISH
    assert german["text"].endswith("Fällig ist es am 3. Dezember 2026, 14:00 Uhr UTC.")
    read = api_of(ada).post(f"/api/v1/notifications/{german['id']}/read/").json()
    assert read["text"] == german["text"]


def test_mails_are_in_the_language_of_the_day_they_leave(ada, ben):
    tell(ada, ben)
    User.objects.filter(pk=ada.pk).update(language="en")
    User.objects.filter(pk=ben.pk).update(language="de", time_zone="Europe/Berlin")

    deliver_due_notifications()

    letters = {letter.to[0]: letter for letter in mail.outbox}
    assert letters[ada.email].subject.startswith("€1,000.01 is held for")
    assert letters[ben.email].subject == GERMAN.replace("\xa0", " ")
    assert "Hier ansehen:" in letters[ben.email].body
    assert '<html lang="de">' in letters[ben.email].alternatives[0][0]


def test_the_mail_of_a_day_too(ada, monkeypatch):
    api = api_of(ada)
    wish = {"mail": {"bid_withdrawn": "daily"}, "digest_hour": 0}
    assert api.patch("/api/v1/notifications/preferences/", wish).status_code == 200
    text = Words("%(who)s withdrew the bid on “%(title)s”.", who="Ben")
    for title in ("Lamps", "Chairs"):
        tell(ada, kind="bid_withdrawn", text=text.filled(title=title), path=f"/{title}/")
    deliver_due_notifications()
    ada.digests.update(due_at=DUE.replace(year=2020))

    deliver_due_digests()

    (letter,) = mail.outbox
    assert letter.subject == "Ihr Tag: 2 Neuigkeiten"
    assert "Alles andere" in letter.body
    assert "- Ben hat das Gebot auf „Chairs“ zurückgezogen." in letter.body
    assert "Keine Übersichten mehr:" in letter.body


def test_a_sentence_from_before_stands_as_it_was_written(client, ada):
    words = "“Lamps” is due on 3 December 2026, 14:00 UTC."
    Notification.objects.create(recipient=ada, kind="due_now", key="old", written=words, path="/")
    client.force_login(ada)

    assert f"<span>{words}</span>" in client.get("/notices/").text
    (found,) = api_of(ada).get("/api/v1/notifications/").json()["results"]
    assert found["text"] == words


@pytest.mark.parametrize("says", [{}, {"written": "Both.", "said": {"words": "Both."}}])
def test_the_database_refuses_a_notice_that_says_nothing_or_says_it_twice(ada, says):
    with pytest.raises(IntegrityError, match="a_notice_says_something"), transaction.atomic():
        Notification.objects.create(recipient=ada, kind="test", key="k", path="/", **says)


# --- Which language that is ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "language"),
    [("de-AT,de;q=0.9,en;q=0.5", "de"), ("fr,en;q=0.5", "en"), ("fr", "en"), ("", "en")],
)
def test_who_signs_up_gets_the_language_of_their_browser(client, asked, language):
    given = {"name": "Emil", "email": "emil@example.com", "password1": "walk-the-road"}

    client.post("/account/signup/", given, headers={"accept-language": asked})
    assert User.objects.get(email="emil@example.com").language == language
    word = {"de": "Ihr Code für Milepost", "en": "Your code for Milepost"}[language]
    assert mail.outbox[0].subject.startswith(word)


def test_who_signs_up_over_the_api_names_it_or_their_program_asks_for_it(client):
    def sign_up(name: str, asked: str, **given: str):
        body = {"name": name, "email": f"{name}@example.com", "password": "walk-the-road"} | given
        headers = {"accept-language": asked}
        return client.post(
            "/api/v1/auth/signup/", body, content_type="application/json", headers=headers
        )

    assert sign_up("Emil", "de").status_code == 202
    assert sign_up("Fred", "de", language="en").status_code == 202
    refused = sign_up("Gus", "de", language="tlh")

    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "language")
    found = User.objects.order_by("email").values_list("email", "language")
    assert list(found) == [("emil@example.com", "de"), ("fred@example.com", "en")]
    assert [letter.subject[:4] for letter in mail.outbox] == ["Ihr ", "Your"]


def test_it_is_changed_on_the_profile(client, ada):
    client.force_login(ada)
    form = client.get("/profile/edit/")
    assert '<option value="de" selected>Deutsch</option>' in form.text

    kept = {name: value for name, value in form.context["form"].initial.items() if value}
    answer = client.post("/profile/edit/", kept | {"language": "en"})

    assert answer.status_code == 302
    assert "In English" in client.get("/profile/").text
    ada.refresh_from_db()
    assert ada.language == "en"


def test_an_account_is_written_to_in_its_language_by_whoever_asks(client, ada):
    client.post(
        "/api/v1/auth/password-reset/", {"email": ada.email}, content_type="application/json"
    )
    client.post("/account/password/reset/", {"email": ada.email})

    assert [letter.subject[:29] for letter in mail.outbox] == ["Ihr Code für ein neues Passwo"] * 2


def test_a_stranger_is_written_to_in_that_of_their_browser(client):
    asked = {"accept-language": "de"}
    client.post("/account/password/reset/", {"email": "nobody@example.com"}, headers=asked)

    assert mail.outbox[0].subject == "Zu dieser Adresse gibt es kein Konto"


def test_pages_are_in_english_whatever_the_browser_asks_for(client):
    page = client.get("/account/login/", headers={"accept-language": "de"})

    assert '<html lang="en"' in page.text
    assert "Log in" in page.text and "Anmelden" not in page.text
