"""The mail of one notice."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from accounts.notifications import letters
from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.preferences.unsubscribing import headers_of, link_of


def letter_of(notice: Notification) -> EmailMultiAlternatives:
    reader, kind = notice.recipient, notice.kind
    letter = letters.render_for(
        reader,
        "emails/notice",
        notice=notice,
        link=settings.SITE_URL + notice.path,
        unsubscribe_link=link_of(reader, kind) if kind in OPTIONAL else "",
    )
    headers = {"Message-ID": message_id_of(notice), **headers_of(reader, kind)}
    return letter.to(reader.email, headers)


def message_id_of(notice: Notification) -> str:
    """The same for each attempt, so that a mail which left twice can be known as one; another for
    each try by hand, so that what comes back late is not taken for it.
    """
    return message_id(notice.public_id, notice.mail_retries)


def message_id(public_id: str, number: int) -> str:
    return f"<{public_id}.{number}@{urlsplit(settings.SITE_URL).hostname}>"
