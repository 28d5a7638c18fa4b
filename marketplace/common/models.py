"""The few tables that every floor shares."""

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from marketplace.common.public_ids import PublicIdField


class ClockOffset(models.Model):
    """How far the sandbox clock is ahead: one row, or none where it was never moved."""

    seconds = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_clock"),
            models.CheckConstraint(
                condition=models.Q(seconds__gte=0), name="the_clock_never_runs_back"
            ),
        ]

    @classmethod
    def current(cls) -> timedelta:
        seconds = cls.objects.filter(pk=1).values_list("seconds", flat=True).first()
        return timedelta(seconds=seconds or 0)


class Heartbeat(models.Model):
    """When a process of this name was last seen at work, in wall time."""

    name = models.CharField(max_length=40, unique=True)
    seen_at = models.DateTimeField()


class Outage(models.Model):
    """The house was not at work from one moment to another, by the clock of the house.

    Clocks that would have struck in it are put off, each once; ``made_up_at`` says that all are.
    Until then none strikes.
    """

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    made_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(began_at__lt=models.F("ended_at")), name="an_outage_lasts"
            )
        ]
        indexes = [
            models.Index(fields=["-ended_at"], name="outages_newest_first"),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(made_up_at__isnull=True),
                name="outages_to_make_up_for",
            ),
        ]


class StoredFile(models.Model):
    """A file as it was received: its bytes never change, so its hash is its name in agreements, and
    PostgreSQL lets nobody change its row or take it away.
    """

    public_id = PublicIdField(prefix="fi")
    file = models.FileField(upload_to="files/%Y/%m/", max_length=300)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gt=0), name="a_file_is_not_empty")
        ]

    def __str__(self) -> str:
        return self.name


class IdempotencyRecord(models.Model):
    """One ``Idempotency-Key`` of one person, written with the deed that was done under it.

    Either it is answered (``status``, ``body``), or what follows the deed outside its transaction
    was begun (``begun``: its arguments), and somebody is at it until ``busy_until``.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    begun = models.JSONField(null=True)
    busy_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_idempotency_key"),
            models.CheckConstraint(
                condition=models.Q(status__isnull=False) | models.Q(begun__isnull=False),
                name="an_idempotency_key_stands_for_a_deed",
            ),
        ]
        indexes = [models.Index(fields=["started_at"], name="idempotency_records_by_age")]


class AuditEntry(models.Model):
    """A deed of staff. PostgreSQL gives it its number and its link, and lets nobody change it."""

    # Written by its trigger: an insert says neither.
    number = models.BigIntegerField(unique=True, default=0)
    previous_hash = models.CharField(max_length=64, default="")
    hash = models.CharField(max_length=64, default="")
    at = models.DateTimeField()
    # Nobody where the house itself, or whoever runs it, did it by a command.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    role = models.CharField(max_length=12)
    deed = models.CharField(max_length=60)
    subject = models.CharField(max_length=60)
    text = models.TextField()
    reason = models.TextField(blank=True)
    about = ArrayField(models.BigIntegerField(), default=list)
    search = models.GeneratedField(
        expression=SearchVector("text", "reason", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        indexes = [
            models.Index(fields=["deed", "-number"], name="audit_entries_by_deed"),
            models.Index(fields=["subject", "-number"], name="audit_entries_by_subject"),
            models.Index(fields=["at"], name="audit_entries_by_day"),
            GinIndex(fields=["about"], name="audit_entries_about"),
            GinIndex(fields=["search"], name="audit_entries_in_words"),
        ]

    def __str__(self) -> str:
        return self.text
