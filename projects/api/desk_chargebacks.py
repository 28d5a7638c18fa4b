"""Chargebacks, for programs of finance."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.api import CursorPage, idempotent_in_steps
from payments.chargebacks.answering import services
from payments.chargebacks.models import Chargeback, ChargebackMovement
from payments.chargebacks.selectors import desk_chargebacks, rolled_on
from payments.chargebacks.words import why_not_told


class MovementOut(serializers.ModelSerializer):
    """What the bank took, or gave back where it is negative, and where it came from."""

    id = serializers.CharField(source="remote_id")

    class Meta:
        model = ChargebackMovement
        fields = ["id", "amount", "refunds", "held", "released", "owed", "lost", "fee",
                  "fee_currency", "booked_at"]  # fmt: skip


class DeskChargebackOut(serializers.ModelSerializer):
    """A chargeback as finance sees it. Amounts are minor units."""

    id = serializers.CharField(source="public_id")
    payment = serializers.CharField(source="payment.public_id")
    payer = serializers.CharField(source="payment.payer.name")
    movements = MovementOut(many=True)
    answered_by = serializers.CharField(source="answered_by.name", default=None)
    is_overdue = serializers.BooleanField(
        read_only=True, help_text="Whether the bank has no answer, and takes none any more."
    )
    problem = serializers.SerializerMethodField(
        help_text="Why what was written last did not reach the bank; empty where it did."
    )

    class Meta:
        model = Chargeback
        fields = ["id", "remote_id", "payment", "payer", "amount", "currency", "reason", "status",
                  "due_at", "is_overdue", "opened_at", "closed_at", "evidence", "answered_by",
                  "answered_at", "problem", "movements"]  # fmt: skip

    def get_problem(self, chargeback: Chargeback) -> str:
        return why_not_told(chargeback)


class RolledOnOut(serializers.Serializer):
    """One step of the way that the payment's money went on; ``taken_back`` of it is with banks."""

    source = serializers.CharField(source="roll.source.public_id")
    target = serializers.CharField(source="roll.target.public_id")
    title = serializers.CharField(source="roll.target.title")
    money = serializers.IntegerField(source="roll.money")
    taken_back = serializers.IntegerField()
    created_at = serializers.DateTimeField(source="roll.created_at")


class DeskChargebackInFullOut(DeskChargebackOut):
    """The same, with the escrow that was paid for and those to which its money was rolled."""

    paid_for = serializers.CharField(source="payment.paid_for")
    rolled_on = serializers.SerializerMethodField()

    class Meta(DeskChargebackOut.Meta):
        fields = [*DeskChargebackOut.Meta.fields, "paid_for", "rolled_on"]

    @extend_schema_field(RolledOnOut(many=True))
    def get_rolled_on(self, chargeback: Chargeback) -> list:
        return list(RolledOnOut(rolled_on(chargeback), many=True).data)


class EvidenceIn(serializers.Serializer):
    evidence = serializers.CharField(
        max_length=services.LONGEST_EVIDENCE,
        help_text="What the bank is told, once; payer and payee read it on their account pages.",
    )


class NewestOpened(CursorPage):
    ordering = ("-opened_at", "-id")


class DeskChargebacksView(ListAPIView):
    """Every chargeback, the newest first."""

    pagination_class = NewestOpened
    serializer_class = DeskChargebackOut

    def get_queryset(self):
        user = signed_in(self.request.user)
        if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
            raise Http404
        return desk_chargebacks(user)


class DeskChargebackView(RetrieveAPIView):
    """One chargeback, with all that moved and where its money had gone on to."""

    serializer_class = DeskChargebackInFullOut
    lookup_field = lookup_url_kwarg = "public_id"

    def get_queryset(self):
        return desk_chargebacks(signed_in(self.request.user))


def _tell_bank(request: Request, chargeback_id: int) -> Response:
    """Once the wish is noted."""
    services.tell_bank(chargeback_id=chargeback_id)
    found = desk_chargebacks(signed_in(request.user)).get(pk=chargeback_id)
    return Response(DeskChargebackOut(found).data)


class ChargebackEvidenceView(APIView):
    @extend_schema(request=EvidenceIn, responses=DeskChargebackOut)
    @idempotent_in_steps(then=_tell_bank)
    def post(self, request: Request, public_id: str) -> dict[str, int]:
        """Answer the bank, once: it reads no second answer."""
        user = signed_in(request.user)
        chargeback = get_object_or_404(desk_chargebacks(user), public_id=public_id)
        body = EvidenceIn(data=request.data)
        body.is_valid(raise_exception=True)
        services.wish_to_answer(
            chargeback_id=chargeback.pk, by=user, text=body.validated_data["evidence"]
        )
        return {"chargeback_id": chargeback.pk}


class ChargebackAcceptanceView(APIView):
    @extend_schema(request=None, responses=DeskChargebackOut)
    @idempotent_in_steps(then=_tell_bank)
    def post(self, request: Request, public_id: str) -> dict[str, int]:
        """Let the bank have it: it is lost then."""
        user = signed_in(request.user)
        chargeback = get_object_or_404(desk_chargebacks(user), public_id=public_id)
        services.wish_to_accept(chargeback_id=chargeback.pk, by=user)
        return {"chargeback_id": chargeback.pk}
