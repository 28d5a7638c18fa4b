"""Somebody whom the owner of a posting asks to bid, and what they answered."""

from django.db import models
from django.db.models import Q

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.lifecycle import FREELANCER, OWNER, SYSTEM, Lifecycle, Step
from marketplace.common.public_ids import PublicIdField
from projects.postings.models import Posting


class Invitation(models.Model):
    """By profile it names the ``freelancer``; by e-mail it names the address as it was typed.

    An address tells nobody whether it belongs to an account: the invitation is for whoever has
    proven it, today or later, and names a ``freelancer`` only once that person has answered.
    PostgreSQL keeps who was invited, and the note, as they were sent.
    """

    class Status(models.TextChoices):
        INVITED = "invited", "Invited"
        ACCEPTED = "accepted", "Has bid"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Lapsed"

    public_id = PublicIdField(prefix="iv")
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="invitations")
    freelancer = models.ForeignKey(
        Party, null=True, on_delete=models.PROTECT, related_name="invitations"
    )
    email = models.EmailField(blank=True)
    note = models.TextField(max_length=1_000, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.INVITED)
    status_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(email="") | Q(freelancer__isnull=False),
                name="an_invitation_is_for_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["accepted", "declined"]) | Q(freelancer__isnull=False),
                name="whoever_answers_an_invitation_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status="invited", closed_at__isnull=True)
                | ~Q(status="invited") & Q(closed_at__isnull=False),
                name="an_answered_invitation_has_its_time",
            ),
            models.UniqueConstraint(
                fields=["posting", "freelancer"],
                condition=Q(email="") & ~Q(status="withdrawn"),
                name="one_invitation_of_a_person",
            ),
            models.UniqueConstraint(
                fields=["posting", "email"],
                condition=~Q(email="") & ~Q(status="withdrawn"),
                name="one_invitation_of_an_address",
            ),
        ]
        indexes = [
            models.Index(fields=["posting", "-created_at", "-id"], name="invitations_to_a_posting"),
            models.Index(
                fields=["freelancer", "-created_at", "-id"], name="invitations_of_a_person"
            ),
            models.Index(
                fields=["email", "-created_at", "-id"],
                condition=~Q(email=""),
                name="invitations_of_an_address",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def path(self) -> str:
        """Its page, for those who are told about it."""
        return f"/invitations/{self.public_id}/"

    @property
    def whom(self) -> str:
        """As its owner named them: an address stays an address until they answer."""
        if self.freelancer is None:
            return self.email
        return f"{self.freelancer.name} ({self.email})" if self.email else self.freelancer.name

    @property
    def invites_to_bid(self) -> bool:
        """Whether a bid would still answer it: who declined may think again."""
        return self.status in (S.INVITED, S.DECLINED) and self.posting.takes_bids


S = Invitation.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "invitation",
    #    step       from                      to           by
    Step("accept",   {S.INVITED, S.DECLINED}, S.ACCEPTED,  {FREELANCER}, tells="bid_submitted"),
    Step("decline",  {S.INVITED},             S.DECLINED,  {FREELANCER}, label="Decline", tells="invitation_declined"),
    Step("withdraw", {S.INVITED},             S.WITHDRAWN, {OWNER}, label="Withdraw"),
    Step("lapse",    {S.INVITED},             S.LAPSED,    {SYSTEM}),
)
# fmt: on
