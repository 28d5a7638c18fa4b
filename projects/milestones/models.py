"""A part of a contract with its own price, date and money."""

from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import (
    BOTH,
    CLIENT,
    FREELANCER,
    SYSTEM,
    Lifecycle,
    Step,
)
from marketplace.common.models import StoredFile
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField
from payments.escrow.models import Escrow
from projects.contracts.models import Contract


class Milestone(models.Model):
    """The work's state stands here; the money's state is asked of the escrow, never copied.

    Clocks are due times in this row: ``due_at`` (agreed delivery), ``review_ends_at`` (silence
    then approves). A clock that does not run is null.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        SUBMITTED = "submitted", "Submitted"
        RETURNED = "returned", "Changes asked for"
        DISPUTED = "disputed", "Disputed"
        RELEASED = "released", "Released"
        REFUNDED = "refunded", "Refunded"
        SPLIT = "split", "Split"
        CANCELLED = "cancelled", "Cancelled"

    public_id = PublicIdField(prefix="ms")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="milestones")
    # Its number in the agreement, which it keeps; and where it stands in the order of the newest
    # version, behind which stands what was dropped.
    position = models.PositiveSmallIntegerField()
    place = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=150)
    amount = AmountField()
    currency = CurrencyField()
    criteria = ArrayField(models.CharField(max_length=300), default=list)
    # How long the work may take once it is funded: a late funding moves ``due_at``, but not while it
    # is late by no more than the ``leeway``, which a date has that both have named.
    allowance = models.DurationField()
    leeway = models.DurationField(default=timedelta)
    # In which zone (IANA) a day ends, where the ``allowance`` is days of the plan; empty where both
    # have named a moment, and in plans that were signed before days ended.
    days_end_in = models.CharField(max_length=40, blank=True)
    due_at = models.DateTimeField()
    # What outages of ours have added to the time after ``due_at``, and to the time to start.
    grace_extension = models.DurationField(default=timedelta)
    start_extension = models.DurationField(default=timedelta)
    escrow = models.OneToOneField(Escrow, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PLANNED)
    # How often changes were asked for; the agreement says how often that may be, for each milestone,
    # unless both have agreed on another number for this one since.
    revisions_agreed = models.PositiveSmallIntegerField(null=True)
    revisions_used = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    review_ends_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # Whether its contract was not looked at since: perhaps it has ended with it.
    end_is_news = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "position"], name="milestones_are_in_order"
            ),
            # Judged at COMMIT: where one moves, others make room.
            models.UniqueConstraint(
                fields=["contract", "place"],
                name="milestones_have_a_place_each",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(status="submitted") | Q(review_ends_at__isnull=True),
                name="only_submitted_work_is_under_review",
            ),
        ]
        indexes = [
            models.Index(
                fields=["review_ends_at"],
                condition=Q(review_ends_at__isnull=False),
                name="reviews_that_end",
            ),
            models.Index(
                fields=["closed_at"], condition=Q(end_is_news=True), name="ends_that_are_news"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def revisions(self) -> int | None:
        """How often changes may be asked for; None where the agreement does not limit it."""
        return self.contract.revisions if self.revisions_agreed is None else self.revisions_agreed


S = Milestone.Status
PARTIES = {CLIENT, FREELANCER}
AT_WORK = {S.PLANNED, S.SUBMITTED, S.RETURNED}

# fmt: off
LIFECYCLE = Lifecycle(
    "milestone",
    #    step              from                     to            by
    Step("fund",           AT_WORK,                 "same",       {CLIENT}, label="Fund", tells="milestone_funded"),
    Step("start",          {S.PLANNED},             "same",       {FREELANCER}, label="Start work", tells="work_started"),
    Step("submit",         {S.PLANNED, S.RETURNED}, S.SUBMITTED,  {FREELANCER}, label="Submit work", tells="work_submitted"),
    Step("return",         {S.SUBMITTED},           S.RETURNED,   {CLIENT}, label="Ask for changes", tells="work_returned"),
    Step("release",        AT_WORK | {S.DISPUTED},  S.RELEASED,   {CLIENT}, label="Approve and release", tells="milestone_released"),
    Step("release_part",   AT_WORK,                 "same",       {CLIENT}, label="Release a part", tells="part_released"),
    Step("release_silent", {S.SUBMITTED},           S.RELEASED,   {SYSTEM}, clock="review_period_days", tells="milestone_released"),
    Step("cancel_unfunded", {S.PLANNED},            S.CANCELLED,  {FREELANCER}, label="Cancel: not funded in time", clock="funding_days", tells="milestone_cancelled"),
    Step("cancel",         AT_WORK | {S.DISPUTED},  S.CANCELLED,  {FREELANCER}, label="Cancel and refund", tells="milestone_cancelled"),
    Step("drop",           {S.PLANNED},             S.CANCELLED,  {CLIENT}, label="Cancel", tells="milestone_cancelled"),
    Step("cancel_late",    {S.PLANNED, S.RETURNED}, S.CANCELLED,  {CLIENT}, label="Cancel for lateness", clock="lateness_grace_days", tells="milestone_cancelled"),
    Step("cancel_idle",    {S.PLANNED},             S.CANCELLED,  {CLIENT}, label="Cancel: never started", clock="never_started_days", tells="milestone_cancelled"),
    Step("refund_limit",   AT_WORK | {S.DISPUTED},  S.REFUNDED,   {SYSTEM}, clock="holding_days", tells="milestone_refunded"),
    Step("propose_ending", AT_WORK | {S.DISPUTED},  "same",       PARTIES, label="Propose to end it", tells="ending_proposed"),
    Step("cancel_agreed",  AT_WORK | {S.DISPUTED},  {S.CANCELLED, S.SPLIT, S.RELEASED}, {BOTH}, tells="ending_accepted"),
    Step("adjust",         AT_WORK,                 "same",       {BOTH}, tells="change_accepted"),
    Step("roll",           AT_WORK,                 S.RELEASED,   {BOTH}, tells="ending_accepted"),
    Step("roll_in",        AT_WORK,                 "same",       {BOTH}),
    Step("dispute",        AT_WORK,                 S.DISPUTED,   PARTIES, label="Open a dispute", tells="dispute_opened"),
    Step("resolve",        {S.DISPUTED}, {S.RELEASED, S.REFUNDED, S.SPLIT}, {SYSTEM}, tells="ruling_carried_out"),
)
# fmt: on


class Submission(models.Model):
    """One delivery: never changed once sent.

    ``criteria`` answers those of the milestone at that time, in their order: {"criterion" (its
    words), "met", "how"}. ``not_met`` are the words of those that the client found not met, as they
    were agreed when they said so: both sides may have changed the criteria in between.
    """

    public_id = PublicIdField(prefix="sb")
    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="submissions")
    version = models.PositiveSmallIntegerField()
    note = models.TextField(max_length=10_000)
    links = ArrayField(models.URLField(max_length=500), default=list)
    criteria = models.JSONField(default=list)
    created_at = models.DateTimeField(default=now)
    returned_at = models.DateTimeField(null=True)
    answer = models.TextField(max_length=10_000, blank=True)
    not_met = ArrayField(models.CharField(max_length=300), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["milestone", "version"], name="submissions_are_numbered"
            )
        ]

    @property
    def answers(self) -> list[dict[str, Any]]:
        """What it says to each criterion, and whether the client found that one not met; behind
        them those that were agreed on only after it was sent.
        """
        answered = [one | {"is_refused": one["criterion"] in self.not_met} for one in self.criteria]
        words = {one["criterion"] for one in answered}
        later = [criterion for criterion in self.not_met if criterion not in words]
        return answered + [{"criterion": one, "is_refused": True} for one in later]


class SubmissionFile(models.Model):
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="files")
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")


class Reminder(models.Model):
    """A warning that a clock will strike: told once, dropped when its reason has gone."""

    milestone = models.ForeignKey(Milestone, on_delete=models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["milestone", "kind", "due_at"], name="a_reminder_is_told_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(told_at__isnull=True), name="reminders_to_tell"
            )
        ]
