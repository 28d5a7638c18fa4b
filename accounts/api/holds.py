"""What stands still by a deed of staff, for programs of whom it concerns."""

from typing import Any

from django.conf import settings
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.holds.models import Hold, HoldFile
from accounts.holds.rules import LONGEST_APPEAL, LONGEST_TEXT, MOST_LINKS
from accounts.holds.selectors import files_on, holds_of
from accounts.holds.services import appeal_hold
from accounts.people.selectors import signed_in
from marketplace.common.api import idempotent
from marketplace.common.files import attachment
from marketplace.common.shapes import FileOut


class HoldFileOut(FileOut):
    """A file that came with it."""

    url = serializers.SerializerMethodField()
    route = "api-hold-file"

    @extend_schema_field(serializers.URLField)
    def get_url(self, file: HoldFile) -> str:
        ids = [file.hold.public_id, file.stored.public_id]
        return settings.SITE_URL + reverse(self.route, args=ids)


class HoldOut(serializers.ModelSerializer):
    """What is held, why, and until when at the latest (``closes_at``). ``subject`` is the public id
    of the person, posting or payee; ``appeal_until`` the end of the time to appeal, once.
    """

    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(choices=Hold.Kind.choices)
    status = serializers.ChoiceField(choices=Hold.Status.choices)
    links = serializers.ListField(child=serializers.CharField())
    files = HoldFileOut(many=True, source="files.all")
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
            "files",
            "created_at",
            "ends_at",
            "closes_at",
            "appeal_until",
            "takes_an_appeal",
            "appeal",
            "appealed_at",
            "ruling_expected_at",
            "ruling_late_at",
            "ruling_due_at",
            "ruling",
            "decided_at",
            "closed_at",
        ]

    def to_representation(self, hold: Hold) -> dict[str, Any]:
        files_on(hold)
        return super().to_representation(hold)


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


class HoldFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """The bytes of a file that came with a hold."""
        hold = get_object_or_404(holds_of(signed_in(request.user)), public_id=public_id)
        return attachment(get_object_or_404(hold.files.all(), stored__public_id=file_id).stored)


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
    path(
        "holds/<str:public_id>/files/<str:file_id>/", HoldFileView.as_view(), name="api-hold-file"
    ),
    path("holds/<str:public_id>/appeal/", HoldAppealView.as_view(), name="api-hold-appeal"),
]
