"""The evidence of a dispute for programs: what a mediator reads on the page of the case."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
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

from marketplace.common.api import OldestFirst
from marketplace.common.files import attachment
from projects.agreements.selectors import files_offered, files_wanted
from projects.api.agreed_files import SignedFileOut
from projects.api.bid_shapes import BidFileOut
from projects.api.contracts import AgreementOut, EventOut
from projects.api.milestone_shapes import SubmissionFileOut, SubmissionOut
from projects.contracts.models import Agreement, Event
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes
from projects.evidence.proposed import ids_of, proposed_on
from projects.evidence.selectors import (
    agreement_for_staff,
    files_for,
    read_until,
    timeline_until,
)
from projects.milestones.models import Submission
from projects.milestones.selectors import deliveries_on


class _OfACase(serializers.Serializer):
    @extend_schema_field(serializers.URLField)
    def get_url(self, file: Any) -> str:
        ids = [self.context["dispute"].public_id, file.stored.public_id]
        return settings.SITE_URL + reverse("api-desk-dispute-file", args=ids)


class EvidenceFileOut(_OfACase, SubmissionFileOut):
    """A file of a delivery."""


class EvidenceBidFileOut(_OfACase, BidFileOut):
    """A file of the bid."""


class EvidencePostingFileOut(_OfACase, SignedFileOut):
    """A file of the posting."""


class EvidenceSubmissionOut(SubmissionOut):
    files = EvidenceFileOut(many=True, source="files.all")


class CaseAgreementOut(AgreementOut):
    """The same with the files of the bid and of the posting that were signed, to be fetched."""

    files = serializers.SerializerMethodField()
    posting_files = serializers.SerializerMethodField()

    @extend_schema_field(EvidenceBidFileOut(many=True))
    def get_files(self, agreement: Agreement) -> list[dict[str, Any]]:
        files = files_offered(agreement)
        return EvidenceBidFileOut(files, many=True, context=self.context).data

    @extend_schema_field(EvidencePostingFileOut(many=True))
    def get_posting_files(self, agreement: Agreement) -> list[dict[str, Any]]:
        files = files_wanted(agreement)
        return EvidencePostingFileOut(files, many=True, context=self.context).data


class CaseAgreementView(APIView):
    @extend_schema(responses=CaseAgreementOut)
    def get(self, request: Request, public_id: str) -> Response:
        """What both sides of the dispute signed: of the last version before its end."""
        dispute = _case(request, public_id)
        agreement = agreement_for_staff(dispute)
        return Response(CaseAgreementOut(agreement, context={"dispute": dispute}).data)


class CaseSubmissionsView(ListAPIView):
    """All deliveries of the disputed milestone, the oldest first."""

    serializer_class = EvidenceSubmissionOut
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[Submission]:
        if getattr(self, "swagger_fake_view", False):
            return Submission.objects.none()
        return deliveries_on(self._dispute.milestone)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "dispute": getattr(self, "_dispute", None)}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self._dispute = _case(request, kwargs["public_id"])
        return super().list(request, *args, **kwargs)


class _PutForwardOut(serializers.Serializer):
    id = serializers.CharField()
    at = serializers.DateTimeField()
    role = serializers.CharField(help_text="The side that proposed it.")
    by = serializers.CharField()
    note = serializers.CharField()
    status = serializers.CharField()
    answer_due_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


class CaseProposalOut(_PutForwardOut):
    """To end a milestone, which is named by its position, as ``into`` is, where a rest would go."""

    milestone = serializers.IntegerField()
    title = serializers.CharField()
    to_freelancer = serializers.IntegerField(help_text="A part of the price, in minor units.")
    into = serializers.IntegerField(allow_null=True)
    rolled = serializers.IntegerField(allow_null=True)
    terms = serializers.CharField(help_text="The same in words.")


class CaseDifferenceOut(serializers.Serializer):
    title = serializers.CharField()
    what = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class CaseChangeOut(_PutForwardOut):
    """To change the agreement: ``changes`` as data, and each ``difference`` in words."""

    counters = serializers.CharField(allow_null=True)
    changes = serializers.ListField(child=serializers.DictField())
    difference = CaseDifferenceOut(many=True)


class CasePutForwardOut(serializers.Serializer):
    proposals = CaseProposalOut(many=True)
    changes = CaseChangeOut(many=True)


class CasePutForwardView(APIView):
    @extend_schema(responses=CasePutForwardOut)
    def get(self, request: Request, public_id: str) -> Response:
        """What both sides have openly proposed to each other on the contract, the oldest first, and
        what became of it. Sealed figures are none of it.
        """
        dispute = _case(request, public_id)
        found = proposed_on(dispute, until=read_until(dispute))
        return Response(CasePutForwardOut(found).data)


class CaseFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """The bytes of a file: as it was delivered, as the bid or the posting came with it, or as a
        side put it on record.
        """
        found = files_for(_case(request, public_id))
        return attachment(get_object_or_404(found, public_id=file_id))


class CaseTimelineView(ListAPIView):
    """What happened on the contract of the dispute up to its end, the oldest first."""

    serializer_class = EventOut
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[Event]:
        if getattr(self, "swagger_fake_view", False):
            return Event.objects.none()
        dispute = _case(self.request, self.kwargs["public_id"])
        until = read_until(dispute)
        proposed = proposed_on(dispute, until=until)
        return timeline_until(dispute, until, own=ids_of(proposed))


def _case(request: Request, public_id: str) -> Dispute:
    return get_object_or_404(desk_disputes(request.user), public_id=public_id)


ROUTES = [
    path(
        "desk/disputes/<str:public_id>/agreement/",
        CaseAgreementView.as_view(),
        name="api-desk-dispute-agreement",
    ),
    path(
        "desk/disputes/<str:public_id>/submissions/",
        CaseSubmissionsView.as_view(),
        name="api-desk-dispute-submissions",
    ),
    path(
        "desk/disputes/<str:public_id>/files/<str:file_id>/",
        CaseFileView.as_view(),
        name="api-desk-dispute-file",
    ),
    path(
        "desk/disputes/<str:public_id>/proposals/",
        CasePutForwardView.as_view(),
        name="api-desk-dispute-proposals",
    ),
    path(
        "desk/disputes/<str:public_id>/timeline/",
        CaseTimelineView.as_view(),
        name="api-desk-dispute-timeline",
    ),
]
