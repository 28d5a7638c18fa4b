"""The mail of one day."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from accounts.notifications import letters
from accounts.notifications.digests.contents import contents_of
from accounts.notifications.digests.models import Digest
from accounts.notifications.mailing.letter import message_id
from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import DIGEST
from accounts.notifications.preferences.unsubscribing import headers_of, link_of


def letter_of(digest: Digest, notices: Sequence[Notification]) -> EmailMultiAlternatives:
    reader = digest.recipient
    letter = letters.render_for(
        reader,
        "emails/digest",
        contents=contents_of(notices),
        unsubscribe_link=link_of(reader, DIGEST),
        choose_link=f"{settings.SITE_URL}/account/notices/",
    )
    headers = {"Message-ID": message_id(digest.public_id, 0), **headers_of(reader, DIGEST)}
    return letter.to(reader.email, headers)
