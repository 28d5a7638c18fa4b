"""The desk for programs: where our books and the provider's differ, and the runs that found it."""

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.api import CursorPage, idempotent, idempotent_in_steps
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.confirming.services import settle_or_propose_as_seen
from payments.reconciliation.deeds.services import (
    LONGEST_REASON,
    Seen,
    look_before_settling,
    offered_deeds,
)
from payments.reconciliation.models import Difference, DifferenceEvent, ReconciliationRun
from payments.reconciliation.running.services import ask_for_run
from payments.reconciliation.selectors import (
    finished_runs,
    known_differences,
    open_differences,
)
from payments.reconciliation.suggestions import suggestion_for

PROPOSED = ProposedDeed.Status.PROPOSED


class DifferenceEventOut(serializers.ModelSerializer):
    by = serializers.CharField(source="by.name", default=None)

    class Meta:
        model = DifferenceEvent
        fields = ["what", "reason", "by", "created_at"]


class DifferenceOut(serializers.ModelSerializer):
    """One thing on which the provider and we differ. Amounts are in minor units."""

    id = serializers.CharField(source="public_id")
    kind = serializers.CharField()
    status = serializers.CharField(help_text="open, settled, set_aside, healed or gone.")
    advice = serializers.SerializerMethodField(
        help_text="What to do about it; or what to wait, or to ask the provider, for."
    )
    advice_path = serializers.SerializerMethodField(
        help_text="The page where that is done; empty where it is one of the ``deeds``, or cannot "
        "be done here."
    )
    deeds = serializers.SerializerMethodField()
    waits_for = serializers.SerializerMethodField(
        help_text="The deed that somebody has to confirm, or nothing."
    )

    class Meta:
        model = Difference
        fields = [
            "id",
            "kind",
            "object_id",
            "account",
            "about",
            "amount",
            "currency",
            "net",
            "booked",
            "theirs",
            "ours",
            "status",
            "advice",
            "advice_path",
            "deeds",
            "waits_for",
            "happened_at",
            "first_seen_at",
            "last_seen_at",
            "gone_at",
        ]

    def get_advice(self, difference: Difference) -> str:
        return suggestion_for(difference).text

    def get_advice_path(self, difference: Difference) -> str:
        return suggestion_for(difference).path

    def get_deeds(self, difference: Difference) -> list[str]:
        return offered_deeds(difference, self.context["request"].user)

    def get_waits_for(self, difference: Difference) -> str:
        waiting = [one for one in difference.proposed_deeds.all() if one.status == PROPOSED]
        return waiting[0].public_id if waiting else ""


class DifferenceWithStoryOut(DifferenceOut):
    events = DifferenceEventOut(many=True)

    class Meta(DifferenceOut.Meta):
        fields = [*DifferenceOut.Meta.fields, "events"]


class SettlementIn(serializers.Serializer):
    deed = serializers.CharField(max_length=20, help_text="One of the difference's ``deeds``.")
    reason = serializers.CharField(max_length=LONGEST_REASON)


class ReconciliationOut(serializers.ModelSerializer):
    """One run. ``sums`` are both sides by currency, in minor units."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = ReconciliationRun
        fields = [
            "id",
            "reads_from",
            "reads_until",
            "due_at",
            "started_at",
            "finished_at",
            "outcome",
            "counts",
            "found",
            "healed",
            "still_open",
            "sums",
            "notes",
            "problem",
        ]


class NewestRunsFirst(CursorPage):
    ordering = ("-finished_at", "-id")


class NewestSeenFirst(CursorPage):
    ordering = ("-first_seen_at", "-id")


class DifferencesView(ListAPIView):
    """What differs and waits for a person, the newest first; with ``?all=1`` what ever differed."""

    serializer_class = DifferenceOut
    pagination_class = NewestSeenFirst

    @extend_schema(parameters=[OpenApiParameter("all", bool)])
    def get(self, request: Request, *args, **kwargs) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Difference]:
        _refuse_others(self.request)
        wants_all = self.request.query_params.get("all") == "1"
        found = known_differences() if wants_all else open_differences()
        return found.prefetch_related("proposed_deeds")


class DifferenceView(APIView):
    @extend_schema(responses=DifferenceWithStoryOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One difference, both sides of it and what became of it."""
        return _answer(request, public_id)


def _look(request: Request, public_id: str) -> Seen:
    difference = _found(request, public_id)
    body = SettlementIn(data=request.data)
    body.is_valid(raise_exception=True)
    return look_before_settling(
        difference_id=difference.pk,
        deed=body.validated_data["deed"],
        by=signed_in(request.user),
    )


class SettleView(APIView):
    @extend_schema(request=SettlementIn, responses=DifferenceWithStoryOut)
    @idempotent_in_steps(first=_look)
    def post(self, request: Request, public_id: str, seen: Seen) -> Response:
        """Do one of its deeds, as finance, with a reason. Above the limit of the rules it waits for
        another person, as ``waits_for`` says, and nothing has moved.
        """
        difference = _found(request, public_id)
        body = SettlementIn(data=request.data)
        body.is_valid(raise_exception=True)
        settle_or_propose_as_seen(
            difference_id=difference.pk,
            by=signed_in(request.user),
            seen=seen,
            **body.validated_data,
        )
        return _answer(request, public_id)


class ReconciliationsView(ListAPIView):
    """The runs that are done, the newest first."""

    serializer_class = ReconciliationOut
    pagination_class = NewestRunsFirst

    def get_queryset(self) -> QuerySet[ReconciliationRun]:
        _refuse_others(self.request)
        return finished_runs()

    @extend_schema(request=None, responses={202: ReconciliationOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Compare the books now, as finance: the run that is due or under way."""
        _refuse_others(request)
        run = ask_for_run(by=signed_in(request.user))
        return Response(ReconciliationOut(run).data, status=status.HTTP_202_ACCEPTED)


def _refuse_others(request: Request) -> None:
    """For everybody else none of it exists."""
    if not {StaffRole.FINANCE, StaffRole.SUPPORT} & staff_roles_of(request.user):
        raise Http404


def _found(request: Request, public_id: str) -> Difference:
    _refuse_others(request)
    rows = known_differences().prefetch_related("events__by", "proposed_deeds")
    return get_object_or_404(rows, public_id=public_id)


def _answer(request: Request, public_id: str) -> Response:
    shown = DifferenceWithStoryOut(_found(request, public_id), context={"request": request})
    return Response(shown.data)
