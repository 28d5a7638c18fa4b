"""Bonuses: what a client pays on top of what was agreed."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import idempotent, idempotent_in_steps
from marketplace.common.shapes import AmountIn
from payments.escrow.models import Escrow
from payments.fundings import services as fundings
from projects.api.milestone_shapes import FundingOut, PaymentOut
from projects.api.milestones import open_pay_page
from projects.bonuses import services
from projects.bonuses.models import Bonus
from projects.bonuses.selectors import bonuses_of, seen_on
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of


class BonusOut(serializers.ModelSerializer):
    """``amount`` is in minor units, before fees. Awaiting payment, released (paid) or dropped."""

    id = serializers.CharField(source="public_id")
    contract = serializers.CharField(source="contract.public_id")
    amount = serializers.IntegerField(source="escrow.amount")
    currency = serializers.CharField(source="escrow.currency")
    status = serializers.ChoiceField(Escrow.Status.choices, source="escrow.status")
    paid_at = serializers.DateTimeField(source="escrow.held_at", allow_null=True)

    class Meta:
        model = Bonus
        fields = ["id", "contract", "amount", "currency", "status", "note", "created_at", "paid_at"]


class BonusIn(serializers.Serializer):
    amount = AmountIn(help_text="In minor units, before fees.")
    note = serializers.CharField(
        max_length=services.LONGEST_NOTE, required=False, default="", allow_blank=True
    )


class GivenOut(serializers.Serializer):
    """The bonus, and the payment that makes it one: pay at its ``url``."""

    bonus = BonusOut()
    payment = PaymentOut()


def _open_pay_page(request: Request, bonus_id: int, payment_id: int) -> Response:
    payment = fundings.open_pay_page(payment_id=payment_id)
    given = GivenOut({"bonus": bonuses_of(request.user).get(pk=bonus_id), "payment": payment})
    return Response(given.data, status=status.HTTP_201_CREATED)


class ContractBonusesView(ListAPIView):
    serializer_class = BonusOut

    def get_queryset(self) -> QuerySet[Bonus]:
        if getattr(self, "swagger_fake_view", False):
            return Bonus.objects.none()
        contract = self._contract()
        return seen_on(contract, role_in(contract, self.request.user))

    def _contract(self) -> Contract:
        contracts = contracts_of(self.request.user)
        return get_object_or_404(contracts, public_id=self.kwargs["public_id"])

    def get(self, request: Request, public_id: str) -> Response:
        """The bonuses of a contract, newest first; those not paid yet for the client alone."""
        return self.list(request)

    @extend_schema(request=BonusIn, responses={201: GivenOut})
    @idempotent_in_steps(then=_open_pay_page)
    def post(self, request: Request, public_id: str) -> dict[str, int]:
        """Give a bonus: it goes to the freelancer as soon as it is paid. Send an
        ``Idempotency-Key``: two calls without one are two bonuses.
        """
        contract = self._contract()
        body = BonusIn(data=request.data)
        body.is_valid(raise_exception=True)
        bonus, payment = services.give_bonus(
            contract_id=contract.pk, by=request.user, **body.validated_data
        )
        return {"bonus_id": bonus.pk, "payment_id": payment.pk}


class PayBonusView(APIView):
    @extend_schema(request=None, responses=FundingOut)
    @idempotent_in_steps(then=open_pay_page)
    def post(self, request: Request, public_id: str) -> dict[str, int]:
        """Go on paying for a bonus: the payment that waits, or another where it has expired."""
        bonus = get_object_or_404(bonuses_of(request.user), public_id=public_id)
        payment = services.pay_bonus(bonus_id=bonus.pk, by=request.user)
        return {"payment_id": payment.pk}


class WithdrawBonusView(APIView):
    @extend_schema(request=None, responses=BonusOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take a bonus back that is not paid."""
        bonus = get_object_or_404(bonuses_of(request.user), public_id=public_id)
        services.withdraw_bonus(bonus_id=bonus.pk, by=request.user)
        return Response(BonusOut(bonuses_of(request.user).get(pk=bonus.pk)).data)
