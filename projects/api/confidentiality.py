"""What of a posting is confidential, for programs: set, accepted, and who has accepted what."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import idempotent
from marketplace.common.errors import NotThere
from projects.api.signing import SignatureIn, confirmed
from projects.confidentiality import services
from projects.confidentiality.models import Acceptance
from projects.confidentiality.selectors import (
    acceptance_by,
    acceptances_of,
    acceptances_on,
    gate_of,
)
from projects.postings.models import Posting
from projects.postings.selectors import postings_visible_to


class ConfidentialityAcceptanceOut(serializers.ModelSerializer):
    """Who accepted which words, when, and how they showed that it was they. It is final."""

    id = serializers.CharField(source="public_id")
    posting = serializers.CharField(source="posting.public_id")
    person = serializers.CharField(source="person.public_id")
    person_name = serializers.CharField(source="person.name")
    accepted_at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = Acceptance
        fields = [
            "id",
            "posting",
            "person",
            "person_name",
            "text",
            "text_sha256",
            "confirmed_with",
            "accepted_at",
        ]


class ConfidentialityOut(serializers.Serializer):
    """The text as it stands; the details are null for whoever has not accepted it."""

    text = serializers.CharField()
    text_sha256 = serializers.CharField()
    worded_at = serializers.DateTimeField()
    details = serializers.CharField(allow_null=True, help_text="Markdown.")
    acceptance = ConfidentialityAcceptanceOut(allow_null=True, help_text="Yours, of this text.")


class ConfidentialityIn(serializers.Serializer):
    text = serializers.CharField(
        max_length=services.LONGEST_TEXT,
        allow_blank=True,
        help_text="What is to be accepted; empty, with empty details, nothing is confidential.",
    )
    details = serializers.CharField(
        max_length=services.LONGEST_DETAILS, allow_blank=True, help_text="Markdown."
    )


class ConfidentialityAcceptanceIn(SignatureIn):
    """The words that were read, by their hash, and the password."""

    text_sha256 = serializers.CharField(max_length=64)


class ConfidentialityView(APIView):
    @extend_schema(responses=ConfidentialityOut)
    def get(self, request: Request, public_id: str) -> Response:
        """What is to be accepted before details, files and questions are there, and bids taken."""
        return _out(_visible(request, public_id), request)

    @extend_schema(request=ConfidentialityIn, responses={200: ConfidentialityOut, 204: None})
    def put(self, request: Request, public_id: str) -> Response:
        """Set it as the owner; another text is asked for again. 204 where nothing is any more."""
        posting = _visible(request, public_id)
        given = ConfidentialityIn(data=request.data)
        given.is_valid(raise_exception=True)
        part = services.set_confidentiality(
            posting_id=posting.pk, by=request.user, **given.validated_data
        )
        return _out(posting, request) if part else Response(status=204)


class AcceptView(APIView):
    @extend_schema(
        request=ConfidentialityAcceptanceIn, responses={201: ConfidentialityAcceptanceOut}
    )
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Promise it, for good: it cannot be taken back, and the client sees it."""
        posting = _visible(request, public_id)
        given = ConfidentialityAcceptanceIn(data=request.data)
        given.is_valid(raise_exception=True)
        terms = confirmed(request, given.validated_data)
        accepted = services.accept_confidentiality(
            posting_id=posting.pk,
            sha256=terms["text_sha256"],
            confirmed_with=terms["confirmed_with"],
            by=request.user,
        )
        return Response(ConfidentialityAcceptanceOut(accepted).data, status=201)


class AcceptancesView(ListAPIView):
    """Who has accepted, newest first, for the client; for everybody else, what they accepted."""

    serializer_class = ConfidentialityAcceptanceOut

    def get_queryset(self) -> QuerySet[Acceptance]:
        if getattr(self, "swagger_fake_view", False):
            return Acceptance.objects.none()
        posting = _visible(self.request, self.kwargs["public_id"])
        return acceptances_on(posting, self.request.user)


class AcceptanceView(APIView):
    @extend_schema(responses=ConfidentialityAcceptanceOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One of them, for the person and the client."""
        found = get_object_or_404(acceptances_of(request.user), public_id=public_id)
        return Response(ConfidentialityAcceptanceOut(found).data)


def _visible(request: Request, public_id: str) -> Posting:
    return get_object_or_404(postings_visible_to(request.user), public_id=public_id)


def _out(posting: Posting, request: Request) -> Response:
    gate = gate_of(posting, request.user)
    if gate.part is None:
        raise NotThere("Nothing about this posting is confidential.")
    shown: dict[str, Any] = {
        "text": gate.part.text,
        "text_sha256": gate.part.text_sha256,
        "worded_at": gate.part.worded_at,
        "details": gate.details if gate.is_open else None,
        "acceptance": acceptance_by(posting, request.user, gate.part.text_sha256),
    }
    return Response(ConfidentialityOut(shown).data)


ROUTES = [
    path(
        "postings/<str:public_id>/confidentiality/",
        ConfidentialityView.as_view(),
        name="api-confidentiality",
    ),
    path(
        "postings/<str:public_id>/confidentiality/accept/",
        AcceptView.as_view(),
        name="api-confidentiality-accept",
    ),
    path(
        "postings/<str:public_id>/confidentiality/acceptances/",
        AcceptancesView.as_view(),
        name="api-confidentiality-acceptances",
    ),
    path(
        "confidentiality-acceptances/<str:public_id>/",
        AcceptanceView.as_view(),
        name="api-confidentiality-acceptance",
    ),
]
