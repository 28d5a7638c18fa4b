"""Money over the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.parties.selectors import own_party_of
from marketplace.common.api import idempotent, idempotent_in_steps
from marketplace.common.errors import WrongState
from payments.api.shapes import (
    EarningsOut,
    LineOut,
    OnboardingOut,
    PayerPaymentOut,
    PayoutAccountIn,
    PayoutAccountOut,
    PayoutIn,
    PayoutOut,
    PayoutPlanIn,
    PayoutPlanOut,
    PayoutWithStoryOut,
    PolicyOut,
)
from payments.fundings.selectors import payments_of
from payments.payees.selectors import accounts_of
from payments.payees.services import start_onboarding
from payments.payouts import services as payouts
from payments.payouts.cancelling.services import finish_cancelling, wish_to_cancel
from payments.payouts.models import Payout
from payments.payouts.plans.selectors import plan_of
from payments.payouts.plans.services import choose_payout_plan
from payments.payouts.selectors import clearing_of, payouts_of, summaries_of, with_story
from payments.payouts.statement import lines_of, movements_of
from payments.policies.models import Policy


class PaymentView(APIView):
    @extend_schema(responses=PayerPaymentOut)
    def get(self, request: Request, public_id: str) -> Response:
        """How a payment of yours stands."""
        payment = get_object_or_404(payments_of(request.user), public_id=public_id)
        return Response(PayerPaymentOut(payment).data)


class EarningsView(APIView):
    @extend_schema(responses=EarningsOut)
    def get(self, request: Request) -> Response:
        """What you have earned, and where it is now."""
        found = {
            "currencies": summaries_of(request.user),
            "clearing": clearing_of(request.user),
        }
        return Response(EarningsOut(found).data)


class LinesView(ListAPIView):
    """Your statement, newest first: every movement of what is yours."""

    serializer_class = LineOut

    def get_queryset(self):
        return movements_of(self.request.user)

    def get_serializer(self, movements: Any = (), **kwargs: Any) -> LineOut:
        return LineOut(lines_of(movements), **kwargs)


class PayoutsView(ListAPIView):
    serializer_class = PayoutOut

    def get_queryset(self):
        return payouts_of(self.request.user)

    @extend_schema(request=PayoutIn, responses={201: PayoutOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask for everything that has cleared, instead of waiting until it goes out by itself."""
        body = PayoutIn(data=request.data)
        body.is_valid(raise_exception=True)
        payout = payouts.schedule_payout(
            party_id=own_party_of(request.user).pk, by=request.user, **body.validated_data
        )
        return Response(PayoutOut(payout).data, status=status.HTTP_201_CREATED)


class PayoutView(APIView):
    @extend_schema(responses=PayoutWithStoryOut)
    def get(self, request: Request, public_id: str) -> Response:
        """A payout of yours, with its attempts and what it pays out."""
        payout = get_object_or_404(with_story(payouts_of(request.user)), public_id=public_id)
        return Response(PayoutWithStoryOut(payout).data)


class PayoutRetryView(APIView):
    @extend_schema(request=None, responses=PayoutOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Try a failed payout again."""
        payout = get_object_or_404(payouts_of(request.user), public_id=public_id)
        payout = payouts.retry_payout(payout_id=payout.pk, by=request.user)
        return Response(PayoutOut(payout).data)


def _take_back(request: Request, payout_id: int) -> Response:
    """Once the wish is noted."""
    payout = finish_cancelling(payout_id=payout_id)
    if payout.status != Payout.Status.CANCELLED:
        raise WrongState("The payment provider cannot take this money back: the payout stands.")
    return Response(PayoutOut(payout).data)


class PayoutCancelView(APIView):
    @extend_schema(request=None, responses=PayoutOut)
    @idempotent_in_steps(then=_take_back)
    def post(self, request: Request, public_id: str) -> dict[str, int]:
        """Take back a payout that waits or has failed."""
        payout = get_object_or_404(payouts_of(request.user), public_id=public_id)
        wish_to_cancel(payout_id=payout.pk, by=request.user)
        return {"payout_id": payout.pk}


class PayoutAccountView(APIView):
    @extend_schema(responses=PayoutAccountOut)
    def get(self, request: Request) -> Response:
        """Your account at the payment provider; 404 before you began to set it up."""
        account = get_object_or_404(accounts_of(request.user), party=own_party_of(request.user))
        return Response(PayoutAccountOut(account).data)

    @extend_schema(request=PayoutAccountIn, responses=OnboardingOut)
    def post(self, request: Request) -> Response:
        """Begin or continue to set it up: answers with the page where you do so."""
        body = PayoutAccountIn(data=request.data)
        body.is_valid(raise_exception=True)
        url = start_onboarding(
            party_id=own_party_of(request.user).pk, by=request.user, **body.validated_data
        )
        return Response({"url": url})


class PayoutPlanView(APIView):
    @extend_schema(responses=PayoutPlanOut)
    def get(self, request: Request) -> Response:
        """How often you are paid out."""
        return Response(PayoutPlanOut(plan_of(own_party_of(request.user))).data)

    @extend_schema(request=PayoutPlanIn, responses=PayoutPlanOut)
    def put(self, request: Request) -> Response:
        """Choose how often: by the day, week or month, or only when you ask."""
        body = PayoutPlanIn(data=request.data)
        body.is_valid(raise_exception=True)
        plan = choose_payout_plan(
            party_id=own_party_of(request.user).pk, by=request.user, **body.validated_data
        )
        return Response(PayoutPlanOut(plan).data)


class PoliciesView(ListAPIView):
    """Every version of the rules, newest first. A contract keeps the one it was signed under."""

    permission_classes = [AllowAny]
    serializer_class = PolicyOut
    pagination_class = None
    queryset = Policy.objects.order_by("-version")
