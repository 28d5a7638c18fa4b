"""A project that a client wants done."""

from datetime import datetime, timedelta

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Lower

from accounts.parties.models import Party
from marketplace.common.clock import now
from marketplace.common.lifecycle import MODERATOR, OWNER, SYSTEM, Lifecycle, Step
from marketplace.common.models import StoredFile
from marketplace.common.money import AmountField, CurrencyField
from marketplace.common.public_ids import PublicIdField

# Each of them is chosen by reading bids: for more people than this nobody does.
MOST_AWARDS = 20
# After the last bid came in. A bid may be valid for so long, so that time takes none of them away.
TIME_TO_CHOOSE = timedelta(days=60)
# The skills as a machine compares them: a capital letter makes no other skill.
SKILLS_FOLDED = Cast(Lower(Cast("skills", models.TextField())), models.JSONField())


class Posting(models.Model):
    """What is wanted, for how much, by when. Amounts are minor units of ``currency``.

    A fixed posting's budget is for the whole; an hourly posting's range is per hour, and it is bid
    on with milestones all the same. Without a budget it is open to offers. Once ``bids_close_at``
    has passed no bid comes in any more; the posting expires when none is left to choose from, and
    with those that are left once nobody was chosen by ``choose_by``. ``awards`` is for how many
    freelancers it is, each with a contract of their own: it is open until so many offers are
    accepted, or ends with those that were.
    An unlisted posting is in no list and found by no search: its address is given by hand. An
    invite-only one is not there at all but for those whom its client invites.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open for bids"
        AWARDED = "awarded", "Awarded"
        CLOSED = "closed", "Closed"
        EXPIRED = "expired", "Expired"
        SUSPENDED = "suspended", "Suspended"

    class Kind(models.TextChoices):
        FIXED = "fixed", "Fixed price"
        HOURLY = "hourly", "Hourly"

    class Visibility(models.TextChoices):
        PUBLIC = "public", "Public: everybody finds it"
        UNLISTED = "unlisted", "Unlisted: only whoever has its address"
        INVITE_ONLY = "invite_only", "Invite-only: only those whom you invite"

    public_id = PublicIdField(prefix="pt")
    client = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="postings")
    title = models.CharField(max_length=150)
    description = models.TextField(max_length=20_000, blank=True)
    skills = models.JSONField(default=list, blank=True)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.FIXED)
    visibility = models.CharField(
        max_length=11, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    currency = CurrencyField(default="USD")
    budget_least = AmountField(null=True, blank=True)
    budget_most = AmountField(null=True, blank=True)
    awards = models.PositiveSmallIntegerField(default=1)
    wished_deadline = models.DateField(null=True, blank=True)
    bids_close_at = models.DateTimeField(null=True, blank=True)
    # What whoever had bid was told, where the time for bids was made shorter afterwards.
    promised_choose_by = models.DateTimeField(null=True)
    # The end of the time to choose that its client was reminded of last.
    choice_told_for = models.DateTimeField(null=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.DRAFT)
    status_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    published_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="english")
        + SearchVector("skills", weight="B", config="english")
        + SearchVector("description", weight="C", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(budget_least__isnull=True) | Q(budget_least__gt=0))
                & (Q(budget_most__isnull=True) | Q(budget_most__gte=F("budget_least"))),
                name="a_budget_is_a_range",
            ),
            models.CheckConstraint(
                condition=Q(awards__gte=1, awards__lte=MOST_AWARDS),
                name="a_posting_announces_some_awards",
            ),
        ]
        indexes = [
            # Every way of browsing is over open postings and ends newest first.
            models.Index(
                F("published_at").desc(),
                F("id").desc(),
                condition=Q(status="open"),
                name="open_postings_newest_first",
            ),
            GinIndex(
                F("search"),
                condition=Q(status="open"),
                fastupdate=False,
                name="open_postings_words",
            ),
            GinIndex(
                OpClass(SKILLS_FOLDED, name="jsonb_path_ops"),
                condition=Q(status="open"),
                fastupdate=False,
                name="open_postings_skills",
            ),
            models.Index(
                F("currency"),
                F("published_at").desc(),
                F("id").desc(),
                condition=Q(status="open"),
                name="open_postings_of_a_currency",
            ),
            models.Index(
                F("published_at").desc(),
                F("id").desc(),
                condition=Q(status="open", awards__gt=1),
                name="open_postings_for_several",
            ),
            models.Index(
                fields=["bids_close_at"], condition=Q(status="open"), name="open_postings_closing"
            ),
            models.Index(fields=["client", "-created_at", "-id"], name="postings_of_a_client"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def path(self) -> str:
        """Its page, for those who are told about it."""
        return f"/postings/{self.public_id}/"

    @property
    def is_unlisted(self) -> bool:
        """Whether only those who were given its address come to it."""
        return self.visibility == self.Visibility.UNLISTED

    @property
    def is_invite_only(self) -> bool:
        """Whether it is there only for those whom its client has invited."""
        return self.visibility == self.Visibility.INVITE_ONLY

    @property
    def takes_bids(self) -> bool:
        """Whether a bid sent now would be taken."""
        return self.status == self.Status.OPEN and not self.is_past_bids

    @property
    def is_past_bids(self) -> bool:
        return self.bids_close_at is not None and self.bids_close_at <= now()

    @property
    def is_for_several(self) -> bool:
        """Whether it is for more than one freelancer."""
        return self.awards > 1

    @property
    def awards_in_words(self) -> str:
        """What everybody reads of them: "2 of 3 awarded", or for how many it is."""
        if made := self.awards_made:
            return f"{made} of {self.awards} awarded"
        return f"{self.awards} awards"

    @property
    def awards_made(self) -> int:
        """How many offers on it were accepted: whatever became of their contracts, they count.

        Counted anew where it was not read with the others of its list (``postings.awards``).
        """
        counted: int | None = self.__dict__.get("counted_awards")
        return self.bids.filter(status="accepted").count() if counted is None else counted

    @property
    def choose_by(self) -> datetime | None:
        """Until when its client may choose among the bids: never earlier than bidders were told."""
        if self.bids_close_at is None:
            return None
        moment = self.bids_close_at + TIME_TO_CHOOSE
        return max(moment, self.promised_choose_by or moment)

    @property
    def is_past_choosing(self) -> bool:
        return self.choose_by is not None and self.choose_by <= now()


S = Posting.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "posting",
    #    step        from                            to           by
    Step("publish",  {S.DRAFT},                      S.OPEN,      {OWNER}, label="Publish", tells="posting_published"),
    Step("edit",     {S.DRAFT, S.OPEN},              "same",      {OWNER}, label="Edit"),
    # With its last award, or with those that were made when it is closed or its time is over.
    Step("award",    {S.OPEN},                       S.AWARDED,   {SYSTEM}, tells="posting_awarded"),
    Step("close",    {S.DRAFT, S.OPEN},              S.CLOSED,    {OWNER}, label="Close", tells="posting_closed"),
    Step("expire",   {S.OPEN},                       S.EXPIRED,   {SYSTEM}, clock="bids_close_at", tells="posting_expired"),
    Step("suspend",  {S.OPEN},                       S.SUSPENDED, {MODERATOR}, label="Suspend", tells="posting_suspended"),
    Step("restore",  {S.SUSPENDED},                  S.OPEN,      {MODERATOR, SYSTEM}, label="Restore", tells="posting_restored"),
    begins={S.DRAFT, S.OPEN},
)
# fmt: on


class PostingFile(models.Model):
    """A file that explains the posting, to be read by everybody who may read it."""

    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, related_name="files")
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
