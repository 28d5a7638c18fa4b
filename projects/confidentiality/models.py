"""What of a posting is shown only to those who have promised silence, and their promises."""

import hashlib

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.public_ids import PublicIdField
from projects.postings.models import Posting


class ConfidentialPart(models.Model):
    """A posting that has one keeps its ``details``, its files and its questions behind ``text``.

    A table of its own, so that no list, search or export of postings carries the details. The text
    may change while the posting may; then it is asked for again.
    """

    posting = models.OneToOneField(
        Posting, on_delete=models.CASCADE, related_name="confidential_part"
    )
    text = models.TextField(max_length=10_000)
    text_sha256 = models.CharField(max_length=64)
    details = models.TextField(max_length=20_000, blank=True)
    worded_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="what_is_confidential_has_its_text")
        ]

    def __str__(self) -> str:
        return f"confidential part of {self.posting_id}"


class Acceptance(models.Model):
    """Somebody has accepted the text, with the words that they read. PostgreSQL keeps it as it is.

    It binds the person who gave their password, whoever they act for, and is not taken back.
    """

    public_id = PublicIdField(prefix="ca")
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="acceptances")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    confirmed_with = models.CharField(max_length=20)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["posting", "person", "text_sha256"], name="one_acceptance_of_a_text"
            ),
        ]
        indexes = [
            models.Index(fields=["posting", "-created_at", "-id"], name="acceptances_on_a_posting"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def path(self) -> str:
        """Its page, for the two whom it concerns."""
        return f"/confidentiality-acceptances/{self.public_id}/"


def hash_of(text: str) -> str:
    """The SHA-256 of a text in UTF-8, as hexadecimal digits; PostgreSQL computes the same."""
    return hashlib.sha256(text.encode()).hexdigest()
