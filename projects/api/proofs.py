"""What proves an agreement: all of it with its signatures, and the keys that the platform has."""

from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.http import download
from projects.agreements.paper.writing import name_of_paper, paper_of
from projects.agreements.sealing.document import signed_document
from projects.agreements.sealing.selectors import published_keys
from projects.contracts.selectors import agreement_asked_for, contracts_of


class SigningKeyOut(serializers.Serializer):
    id = serializers.CharField(help_text="The beginning of the SHA-256 of the public key.")
    algorithm = serializers.CharField(help_text="Ed25519, as RFC 8032 has it.")
    public_key = serializers.CharField(help_text="32 bytes, in hex.")
    first_used_at = serializers.DateTimeField(allow_null=True)
    is_current = serializers.BooleanField()


class SigningKeysOut(serializers.Serializer):
    format = serializers.CharField()
    site = serializers.CharField()
    keys = SigningKeyOut(many=True)


class SigningKeysView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=SigningKeysOut)
    def get(self, request: Request) -> Response:
        """Every key with which the platform ever signed an agreement, and the one in use.

        Keep this file while you trust it: `verify_agreement.py` proves an agreement against it.
        """
        return Response(published_keys())


class SealedOut(serializers.Serializer):
    text = serializers.CharField(help_text="What the platform signed: canonical JSON.")
    key = serializers.CharField(help_text="Which of the published keys.")
    signature = serializers.CharField(help_text="Ed25519, in hex.")


class SignedVersionOut(serializers.Serializer):
    version = serializers.IntegerField()
    sha256 = serializers.CharField()
    wording = serializers.CharField(help_text="Canonical JSON; its SHA-256 is `sha256`.")
    sealed = SealedOut(allow_null=True)


class SignedAgreementOut(serializers.Serializer):
    format = serializers.CharField()
    site = serializers.CharField()
    made_at = serializers.DateTimeField()
    contract = serializers.CharField()
    versions = SignedVersionOut(many=True)


class SignedAgreementView(APIView):
    @extend_schema(responses=SignedAgreementOut)
    def get(self, request: Request, public_id: str) -> Response:
        """Every version with both acceptances and what the platform signed.

        `verify_agreement.py` proves it offline, against the keys of `/policies/signing-keys/`.
        """
        contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
        return Response(signed_document(contract))


class PaperView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("version", int, description="An older one, as signed.")],
        responses={(200, "application/pdf"): bytes},
    )
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        """The agreement as a paper to read and to file (PDF); what counts is its wording."""
        contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
        agreement = agreement_asked_for(contract, request.query_params.get("version", ""))
        if agreement is None:
            raise Http404
        return download(name_of_paper(agreement), "application/pdf", [paper_of(agreement)])


ROUTES = [
    path("contracts/<str:public_id>/agreement.pdf", PaperView.as_view(), name="api-agreement-pdf"),
    path("policies/signing-keys/", SigningKeysView.as_view(), name="api-signing-keys"),
    path(
        "contracts/<str:public_id>/signed-agreement/",
        SignedAgreementView.as_view(),
        name="api-signed-agreement",
    ),
]
