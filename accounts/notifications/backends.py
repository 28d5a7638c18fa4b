"""Where mails go in sandbox mode: onto a page."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from accounts.notifications.services import keep_mail


class OutboxBackend(BaseEmailBackend):
    """Keeps each mail as a row, so that a demo needs no mail server."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for mail in email_messages:
            keep_mail(to=mail.recipients(), subject=str(mail.subject), body=str(mail.body))
        return len(email_messages)
