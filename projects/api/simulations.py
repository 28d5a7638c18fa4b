"""The simulator for programs: what would become of a milestone, before anybody signs."""

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.shapes import AmountIn
from payments.payees.selectors import COUNTRIES
from payments.policies.selectors import policy_asked_for
from projects.agreements.simulating.scenes import STAGES, Wish
from projects.agreements.simulating.stories import STORIES, foretell
from projects.milestones.models import Milestone


class SimulationIn(serializers.Serializer):
    """Amounts are minor units. What is left out is as the policy has it."""

    story = serializers.ChoiceField(sorted(STORIES))
    price = AmountIn()
    currency = serializers.CharField(max_length=3)
    days = serializers.IntegerField(
        default=14, min_value=1, max_value=10_000, help_text="The time to deliver."
    )
    review_days = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    stage = serializers.ChoiceField(
        sorted(STAGES),
        default="funded",
        help_text="Where it then stands: for cancelled, agreed, disputed, unanswered_…, "
        "contract_agreed and contract_left.",
    )
    part = AmountIn(
        least=0,
        default=0,
        help_text="Of the price, for the freelancer: for partial, agreed, disputed, "
        "unanswered_… and contract_agreed.",
    )
    second = AmountIn(
        least=0,
        default=0,
        help_text="Price of another milestone, funded with the first: for stories of a whole "
        "contract (never_funded, contract_…). As the first where left out.",
    )
    country = serializers.ChoiceField(
        sorted(COUNTRIES),
        required=False,
        default="",
        help_text="Of the freelancer: the payment provider holds money for a time that depends on "
        "it. Any other where left out.",
    )
    policy = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Its version, or that in force.",
    )


class SimulatedLineOut(serializers.Serializer):
    """``step`` and ``by`` are as in the lifecycle tables of milestones and disputes; ``leave`` as
    in that of contracts.
    """

    at = serializers.DateTimeField()
    step = serializers.CharField()
    by = serializers.CharField()
    text = serializers.CharField()


class SimulatedMilestoneOut(serializers.Serializer):
    """One milestone in the end, in minor units; ``fees`` are those of both sides."""

    position = serializers.IntegerField()
    price = serializers.IntegerField()
    status = serializers.ChoiceField(Milestone.Status.choices)
    to_freelancer = serializers.IntegerField()
    to_client = serializers.IntegerField()
    fees = serializers.IntegerField()


class SimulationOut(serializers.Serializer):
    """Who gets what, in minor units, and when. The four amounts sum to what the client paid in.

    ``status`` is that of the first milestone; a story of a whole contract has two.
    """

    story = serializers.CharField(source="wish.story")
    currency = serializers.CharField(source="wish.currency")
    policy = serializers.IntegerField(source="wish.policy.version")
    client_pays = serializers.IntegerField(source="quote.client_pays")
    happens = SimulatedLineOut(many=True, source="lines")
    status = serializers.ChoiceField(Milestone.Status.choices)
    milestones = SimulatedMilestoneOut(many=True)
    to_freelancer = serializers.IntegerField()
    freelancer_fee = serializers.IntegerField()
    client_fee = serializers.IntegerField()
    to_client = serializers.IntegerField()
    ready_for_the_bank_at = serializers.DateTimeField(
        source="bank_at", allow_null=True, help_text="Of a first payout, which rests longer."
    )


class SimulationView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(parameters=[SimulationIn], responses=SimulationOut)
    def get(self, request: Request) -> Response:
        """Try what happens to a milestone, to the unit. Nothing is written."""
        asked = SimulationIn(data=request.query_params)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        policy = policy_asked_for(given.pop("policy", None))
        given.setdefault("review_days", policy.review_period_days)
        return Response(SimulationOut(foretell(Wish(policy=policy, **given))).data)


ROUTES = [path("simulations/", SimulationView.as_view(), name="api-simulations")]
