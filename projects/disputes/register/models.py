"""The register as it was published. Nothing in it leads to a dispute, a contract or a person."""

from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.money import CurrencyField
from marketplace.common.public_ids import PublicIdField
from projects.disputes.models import Dispute
from projects.disputes.register.grouping import LEAST
from projects.postings.models import Posting


class RegisterQuarter(models.Model):
    """One that is published, also where nothing could be told of it. ``number`` is 20264 for the
    fourth quarter of 2026, in UTC.
    """

    number = models.PositiveIntegerField(unique=True)
    published_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return str(self.number)


class RegisterEntry(models.Model):
    """``decisions`` of one quarter that are alike in all that is told of them. Never changed.

    What is withheld is blank. ``band`` is of the price that was held, by its bounds in whole
    units of ``currency``: both are told, or neither. ``days_median`` are the days from the opening to the
    decision, ``days_total`` those of all together, and ``share_median`` is what the decision gave
    the freelancer of what was held, in per mille.
    """

    class Outcome(models.TextChoices):
        FREELANCER = "freelancer", "All of it to the freelancer"
        DIVIDED = "divided", "Divided"
        CLIENT = "client", "All of it back to the client"

    class DecidedBy(models.TextChoices):
        MEDIATOR = "mediator", "A mediator"
        APPEAL = "appeal", "Another mediator, on appeal"
        RULE = "rule", "The rules for silence"

    class Delivery(models.TextChoices):
        DELIVERED = "delivered", "A delivery was on file"
        NOTHING = "nothing", "No delivery was on file"

    class Missed(models.TextChoices):
        NONE = "none", "No criterion was named as not met"
        SOME = "some", "Some criteria were named as not met"
        ALL = "all", "Every criterion was named as not met"
        NOT_AGREED = "not_agreed", "No criteria were agreed on"

    class OpenedBy(models.TextChoices):
        CLIENT = "client", "The client opened it"
        FREELANCER = "freelancer", "The freelancer opened it"

    public_id = PublicIdField(prefix="rg")
    quarter = models.PositiveIntegerField()
    reason = models.CharField(max_length=20, choices=Dispute.Reason.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    decided_by = models.CharField(max_length=8, choices=DecidedBy.choices, blank=True)
    ground = models.CharField(max_length=20, blank=True)
    delivery = models.CharField(max_length=9, choices=Delivery.choices, blank=True)
    missed = models.CharField(max_length=10, choices=Missed.choices, blank=True)
    opened_by = models.CharField(max_length=10, choices=OpenedBy.choices, blank=True)
    kind = models.CharField(max_length=6, choices=Posting.Kind.choices, blank=True)
    currency = CurrencyField(blank=True)
    band = models.CharField(max_length=24, blank=True)
    decisions = models.PositiveIntegerField()
    days_median = models.PositiveIntegerField()
    days_total = models.PositiveIntegerField()
    share_median = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decisions__gte=LEAST), name="an_entry_stands_for_five_at_least"
            ),
            models.CheckConstraint(
                condition=Q(share_median__lte=1000), name="a_share_is_of_a_thousand"
            ),
        ]
        indexes = [models.Index(fields=["quarter", "id"], name="register_in_order")]

    def __str__(self) -> str:
        return self.public_id
