"""A search of a list that somebody keeps under a name."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from marketplace.common.clock import now
from marketplace.common.public_ids import PublicIdField

LONGEST_NAME = 40


class SavedFilter(models.Model):
    """For its owner alone. ``page`` is the route of the list, ``query`` what its address asks."""

    public_id = PublicIdField(prefix="sf")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    page = models.CharField(max_length=40)
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.JSONField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner", "page", Lower("name"), name="a_saved_filter_has_a_name_of_its_own"
            )
        ]

    def __str__(self) -> str:
        return self.name
