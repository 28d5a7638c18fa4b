"""A file that somebody adds to their bid."""

from django.db import models
from django.db.models import F, Q

from marketplace.common.models import StoredFile
from projects.bids.models import Bid


class BidFile(models.Model):
    """It stands in the wordings from number ``added_in`` on, and from ``removed_in`` no longer.

    It is kept for good: an earlier wording is read with the files that it had. As sealed as the bid
    itself.
    """

    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="files")
    stored = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")
    added_in = models.PositiveIntegerField()
    removed_in = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(added_in__gte=1)
                & (Q(removed_in__isnull=True) | Q(removed_in__gt=F("added_in"))),
                name="a_file_of_a_bid_stands_in_a_wording",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stored_id} of {self.bid_id}"

    def stands_in(self, number: int) -> bool:
        """Whether the wording of this number has it."""
        return self.added_in <= number and (self.removed_in is None or number < self.removed_in)
