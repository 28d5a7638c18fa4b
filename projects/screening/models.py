"""What the owner of a posting asks everybody who bids, and in which form it is answered."""

from django.db import models
from django.db.models import F, Q

from marketplace.common.public_ids import PublicIdField
from projects.postings.models import Posting


class ScreeningQuestion(models.Model):
    """One of the questions of a posting, read by whoever reads the posting.

    Its answers are sealed: they stand in the bid, by the question's public id. A question is never
    changed: another wording is another question, with an id of its own. PostgreSQL keeps that, and
    that a posting with a bid on it keeps its questions, so that all bids answer the same.
    ``least``, ``most`` and ``unit`` are those of a whole number; ``choices`` those of a list.
    """

    class Kind(models.TextChoices):
        SHORT_TEXT = "short_text", "Short text"
        LONG_TEXT = "long_text", "Long text"
        YES_NO = "yes_no", "Yes or no"
        WHOLE_NUMBER = "whole_number", "Whole number"
        ONE_CHOICE = "one_choice", "One of a list"
        SEVERAL_CHOICES = "several_choices", "Several of a list"

    public_id = PublicIdField(prefix="sq")
    posting = models.ForeignKey(
        Posting, on_delete=models.CASCADE, related_name="screening_questions"
    )
    place = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=15, choices=Kind.choices)
    text = models.CharField(max_length=300)
    is_required = models.BooleanField(default=True)
    unit = models.CharField(max_length=20, blank=True)
    least = models.BigIntegerField(null=True, blank=True)
    most = models.BigIntegerField(null=True, blank=True)
    choices = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["posting", "place"], name="screening_questions_stand_in_an_order"
            ),
            models.CheckConstraint(
                condition=Q(kind="whole_number")
                | Q(unit="", least__isnull=True, most__isnull=True),
                name="only_numbers_have_bounds",
            ),
            models.CheckConstraint(
                condition=Q(least__isnull=True) | Q(most__isnull=True) | Q(most__gte=F("least")),
                name="bounds_of_a_number_are_a_range",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["one_choice", "several_choices"]) & ~Q(choices=[])
                | ~Q(kind__in=["one_choice", "several_choices"]) & Q(choices=[]),
                name="lists_alone_have_choices",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def has_choices(self) -> bool:
        """Whether its answers can be told apart by a machine: a list may be narrowed by them."""
        return self.kind in (self.Kind.YES_NO, self.Kind.ONE_CHOICE, self.Kind.SEVERAL_CHOICES)

    @property
    def bounds_in_words(self) -> str:
        """How large a number may be, with its unit; '' where everything is allowed."""
        unit = f" {self.unit}" if self.unit else ""
        if self.least is not None and self.most is not None:
            return f"from {self.least:,} to {self.most:,}{unit}"
        if self.least is not None:
            return f"at least {self.least:,}{unit}"
        return f"at most {self.most:,}{unit}" if self.most is not None else ""
