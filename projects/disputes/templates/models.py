"""A text for the fields of a decision, under a name."""

from django.conf import settings
from django.db import models

from marketplace.common.clock import now
from marketplace.common.public_ids import PublicIdField


class ReasonTemplate(models.Model):
    """All mediators share them. What was decided keeps its own words, whatever becomes of one."""

    public_id = PublicIdField(prefix="rt")
    name = models.CharField(max_length=80, unique=True)
    facts = models.TextField(max_length=10_000, blank=True)
    rule = models.CharField(max_length=300, blank=True)
    reasons = models.TextField(max_length=10_000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.name
