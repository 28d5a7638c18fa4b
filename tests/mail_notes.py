"""What left a process by mail: a note for each, of its Message-ID and whom it went to."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

# Seconds that a mail server takes to say so: a process may be killed after a mail has left, and
# before that is known.
ANSWERS_AFTER = 0.03


class MailNotes(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(os.environ["MAIL_NOTES"])
        for mail in email_messages:
            note, name = f"{mail.extra_headers['Message-ID']} {mail.to[0]}", uuid4().hex
            draft = folder / f"{name}.draft"
            draft.write_text(note)
            draft.rename(folder / f"{name}.sent")
            time.sleep(ANSWERS_AFTER)
        return len(email_messages)


def noted(folder: Path) -> Counter[tuple[str, str]]:
    """How often each (Message-ID, address) has left."""
    notes = (note.read_text().split() for note in folder.glob("*.sent"))
    return Counter((message_id, to) for message_id, to in notes)
