"""Holds on payouts, for programs of finance."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.api import idempotent
from payments.payouts.holding import services
from payments.payouts.holding.models import PayoutHold
from payments.payouts.holding.selectors import desk_holds, payee_named


class DeskHoldOut(serializers.ModelSerializer):
    """A hold as finance sees it."""

    id = serializers.CharField(source="public_id")
    payee = serializers.CharField(source="party.name")
    placed_by = serializers.CharField(source="placed_by.name")
    lifted_by = serializers.CharField(source="lifted_by.name", default=None)

    class Meta:
        model = PayoutHold
        fields = [
            "id",
            "payee",
            "reason",
            "evidence",
            "placed_by",
            "created_at",
            "ends_at",
            "answer",
            "answered_at",
            "lifted_at",
            "lifted_by",
        ]


class HoldIn(serializers.Serializer):
    payee = serializers.CharField(max_length=254, help_text="Their address or public id.")
    reason = serializers.CharField(max_length=services.LONGEST_REASON)
    evidence = serializers.CharField(max_length=services.LONGEST_REASON)
    days = serializers.IntegerField(help_text="How long at most; then it ends by itself.")


class DeskHoldsView(ListAPIView):
    """Every hold, the newest first."""

    serializer_class = DeskHoldOut

    def get_queryset(self):
        user = signed_in(self.request.user)
        if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
            raise Http404
        return desk_holds(user)

    @extend_schema(request=HoldIn, responses={201: DeskHoldOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Hold a payee's payouts, with a reason and an end."""
        self.get_queryset()  # whoever has no business here learns nothing of anybody
        body = HoldIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        hold = services.place_hold(
            party_id=payee_named(asked.pop("payee")).pk, by=signed_in(request.user), **asked
        )
        return Response(DeskHoldOut(hold).data, status=status.HTTP_201_CREATED)


class HoldLiftView(APIView):
    @extend_schema(request=None, responses=DeskHoldOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """End it before its time: what waited goes out."""
        user = signed_in(request.user)
        hold = get_object_or_404(desk_holds(user), public_id=public_id)
        return Response(DeskHoldOut(services.lift_hold(hold_id=hold.pk, by=user)).data)


ROUTES = [
    path("desk/holds/", DeskHoldsView.as_view(), name="api-desk-holds"),
    path("desk/holds/<str:public_id>/lift/", HoldLiftView.as_view(), name="api-desk-hold-lift"),
]
