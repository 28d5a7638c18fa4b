"""Milestones: money in, work in, money out."""

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import (
    JsonParser,
    OldestFirst,
    checked_body,
    idempotent,
    idempotent_in_steps,
)
from marketplace.common.files import attachment
from payments.fundings import services as fundings
from projects.agreements.outlook import prospects_of
from projects.api.milestone_shapes import (
    CancelIn,
    FundIn,
    FundingOut,
    MilestoneOut,
    PartIn,
    ReturnIn,
    SubmissionFilesIn,
    SubmissionIn,
    SubmissionOut,
)
from projects.contracts.selectors import contracts_of
from projects.milestones import services
from projects.milestones.models import Milestone, Submission
from projects.milestones.parts import services as parts
from projects.milestones.selectors import (
    deliveries_on,
    milestones_of,
    submission_files_of,
)


class ContractMilestonesView(APIView):
    @extend_schema(responses=MilestoneOut(many=True), operation_id="contracts_milestones_list")
    def get(self, request: Request, public_id: str) -> Response:
        """All milestones of a contract in their order; an offer has none yet."""
        contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
        prospects = prospects_of(contract).milestones
        return Response(MilestoneOut(prospects, many=True, context={"request": request}).data)


class MilestoneView(APIView):
    @extend_schema(responses=MilestoneOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One milestone: its work, its money, its clocks, and what you can do."""
        return _shown(request, _milestone(request, public_id))


def open_pay_page(request: Request, payment_id: int) -> Response:
    """Once the payment is begun; for a bonus as well."""
    payment = fundings.open_pay_page(payment_id=payment_id)
    return Response(FundingOut({"payment": payment}).data)


class FundView(APIView):
    @extend_schema(request=FundIn, responses=FundingOut)
    @idempotent_in_steps(then=open_pay_page)
    def post(self, request: Request, public_id: str) -> dict[str, int]:
        """Start paying for it, whole or in parts, or find the payment that waits: pay at its
        ``url``.
        """
        milestone = _milestone(request, public_id)
        body = FundIn(data=request.data)
        body.is_valid(raise_exception=True)
        payment = services.fund_milestone(
            milestone_id=milestone.pk, by=request.user, **body.validated_data
        )
        return {"payment_id": payment.pk}


class StartView(APIView):
    @extend_schema(request=None, responses=MilestoneOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say that the work has begun."""
        milestone = _milestone(request, public_id)
        services.start_work(milestone_id=milestone.pk, by=request.user)
        return _shown(request, milestone)


class SubmissionsView(ListAPIView):
    """All deliveries of a milestone, oldest first, with their answers."""

    parser_classes = (JsonParser, MultiPartParser)
    serializer_class = SubmissionOut
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[Submission]:
        if getattr(self, "swagger_fake_view", False):
            return Submission.objects.none()
        return deliveries_on(_milestone(self.request, self.kwargs["public_id"]))

    @extend_schema(
        request={
            "application/json": SubmissionIn,
            "multipart/form-data": SubmissionFilesIn,
        },
        responses={201: SubmissionOut},
    )
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Hand in the work; the client's review period starts."""
        milestone = _milestone(request, public_id)
        body = checked_body(request, SubmissionIn, SubmissionFilesIn)
        submission = services.submit_work(milestone_id=milestone.pk, by=request.user, **body)
        found = deliveries_on(milestone).get(pk=submission.pk)
        return Response(SubmissionOut(found).data, status=status.HTTP_201_CREATED)


class SubmissionFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """The bytes of a delivered file, as they were received."""
        files = submission_files_of(request.user)
        found = get_object_or_404(files, submission__public_id=public_id, stored__public_id=file_id)
        return attachment(found.stored)


class ReturnView(APIView):
    @extend_schema(request=ReturnIn, responses=MilestoneOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Ask for changes; the review clock stops until the next delivery."""
        milestone = _milestone(request, public_id)
        body = ReturnIn(data=request.data)
        body.is_valid(raise_exception=True)
        services.return_work(milestone_id=milestone.pk, by=request.user, **body.validated_data)
        return _shown(request, milestone)


class ReleaseView(APIView):
    @extend_schema(request=None, responses=MilestoneOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Approve the work and pay the freelancer."""
        milestone = _milestone(request, public_id)
        services.release_milestone(milestone_id=milestone.pk, by=request.user)
        return _shown(request, milestone)


class ReleasePartView(APIView):
    @extend_schema(request=PartIn, responses=MilestoneOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Release a part of the price; the rest stays held. Send an ``Idempotency-Key``: two
        calls without one are two parts.
        """
        milestone = _milestone(request, public_id)
        body = PartIn(data=request.data)
        body.is_valid(raise_exception=True)
        parts.release_part(milestone_id=milestone.pk, by=request.user, **body.validated_data)
        return _shown(request, milestone)


class CancelView(APIView):
    @extend_schema(request=CancelIn, responses=MilestoneOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """End it unpaid: what is held goes back to the client.

        ``ground`` is one of ``next_steps``: cancel (the freelancer), drop (the client, while
        nothing is held), and once that clock has struck cancel_late or cancel_idle (the client) and
        cancel_unfunded (the freelancer).
        """
        milestone = _milestone(request, public_id)
        body = CancelIn(data=request.data)
        body.is_valid(raise_exception=True)
        services.cancel_milestone(
            milestone_id=milestone.pk, by=request.user, step=body.validated_data["ground"]
        )
        return _shown(request, milestone)


def _milestone(request: Request, public_id: str) -> Milestone:
    return get_object_or_404(milestones_of(request.user), public_id=public_id)


def _shown(request: Request, milestone: Milestone) -> Response:
    contract = contracts_of(request.user).get(pk=milestone.contract_id)
    found = prospects_of(contract).of(milestone)
    return Response(MilestoneOut(found, context={"request": request}).data)
