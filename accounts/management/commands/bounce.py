"""``manage.py bounce < report``: a mail came back; the mail server pipes its report into this."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from accounts.notifications.mailing.bounces import bounce_of
from accounts.notifications.mailing.services import note_bounce

# A report gives back our headers, or our mail: more than this is none.
MOST_BYTES = 1024 * 1024


class Command(BaseCommand):
    """Ends well whatever it reads: a mail server that is refused would bounce the bounce."""

    help = "Read a delivery report from standard input and note which mail came back."

    def handle(self, *args: Any, **options: Any) -> None:
        bounce = bounce_of(sys.stdin.buffer.read(MOST_BYTES))
        if bounce is None:
            self.stdout.write("This reports no mail of ours as undeliverable.")
            return
        if note_bounce(public_id=bounce.public_id, retries=bounce.retries, reason=bounce.reason):
            self.stdout.write(f"The mail of {bounce.public_id} came back: {bounce.reason}")
        else:
            self.stdout.write("Nothing is changed: that mail is not known to have left last.")
