"""A dispute as the API writes it down, and what it takes for one."""

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.shapes import AmountIn, FileOut, UploadsIn
from payments.api.shapes import RefundOut
from payments.chargebacks.selectors import contested_ids, has_open_chargeback
from projects.api.milestone_shapes import CriteriaTagIn
from projects.bids.terms import MAX_CRITERIA
from projects.contracts.roles import role_in
from projects.disputes.exhibits.models import Exhibit
from projects.disputes.models import Dispute
from projects.disputes.rulings.selectors import steps_for
from projects.disputes.selectors import outcome_of, read_closings, refunds_of
from projects.disputes.services import LONGEST_STATEMENT

_SIDES = {CLIENT, FREELANCER}


class ExhibitOut(FileOut):
    """A file that came with a statement."""

    url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField)
    def get_url(self, file: Exhibit) -> str:
        dispute = file.statement.dispute
        is_side = role_in(dispute.milestone.contract, self.context["request"].user) in _SIDES
        route = "api-dispute-file" if is_side else "api-desk-dispute-file"
        return settings.SITE_URL + reverse(route, args=[dispute.public_id, file.stored.public_id])


class StatementOut(serializers.Serializer):
    """What one side said; ``by`` is their side of the contract."""

    by = serializers.CharField(source="role")
    name = serializers.CharField(source="by.name")
    text = serializers.CharField()
    files = ExhibitOut(many=True, source="exhibits.all")
    created_at = serializers.DateTimeField()


class SharesOut(serializers.Serializer):
    """Who gets what of the held money, in minor units; the four sum to what is held."""

    freelancer_gets = serializers.IntegerField(source="payee")
    freelancer_fee = serializers.IntegerField(source="payee_fee")
    client_fee = serializers.IntegerField(source="payer_fee")
    client_gets_back = serializers.IntegerField(source="payer")


class RulingOut(serializers.Serializer):
    """One decision. Its split is a part of the price; what was held of it then is beside it."""

    number = serializers.IntegerField(help_text="2 is the one on appeal, and the last.")
    by = serializers.CharField(
        source="by.name", default=None, allow_null=True, help_text="Null: decided by a rule."
    )
    confirmed_by = serializers.CharField(
        source="confirmed_by.name",
        default=None,
        allow_null=True,
        help_text="The second mediator, where so much was held that one was needed.",
    )
    facts = serializers.CharField()
    rule = serializers.CharField()
    ground = serializers.CharField(help_text="What the public register says of the rule.")
    reasons = serializers.CharField()
    to_freelancer = serializers.IntegerField()
    held = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    carried_out_at = serializers.DateTimeField(allow_null=True)


class _DisputesOut(serializers.ListSerializer):
    """Many at once: the books are asked once for all of them."""

    def to_representation(self, data):
        disputes = list(data)
        read_closings(disputes)
        self.child.contested = set(contested_ids())
        return super().to_representation(disputes)


class DisputeOut(serializers.ModelSerializer):
    """A disagreement on one milestone. What is asked for and decided are parts of its price."""

    # The public ids of what banks want back, where they were asked for once for many.
    contested: set[str] | None = None

    id = serializers.CharField(source="public_id")
    contract = serializers.CharField(source="milestone.contract.public_id")
    milestone = serializers.CharField(source="milestone.public_id")
    title = serializers.CharField(source="milestone.title")
    amount = serializers.IntegerField(source="milestone.amount")
    currency = serializers.CharField(source="milestone.currency")
    status = serializers.ChoiceField(Dispute.Status.choices, source="state")
    opened_by = serializers.CharField(source="opened_by_role")
    not_met = serializers.ListField(
        child=serializers.CharField(),
        help_text="The words of the criteria that the opener named as not met.",
    )
    is_contested = serializers.SerializerMethodField(
        help_text="Whether a bank wants money of it back, and has not decided."
    )
    mediator_asked_by = serializers.CharField(
        help_text="The side that has asked for a mediator while the other has not, or empty."
    )
    to_freelancer = serializers.IntegerField(
        allow_null=True,
        help_text="The part of the price that went to the freelancer when a decision was carried "
        "out, or both sealed figures met.",
    )
    accepted_by = serializers.CharField(
        help_text="The side that has accepted the decision while the other has not, or empty."
    )
    appealed_by = serializers.CharField(help_text="The side that has appealed, or empty.")
    mediator = serializers.CharField(
        source="assignee.name", default=None, allow_null=True, help_text="Who looks after it."
    )
    rulings = RulingOut(many=True)
    outcome = serializers.SerializerMethodField(
        help_text="Who got what when the milestone ended, however it did; null while it is open."
    )
    refunds = serializers.SerializerMethodField(
        help_text="What its end sends back to the client, and how far each is."
    )
    statements = StatementOut(many=True)
    next_steps = serializers.SerializerMethodField()

    class Meta:
        model = Dispute
        list_serializer_class = _DisputesOut
        fields = [
            "id",
            "contract",
            "milestone",
            "title",
            "amount",
            "currency",
            "status",
            "opened_by",
            "reason",
            "not_met",
            "asked_for",
            "statements",
            "created_at",
            "answer_due_at",
            "negotiation_ends_at",
            "is_contested",
            "mediator_asked_by",
            "mediator",
            "ruling_expected_at",
            "ruling_late_at",
            "ruling_missed_at",
            "ruling_due_at",
            "rulings",
            "appeal_ends_at",
            "reply_until",
            "accepted_by",
            "appealed_by",
            "to_freelancer",
            "outcome",
            "refunds",
            "closed_at",
            "next_steps",
        ]

    def get_is_contested(self, dispute: Dispute) -> bool:
        if self.contested is None:
            return has_open_chargeback(dispute.milestone.escrow)
        return dispute.milestone.escrow.public_id in self.contested

    @extend_schema_field(SharesOut(allow_null=True))
    def get_outcome(self, dispute: Dispute) -> dict | None:
        shares = outcome_of(dispute)
        return SharesOut(shares).data if shares else None

    @extend_schema_field(RefundOut(many=True))
    def get_refunds(self, dispute: Dispute) -> list[dict]:
        return RefundOut(refunds_of(dispute), many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, dispute: Dispute) -> list[str]:
        is_contested = self.get_is_contested(dispute)
        return steps_for(dispute, self.context["request"].user, is_contested=is_contested)


class DisputeIn(serializers.Serializer):
    reason = serializers.ChoiceField(Dispute.Reason.choices)
    not_met = serializers.ListField(
        child=serializers.IntegerField(),
        max_length=MAX_CRITERIA,
        required=False,
        default=list,
        help_text="The numbers of the criteria that are not met, from 1; one at least where the "
        "reason is `not_as_agreed` and there are criteria.",
    )
    criteria_tag = CriteriaTagIn()
    statement = serializers.CharField(max_length=LONGEST_STATEMENT)
    asked_for = AmountIn(
        least=0,
        help_text="The part of the price, in minor units, that the freelancer should get.",
    )


class DisputeFilesIn(DisputeIn):
    """The same, with files that show it."""

    files = UploadsIn()


class StatementIn(serializers.Serializer):
    statement = serializers.CharField(max_length=LONGEST_STATEMENT)


class StatementFilesIn(StatementIn):
    """The same, with files that show it."""

    files = UploadsIn()
