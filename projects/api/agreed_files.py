"""The files that both sides of a contract have signed by their hash: of the bid, of the posting."""

from typing import Any

from django.conf import settings
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from marketplace.common.files import attachment
from marketplace.common.shapes import FileOut
from projects.agreements.selectors import files_offered, files_signed
from projects.api.bid_shapes import BidFileOut
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of, contracts_of
from projects.postings.models import PostingFile


class SignedFileOut(FileOut):
    """A file of the posting as it was signed, and where both sides fetch it."""

    url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField)
    def get_url(self, file: PostingFile) -> str:
        ids = [self.context["contract"].public_id, file.stored.public_id]
        return settings.SITE_URL + reverse("api-contract-file", args=ids)


class AgreedFilesOut(serializers.Serializer):
    """What a contract shows of them."""

    files = serializers.SerializerMethodField(
        help_text="Of the bid, in the wording that is signed."
    )
    posting_files = serializers.SerializerMethodField(
        help_text="Of the posting, as both have signed them; before that the posting has them."
    )

    @extend_schema_field(BidFileOut(many=True))
    def get_files(self, contract: Contract) -> list[dict[str, Any]]:
        return BidFileOut(files_offered(agreement_of(contract)), many=True).data

    @extend_schema_field(SignedFileOut(many=True))
    def get_posting_files(self, contract: Contract) -> list[dict[str, Any]]:
        files = files_signed(agreement_of(contract))
        return SignedFileOut(files, many=True, context={"contract": contract}).data


class ContractFileView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str, file_id: str) -> FileResponse:
        """Download a file of the posting that both sides have signed."""
        contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
        found = files_signed(agreement_of(contract))
        return attachment(get_object_or_404(found, stored__public_id=file_id).stored)


ROUTES = [
    path(
        "contracts/<str:public_id>/files/<str:file_id>/",
        ContractFileView.as_view(),
        name="api-contract-file",
    ),
]
