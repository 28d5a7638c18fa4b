"""What people were told, in the house and by mail."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext

from accounts.notifications.digests.models import Digest
from marketplace.common.clock import now
from marketplace.common.public_ids import PublicIdField
from marketplace.common.text import cut_line
from marketplace.common.words import Words

# Fit for a subject line; what a long title makes longer is cut, not refused: the deed is done.
LONGEST_TEXT = 300


class Notification(models.Model):
    """One thing told to one person. ``key`` keeps a reminder from being told twice."""

    public_id = PublicIdField(prefix="no")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notifications",
        db_index=False,  # it comes first in others
    )
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=160)
    # The public id of what it asks something about; the floors above know when that is answered.
    about = models.CharField(max_length=40, blank=True)
    # Of the contract or posting that it belongs to, as its reader knows it: mails of a day group
    # by it.
    title = models.CharField(max_length=200, blank=True)
    # What it says, as marketplace.common.words keeps it: put into words when it is read.
    said = models.JSONField(null=True)
    # The finished sentence of a notice from before it was kept so; empty for all others.
    written = models.CharField(max_length=LONGEST_TEXT, blank=True)
    path = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=now)
    read_at = models.DateTimeField(null=True)
    # Whether it counts as unread until then: its reader may have chosen that its kind does not.
    is_counted = models.BooleanField(default=True)
    mailed_at = models.DateTimeField(null=True)
    # The mail of a day that it waits for, or left with.
    digest = models.ForeignKey(
        Digest, on_delete=models.SET_NULL, null=True, related_name="notices", db_index=False
    )
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mail_due_at = models.DateTimeField(null=True, default=now)
    # How often somebody of the staff had it tried again, and to which address it went last.
    mail_retries = models.PositiveSmallIntegerField(default=0)
    mail_to = models.EmailField(blank=True)
    # What the mail server said last, and since when it fails; empty where nothing went wrong, or a
    # later attempt went well.
    mail_failure = models.CharField(max_length=200, blank=True)
    mail_failed_at = models.DateTimeField(null=True)
    # Why the mail was never sent although nothing failed: unwanted, or its reason had gone.
    mail_called_off = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "key"], name="nobody_is_told_twice"),
            models.CheckConstraint(
                condition=models.Q(said__isnull=False, written="")
                | models.Q(said__isnull=True) & ~models.Q(written=""),
                name="a_notice_says_something",
            ),
            models.CheckConstraint(
                condition=models.Q(mail_failure="", mail_failed_at__isnull=True)
                | ~models.Q(mail_failure="") & models.Q(mail_failed_at__isnull=False),
                name="a_failure_of_a_mail_has_its_time",
            ),
            models.CheckConstraint(
                condition=models.Q(mailed_at__isnull=True)
                | models.Q(mail_due_at__isnull=True, mail_failure=""),
                name="a_mail_that_left_is_not_tried_again",
            ),
            models.CheckConstraint(
                condition=models.Q(mail_called_off="")
                | models.Q(mailed_at__isnull=True, mail_due_at__isnull=True, mail_failure=""),
                name="a_mail_that_is_called_off_never_leaves",
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "-created_at", "-id"], name="notices_newest_first"),
            # What leads to a page is read with it, whether it counts or not; asked is mostly how
            # much of it counts.
            models.Index(
                fields=["recipient", "is_counted"],
                condition=models.Q(read_at__isnull=True),
                name="notices_unread",
            ),
            models.Index(
                fields=["mail_due_at"],
                condition=models.Q(mail_due_at__isnull=False, digest__isnull=True),
                name="notices_to_mail",
            ),
            models.Index(
                fields=["digest"],
                condition=models.Q(digest__isnull=False),
                name="notices_of_a_digest",
            ),
            models.Index(
                fields=["-created_at", "-id"],
                condition=~models.Q(mail_failure=""),
                name="mails_that_fail",
            ),
            models.Index(
                fields=["recipient"],
                condition=~models.Q(mail_failure=""),
                name="mails_that_fail_of_a_person",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_unread(self) -> bool:
        """Whether it counts among what its reader has not read."""
        return self.read_at is None and self.is_counted

    @property
    def why_no_mail(self) -> str:
        """Why its mail was called off, in the active language; nothing where it was not."""
        return gettext(self.mail_called_off) if self.mail_called_off else ""

    @property
    def text(self) -> str:
        """What it says in the active language, with its times by the clock of the active zone."""
        if self.said is None:
            return self.written
        return cut_line(str(Words.of_json(self.said)), LONGEST_TEXT)


class OutgoingMail(models.Model):
    """A mail as it would have left: kept instead of sent, in sandbox mode only."""

    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="mails_newest_first"),
            models.Index(fields=["to", "-created_at", "-id"], name="mails_of_an_address"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to}"
