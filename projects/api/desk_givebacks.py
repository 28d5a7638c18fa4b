"""Released money that goes back, for programs of finance and support."""

from typing import Any

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

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from payments.escrow.givebacks.selectors import way_back_of
from payments.refunds.models import Refund
from projects.givebacks.models import GiveBack
from projects.givebacks.selectors import desk_givebacks, narrowed


class DeskGiveBackOut(serializers.ModelSerializer):
    """``amount`` is a part of the price, before fees, in minor units."""

    id = serializers.CharField(source="public_id")
    contract = serializers.CharField(source="contract.public_id")
    client = serializers.CharField(source="contract.client.name")
    freelancer = serializers.CharField(source="contract.freelancer.name")
    of = serializers.CharField(source="escrow.public_id")
    title = serializers.CharField(source="escrow.title")
    currency = serializers.CharField(source="escrow.currency")
    status = serializers.CharField(source="state", help_text=", ".join(GiveBack.Status.values))
    made_by = serializers.CharField(source="made_by.name")

    class Meta:
        model = GiveBack
        fields = ["id", "contract", "client", "freelancer", "of", "title", "amount", "currency",
                  "status", "note", "made_by", "created_at", "answer_due_at",
                  "closed_at"]  # fmt: skip


class RefundOfItOut(serializers.ModelSerializer):
    """A part of it on its way to the client's card. ``covered_by``: the chargeback by which the
    client has it already.
    """

    id = serializers.CharField(source="public_id")
    payment = serializers.CharField(source="payment.public_id")

    class Meta:
        model = Refund
        fields = ["id", "payment", "amount", "currency", "status", "failure_code", "covered_by",
                  "created_at", "closed_at"]  # fmt: skip


class CameOut(serializers.Serializer):
    """One movement of the books by which it came together, in minor units."""

    kind = serializers.CharField()
    amount = serializers.IntegerField()


class WayBackOut(serializers.Serializer):
    came = CameOut(many=True)
    refunds = RefundOfItOut(many=True)
    refunded = serializers.IntegerField(help_text="What goes back to the client, in minor units.")
    is_there = serializers.BooleanField(help_text="Whether all of it is with the client.")
    owed = serializers.IntegerField(help_text="What the freelancer owes now, in minor units.")


class DeskGiveBackInFullOut(serializers.Serializer):
    giveback = DeskGiveBackOut()
    way = WayBackOut()


class DeskGiveBacksView(ListAPIView):
    """All that was asked back or given back, the newest first."""

    serializer_class = DeskGiveBackOut

    @extend_schema(
        parameters=[
            OpenApiParameter("status", str, enum=GiveBack.Status.values),
            OpenApiParameter("words", str, description="Of a name or title, or a public id."),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[GiveBack]:
        user, asked = signed_in(self.request.user), self.request.query_params
        if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
            raise Http404
        return narrowed(
            desk_givebacks(user), status=asked.get("status", ""), words=asked.get("words", "")
        )


class DeskGiveBackView(APIView):
    @extend_schema(responses=DeskGiveBackInFullOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One of them, and which way its money went."""
        giveback = get_object_or_404(desk_givebacks(signed_in(request.user)), public_id=public_id)
        way = way_back_of(giveback.escrow, giveback.public_id)
        return Response(DeskGiveBackInFullOut({"giveback": giveback, "way": way}).data)


ROUTES = [
    path("desk/givebacks/", DeskGiveBacksView.as_view(), name="api-desk-givebacks"),
    path("desk/givebacks/<str:public_id>/", DeskGiveBackView.as_view(), name="api-desk-giveback"),
]
