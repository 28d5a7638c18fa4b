"""Released money that goes back: asked for by the client, agreed to or given by the freelancer."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import idempotent
from marketplace.common.lifecycle import CLIENT
from marketplace.common.shapes import AmountIn
from payments.escrow.givebacks.rules import window_of
from payments.escrow.models import Escrow
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of
from projects.givebacks import services
from projects.givebacks.models import GiveBack
from projects.givebacks.selectors import (
    escrow_id_of,
    givebacks_of,
    givebacks_on,
    open_steps,
    returnable,
)


class ReturnableOut(serializers.ModelSerializer):
    """What was released of a milestone or a bonus, before fees, and can be given back."""

    of = serializers.CharField(source="public_id")
    amount = serializers.IntegerField(source="kept", help_text="In minor units, before fees.")
    until = serializers.SerializerMethodField()

    class Meta:
        model = Escrow
        fields = ["of", "title", "amount", "currency", "until"]

    def get_until(self, escrow: Escrow) -> str:
        until = window_of(escrow)
        return until.isoformat() if until else ""


class GiveBackOut(serializers.ModelSerializer):
    """``amount`` is a part of the price, before fees, in minor units."""

    id = serializers.CharField(source="public_id")
    contract = serializers.CharField(source="contract.public_id")
    of = serializers.CharField(source="escrow.public_id")
    title = serializers.CharField(source="escrow.title")
    currency = serializers.CharField(source="escrow.currency")
    status = serializers.ChoiceField(GiveBack.Status.choices, source="state")
    next_steps = serializers.SerializerMethodField(help_text="What you can do right now.")

    class Meta:
        model = GiveBack
        fields = [
            "id",
            "contract",
            "of",
            "title",
            "amount",
            "currency",
            "status",
            "note",
            "created_at",
            "answer_due_at",
            "closed_at",
            "next_steps",
        ]

    def get_next_steps(self, giveback: GiveBack) -> list[str]:
        return open_steps(giveback, self.context["role"])


class GiveBackIn(serializers.Serializer):
    of = serializers.CharField(max_length=40, help_text="As in what can be given back.")
    amount = AmountIn(help_text="A part of the price, in minor units, before fees.")
    note = serializers.CharField(
        max_length=services.LONGEST_NOTE, required=False, default="", allow_blank=True
    )


class ReturnableView(APIView):
    @extend_schema(responses=ReturnableOut(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """What of a contract was released, has ended, and can still be given back."""
        contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
        return Response(ReturnableOut(returnable(contract), many=True).data)


class GiveBacksView(ListAPIView):
    serializer_class = GiveBackOut

    def get_queryset(self) -> QuerySet[GiveBack]:
        if getattr(self, "swagger_fake_view", False):
            return GiveBack.objects.none()
        return givebacks_on(self._contract())

    def get_serializer_context(self) -> dict[str, Any]:
        if getattr(self, "swagger_fake_view", False):
            return super().get_serializer_context()
        role = role_in(self._contract(), self.request.user)
        return {**super().get_serializer_context(), "role": role}

    def _contract(self) -> Contract:
        contracts = contracts_of(self.request.user)
        return get_object_or_404(contracts, public_id=self.kwargs["public_id"])

    def get(self, request: Request, public_id: str) -> Response:
        """What was asked back or given back on a contract, newest first."""
        return self.list(request)

    @extend_schema(request=GiveBackIn, responses={201: GiveBackOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """The client asks for released money back; the freelancer gives it, at once."""
        contract = self._contract()
        body = GiveBackIn(data=request.data)
        body.is_valid(raise_exception=True)
        is_client = role_in(contract, request.user) == CLIENT
        deed = services.ask_back if is_client else services.give_back
        giveback = deed(
            contract_id=contract.pk,
            escrow_id=escrow_id_of(contract, body.validated_data["of"]),
            by=request.user,
            amount=body.validated_data["amount"],
            note=body.validated_data["note"],
        )
        return Response(_told(request, giveback), status=status.HTTP_201_CREATED)


class AcceptView(APIView):
    @extend_schema(request=None, responses=GiveBackOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Agree as the freelancer: the money goes back, all of it or nothing."""
        return _answer(request, public_id, services.accept_giveback)


class DeclineView(APIView):
    @extend_schema(request=None, responses=GiveBackOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say no as the freelancer. Nothing changes."""
        return _answer(request, public_id, services.decline_giveback)


class WithdrawView(APIView):
    @extend_schema(request=None, responses=GiveBackOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Ask no longer, as the client."""
        return _answer(request, public_id, services.withdraw_giveback)


def _answer(request: Request, public_id: str, deed: Callable[..., GiveBack]) -> Response:
    giveback = get_object_or_404(givebacks_of(request.user), public_id=public_id)
    return Response(_told(request, deed(giveback_id=giveback.pk, by=request.user)))


def _told(request: Request, giveback: GiveBack) -> dict[str, Any]:
    role = role_in(giveback.contract, request.user)
    shown = givebacks_of(request.user).get(pk=giveback.pk)
    return GiveBackOut(shown, context={"role": role}).data


ROUTES = [
    path(
        "contracts/<str:public_id>/returnable/",
        ReturnableView.as_view(),
        name="api-contract-returnable",
    ),
    path(
        "contracts/<str:public_id>/givebacks/",
        GiveBacksView.as_view(),
        name="api-contract-givebacks",
    ),
    path("givebacks/<str:public_id>/accept/", AcceptView.as_view(), name="api-giveback-accept"),
    path("givebacks/<str:public_id>/decline/", DeclineView.as_view(), name="api-giveback-decline"),
    path(
        "givebacks/<str:public_id>/withdraw/", WithdrawView.as_view(), name="api-giveback-withdraw"
    ),
]
