"""Who looks after a case, for programs of the staff."""

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.people.selectors import signed_in
from marketplace.common.api import OldestFirst, idempotent
from projects.api.dispute_shapes import DisputeOut
from projects.disputes.assigning.models import Assignment
from projects.disputes.assigning.selectors import candidates_for
from projects.disputes.assigning.services import assign_dispute, give_up_dispute
from projects.disputes.models import Dispute
from projects.disputes.rulings.selectors import steps_for
from projects.disputes.selectors import desk_disputes


class AssignmentOut(serializers.ModelSerializer):
    """From then on this mediator looked after it, or nobody did."""

    mediator = serializers.CharField(
        source="mediator.public_id", default=None, allow_null=True, help_text="Null: nobody."
    )
    name = serializers.CharField(source="mediator.name", default=None, allow_null=True)
    by = serializers.CharField(source="by.name")

    class Meta:
        model = Assignment
        fields = ["number", "mediator", "name", "by", "created_at"]


class AssignmentIn(serializers.Serializer):
    mediator = serializers.CharField(max_length=40, help_text="Your id, or another mediator's.")
    instead_of = serializers.CharField(
        max_length=40,
        default="",
        allow_blank=True,
        help_text="Who has it, as far as you know; empty where nobody does.",
    )


class CaseAssignmentsView(ListAPIView):
    """Who has looked after the case, the oldest first."""

    serializer_class = AssignmentOut
    pagination_class: type[CursorPagination] = OldestFirst

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return Assignment.objects.none()
        dispute = _case(self.request, self.kwargs["public_id"])
        return Assignment.objects.filter(dispute=dispute).select_related("mediator", "by")

    @extend_schema(request=AssignmentIn, responses=DisputeOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take it, take it over, or give it to another mediator, who is told."""
        dispute = _case(request, public_id)
        body = AssignmentIn(data=request.data)
        body.is_valid(raise_exception=True)
        assign_dispute(dispute_id=dispute.pk, by=request.user, **body.validated_data)
        return _out(request, public_id)


class CandidateOut(serializers.Serializer):
    """A mediator who may decide the case."""

    mediator = serializers.CharField(source="person.public_id")
    name = serializers.CharField(source="person.name")
    refusal = serializers.CharField(
        allow_blank=True, help_text="Why you cannot give it to them now; empty where you can."
    )


class CaseCandidatesView(APIView):
    @extend_schema(responses=CandidateOut(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """To whom you can give the case, yourself among them; nobody where it is not yours to give.
        Send the id of one as `mediator` to `…/assignments/`.
        """
        dispute, reader = _case(request, public_id), signed_in(request.user)
        may_assign = "assign" in steps_for(dispute, reader)
        found = candidates_for(dispute, reader) if may_assign else []
        return Response(CandidateOut(found, many=True).data)


class CaseGiveUpView(APIView):
    @extend_schema(request=None, responses=DisputeOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Look after it no longer."""
        give_up_dispute(dispute_id=_case(request, public_id).pk, by=request.user)
        return _out(request, public_id)


def _case(request: Request, public_id: str) -> Dispute:
    return get_object_or_404(desk_disputes(request.user), public_id=public_id)


def _out(request: Request, public_id: str) -> Response:
    return Response(DisputeOut(_case(request, public_id), context={"request": request}).data)


ROUTES = [
    path(
        "desk/disputes/<str:public_id>/assignments/",
        CaseAssignmentsView.as_view(),
        name="api-desk-dispute-assignments",
    ),
    path(
        "desk/disputes/<str:public_id>/assignments/candidates/",
        CaseCandidatesView.as_view(),
        name="api-desk-dispute-candidates",
    ),
    path(
        "desk/disputes/<str:public_id>/give-up/",
        CaseGiveUpView.as_view(),
        name="api-desk-dispute-give-up",
    ),
]
