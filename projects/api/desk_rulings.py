"""Decisions, also those that need a second mediator, for programs of the staff."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import OldestFirst, idempotent
from marketplace.common.shapes import AmountIn
from projects.api.dispute_shapes import DisputeOut, SharesOut
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.confirming.selectors import effect_now, proposed_rulings
from projects.disputes.confirming.services import LONGEST_RETURN, confirm_ruling, return_ruling
from projects.disputes.grounds import Ground
from projects.disputes.models import Dispute
from projects.disputes.rulings.pronouncing.services import LONGEST_RULE
from projects.disputes.rulings.services import decide_dispute
from projects.disputes.selectors import desk_disputes
from projects.disputes.services import LONGEST_STATEMENT


class ProposedRulingOut(serializers.ModelSerializer):
    """What a decision would say. Amounts are parts of the price, in minor units."""

    id = serializers.CharField(source="public_id")
    dispute = serializers.CharField(source="dispute.public_id")
    status = serializers.ChoiceField(ProposedRuling.Status.choices, source="state")
    by = serializers.CharField(source="by.name")
    answered_by = serializers.CharField(source="answered_by.name", default=None, allow_null=True)
    shares = serializers.SerializerMethodField(
        help_text="Who would get what if it stood now; null where it waits no longer, or another "
        "amount is held by now."
    )

    class Meta:
        model = ProposedRuling
        fields = [
            "id",
            "dispute",
            "number",
            "status",
            "by",
            "facts",
            "rule",
            "ground",
            "reasons",
            "to_freelancer",
            "held",
            "shares",
            "created_at",
            "answered_by",
            "returned_for",
            "closed_at",
        ]

    @extend_schema_field(SharesOut(allow_null=True))
    def get_shares(self, proposed: ProposedRuling) -> dict | None:
        shares = effect_now(proposed)
        return SharesOut(shares).data if shares else None


class RulingIn(serializers.Serializer):
    to_freelancer = AmountIn(
        least=0,
        help_text="The part of the price, in minor units, that is released to the freelancer.",
    )
    facts = serializers.CharField(
        max_length=LONGEST_STATEMENT, help_text="What was found; both sides read it."
    )
    rule = serializers.CharField(max_length=LONGEST_RULE, help_text="The rule that was applied.")
    ground = serializers.ChoiceField(
        Ground.choices,
        help_text="What the public register says of the rule.",
        error_messages={"required": "Choose the rule: the public register says which it was."},
    )
    reasons = serializers.CharField(
        max_length=LONGEST_STATEMENT, help_text="Why; both sides read it."
    )


class RulingReturnIn(serializers.Serializer):
    why = serializers.CharField(
        max_length=LONGEST_RETURN, help_text="Who wrote it reads this; neither side does."
    )


class RulingsView(ListAPIView):
    serializer_class = ProposedRulingOut
    pagination_class: type[CursorPagination] = OldestFirst

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return ProposedRuling.objects.none()
        dispute = _case(self.request, self.kwargs["public_id"])
        return dispute.proposed_rulings.select_related(
            "by", "answered_by", "dispute__milestone__escrow__policy"
        )

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Decisions of one case that needed a second mediator, the oldest first, with what came of
        them; the one that is `proposed` waits.
        """
        return super().get(request, *args, **kwargs)

    @extend_schema(request=RulingIn, responses=DisputeOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Decide it as a mediator: a part is to be released, the rest to go back. The money moves
        when nobody has appealed in time; at once where it is an appeal that is decided. Above the
        limit of the rules it waits for another mediator to confirm it, and nothing is decided yet.
        """
        dispute = _case(request, public_id)
        body = RulingIn(data=request.data)
        body.is_valid(raise_exception=True)
        decide_dispute(dispute_id=dispute.pk, by=request.user, **body.validated_data)
        decided = desk_disputes(request.user).get(pk=dispute.pk)
        return Response(DisputeOut(decided, context={"request": request}).data)


class RulingConfirmView(APIView):
    @extend_schema(request=None, responses=DisputeOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Confirm it as a second mediator: it stands from now on, and both sides may appeal; on
        appeal the money moves at once.
        """
        proposed = get_object_or_404(proposed_rulings(request.user), public_id=public_id)
        confirm_ruling(proposed_id=proposed.pk, by=request.user)
        decided = desk_disputes(request.user).get(pk=proposed.dispute_id)
        return Response(DisputeOut(decided, context={"request": request}).data)


class RulingReturnView(APIView):
    @extend_schema(request=RulingReturnIn, responses=ProposedRulingOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Do not confirm it, and say why; who wrote it takes it back in the same way. It decides
        nothing, and another one can be written.
        """
        proposed = get_object_or_404(proposed_rulings(request.user), public_id=public_id)
        body = RulingReturnIn(data=request.data)
        body.is_valid(raise_exception=True)
        returned = return_ruling(proposed_id=proposed.pk, by=request.user, **body.validated_data)
        return Response(ProposedRulingOut(returned).data)


def _case(request: Request, public_id: str) -> Dispute:
    return get_object_or_404(desk_disputes(request.user), public_id=public_id)


ROUTES = [
    path(
        "desk/disputes/<str:public_id>/rulings/",
        RulingsView.as_view(),
        name="api-desk-dispute-rulings",
    ),
    path(
        "desk/rulings/<str:public_id>/confirm/",
        RulingConfirmView.as_view(),
        name="api-desk-ruling-confirm",
    ),
    path(
        "desk/rulings/<str:public_id>/return/",
        RulingReturnView.as_view(),
        name="api-desk-ruling-return",
    ),
]
