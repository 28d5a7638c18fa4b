"""The desk for programs: disputes to decide, money that has to be sent again."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.api import OldestFirst, idempotent
from marketplace.common.shapes import AmountIn
from payments.chargebacks.settling.services import LONGEST_REASON
from payments.payouts import services as payouts
from payments.payouts.attesting import services as attesting
from payments.payouts.finding.selectors import desk_payouts, narrowed
from payments.payouts.models import Payout
from payments.payouts.selectors import failed_payouts, payouts_in_trouble, payouts_to_attest
from payments.reconciliation.confirming.services import (
    attest_payout_or_propose,
    settle_refund_or_propose,
)
from payments.refunds import services as refunds
from payments.refunds.selectors import failed_refunds
from projects.api.dispute_shapes import DisputeOut, SharesOut
from projects.disputes.assigning.selectors import WHOSE
from projects.disputes.finding import selectors as finding
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes, effect_of, may_read_disputes
from projects.milestones.amounts import checked_part


class PreviewIn(serializers.Serializer):
    to_freelancer = AmountIn(least=0)


class DeskDisputesView(ListAPIView):
    """Disputes that wait for somebody, or what of all fits, the oldest first."""

    serializer_class = DisputeOut
    pagination_class: type[CursorPagination] = OldestFirst

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "state", str, enum=finding.STATES, description="The open ones if left out."
            ),
            OpenApiParameter("whose", str, enum=WHOSE, description="Whoever looks after them."),
            OpenApiParameter("reason", str, enum=Dispute.Reason.values),
            OpenApiParameter("words", str, description="Of a title, a side, or a public id."),
        ]
    )
    def get(self, request: Request, *args, **kwargs) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self):
        if not may_read_disputes(self.request.user):
            raise Http404
        disputes = desk_disputes(self.request.user)
        asked = self.request.query_params
        names = ("state", "whose", "reason", "words")
        return finding.narrowed(
            disputes,
            reader=signed_in(self.request.user),
            **{name: asked.get(name, "") for name in names},
        )


class DeskDisputeView(RetrieveAPIView):
    """One dispute, as the staff reads it."""

    serializer_class = DisputeOut
    lookup_field = "public_id"

    def get_queryset(self):
        return desk_disputes(self.request.user)


class PreviewView(APIView):
    @extend_schema(request=PreviewIn, responses=SharesOut)
    def post(self, request: Request, public_id: str) -> Response:
        """Who would get what, to the minor unit. Nothing is moved."""
        dispute = get_object_or_404(desk_disputes(request.user), public_id=public_id)
        body = PreviewIn(data=request.data)
        body.is_valid(raise_exception=True)
        part = checked_part(
            body.validated_data["to_freelancer"], dispute.milestone, param="to_freelancer"
        )
        return Response(SharesOut(effect_of(dispute.milestone, part)).data)


class RetriedOut(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    status = serializers.CharField()


class FailedRefundOut(serializers.Serializer):
    id = serializers.CharField(source="public_id")
    payer = serializers.CharField(source="payment.payer.name")
    amount = serializers.IntegerField(help_text="In minor units.")
    currency = serializers.CharField()
    failure_code = serializers.CharField()
    created_at = serializers.DateTimeField()


class DeskPayoutOut(serializers.ModelSerializer):
    """Amounts are minor units; ``account`` is how the payee's account at the provider stands."""

    id = serializers.CharField(source="public_id")
    payee = serializers.CharField(source="party.name")
    account = serializers.CharField(source="party.connected_account.status", default=None)
    cancel_refused_at = serializers.DateTimeField(
        source="reversal_refused_at",
        allow_null=True,
        help_text="When the provider last refused to take it back, "
        "with the code ``reversal_refusal``.",
    )

    class Meta:
        model = Payout
        fields = ["id", "payee", "account", "amount", "currency", "status", "failure_code",
                  "cancel_refused_at", "reversal_refusal", "transfer_id", "created_at",
                  "arrives_at", "closed_at"]  # fmt: skip


class OldestById(OldestFirst):
    ordering = ("id",)


class DeskRefundsView(ListAPIView):
    """Refunds that failed and wait for a person, the oldest first."""

    serializer_class = FailedRefundOut
    pagination_class: type[CursorPagination] = OldestFirst

    def get_queryset(self) -> QuerySet[Any]:
        return for_finance(self.request, failed_refunds())


class DeskPayoutsView(ListAPIView):
    """Payouts that failed and that nobody has sent again, those whose account was closed under
    them, and those that are late, the oldest first; with ``?all=1`` every one.
    """

    serializer_class = DeskPayoutOut
    pagination_class: type[CursorPagination] = OldestById

    @extend_schema(
        parameters=[
            OpenApiParameter("all", bool),
            OpenApiParameter("status", str, enum=Payout.Status.values),
            OpenApiParameter("words", str, description="Of a payee's name, or an id."),
        ]
    )
    def get(self, request: Request, *args, **kwargs) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Any]:
        asked = self.request.query_params
        found = for_finance(self.request, desk_payouts(signed_in(self.request.user)))
        if asked.get("all") != "1" and not asked.get("status"):
            found = found.filter(pk__in=payouts_in_trouble().values("pk"))
        return narrowed(found, status=asked.get("status", ""), words=asked.get("words", ""))


class RefundRetryView(APIView):
    @extend_schema(request=None, responses=RetriedOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Send a failed refund once more."""
        refund = get_object_or_404(_at_the_desk(request, failed_refunds()), public_id=public_id)
        refund = refunds.retry_refund(refund_id=refund.pk, by=signed_in(request.user))
        return Response(RetriedOut(refund).data)


class SettleRefundIn(serializers.Serializer):
    reason = serializers.CharField(
        max_length=LONGEST_REASON, help_text="How and when it was paid; the payer reads it."
    )


class SettledOut(RetriedOut):
    waits_for = serializers.CharField(
        help_text="The deed that another person has to confirm first, or nothing."
    )


class RefundSettleView(APIView):
    @extend_schema(request=SettleRefundIn, responses=SettledOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Note that a refund was paid by other means; its money at the provider is ours then. Above
        the limit of the rules it waits for another person, as ``waits_for`` says.
        """
        refund = get_object_or_404(_at_the_desk(request, failed_refunds()), public_id=public_id)
        told = SettleRefundIn(data=request.data)
        told.is_valid(raise_exception=True)
        user = signed_in(request.user)
        waits = settle_refund_or_propose(refund_id=refund.pk, by=user, **told.validated_data)
        refund.refresh_from_db()
        refund.waits_for = waits.public_id if waits else ""
        return Response(SettledOut(refund).data)


class PayoutRetryView(APIView):
    @extend_schema(request=None, responses=RetriedOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Send a failed payout once more."""
        payout = get_object_or_404(_at_the_desk(request, failed_payouts()), public_id=public_id)
        payout = payouts.retry_payout(payout_id=payout.pk, by=signed_in(request.user))
        return Response(RetriedOut(payout).data)


class AttestIn(serializers.Serializer):
    outcome = serializers.ChoiceField(attesting.Outcome.choices)
    reason = serializers.CharField(
        max_length=attesting.LONGEST_REASON,
        help_text="From where that is known; the payee reads it.",
    )
    bank_payout = serializers.CharField(
        max_length=attesting.LONGEST_ID,
        default="",
        help_text="Its id at the provider, of one that arrived and of which it is not known.",
    )


class PayoutAttestView(APIView):
    @extend_schema(request=AttestIn, responses=SettledOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say what became of a payout whose account was closed under it: ``arrived`` or
        ``came_back``; of one that the provider would not take back: ``arrived`` or ``lost``. Above
        the limit of the rules it waits for another person, as ``waits_for`` says.
        """
        payout = get_object_or_404(for_finance(request, payouts_to_attest()), public_id=public_id)
        told = AttestIn(data=request.data)
        told.is_valid(raise_exception=True)
        user = signed_in(request.user)
        waits = attest_payout_or_propose(payout_id=payout.pk, by=user, **told.validated_data)
        payout.refresh_from_db()
        payout.waits_for = waits.public_id if waits else ""
        return Response(SettledOut(payout).data)


def for_finance(request: Request, pile: QuerySet[Any]) -> QuerySet[Any]:
    """Who has business with money that is stuck, and support, which reads everything."""
    if not {StaffRole.FINANCE, StaffRole.SUPPORT} & staff_roles_of(request.user):
        raise Http404
    return pile


def _at_the_desk(request: Request, pile: QuerySet[Any]) -> QuerySet[Any]:
    """What lies at the desk exists for the staff only."""
    return pile if staff_roles_of(request.user) else pile.none()
