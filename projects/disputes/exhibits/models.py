"""A file that stands on the record of a dispute."""

from django.db import models

from marketplace.common.models import StoredFile
from projects.disputes.models import Statement


class Exhibit(models.Model):
    """It came with a statement. PostgreSQL lets nobody change either, or take it away."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="exhibits")
    stored = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.stored_id} with {self.statement_id}"
