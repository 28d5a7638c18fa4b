"""What the two sides of a bid, and then of its contract, write to each other."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.models import StoredFile
from marketplace.common.public_ids import PublicIdField
from projects.bids.models import Bid


class Conversation(models.Model):
    """One for each bid, and its contract goes on with it: what was agreed on the way stays at hand.

    ``length`` is the number of the newest message. Each side has read as far as its mark says.
    """

    bid = models.OneToOneField(Bid, on_delete=models.PROTECT, related_name="conversation")
    length = models.PositiveIntegerField(default=0)
    client_read = models.PositiveIntegerField(default=0)
    freelancer_read = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(client_read__lte=F("length"), freelancer_read__lte=F("length")),
                name="nobody_reads_what_is_not_written",
            )
        ]

    def __str__(self) -> str:
        return f"messages of {self.bid_id}"

    def read_by(self, role: str) -> int:
        """The number of the last message that this side has read."""
        return self.client_read if role == CLIENT else self.freelancer_read


class Message(models.Model):
    """One message. PostgreSQL lets nobody change it or take it away."""

    public_id = PublicIdField(prefix="mg")
    conversation = models.ForeignKey(
        Conversation, on_delete=models.PROTECT, related_name="messages"
    )
    number = models.PositiveIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=12)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    search = models.GeneratedField(
        expression=SearchVector("text", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "number"], name="messages_are_numbered"
            ),
            models.CheckConstraint(
                condition=Q(role__in=[CLIENT, FREELANCER]), name="a_side_writes_a_message"
            ),
        ]
        indexes = [GinIndex(fields=["search"], name="messages_in_words")]

    def __str__(self) -> str:
        return self.public_id


class MessageFile(models.Model):
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="files")
    stored = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")
