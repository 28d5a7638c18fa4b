"""The desk for programs: deeds with money that wait for a second person of finance."""

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.api import CursorPage, idempotent, idempotent_in_steps
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.confirming.selectors import READERS, proposed_deeds
from payments.reconciliation.confirming.services import (
    confirm_as_seen,
    look_before_confirming,
    return_deed,
)
from payments.reconciliation.deeds.services import LONGEST_REASON, Seen


class ProposedDeedOut(serializers.ModelSerializer):
    """What somebody of finance wishes and another one confirms. ``amount`` is in minor units."""

    id = serializers.CharField(source="public_id")
    deed = serializers.CharField(
        help_text="settle_refund, payout_arrived, payout_came_back, payout_lost, or a "
        "deed of the difference."
    )
    refund = serializers.CharField(source="refund.public_id", default=None)
    payout = serializers.CharField(source="payout.public_id", default=None)
    bank_payout = serializers.CharField(
        help_text="The provider’s id of what has arrived, where nobody knew it."
    )
    difference = serializers.CharField(source="difference.public_id", default=None)
    by = serializers.CharField(source="by.name")
    answered_by = serializers.CharField(source="answered_by.name", default=None)

    class Meta:
        model = ProposedDeed
        fields = [
            "id",
            "deed",
            "refund",
            "payout",
            "bank_payout",
            "difference",
            "amount",
            "currency",
            "reason",
            "status",
            "by",
            "created_at",
            "answered_by",
            "returned_for",
            "closed_at",
        ]


class ReturnDeedIn(serializers.Serializer):
    why = serializers.CharField(
        max_length=LONGEST_REASON, help_text="Whoever wished it reads this."
    )


class NewestFirst(CursorPage):
    ordering = ("-id",)


class ProposedDeedsView(ListAPIView):
    """Those that wait for a second person, the newest first; with ``?all=1`` all that ever did."""

    serializer_class = ProposedDeedOut
    pagination_class = NewestFirst

    @extend_schema(parameters=[OpenApiParameter("all", bool)])
    def get(self, request: Request, *args, **kwargs) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[ProposedDeed]:
        _refuse_others(self.request)
        found = proposed_deeds(signed_in(self.request.user))
        if self.request.query_params.get("all") == "1":
            return found
        return found.filter(status=ProposedDeed.Status.PROPOSED)


class ProposedDeedView(APIView):
    @extend_schema(responses=ProposedDeedOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One of them: what it would do, who wishes it and why, and what became of it."""
        return Response(ProposedDeedOut(_found(request, public_id)).data)


def _look(request: Request, public_id: str) -> Seen | None:
    proposed = _found(request, public_id)
    return look_before_confirming(proposed_id=proposed.pk, by=signed_in(request.user))


class ConfirmDeedView(APIView):
    @extend_schema(request=None, responses=ProposedDeedOut)
    @idempotent_in_steps(first=_look)
    def post(self, request: Request, public_id: str, seen: Seen | None) -> Response:
        """Have it done, as another one of finance than whose wish it is."""
        proposed = _found(request, public_id)
        confirm_as_seen(proposed_id=proposed.pk, by=signed_in(request.user), seen=seen)
        return Response(ProposedDeedOut(_found(request, public_id)).data)


class ReturnDeedView(APIView):
    @extend_schema(request=ReturnDeedIn, responses=ProposedDeedOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Do not confirm it, and say why; whoever wishes it may take it back."""
        proposed = _found(request, public_id)
        body = ReturnDeedIn(data=request.data)
        body.is_valid(raise_exception=True)
        user = signed_in(request.user)
        return_deed(proposed_id=proposed.pk, by=user, **body.validated_data)
        return Response(ProposedDeedOut(_found(request, public_id)).data)


def _refuse_others(request: Request) -> None:
    """For everybody else none of it exists."""
    if not READERS & staff_roles_of(request.user):
        raise Http404


def _found(request: Request, public_id: str) -> ProposedDeed:
    _refuse_others(request)
    return get_object_or_404(proposed_deeds(signed_in(request.user)), public_id=public_id)


ROUTES = [
    path("desk/deeds/", ProposedDeedsView.as_view(), name="api-desk-deeds"),
    path("desk/deeds/<str:public_id>/", ProposedDeedView.as_view(), name="api-desk-deed"),
    path(
        "desk/deeds/<str:public_id>/confirm/",
        ConfirmDeedView.as_view(),
        name="api-desk-deed-confirm",
    ),
    path(
        "desk/deeds/<str:public_id>/return/", ReturnDeedView.as_view(), name="api-desk-deed-return"
    ),
]
