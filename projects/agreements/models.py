"""What one side puts to the other, to be agreed on."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM, Lifecycle, Step
from marketplace.common.money import AmountField
from marketplace.common.public_ids import PublicIdField
from projects.milestones.models import Milestone


class Proposal(models.Model):
    """To end a milestone by consent: ``to_freelancer`` of its price, in minor units; the rest back.

    Or the rest goes ``into`` another milestone of the contract, which is agreed at so much more:
    ``rolled`` is that part of the price, and ``limit_at`` until when the provider holds the other's
    money then, both as they stood when it was proposed.
    Its rows are written with the milestone's lock held: whoever ends the work and whoever agrees
    meet there.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", "Waiting for an answer"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        COUNTERED = "countered", "Answered by another division"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Lapsed"

    public_id = PublicIdField(prefix="pr")
    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="proposals")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_by_role = models.CharField(max_length=12)
    # How the proposer showed that it was they: accepted, it is their signature.
    confirmed_with = models.CharField(max_length=20, blank=True)
    to_freelancer = AmountField()
    into = models.ForeignKey(Milestone, on_delete=models.PROTECT, null=True, related_name="+")
    rolled = AmountField(null=True)
    limit_at = models.DateTimeField(null=True)
    note = models.TextField(max_length=2_000, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PROPOSED)
    created_at = models.DateTimeField(default=now)
    answer_due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["milestone"],
                condition=Q(status="proposed"),
                name="one_open_proposal_per_milestone",
            ),
            models.CheckConstraint(
                condition=Q(to_freelancer__gte=0), name="a_proposal_takes_nothing_away"
            ),
            models.CheckConstraint(
                condition=Q(into=None, rolled=None)
                | Q(into__isnull=False, rolled__gt=0) & ~Q(into=models.F("milestone")),
                name="a_rest_goes_elsewhere_or_back",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by_role__in=["client", "freelancer"]),
                name="a_proposal_is_made_by_a_side",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", closed_at__isnull=True)
                | ~Q(status="proposed") & Q(closed_at__isnull=False),
                name="a_proposal_ends_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_due_at"],
                condition=Q(status="proposed"),
                name="proposals_that_lapse",
            ),
            models.Index(
                fields=["milestone", "-created_at", "-id"], name="proposals_of_a_milestone"
            ),
        ]

    def __str__(self) -> str:
        return self.milestone.title

    @property
    def state(self) -> "Proposal.Status":
        """What people see: time, the milestone's end, a decision about it and a released part close
        it at once; the sweep writes it.
        """
        if self.status == Proposal.Status.PROPOSED and (
            self.answer_due_at <= now() or self.is_moot or self.is_overtaken
        ):
            return Proposal.Status.LAPSED
        return Proposal.Status(self.status)

    @property
    def is_overtaken(self) -> bool:
        """Whether a dispute about the milestone was decided while it waited, or a part released: of
        one that was read with that, by ``as_they_stand`` of the selectors.
        """
        return bool(self.__dict__.get("was_decided") or self.__dict__.get("was_paid"))

    @property
    def is_moot(self) -> bool:
        """Whether the milestone, or the one that was to get its rest, has ended by other means."""
        into = self.into
        return self.milestone.closed_at is not None or (
            into is not None and into.closed_at is not None
        )


S = Proposal.Status
PARTIES = {CLIENT, FREELANCER}

# fmt: off
LIFECYCLE = Lifecycle(
    "proposal",
    #    step       from           to           by
    Step("accept",   {S.PROPOSED}, S.ACCEPTED,  PARTIES, label="Accept", tells="ending_accepted"),
    Step("decline",  {S.PROPOSED}, S.DECLINED,  PARTIES, label="Decline", tells="ending_declined"),
    # By proposing another: there is no such answer without one.
    Step("counter",  {S.PROPOSED}, S.COUNTERED, PARTIES, label="Propose something else", tells="ending_countered"),
    Step("withdraw", {S.PROPOSED}, S.WITHDRAWN, PARTIES, label="Withdraw", tells="ending_withdrawn"),
    Step("lapse",    {S.PROPOSED}, S.LAPSED,    {SYSTEM}, clock="proposal_answer_days", tells="ending_lapsed"),
    # The milestone, or the other, has ended by other means: nothing is left to agree on.
    Step("drop",     {S.PROPOSED}, S.LAPSED,    {SYSTEM}, tells="ending_dropped"),
    # A dispute about the milestone was decided, or a part released: what was proposed before was of
    # other prospects, or of other money.
    Step("overtake", {S.PROPOSED}, S.LAPSED,    {SYSTEM}, tells="ending_overtaken"),
)
# fmt: on
