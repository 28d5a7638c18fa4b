"""Holds on people and payouts, for programs of the staff."""

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.holds import GroundsIn, HoldFileOut, HoldOut
from accounts.holds.models import Hold
from accounts.holds.rules import LONGEST_APPEAL
from accounts.holds.selectors import desk_holds, party_named
from accounts.holds.services import uphold_hold
from accounts.people.models import StaffRole, User
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.api import JsonParser, checked_body, idempotent
from marketplace.common.files import attachment
from marketplace.common.shapes import UploadsIn
from projects.holds.services import let_go, place_on


class DeskHoldFileOut(HoldFileOut):
    """A file that came with it, where the staff fetches it."""

    route = "api-desk-hold-file"


class DeskHoldOut(HoldOut):
    """A hold as the staff sees it."""

    files = DeskHoldFileOut(many=True, source="files.all")
    who = serializers.CharField(source="party.name")
    placed_by = serializers.CharField(source="placed_by.name")
    decided_by = serializers.CharField(source="decided_by.name", default=None)
    closed_by = serializers.CharField(source="closed_by.name", default=None)

    class Meta(HoldOut.Meta):
        fields = [*HoldOut.Meta.fields, "who", "placed_by", "decided_by", "closed_by"]


class HoldIn(GroundsIn):
    kind = serializers.ChoiceField(choices=Hold.Kind.choices, help_text="person or payouts")
    who = serializers.CharField(max_length=254, help_text="Their address or public id.")


class HoldFilesIn(HoldIn):
    """The same, with files that show it."""

    files = UploadsIn()


class AppealAnswerIn(serializers.Serializer):
    ruling = serializers.CharField(max_length=LONGEST_APPEAL, help_text="Why; they read it.")


class LiftIn(serializers.Serializer):
    ruling = serializers.CharField(
        max_length=LONGEST_APPEAL, required=False, help_text="What is said to an appeal."
    )


class DeskHoldsView(ListAPIView):
    """Every hold that you look after, the newest first."""

    serializer_class = DeskHoldOut
    parser_classes = (JsonParser, MultiPartParser)

    def get_queryset(self):
        return desk_holds(_staff(self.request))

    @extend_schema(
        request={"application/json": HoldIn, "multipart/form-data": HoldFilesIn},
        responses={201: DeskHoldOut},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Suspend a person, or hold a payee's payouts: with a reason, evidence and an end."""
        user = _staff(request)  # whoever has no business here learns nothing of anybody
        asked = checked_body(request, HoldIn, HoldFilesIn)
        hold = place_on(party_named(asked.pop("who")), by=user, **asked)
        return Response(DeskHoldOut(hold).data, status=status.HTTP_201_CREATED)


class DeskHoldView(APIView):
    @extend_schema(responses=DeskHoldOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One of them."""
        return Response(DeskHoldOut(_hold(request, public_id)).data)


class DeskHoldFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """The bytes of a file that came with one of them."""
        hold = _hold(request, public_id)
        return attachment(get_object_or_404(hold.files.all(), stored__public_id=file_id).stored)


class HoldLiftView(APIView):
    @extend_schema(request=LiftIn, responses=DeskHoldOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """End it before its time: what stood still goes on."""
        hold = _hold(request, public_id)
        body = LiftIn(data=request.data)
        body.is_valid(raise_exception=True)
        hold = let_go(hold_id=hold.pk, by=signed_in(request.user), **body.validated_data)
        return Response(DeskHoldOut(hold).data)


class HoldUpholdView(APIView):
    @extend_schema(request=AppealAnswerIn, responses=DeskHoldOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Refuse the appeal, with reasons: not by who placed it."""
        hold = _hold(request, public_id)
        body = AppealAnswerIn(data=request.data)
        body.is_valid(raise_exception=True)
        hold = uphold_hold(hold_id=hold.pk, by=signed_in(request.user), **body.validated_data)
        return Response(DeskHoldOut(hold).data)


def _staff(request: Request) -> User:
    user = signed_in(request.user)
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.MODERATOR, StaffRole.SUPPORT}:
        raise Http404
    return user


def _hold(request: Request, public_id: str) -> Hold:
    return get_object_or_404(desk_holds(signed_in(request.user)), public_id=public_id)


ROUTES = [
    path("desk/holds/", DeskHoldsView.as_view(), name="api-desk-holds"),
    path("desk/holds/<str:public_id>/", DeskHoldView.as_view(), name="api-desk-hold"),
    path(
        "desk/holds/<str:public_id>/files/<str:file_id>/",
        DeskHoldFileView.as_view(),
        name="api-desk-hold-file",
    ),
    path("desk/holds/<str:public_id>/lift/", HoldLiftView.as_view(), name="api-desk-hold-lift"),
    path(
        "desk/holds/<str:public_id>/uphold/",
        HoldUpholdView.as_view(),
        name="api-desk-hold-uphold",
    ),
]
