"""A disagreement on one funded milestone; the others go on."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from marketplace.common.clock import now
from marketplace.common.lifecycle import (
    BOTH,
    CLIENT,
    FREELANCER,
    MEDIATOR,
    SYSTEM,
    Lifecycle,
    Step,
)
from marketplace.common.money import AmountField
from marketplace.common.public_ids import PublicIdField
from projects.milestones.models import Milestone


class Dispute(models.Model):
    """``asked_for`` and ``to_freelancer`` are parts of the milestone's price, in minor units.

    ``to_freelancer`` is what went to the freelancer when a decision was carried out, or both sealed
    figures met; null while it is open, and where the milestone ended by other means, such as an
    open proposal that was accepted. Who got what then, the books say.

    ``not_met`` are the words of the criteria that the opener names as not met, as they are agreed.

    Its rows are written with the milestone's lock held: whoever ends the work and whoever judges
    it meet there.
    """

    class Status(models.TextChoices):
        OPENED = "opened", "Waiting for an answer"
        NEGOTIATING = "negotiating", "Being negotiated"
        UNDER_REVIEW = "under_review", "With a mediator"
        DECIDED = "decided", "Decided"
        APPEALED = "appealed", "Appealed"
        CLOSED = "closed", "Closed"

    class Reason(models.TextChoices):
        NOT_DELIVERED = "not_delivered", gettext_noop("Nothing was delivered")
        NOT_AS_AGREED = "not_as_agreed", gettext_noop("The work is not as agreed")
        LATE = "late", gettext_noop("The work is late")
        UNFAIR_RETURN = "unfair_return", gettext_noop("Changes beyond what was agreed")
        NO_RESPONSE = "no_response", gettext_noop("The other side does not answer")
        OTHER = "other", gettext_noop("Something else")

    public_id = PublicIdField(prefix="dp")
    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="disputes")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opened_by_role = models.CharField(max_length=12)
    reason = models.CharField(max_length=20, choices=Reason.choices)
    not_met = ArrayField(models.CharField(max_length=300), default=list)
    asked_for = AmountField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPENED)
    created_at = models.DateTimeField(default=now)
    answer_due_at = models.DateTimeField(null=True)
    # Until then both may settle it between themselves, unless both have asked for a mediator: the
    # side that has asked while the other has not.
    negotiation_ends_at = models.DateTimeField(null=True)
    mediator_asked_by = models.CharField(max_length=12, blank=True)
    # When the ruling is expected, and when it was told that it had not come by then.
    ruling_expected_at = models.DateTimeField(null=True)
    ruling_late_at = models.DateTimeField(null=True)
    ruling_due_at = models.DateTimeField(null=True)
    # When it was told that nobody had decided at the latest moment either, and last to the staff.
    ruling_missed_at = models.DateTimeField(null=True)
    ruling_urged_at = models.DateTimeField(null=True)
    # A decision stands until then, and is carried out; who has accepted it (a side, or "both" where
    # it waits for a bank still), and the side that has appealed.
    appeal_ends_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=12, blank=True)
    appealed_by = models.CharField(max_length=12, blank=True)
    # The other side can say something to the appeal until then, or has: the last word comes after.
    reply_until = models.DateTimeField(null=True)
    # The end of a time of the sides that they were last reminded of.
    reminded_of = models.DateTimeField(null=True)
    to_freelancer = AmountField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["milestone"],
                condition=~Q(status="closed"),
                name="one_open_dispute_per_milestone",
            ),
            models.CheckConstraint(
                condition=~Q(status="decided") | Q(appeal_ends_at__isnull=False),
                name="a_decision_stands_until_a_moment",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_due_at"], condition=Q(status="opened"), name="answers_that_are_due"
            ),
            models.Index(
                fields=["negotiation_ends_at"],
                condition=Q(status="negotiating"),
                name="negotiations_that_are_over",
            ),
            models.Index(
                fields=["ruling_expected_at"],
                condition=Q(status__in=["under_review", "appealed"], ruling_late_at=None),
                name="rulings_that_are_expected",
            ),
            models.Index(
                fields=["ruling_due_at"],
                condition=Q(status="under_review", ruling_missed_at=None),
                name="rulings_that_are_due",
            ),
            models.Index(
                fields=["ruling_urged_at"],
                condition=Q(status="under_review", ruling_missed_at__isnull=False),
                name="rulings_that_are_missed",
            ),
            models.Index(
                fields=["appeal_ends_at"],
                condition=Q(status="decided"),
                name="decisions_that_stand",
            ),
            models.Index(
                fields=["ruling_due_at"],
                condition=Q(status="appealed"),
                name="appeals_that_are_over",
            ),
            models.Index(
                fields=["reply_until"],
                condition=Q(status="appealed"),
                name="replies_that_are_waited_for",
            ),
            models.Index(
                fields=["created_at", "id"],
                condition=~Q(status="closed"),
                name="open_disputes_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.milestone.title

    @property
    def waits_for_reply(self) -> bool:
        """Whether the other side can still say something to an appeal, and has not."""
        is_appealed = self.status == Dispute.Status.APPEALED
        return is_appealed and self.reply_until is not None and now() < self.reply_until

    @property
    def desk_path(self) -> str:
        """The page of those who decide it."""
        return f"/desk/disputes/{self.public_id}/"

    @property
    def path(self) -> str:
        """Its page, for both sides."""
        return f"/disputes/{self.public_id}/"

    @property
    def instance(self) -> int:
        """1, or 2 on appeal: the number of the ruling that comes next, or was the last."""
        return 2 if self.appealed_by else 1

    @property
    def assignee(self):
        """The mediator who looks after it, if one does. An appeal begins with nobody."""
        had_it = [one for one in self.assignments.all() if one.number == self.instance]
        return max(had_it, key=lambda one: one.pk).mediator if had_it else None

    @property
    def waiting_ruling(self):
        """The decision that waits for a second mediator, if one does."""
        return next((one for one in self.proposed_rulings.all() if one.waits), None)

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody, as people see it."""
        return self.state in OPEN

    @property
    def state(self) -> "Dispute.Status":
        """What people see: the end of the milestone closes it at once, the sweep writes it down."""
        if self.status in OPEN and self.milestone.closed_at is not None:
            return Dispute.Status.CLOSED
        return Dispute.Status(self.status)


S = Dispute.Status
OPEN = {S.OPENED, S.NEGOTIATING, S.UNDER_REVIEW, S.DECIDED, S.APPEALED}
# With a mediator, whose clocks run.
JUDGED = {S.UNDER_REVIEW, S.APPEALED}
HEARD = {S.OPENED, S.NEGOTIATING} | JUDGED

# fmt: off
LIFECYCLE = Lifecycle(
    "dispute",
    #    step     from               to              by
    Step("answer",   {S.OPENED},     S.NEGOTIATING,  {CLIENT, FREELANCER}, label="Answer", tells="dispute_answered"),
    Step("state",    HEARD,          "same",         {CLIENT, FREELANCER}, label="Add a statement", tells="dispute_statement"),
    Step("escalate", {S.OPENED},     S.UNDER_REVIEW, {SYSTEM}, clock="dispute_answer_days", tells="dispute_escalated"),
    # The side that asks second hands it over at once.
    Step("ask_mediator", {S.NEGOTIATING}, {S.NEGOTIATING, S.UNDER_REVIEW}, {CLIENT, FREELANCER}, label="Ask for a mediator", tells="mediator_asked"),
    Step("hand_over", {S.NEGOTIATING}, S.UNDER_REVIEW, {SYSTEM}, clock="negotiation_days", tells="dispute_handed_over"),
    # Also to change what one has sealed, or to take it back: of none of it anybody is told.
    Step("seal",     OPEN,           "same",         {CLIENT, FREELANCER}, label="Seal a figure"),
    Step("settle",   OPEN,           S.CLOSED,       {BOTH}, tells="dispute_settled"),
    Step("chase",    JUDGED,         "same",       {SYSTEM}, clock="ruling_working_days", tells="ruling_late"),
    # The house has broken its word: on appeal the first decision stands then.
    Step("own_up",   {S.UNDER_REVIEW}, "same",       {SYSTEM}, clock="ruling_days", tells="ruling_overdue"),
    Step("assign",   HEARD,          "same",         {MEDIATOR}),
    Step("give_up",  HEARD,          "same",         {MEDIATOR}),
    # Not before the other side was heard, or its time to answer is over.
    # Of an appeal it is the last word, and carried out at once.
    Step("decide",   JUDGED,         S.DECIDED,      {MEDIATOR}, label="Decide", tells="dispute_decided"),
    Step("decide_by_rule", {S.OPENED}, S.DECIDED,    {SYSTEM}, tells="dispute_decided"),
    # The side that accepts second has it carried out at once.
    Step("accept",   {S.DECIDED},    {S.DECIDED, S.CLOSED}, {CLIENT, FREELANCER}, label="Accept the decision", tells="ruling_accepted"),
    Step("appeal",   {S.DECIDED},    S.APPEALED,     {CLIENT, FREELANCER}, label="Appeal", tells="dispute_appealed"),
    # Of an appeal: the first one, where no other mediator has decided in time.
    Step("carry_out", {S.DECIDED, S.APPEALED}, S.CLOSED,       {SYSTEM}, clock="appeal_days", tells="ruling_carried_out"),
    Step("close",    OPEN,           S.CLOSED,       {SYSTEM}, tells="dispute_closed"),
)
# fmt: on


class Statement(models.Model):
    """What one side says for the record."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="statements")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=12)
    text = models.TextField(max_length=10_000)
    created_at = models.DateTimeField(default=now)


class Ruling(models.Model):
    """One decision: what was found, which rule was applied, why, and the split. PostgreSQL lets
    nobody change or delete it: ``carried_out_at`` alone is written later, once.

    ``to_freelancer`` is a part of the milestone's price in minor units, and ``held`` the part of it
    that was held then. ``by`` is null where the house decided by a rule; ``confirmed_by`` is the
    second mediator, where one was needed. The second one, on appeal, is the last. Of decisions from
    before appeals only the reasons are known. ``ground`` names the rule for the public register: a
    ``Ground``, or a row for silence; of older ones nobody knows it.
    """

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="rulings")
    number = models.PositiveSmallIntegerField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    facts = models.TextField(max_length=10_000, blank=True)
    rule = models.CharField(max_length=300, blank=True)
    ground = models.CharField(max_length=20, blank=True)
    reasons = models.TextField(max_length=10_000)
    to_freelancer = AmountField()
    held = AmountField()
    created_at = models.DateTimeField(default=now)
    carried_out_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "number"], name="rulings_are_numbered"),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=2), name="a_case_is_ruled_twice_at_most"
            ),
            models.CheckConstraint(condition=~Q(reasons=""), name="a_ruling_has_reasons"),
            models.CheckConstraint(
                condition=Q(to_freelancer__gte=0, to_freelancer__lte=F("held")),
                name="a_ruling_divides_what_is_held",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("by")),
                name="two_mediators_are_two_people",
            ),
        ]
        indexes = [
            models.Index(
                fields=["carried_out_at"],
                condition=Q(carried_out_at__isnull=False),
                name="rulings_by_when_carried_out",
            )
        ]

    def __str__(self) -> str:
        return f"ruling {self.number} of {self.dispute_id}"
