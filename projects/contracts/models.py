"""What both sides signed, and everything that has happened since."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from accounts.parties.models import Party
from marketplace.common import reasons
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM, Lifecycle, Step
from marketplace.common.models import Outage
from marketplace.common.money import CurrencyField
from marketplace.common.public_ids import PublicIdField
from marketplace.common.words import Words
from payments.policies.models import Policy
from projects.bids.models import Bid
from projects.postings.models import Posting


class DeclinedFor(models.TextChoices):
    """Why a freelancer declines an offer."""

    PRICE = "price", gettext_noop("The price does not fit")
    TIMING = "timing", gettext_noop("The time does not fit")
    TERMS = "terms", gettext_noop("The terms of the contract do not fit")
    UNAVAILABLE = "unavailable", gettext_noop("No longer available")
    OTHER = "other", gettext_noop("Another reason")
    UNSAID = "unsaid", gettext_noop("No reason was given")


# The last one is that of offers declined before a reason was asked for.
FREELANCERS_REASONS = [why for why in DeclinedFor if why != DeclinedFor.UNSAID]


class Contract(models.Model):
    """One client, one freelancer, one currency, one pinned policy.

    The terms are the newest ``Agreement``; the live work is its milestones. The public id is also
    the name of its book in the ledger.
    """

    class Status(models.TextChoices):
        OFFERED = "offered", "Offered"
        ACTIVE = "active", "Active"
        COMPLETED = "completed", "Completed"
        CANCELLED = "cancelled", "Cancelled"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Lapsed"

    public_id = PublicIdField(prefix="ct")
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="contracts")
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="contracts")
    client = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="contracts_as_client")
    freelancer = models.ForeignKey(
        Party, on_delete=models.PROTECT, related_name="contracts_as_freelancer"
    )
    title = models.CharField(max_length=150)
    currency = CurrencyField()
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="contracts")
    review_days = models.PositiveSmallIntegerField()
    # How often the client may ask for changes, for each milestone; null: nothing was agreed.
    revisions = models.PositiveSmallIntegerField(null=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.OFFERED)
    # Why the offer was declined: one of a few words, and what the freelancer adds to it. Of one
    # that was withdrawn what the client says of it.
    declined_for = models.CharField(max_length=11, choices=DeclinedFor.choices, blank=True)
    status_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    offer_lapses_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    # Until when the client has to fund something, while nothing is held: null while that clock
    # does not run.
    funding_due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(client=F("freelancer")), name="nobody_contracts_with_themselves"
            ),
            models.CheckConstraint(
                condition=Q(status="declined", declined_for__in=DeclinedFor.values)
                | ~Q(status="declined") & Q(declined_for=""),
                name="a_declined_offer_has_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(status="active") | Q(funding_due_at__isnull=True),
                name="only_an_active_contract_waits_for_money",
            ),
            models.CheckConstraint(
                condition=~Q(declined_for="other", status_reason=""),
                name="another_reason_of_an_answer_is_a_sentence",
            ),
            models.UniqueConstraint(
                fields=["bid"],
                condition=Q(status__in=["offered", "active", "completed"]),
                name="one_live_contract_per_bid",
            ),
        ]
        indexes = [
            models.Index(
                fields=["offer_lapses_at"], condition=Q(status="offered"), name="offers_that_lapse"
            ),
            models.Index(
                fields=["funding_due_at"],
                condition=Q(funding_due_at__isnull=False),
                name="contracts_to_be_funded",
            ),
            models.Index(fields=["client", "-created_at", "-id"], name="contracts_of_a_client"),
            models.Index(
                fields=["freelancer", "-created_at", "-id"], name="contracts_of_a_freelancer"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def stands_still(self) -> bool:
        """Whether the time of the offer does not run: its posting is suspended. Restored, it goes
        on.
        """
        return self.status == self.Status.OFFERED and (
            self.posting.status == Posting.Status.SUSPENDED
        )

    @property
    def reason(self) -> Words:
        """Why the offer came to nothing, as the other side is told; nothing where nobody said."""
        if not self.declined_for:
            return Words.of_others(self.status_reason)
        label = self.get_declined_for_display()
        return reasons.said(self.declined_for, label, self.status_reason)

    @property
    def reason_in_words(self) -> str:
        return str(self.reason)


S = Contract.Status

# fmt: off
LIFECYCLE = Lifecycle(
    "contract",
    #    step       from          to            by
    Step("accept",   {S.OFFERED}, S.ACTIVE,     {FREELANCER}, label="Accept the offer", tells="contract_accepted"),
    Step("decline",  {S.OFFERED}, S.DECLINED,   {FREELANCER}, label="Decline the offer", tells="contract_declined"),
    Step("withdraw", {S.OFFERED}, S.WITHDRAWN,  {CLIENT}, label="Withdraw the offer", tells="contract_withdrawn"),
    Step("lapse",    {S.OFFERED}, S.LAPSED,     {SYSTEM}, clock="offer_validity_days", tells="contract_lapsed"),
    Step("propose_change", {S.ACTIVE}, "same",  {CLIENT, FREELANCER}, label="Propose a change", tells="change_proposed"),
    Step("propose_ending", {S.ACTIVE}, "same",  {CLIENT, FREELANCER}, label="Propose to end the contract", tells="change_proposed"),
    # Each milestone by a step of its own table; what is submitted or disputed keeps its course.
    Step("leave",    {S.ACTIVE}, "same", {CLIENT, FREELANCER}, label="End it alone", tells="contract_left"),
    Step("give_bonus", {S.ACTIVE, S.COMPLETED}, "same", {CLIENT}, label="Pay a bonus", tells="bonus_paid"),
    # Released money, after its work has ended; what goes back is judged in its own room.
    Step("ask_back",   {S.ACTIVE, S.COMPLETED, S.CANCELLED}, "same", {CLIENT}, label="Ask for money back", tells="giveback_asked"),
    Step("give_back",  {S.ACTIVE, S.COMPLETED, S.CANCELLED}, "same", {FREELANCER}, label="Give money back", tells="giveback_done"),
    Step("complete", {S.ACTIVE},  S.COMPLETED,  {SYSTEM}, tells="contract_completed"),
    Step("cancel",   {S.ACTIVE},  S.CANCELLED,  {SYSTEM}, tells="contract_cancelled"),
)
# fmt: on


class Agreement(models.Model):
    """One signed wording: canonical JSON, never changed, named by its SHA-256.

    Beside when a side signed stands who did it for them, and how they showed that it was they;
    empty where a program of the house signed, or before it was asked.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="agreements")
    version = models.PositiveSmallIntegerField(default=1)
    body = models.TextField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=now)
    signed_by_client_at = models.DateTimeField(null=True)
    client_signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    client_confirmed_with = models.CharField(max_length=20, blank=True)
    signed_by_freelancer_at = models.DateTimeField(null=True)
    freelancer_signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    freelancer_confirmed_with = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "version"], name="agreements_are_numbered")
        ]


class Event(models.Model):
    """One line of a contract's timeline: what happened, who did it, to what."""

    contract = models.ForeignKey(
        Contract,
        on_delete=models.PROTECT,
        related_name="events",
        db_index=False,  # the index below begins with it
    )
    kind = models.CharField(max_length=40)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    role = models.CharField(max_length=12)
    about = models.CharField(max_length=30, blank=True)
    title = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["contract", "created_at", "id"], name="timeline_in_order")]


_OF_NO_CONTRACT = ["counter", "hold", "bidding", "choice", "bid"]


class PutOff(models.Model):
    """A clock that would have struck in an outage of ours, and now does later.

    Written once for each outage and clock, in the transaction that moves it. ``about`` is the
    public id of what it is the clock of: of a posting, a bid and other terms for one there is no
    contract yet, and a hold is of none. The two times are the same where the payment provider, or
    the bid, waits no longer.
    """

    class Clock(models.TextChoices):
        REVIEW = "review", gettext_noop("the time to review it")
        DELIVERY = "delivery", gettext_noop("the time to deliver it")
        GRACE = "grace", gettext_noop("the time before it can be cancelled for lateness")
        START = "start", gettext_noop("the time to start it")
        FUNDING = "funding", gettext_noop("the time to fund it")
        OFFER = "offer", gettext_noop("the time to accept the offer")
        PROPOSAL = "proposal", gettext_noop("the time to answer the proposal")
        CHANGE = "change", gettext_noop("the time to answer the change")
        DISPUTE = "dispute", gettext_noop("the time to answer the dispute")
        TALKS = "talks", gettext_noop("the time to settle the dispute")
        APPEAL = "appeal", gettext_noop("the time to appeal")
        HEARING = "hearing", gettext_noop("the time to decide on the appeal")
        GIVEBACK = "giveback", gettext_noop("the time to answer whether money goes back")
        COUNTER = "counter", gettext_noop("the time to answer the other terms")
        HOLD = "hold", gettext_noop("the time to appeal against the hold")
        REPLY = "reply", gettext_noop("the time to reply to the appeal")
        BIDDING = "bidding", gettext_noop("the time to bid")
        CHOICE = "choice", gettext_noop("the time to choose a bid")
        BID = "bid", gettext_noop("the time for which the bid is valid")

    outage = models.ForeignKey(Outage, on_delete=models.PROTECT, related_name="+")
    contract = models.ForeignKey(
        Contract, on_delete=models.PROTECT, null=True, related_name="put_off"
    )
    clock = models.CharField(max_length=8, choices=Clock.choices)
    about = models.CharField(max_length=30)
    was_due_at = models.DateTimeField()
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outage", "clock", "about"], name="a_clock_is_put_off_once_by_an_outage"
            ),
            models.CheckConstraint(
                condition=Q(due_at__gte=F("was_due_at")), name="a_clock_is_never_put_forward"
            ),
            models.CheckConstraint(
                condition=Q(clock__in=_OF_NO_CONTRACT, contract__isnull=True)
                | ~Q(clock__in=_OF_NO_CONTRACT) & Q(contract__isnull=False),
                name="a_clock_is_of_a_contract_or_of_what_has_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about}: {self.get_clock_display()}"
