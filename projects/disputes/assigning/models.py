"""Who has had a case, line by line. Nothing of it is ever changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.common.clock import now
from projects.disputes.models import Dispute


class Assignment(models.Model):
    """From then on it was ``mediator`` who looked after it, or nobody; ``by`` saw to that.

    ``number`` is that of the ruling that was to come: an appeal begins with nobody, and whoever had
    the case before it has nothing to do with it any more. Written with the dispute's lock held.
    """

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="assignments")
    number = models.PositiveSmallIntegerField()
    mediator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=2), name="a_case_is_assigned_in_an_instance"
            )
        ]

    def __str__(self) -> str:
        return f"assignment of {self.dispute_id}"
