"""Other terms for a bid: proposed, countered, answered."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import idempotent
from marketplace.common.shapes import AmountIn
from projects.agreements.downtime.selectors import why_later
from projects.api.bid_shapes import PlannedMilestone, TermsDifferenceOut
from projects.bids import terms
from projects.bids.counters import services
from projects.bids.counters.models import CounterOffer
from projects.bids.counters.selectors import (
    counters_of,
    differences_of,
    open_steps,
    since_countered,
)
from projects.bids.models import Bid
from projects.bids.roles import role_in
from projects.bids.selectors import bids_of


class CounterOfferOut(serializers.ModelSerializer):
    """Other terms for a bid, whole as it would stand. ``against`` is the version of the bid that
    they were proposed against; ``became`` the one that they are, once they are accepted.
    """

    id = serializers.CharField(source="public_id")
    bid = serializers.CharField(source="bid.public_id")
    currency = serializers.CharField(source="bid.currency")
    counters = serializers.CharField(source="counters.public_id", default=None, allow_null=True)
    status = serializers.ChoiceField(CounterOffer.Status.choices, source="state")
    proposed_by = serializers.CharField(source="proposed_by_role")
    price = serializers.IntegerField(help_text="In minor units.")
    plan = PlannedMilestone(many=True)
    next_steps = serializers.SerializerMethodField(help_text="What you can do right now.")

    class Meta:
        model = CounterOffer
        fields = [
            "id",
            "bid",
            "currency",
            "counters",
            "status",
            "proposed_by",
            "against",
            "became",
            "price",
            "days",
            "plan",
            "note",
            "created_at",
            "answer_due_at",
            "closed_at",
            "next_steps",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, counter: CounterOffer) -> list[str]:
        return open_steps(counter, role_in(counter.bid, self.context["request"].user))


class WholeCounterOfferOut(CounterOfferOut):
    """The same, how it differs from the bid as it was and from the terms that it ``counters``, and
    what an outage has put off.
    """

    differences = serializers.SerializerMethodField()
    differences_from_countered = serializers.SerializerMethodField(
        help_text="Empty where it counters none, or says the same."
    )
    put_off = serializers.SerializerMethodField(
        help_text="Why it waits longer for its answer than was said (Milepost was down), or empty."
    )

    class Meta(CounterOfferOut.Meta):
        fields = [
            *CounterOfferOut.Meta.fields,
            "differences",
            "differences_from_countered",
            "put_off",
        ]

    def get_put_off(self, counter: CounterOffer) -> str:
        return why_later(counter.public_id, counter.answer_due_at)

    @extend_schema_field(TermsDifferenceOut(many=True))
    def get_differences(self, counter: CounterOffer) -> list[Any]:
        lines = differences_of([counter], counter.bid)[counter.pk]
        return list(TermsDifferenceOut(lines, many=True).data)

    @extend_schema_field(TermsDifferenceOut(many=True))
    def get_differences_from_countered(self, counter: CounterOffer) -> list[Any]:
        return list(TermsDifferenceOut(since_countered(counter) or [], many=True).data)


class CounterOfferIn(serializers.Serializer):
    price = AmountIn(help_text="In minor units: the sum of the plan.")
    days = serializers.IntegerField(min_value=1, max_value=terms.MAX_DAYS)
    plan = serializers.ListField(
        child=PlannedMilestone(), min_length=1, max_length=terms.MAX_MILESTONES
    )
    note = serializers.CharField(
        max_length=services.LONGEST_NOTE, required=False, default="", allow_blank=True
    )


class FirstCounterOfferIn(CounterOfferIn):
    version = serializers.IntegerField(
        required=False, help_text="The version of the bid that you have read; a later one refuses."
    )


class CountersView(ListAPIView):
    """Other terms proposed on your bids, and by you or to you on your postings, newest first."""

    serializer_class = CounterOfferOut

    def get_queryset(self) -> QuerySet[CounterOffer]:
        return counters_of(self.request.user)


class BidCountersView(ListAPIView):
    serializer_class = CounterOfferOut

    def get_queryset(self) -> QuerySet[CounterOffer]:
        return counters_of(self.request.user).filter(bid=self._bid())

    def _bid(self) -> Bid:
        return get_object_or_404(bids_of(self.request.user), public_id=self.kwargs["public_id"])

    def get(self, request: Request, public_id: str) -> Response:
        """Every counter-offer on this bid, newest first."""
        return self.list(request)

    @extend_schema(request=FirstCounterOfferIn, responses={201: WholeCounterOfferOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Answer a bid with other terms, as its client; it stands as it is until they are
        accepted.
        """
        bid = self._bid()
        given = FirstCounterOfferIn(data=request.data)
        given.is_valid(raise_exception=True)
        counter = services.propose_counter(bid_id=bid.pk, by=request.user, **given.validated_data)
        return _shown(request, counter, status=status.HTTP_201_CREATED)


class CounterView(APIView):
    @extend_schema(responses=WholeCounterOfferOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One counter-offer, with how it differs from the bid as it was."""
        return _shown(request, _counter(request, public_id))


class CounterAnewView(APIView):
    @extend_schema(request=CounterOfferIn, responses={201: WholeCounterOfferOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Answer with other terms instead: the other side answers next."""
        counter = _counter(request, public_id)
        given = CounterOfferIn(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.counter_counter(
            counter_id=counter.pk, by=request.user, **given.validated_data
        )
        return _shown(request, made, status=status.HTTP_201_CREATED)


class AcceptView(APIView):
    @extend_schema(request=None, responses=WholeCounterOfferOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Agree: the bid stands in these terms, and an award signs them."""
        return _answer(request, public_id, services.accept_counter)


class DeclineView(APIView):
    @extend_schema(request=None, responses=WholeCounterOfferOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say no to the other side's terms: the bid stands as it was."""
        return _answer(request, public_id, services.decline_counter)


class WithdrawView(APIView):
    @extend_schema(request=None, responses=WholeCounterOfferOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take your own terms back while they are not answered."""
        return _answer(request, public_id, services.withdraw_counter)


def _answer(request: Request, public_id: str, deed: Callable[..., CounterOffer]) -> Response:
    return _shown(request, deed(counter_id=_counter(request, public_id).pk, by=request.user))


def _counter(request: Request, public_id: str) -> CounterOffer:
    return get_object_or_404(counters_of(request.user), public_id=public_id)


def _shown(
    request: Request, counter: CounterOffer, *, status: int = status.HTTP_200_OK
) -> Response:
    found = counters_of(request.user).get(pk=counter.pk)
    return Response(WholeCounterOfferOut(found, context={"request": request}).data, status=status)


ROUTES = [
    path("counter-offers/", CountersView.as_view(), name="api-counters"),
    path(
        "bids/<str:public_id>/counter-offers/", BidCountersView.as_view(), name="api-bid-counters"
    ),
    path("counter-offers/<str:public_id>/", CounterView.as_view(), name="api-counter"),
    path("counter-offers/<str:public_id>/accept/", AcceptView.as_view(), name="api-counter-accept"),
    path(
        "counter-offers/<str:public_id>/decline/", DeclineView.as_view(), name="api-counter-decline"
    ),
    path(
        "counter-offers/<str:public_id>/counter/",
        CounterAnewView.as_view(),
        name="api-counter-counter",
    ),
    path(
        "counter-offers/<str:public_id>/withdraw/",
        WithdrawView.as_view(),
        name="api-counter-withdraw",
    ),
]
