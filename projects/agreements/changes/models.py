"""What one side wants to change of what both signed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM, Lifecycle, Step
from marketplace.common.public_ids import PublicIdField
from projects.contracts.models import Contract


class ChangeOrder(models.Model):
    """A difference from the agreement in force, as data: see ``planning.py`` for what it holds.

    It takes effect when the other side accepts it, as the next version of the agreement. An answer
    may be another order that ``counters`` this one. One that ``is_ending`` ends the whole contract,
    milestone by milestone. Its rows are written with the contract's lock held.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", "Waiting for an answer"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        COUNTERED = "countered", "Answered by another proposal"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Lapsed"

    public_id = PublicIdField(prefix="co")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="change_orders")
    counters = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="countered_by"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_by_role = models.CharField(max_length=12)
    # How the proposer showed that it was they: accepted, it is their signature.
    confirmed_with = models.CharField(max_length=20, blank=True)
    changes = models.JSONField()
    note = models.TextField(max_length=2_000, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PROPOSED)
    created_at = models.DateTimeField(default=now)
    answer_due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contract"],
                condition=Q(status="proposed"),
                name="one_open_change_per_contract",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by_role__in=["client", "freelancer"]),
                name="a_change_is_proposed_by_a_side",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", closed_at__isnull=True)
                | ~Q(status="proposed") & Q(closed_at__isnull=False),
                name="a_change_ends_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_due_at"], condition=Q(status="proposed"), name="changes_that_lapse"
            ),
            models.Index(fields=["contract", "-created_at", "-id"], name="changes_of_a_contract"),
        ]

    def __str__(self) -> str:
        return self.contract.title

    @property
    def state(self) -> "ChangeOrder.Status":
        """What people see: time, the contract's end and what overtakes it close it at once; the
        sweep writes it.
        """
        if self.status == ChangeOrder.Status.PROPOSED and (
            self.answer_due_at <= now() or self.is_moot or self.is_overtaken
        ):
            return ChangeOrder.Status.LAPSED
        return ChangeOrder.Status(self.status)

    @property
    def is_ending(self) -> bool:
        """Whether it ends the contract: then it changes nothing else."""
        return any("end" in change for change in self.changes)

    @property
    def is_overtaken(self) -> bool:
        """Whether it would end the contract, and its money has moved since, or a dispute on it was
        decided: of one that was read with that, by ``as_they_stand`` in ``standing.py``.
        """
        return bool(self.__dict__.get("was_decided") or self.__dict__.get("was_moved"))

    @property
    def is_moot(self) -> bool:
        return self.contract.status != Contract.Status.ACTIVE


S = ChangeOrder.Status
PARTIES = {CLIENT, FREELANCER}

# fmt: off
LIFECYCLE = Lifecycle(
    "change order",
    #    step       from           to            by
    Step("accept",   {S.PROPOSED}, S.ACCEPTED,   PARTIES, label="Accept", tells="change_accepted"),
    Step("decline",  {S.PROPOSED}, S.DECLINED,   PARTIES, label="Decline", tells="change_declined"),
    Step("counter",  {S.PROPOSED}, S.COUNTERED,  PARTIES, label="Propose something else", tells="change_countered"),
    Step("withdraw", {S.PROPOSED}, S.WITHDRAWN,  PARTIES, label="Withdraw", tells="change_withdrawn"),
    Step("lapse",    {S.PROPOSED}, S.LAPSED,     {SYSTEM}, clock="proposal_answer_days", tells="change_lapsed"),
    # The contract has ended: nothing is left to change.
    Step("drop",     {S.PROPOSED}, S.LAPSED,     {SYSTEM}, tells="change_dropped"),
    # One side has ended alone what it was about; or, of an ending, its money has moved, or a dispute
    # was decided.
    Step("overtake", {S.PROPOSED}, S.LAPSED,     {SYSTEM}, tells="change_overtaken"),
)
# fmt: on
