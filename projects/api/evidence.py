"""The evidence of a dispute as a file, for both its sides and for the desk."""

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from marketplace.common.http import download
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes, disputes_of
from projects.evidence.bundle import bundle_of, name_of_bundle
from projects.evidence.selectors import is_redacted, staff_may_read_messages

_ZIP = {(200, "application/zip"): OpenApiTypes.BINARY}
_REDACTED = OpenApiParameter(
    "redacted",
    int,
    enum=[0, 1],
    description="1 for the copy that may be shown to people outside: no names, words or files.",
)


class EvidenceView(APIView):
    @extend_schema(responses=_ZIP, parameters=[_REDACTED])
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        """The whole record of the dispute as one ZIP, with a list of hashes that is signed.

        `verify_evidence.py` proves it offline, against the keys of `/policies/signing-keys/`. The
        same record is the same file.
        """
        dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
        return _sent(request, dispute, with_messages=True)


class CaseEvidenceView(APIView):
    @extend_schema(responses=_ZIP, parameters=[_REDACTED])
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        """The same for the desk; without what both sides wrote to each other once it has ended."""
        dispute = get_object_or_404(desk_disputes(request.user), public_id=public_id)
        return _sent(request, dispute, with_messages=staff_may_read_messages(dispute))


def _sent(request: Request, dispute: Dispute, *, with_messages: bool) -> HttpResponseBase:
    redacted = is_redacted(request.query_params.get("redacted"))
    parts = bundle_of(dispute, with_messages=with_messages, is_redacted=redacted)
    return download(name_of_bundle(dispute, is_redacted=redacted), "application/zip", parts)


ROUTES = [
    path("disputes/<str:public_id>/evidence/", EvidenceView.as_view(), name="api-dispute-evidence"),
    path(
        "desk/disputes/<str:public_id>/evidence/",
        CaseEvidenceView.as_view(),
        name="api-desk-dispute-evidence",
    ),
]
