"""What somebody who thinks of bidding asks about a posting, and what its owner answers in public."""

from django.db import models
from django.db.models import Q

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.lifecycle import FREELANCER, MODERATOR, OWNER, Lifecycle, Step
from marketplace.common.public_ids import PublicIdField
from projects.postings.models import Posting


class Question(models.Model):
    """A question becomes public with its answer, and nobody is told who asked.

    Who bids is sealed: the name of the asker would tell the others, and the client before the bids
    are in. Until it is answered only the asker, the owner and moderators read it, so that nothing
    stands under a posting that its owner has not looked at. PostgreSQL keeps the words as they
    were sent: a question is withdrawn and asked anew, an answer stands.
    """

    class Status(models.TextChoices):
        ASKED = "asked", "Waiting for an answer"
        ANSWERED = "answered", "Answered"
        DECLINED = "declined", "Not answered"
        WITHDRAWN = "withdrawn", "Withdrawn"
        REMOVED = "removed", "Removed"

    public_id = PublicIdField(prefix="qn")
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="questions")
    asker = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="questions")
    text = models.TextField(max_length=1_000)
    answer = models.TextField(max_length=3_000, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.ASKED)
    status_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True)
                | ~Q(answer="") & Q(answered_at__isnull=False),
                name="an_answer_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="answered") | ~Q(answer=""),
                name="what_is_answered_has_an_answer",
            ),
        ]
        indexes = [
            models.Index(fields=["posting", "-created_at", "-id"], name="questions_on_a_posting"),
            models.Index(fields=["asker", "-created_at"], name="questions_of_a_party"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def waits(self) -> bool:
        """Whether it may still be answered: with its posting it ends as it is."""
        is_over = self.posting.status in {
            Posting.Status.AWARDED,
            Posting.Status.CLOSED,
            Posting.Status.EXPIRED,
        }
        return self.status == Question.Status.ASKED and not is_over

    @property
    def status_in_words(self) -> str:
        was_left = self.status == Question.Status.ASKED and not self.waits
        return "Not answered before the end" if was_left else self.get_status_display()

    @property
    def path(self) -> str:
        """Its page, for those who are told about it."""
        return f"/questions/{self.public_id}/"


S = Question.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "question",
    #    step       from                     to           by
    Step("answer",   {S.ASKED},              S.ANSWERED,  {OWNER}, label="Answer", tells="question_answered"),
    Step("decline",  {S.ASKED},              S.DECLINED,  {OWNER}, label="Do not answer", tells="question_declined"),
    Step("withdraw", {S.ASKED},              S.WITHDRAWN, {FREELANCER}, label="Withdraw"),
    Step("remove",   {S.ASKED, S.ANSWERED},  S.REMOVED,   {MODERATOR}, label="Remove", tells="question_removed"),
)
# fmt: on
