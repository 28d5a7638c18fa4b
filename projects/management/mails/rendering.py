"""Every mail that the house can send, rendered for nobody."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from accounts.notifications import letters
from accounts.notifications.digests.letter import letter_of as digest_letter_of
from accounts.notifications.digests.models import Digest
from accounts.notifications.mailing.letter import letter_of
from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.words import Words
from projects.management.mails.samples import SAMPLES

# Those to people who may not be logged in, from templates/account/email.
CODES = (
    "account_already_exists",
    "email_changed",
    "email_confirm",
    "email_confirmation",
    "email_confirmation_signup",
    "email_deleted",
    "password_changed",
    "password_reset",
    "password_reset_code",
    "unknown_account",
)
_GIVEN = {
    "email": "ada@example.com",
    "code": "K7QM-4WXP",
    "from_email": "ada@example.com",
    "to_email": "ada@new.example",
    "deleted_email": "ada@old.example",
    "ip": "192.0.2.7",
    "timestamp": datetime(2026, 12, 3, 14, tzinfo=UTC),
    "user_agent": "Firefox",
}


def every_mail(
    *, language: str = settings.LANGUAGE_CODE, time_zone: str = "Europe/Berlin"
) -> Iterator[tuple[str, EmailMultiAlternatives]]:
    """The name and the mail of each kind; nothing is read or kept."""
    reader = User(email="ada@example.com", name="Ada Nwosu", time_zone=time_zone, language=language)
    for kind, words in SAMPLES.items():
        yield kind, letter_of(_notice(reader, kind, words))
    daily = [_notice(reader, kind, SAMPLES[kind]) for kind in OPTIONAL]
    for number, notice in enumerate(daily, start=1):
        notice.pk, notice.title = number, "Online shop for a bicycle workshop"
    yield "digest", digest_letter_of(Digest(recipient=reader, day=now().date()), daily)
    for name in CODES:
        yield name, letters.render_for(reader, f"account/email/{name}", **_GIVEN).to(reader.email)


def _notice(reader: User, kind: str, words: Words) -> Notification:
    path = f"/contracts/{kind}/"
    return Notification(recipient=reader, kind=kind, said=words.as_json(), path=path)
