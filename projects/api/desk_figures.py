"""The figures of disputes, for programs of the staff."""

from datetime import timedelta
from typing import Any

from django.http import Http404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments.policies.selectors import policy_in_force
from projects.disputes.figures.selectors import (
    AGES,
    rulings_by_day,
    times_of,
    waiting_by_assignee,
    waiting_by_state_and_age,
    weeks_of,
)
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes, may_read_disputes


class DaysOut(serializers.FloatField):
    """A span of time, in days."""

    def to_representation(self, value: Any) -> Any:
        return round(value / timedelta(days=1), 2)


class TimesOut(serializers.Serializer):
    """Of rulings by mediators, from when one of them had the case; null where there were none."""

    rulings = serializers.IntegerField()
    median_days = DaysOut(source="median", allow_null=True)
    nine_of_ten_days = DaysOut(source="ninth_of_ten", allow_null=True)
    late = serializers.IntegerField(help_text="Later than the rules of their contracts allow.")


class WaitingOut(serializers.Serializer):
    state = serializers.ChoiceField(Dispute.Status.choices)
    counts = serializers.ListField(
        child=serializers.IntegerField(),
        help_text=f"Open for up to {', '.join(map(str, AGES))} days, and for longer.",
    )


class LoadOut(serializers.Serializer):
    """What waits for a ruling; ``mediator`` is null for what nobody looks after."""

    mediator = serializers.CharField(source="person.public_id", default=None, allow_null=True)
    name = serializers.CharField()
    cases = serializers.IntegerField()
    late = serializers.IntegerField(help_text="Expected by now.")


class WeekOut(serializers.Serializer):
    monday = serializers.DateField()
    opened = serializers.IntegerField()
    closed = serializers.IntegerField()
    times = TimesOut()


class FiguresOut(serializers.Serializer):
    """Without disputes on contracts of one's own."""

    waiting = WaitingOut(many=True)
    loads = LoadOut(many=True)
    weeks = WeekOut(many=True, help_text="The last twelve, the present one last.")
    times = TimesOut(help_text="Of these weeks together.")
    rulings_by_day = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="How many came within one day, two, … as many as the rules in force allow; "
        "the last count is of later ones.",
    )


class DeskFiguresView(APIView):
    @extend_schema(responses=FiguresOut)
    def get(self, request: Request) -> Response:
        """What waits, what came and went, and how long rulings took: for mediators and support."""
        if not may_read_disputes(request.user):
            raise Http404
        disputes = desk_disputes(request.user)
        figures = {
            "waiting": waiting_by_state_and_age(disputes),
            "loads": waiting_by_assignee(disputes),
            "weeks": weeks_of(disputes),
            "times": times_of(disputes),
            "rulings_by_day": rulings_by_day(disputes, most=policy_in_force().ruling_days),
        }
        return Response(FiguresOut(figures).data)


ROUTES = [
    path("desk/disputes/figures/", DeskFiguresView.as_view(), name="api-desk-dispute-figures")
]
