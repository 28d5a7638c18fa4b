"""What the API says of milestones, and what it takes in."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.common.etags import etag_of
from marketplace.common.lifecycle import CLIENT
from marketplace.common.shapes import AmountIn, FileOut, JsonTextIn, UploadsIn
from payments.chargebacks.models import Chargeback
from payments.chargebacks.selectors import has_now
from payments.chargebacks.words import story_of
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from projects.agreements.outlook import Prospect
from projects.bids.terms import MAX_CRITERIA
from projects.contracts.roles import role_in
from projects.milestones.criteria import LONGEST_HOW
from projects.milestones.deliveries import LONGEST_LINK, LONGEST_NOTE, MAX_LINKS
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of, idle_from, late_from
from projects.milestones.services import GROUNDS


class MoneyOut(serializers.Serializer):
    """Minor units. ``held`` includes the client's fee; ``released`` is a part of the price."""

    held = serializers.IntegerField()
    price_held = serializers.IntegerField(help_text="The part of the price that is held.")
    to_fund = serializers.IntegerField(help_text="What is missing, the client's fee included.")
    price_to_fund = serializers.IntegerField(help_text="The part of the price that is missing.")
    released = serializers.IntegerField()
    refunded = serializers.IntegerField()
    client_pays = serializers.IntegerField(source="payer_pays")
    client_fee = serializers.IntegerField(source="payer_fee")
    freelancer_gets = serializers.IntegerField(source="payee_gets")
    freelancer_fee = serializers.IntegerField(source="payee_fee")
    spent = serializers.IntegerField(help_text="What the releases so far cost the client.")
    received = serializers.IntegerField(help_text="What they brought the freelancer.")
    charged_back = serializers.IntegerField(help_text="What the client's bank has of it.")
    owed_back = serializers.IntegerField(
        help_text="The freelancer's part of that: owed, or given back."
    )


class PaymentOut(serializers.Serializer):
    """``url`` is the provider's pay page; empty where none is open."""

    id = serializers.CharField(source="public_id")
    url = serializers.CharField()
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(Payment.Status.choices)


class FundIn(serializers.Serializer):
    amount = AmountIn(
        required=False,
        allow_null=True,
        default=None,
        help_text=(
            "A part of the price in minor units; your fee comes on top. Left out: the payment that "
            "waits, or all that is missing."
        ),
    )


class FundingOut(serializers.Serializer):
    payment = PaymentOut()


class ChargebackOut(serializers.Serializer):
    """A bank takes a payment back. ``story`` says to both sides what it means for the work."""

    id = serializers.CharField(source="public_id")
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(Chargeback.Status.choices)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    story = serializers.SerializerMethodField()

    def get_story(self, chargeback: Chargeback) -> str:
        return story_of(chargeback, has_now(chargeback))


class ClocksOut(serializers.Serializer):
    """When time strikes; null where that clock does not run."""

    due_at = serializers.DateTimeField(
        help_text="As it stands: money that comes late, or anew, moves it."
    )
    review_ends_at = serializers.DateTimeField(allow_null=True)
    late_from = serializers.DateTimeField(
        allow_null=True, help_text="From then on the client may cancel for lateness."
    )
    idle_from = serializers.DateTimeField(
        allow_null=True, help_text="From then on the client may cancel as never started."
    )


class MilestoneOut(serializers.Serializer):
    """A milestone as its parties see it."""

    id = serializers.CharField(source="milestone.public_id")
    contract = serializers.CharField(source="milestone.contract.public_id")
    position = serializers.IntegerField(
        source="milestone.position", help_text="Its number in the agreement, which it keeps."
    )
    place = serializers.IntegerField(
        source="milestone.place",
        help_text="Where it stands among the milestones of the newest version, from 1; what was "
        "dropped stands behind them.",
    )
    title = serializers.CharField(source="milestone.title")
    criteria = serializers.ListField(child=serializers.CharField(), source="milestone.criteria")
    criteria_tag = serializers.SerializerMethodField(
        help_text="Another one for other criteria: send it along with what you say of them by "
        "number, and it is refused where they have been changed since."
    )
    amount = serializers.IntegerField(source="milestone.amount")
    currency = serializers.CharField(source="milestone.currency")
    revisions = serializers.IntegerField(
        source="milestone.revisions",
        allow_null=True,
        help_text="How often changes may be asked for; null: as often as the client wants.",
    )
    revisions_used = serializers.IntegerField(
        source="milestone.revisions_used", help_text="How often changes were asked for."
    )
    status = serializers.ChoiceField(Milestone.Status.choices, source="milestone.status")
    escrow_status = serializers.ChoiceField(Escrow.Status.choices, source="milestone.escrow.status")
    money = MoneyOut(source="facts")
    payment = serializers.SerializerMethodField(
        help_text="The one that waits to be paid; for the client alone."
    )
    dispute = serializers.CharField(
        source="dispute.public_id", default=None, allow_null=True, help_text="The open one."
    )
    proposal = serializers.CharField(
        source="proposal.public_id",
        default=None,
        allow_null=True,
        help_text="The open one, to end it by consent.",
    )
    chargebacks = ChargebackOut(many=True, help_text="Decided ones too, the oldest first.")
    started_at = serializers.DateTimeField(source="milestone.started_at", allow_null=True)
    submitted_at = serializers.DateTimeField(source="milestone.submitted_at", allow_null=True)
    closed_at = serializers.DateTimeField(source="milestone.closed_at", allow_null=True)
    clocks = serializers.SerializerMethodField()
    next_steps = serializers.SerializerMethodField(help_text="What you can do right now.")

    def get_criteria_tag(self, prospect: Prospect) -> str:
        return etag_of(prospect.milestone.criteria)

    @extend_schema_field(PaymentOut(allow_null=True))
    def get_payment(self, prospect: Prospect) -> dict[str, Any] | None:
        role = role_in(prospect.milestone.contract, self.context["request"].user)
        is_theirs = role == CLIENT and prospect.payment is not None
        return PaymentOut(prospect.payment).data if is_theirs else None

    @extend_schema_field(ClocksOut)
    def get_clocks(self, prospect: Prospect) -> dict[str, Any]:
        milestone = prospect.milestone
        at_work = milestone.status in {Milestone.Status.PLANNED, Milestone.Status.RETURNED}
        runs = at_work and prospect.facts.is_fully_held
        clocks = {
            "due_at": due_of(milestone),
            "review_ends_at": milestone.review_ends_at,
            "late_from": late_from(milestone) if runs else None,
            "idle_from": idle_from(milestone) if runs else None,
        }
        return ClocksOut(clocks).data

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, prospect: Prospect) -> list[str]:
        contract = prospect.milestone.contract
        return prospect.open_to(role_in(contract, self.context["request"].user))


class SubmissionFileOut(FileOut):
    """A file of a delivery."""

    url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField)
    def get_url(self, file: Any) -> str:
        ids = [file.submission.public_id, file.stored.public_id]
        return settings.SITE_URL + reverse("api-submission-file", args=ids)


class CriterionAnswerOut(serializers.Serializer):
    """What a delivery says to one criterion, in the words that it had then."""

    criterion = serializers.CharField()
    met = serializers.BooleanField(help_text="Says the freelancer.")
    how = serializers.CharField()


class CriterionAnswerIn(serializers.Serializer):
    criterion = serializers.IntegerField(help_text="Its number in the milestone, from 1.")
    met = serializers.BooleanField()
    how = serializers.CharField(
        max_length=LONGEST_HOW, help_text="A sentence: how it is met, or what is missing."
    )


class SubmissionOut(serializers.Serializer):
    """One delivery; ``answer`` is what the client asked to be changed, ``not_met`` by which of the
    criteria.
    """

    id = serializers.CharField(source="public_id")
    milestone = serializers.CharField(source="milestone.public_id")
    version = serializers.IntegerField()
    note = serializers.CharField()
    links = serializers.ListField(child=serializers.CharField())
    criteria = CriterionAnswerOut(many=True)
    files = SubmissionFileOut(many=True, source="files.all")
    created_at = serializers.DateTimeField()
    returned_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField()
    not_met = serializers.ListField(
        child=serializers.CharField(), help_text="The words of those criteria."
    )


class CriteriaTagIn(serializers.CharField):
    """Which criteria were read."""

    def __init__(self, **kwargs: Any) -> None:
        told = "The milestone's `criteria_tag` as you read it; nothing is done by another."
        super().__init__(
            **{"max_length": 64, "required": False, "default": "", "help_text": told} | kwargs
        )


class _SubmissionIn(serializers.Serializer):
    note = serializers.CharField(
        max_length=LONGEST_NOTE, required=False, default="", allow_blank=True
    )
    links = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_LINK),
        max_length=MAX_LINKS,
        required=False,
        default=list,
    )
    criteria_tag = CriteriaTagIn()


class SubmissionIn(_SubmissionIn):
    """Answers to all criteria; where there are none, a note or a link at least."""

    criteria = CriterionAnswerIn(many=True, required=False, default=list)


class SubmissionFilesIn(_SubmissionIn):
    """The same, with files; ``criteria`` is the JSON of the list."""

    criteria = JsonTextIn(required=False, default=list)

    files = UploadsIn()


class ReturnIn(serializers.Serializer):
    answer = serializers.CharField(
        max_length=LONGEST_NOTE, help_text="What is to be changed, by which criterion."
    )
    not_met = serializers.ListField(
        child=serializers.IntegerField(),
        max_length=MAX_CRITERIA,
        required=False,
        default=list,
        help_text="The numbers of the criteria, from 1; one at least where there are criteria.",
    )
    criteria_tag = CriteriaTagIn()


class PartIn(serializers.Serializer):
    amount = AmountIn(
        help_text="A part of the price in minor units, before fees; less than what is held of it.",
    )


class CancelIn(serializers.Serializer):
    ground = serializers.ChoiceField(GROUNDS)
