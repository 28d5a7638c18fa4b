"""Decisions that need a second mediator, for programs of the staff."""

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import OldestFirst, idempotent
from projects.api.dispute_shapes import DisputeOut
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.confirming.selectors import proposed_rulings
from projects.disputes.confirming.services import LONGEST_RETURN, confirm_ruling, return_ruling
from projects.disputes.selectors import desk_disputes


class ProposedRulingOut(serializers.ModelSerializer):
    """What a decision would say. Amounts are parts of the price, in minor units."""

    id = serializers.CharField(source="public_id")
    dispute = serializers.CharField(source="dispute.public_id")
    status = serializers.ChoiceField(ProposedRuling.Status.choices, source="state")
    by = serializers.CharField(source="by.name")
    answered_by = serializers.CharField(source="answered_by.name", default=None, allow_null=True)

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
            "created_at",
            "answered_by",
            "returned_for",
            "closed_at",
        ]


class RulingReturnIn(serializers.Serializer):
    why = serializers.CharField(
        max_length=LONGEST_RETURN, help_text="Who wrote it reads this; neither side does."
    )


class ProposedRulingsView(ListAPIView):
    """Decisions of one case that needed a second mediator, the oldest first, with what came of
    them; the one that is `proposed` waits.
    """

    serializer_class = ProposedRulingOut
    pagination_class: type[CursorPagination] = OldestFirst

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return ProposedRuling.objects.none()
        public_id = self.kwargs["public_id"]
        dispute = get_object_or_404(desk_disputes(self.request.user), public_id=public_id)
        return dispute.proposed_rulings.select_related("by", "answered_by", "dispute__milestone")


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


ROUTES = [
    path(
        "desk/disputes/<str:public_id>/rulings/",
        ProposedRulingsView.as_view(),
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
