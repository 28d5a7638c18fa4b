"""What stands still by a deed of staff, for programs of whom it concerns."""

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.holds.models import Hold
from accounts.holds.rules import LONGEST_APPEAL, LONGEST_TEXT, MOST_LINKS
from accounts.holds.selectors import holds_of
from accounts.holds.services import appeal_hold
from accounts.people.selectors import signed_in
from marketplace.common.api import idempotent


class HoldOut(serializers.ModelSerializer):
    """What is held, why, and until when at the latest (``closes_at``). ``subject`` is the public id
    of the person, posting or payee; ``appeal_until`` the end of the time to appeal, once.
    """

    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(choices=Hold.Kind.choices)
    status = serializers.ChoiceField(choices=Hold.Status.choices)
    links = serializers.ListField(child=serializers.CharField())
    takes_an_appeal = serializers.BooleanField()

    class Meta:
        model = Hold
        fields = [
            "id",
            "kind",
            "status",
            "subject",
            "title",
            "reason",
            "evidence",
            "links",
            "created_at",
            "ends_at",
            "closes_at",
            "appeal_until",
            "takes_an_appeal",
            "appeal",
            "appealed_at",
            "ruling_expected_at",
            "ruling_due_at",
            "ruling",
            "decided_at",
            "closed_at",
        ]


class GroundsIn(serializers.Serializer):
    """Why something is held, on what evidence, and how long at most."""

    reason = serializers.CharField(max_length=LONGEST_TEXT)
    evidence = serializers.CharField(max_length=LONGEST_TEXT)
    links = serializers.ListField(
        child=serializers.CharField(max_length=300),
        max_length=MOST_LINKS,
        required=False,
        help_text="Public ids of records, or addresses that begin with https://.",
    )
    days = serializers.IntegerField(help_text="How long at most; then it ends by itself.")


class AppealIn(serializers.Serializer):
    statement = serializers.CharField(max_length=LONGEST_APPEAL, help_text="Why it should end.")


class HoldsView(ListAPIView):
    """What of yours is held or suspended, the newest first, the ended ones too."""

    serializer_class = HoldOut

    def get_queryset(self):
        return holds_of(signed_in(self.request.user))


class HoldAppealView(APIView):
    @extend_schema(request=AppealIn, responses=HoldOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say once why it should not stand: somebody else of the staff answers, or it is lifted."""
        user = signed_in(request.user)
        hold = get_object_or_404(holds_of(user), public_id=public_id)
        body = AppealIn(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(HoldOut(appeal_hold(hold_id=hold.pk, by=user, **body.validated_data)).data)


ROUTES = [
    path("holds/", HoldsView.as_view(), name="api-holds"),
    path("holds/<str:public_id>/appeal/", HoldAppealView.as_view(), name="api-hold-appeal"),
]
