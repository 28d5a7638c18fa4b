"""Where mails go in sandbox mode: onto a page."""

import smtplib
from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from accounts.notifications.services import keep_mail

# A domain where nobody lives: what a mail server does with such an address can be tried here.
REFUSED = "@refused.example"


class OutboxBackend(BaseEmailBackend):
    """Keeps each mail as a row, so that a demo needs no mail server."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were kept. Raises SMTPRecipientsRefused, as a mail server's answer would be."""
        for mail in email_messages:
            if wrong := [to for to in mail.recipients() if to.endswith(REFUSED)]:
                answer = (550, b"5.1.1 No such mailbox here")
                raise smtplib.SMTPRecipientsRefused(dict.fromkeys(wrong, answer))
            keep_mail(to=mail.recipients(), subject=str(mail.subject), body=str(mail.body))
        return len(email_messages)
