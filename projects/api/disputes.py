"""Disputes, as both sides of a contract see them."""

from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import JsonParser, checked_body, idempotent
from marketplace.common.files import attachment
from projects.api.dispute_shapes import (
    DisputeFilesIn,
    DisputeIn,
    DisputeOut,
    StatementFilesIn,
    StatementIn,
)
from projects.disputes import services
from projects.disputes.exhibits.selectors import exhibits_of
from projects.disputes.negotiating.services import ask_mediator
from projects.disputes.rulings.services import accept_ruling, appeal_ruling
from projects.disputes.selectors import disputes_of
from projects.milestones.selectors import milestones_of

_STATEMENT = {"application/json": StatementIn, "multipart/form-data": StatementFilesIn}


class MilestoneDisputesView(APIView):
    parser_classes = (JsonParser, MultiPartParser)

    @extend_schema(
        request={"application/json": DisputeIn, "multipart/form-data": DisputeFilesIn},
        responses={201: DisputeOut},
    )
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Open a dispute on a funded milestone. The other side then has some days to answer."""
        milestone = get_object_or_404(milestones_of(request.user), public_id=public_id)
        said = checked_body(request, DisputeIn, DisputeFilesIn)
        dispute = services.open_dispute(milestone_id=milestone.pk, by=request.user, **said)
        return _shown(request, dispute.pk, status=status.HTTP_201_CREATED)


class DisputesView(ListAPIView):
    """The disputes on your contracts, newest first."""

    serializer_class = DisputeOut

    def get_queryset(self):
        return disputes_of(self.request.user)


class DisputeView(RetrieveAPIView):
    """One dispute with all that both sides have said."""

    serializer_class = DisputeOut
    lookup_field = "public_id"

    def get_queryset(self):
        return disputes_of(self.request.user)


class AnswerView(APIView):
    parser_classes = (JsonParser, MultiPartParser)

    @extend_schema(request=_STATEMENT, responses=DisputeOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Answer the dispute that the other side has opened; both may settle it then."""
        dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
        said = checked_body(request, StatementIn, StatementFilesIn)
        services.answer_dispute(dispute_id=dispute.pk, by=request.user, **said)
        return _shown(request, dispute.pk)


class MediationView(APIView):
    @extend_schema(request=None, responses=DisputeOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Ask for a mediator before the time to settle is over; once both have, one takes over."""
        dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
        ask_mediator(dispute_id=dispute.pk, by=request.user)
        return _shown(request, dispute.pk)


class AcceptanceView(APIView):
    @extend_schema(request=None, responses=DisputeOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Accept the decision; once both sides have, it is carried out at once."""
        dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
        accept_ruling(dispute_id=dispute.pk, by=request.user)
        return _shown(request, dispute.pk)


class AppealsView(APIView):
    parser_classes = (JsonParser, MultiPartParser)

    @extend_schema(request=_STATEMENT, responses={201: DisputeOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Appeal against the decision, once: another mediator then decides for good; where none
        does in time, the first decision is carried out.
        """
        dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
        said = checked_body(request, StatementIn, StatementFilesIn)
        appeal_ruling(dispute_id=dispute.pk, by=request.user, **said)
        return _shown(request, dispute.pk, status=status.HTTP_201_CREATED)


class StatementsView(APIView):
    parser_classes = (JsonParser, MultiPartParser)

    @extend_schema(request=_STATEMENT, responses={201: DisputeOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Add a statement to the record."""
        dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
        said = checked_body(request, StatementIn, StatementFilesIn)
        services.add_statement(dispute_id=dispute.pk, by=request.user, **said)
        return _shown(request, dispute.pk, status=status.HTTP_201_CREATED)


class DisputeFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """The bytes of a file that a side has put on record."""
        shown = get_object_or_404(
            exhibits_of(request.user),
            statement__dispute__public_id=public_id,
            stored__public_id=file_id,
        )
        return attachment(shown.stored)


def _shown(request: Request, dispute_id: int, *, status: int = status.HTTP_200_OK) -> Response:
    dispute = disputes_of(request.user).get(pk=dispute_id)
    return Response(DisputeOut(dispute, context={"request": request}).data, status=status)
