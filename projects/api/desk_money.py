"""Money that needs a person, for programs of finance: what is taken back, what is looked for."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.parties.models import Party
from accounts.people.selectors import signed_in
from marketplace.common.api import OldestFirst, idempotent_in_steps
from marketplace.common.errors import WrongState
from payments.payouts.cancelling.services import (
    LONGEST_REASON,
    finish_cancelling,
    wish_to_cancel,
)
from payments.payouts.finding.selectors import (
    cancellable_payouts,
    payees_not_set_up,
    with_unpaid,
)
from payments.payouts.models import Payout
from projects.api.desk import (
    DeskPayoutsView,
    PayoutAttestView,
    PayoutRetryView,
    RetriedOut,
    for_finance,
)
from projects.contracts.models import Contract
from projects.contracts.selectors import desk_contracts
from projects.milestones.limits.selectors import desk_near_limit, with_held
from projects.milestones.models import Milestone


class CancelPayoutIn(serializers.Serializer):
    reason = serializers.CharField(max_length=LONGEST_REASON, help_text="Why; the payee reads it.")


def _take_back(request: Request, payout_id: int) -> Response:
    """Once the wish is noted."""
    payout = finish_cancelling(payout_id=payout_id)
    if payout.status != Payout.Status.CANCELLED:
        raise WrongState("The payment provider cannot take this money back: the payout stands.")
    return Response(RetriedOut(payout).data)


class PayoutCancelView(APIView):
    @extend_schema(request=CancelPayoutIn, responses=RetriedOut)
    @idempotent_in_steps(then=_take_back)
    def post(self, request: Request, public_id: str) -> dict[str, int]:
        """Take back a payout that waits or has failed; its payee is told why."""
        user = signed_in(request.user)
        payout = get_object_or_404(cancellable_payouts(user), public_id=public_id)
        told = CancelPayoutIn(data=request.data)
        told.is_valid(raise_exception=True)
        wish_to_cancel(payout_id=payout.pk, by=user, **told.validated_data)
        return {"payout_id": payout.pk}


class NearLimitOut(serializers.ModelSerializer):
    """``held`` is what is held for it, the client's fee included, in minor units."""

    id = serializers.CharField(source="public_id")
    contract = serializers.CharField(source="contract.public_id")
    client = serializers.CharField(source="contract.client.name")
    freelancer = serializers.CharField(source="contract.freelancer.name")
    currency = serializers.CharField(source="escrow.currency")
    held = serializers.IntegerField()
    held_until = serializers.DateTimeField(help_text="When the provider's time ends.")

    class Meta:
        model = Milestone
        fields = ["id", "contract", "client", "freelancer", "title", "status", "held", "currency",
                  "held_until"]  # fmt: skip


class UnpaidOut(serializers.Serializer):
    amount = serializers.IntegerField(help_text="In minor units.")
    currency = serializers.CharField()


class PayeeOut(serializers.Serializer):
    """``account`` is how the payee's account at the provider stands, null where it was never
    begun; ``failure_code`` is why the provider would not open it.
    """

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    account = serializers.CharField(
        source="connected_account.status", default=None, allow_null=True
    )
    failure_code = serializers.CharField(
        source="connected_account.failure_code", default=None, allow_null=True
    )
    since = serializers.DateTimeField(help_text="When they first earned what waits.")
    held_until = serializers.DateTimeField(
        help_text="When the provider's time to hold the first of it ends."
    )
    waits = UnpaidOut(many=True)


class DeskContractOut(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    client = serializers.CharField(source="client.name")
    freelancer = serializers.CharField(source="freelancer.name")

    class Meta:
        model = Contract
        fields = ["id", "title", "client", "freelancer", "status", "created_at"]


class SoonestFirst(OldestFirst):
    ordering = ("held_until", "id")


class LongestFirst(OldestFirst):
    ordering = ("since", "id")


class NearLimitView(ListAPIView):
    """Held money that the provider holds for two weeks more at most, the soonest to end first."""

    serializer_class = NearLimitOut
    pagination_class: type[CursorPagination] = SoonestFirst

    def get_queryset(self) -> QuerySet[Milestone]:
        return for_finance(self.request, desk_near_limit(signed_in(self.request.user)))

    def get_serializer(self, milestones: Any = (), **kwargs: Any) -> serializers.BaseSerializer:
        return NearLimitOut(with_held(milestones), **kwargs)


class PayeesView(ListAPIView):
    """Payees who have earned and cannot be paid out, for want of a finished account at the
    provider, whoever has waited longest first.
    """

    serializer_class = PayeeOut
    pagination_class: type[CursorPagination] = LongestFirst

    def get_queryset(self) -> QuerySet[Party]:
        return for_finance(self.request, payees_not_set_up(signed_in(self.request.user)))

    def get_serializer(self, parties: Any = (), **kwargs: Any) -> serializers.BaseSerializer:
        return PayeeOut(with_unpaid(parties), **kwargs)


class DeskContractsView(ListAPIView):
    """Every contract, the newest first: its statement is at ``contracts/{id}/statement/``."""

    serializer_class = DeskContractOut

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "words",
                str,
                description="Of a title or a name, or the id of a contract, an "
                "escrow or a payment.",
            )
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Contract]:
        words = self.request.query_params.get("words", "")
        found = desk_contracts(signed_in(self.request.user), words=words)
        return for_finance(self.request, found)


_PAYOUT = "desk/payouts/<str:public_id>/"
ROUTES = [
    path("desk/limits/", NearLimitView.as_view(), name="api-desk-limits"),
    path("desk/payees/", PayeesView.as_view(), name="api-desk-payees"),
    path("desk/contracts/", DeskContractsView.as_view(), name="api-desk-contracts"),
    path("desk/payouts/", DeskPayoutsView.as_view(), name="api-desk-payouts"),
    path(f"{_PAYOUT}retry/", PayoutRetryView.as_view(), name="api-desk-payout-retry"),
    path(f"{_PAYOUT}attest/", PayoutAttestView.as_view(), name="api-desk-payout-attest"),
    path(f"{_PAYOUT}cancel/", PayoutCancelView.as_view(), name="api-desk-payout-cancel"),
]
