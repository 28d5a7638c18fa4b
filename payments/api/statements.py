"""Statements over the API: the same files as on the pages (docs/statements.md describes them)."""

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.parties.selectors import own_party_of, parties_of
from marketplace.common.http import download
from payments.statements.selectors import scope_of_party
from payments.statements.writing import document_of

FILES = {(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): OpenApiTypes.STR}


class OwnStatementView(APIView):
    @extend_schema(
        responses=FILES,
        parameters=[
            OpenApiParameter("party", description="A party that you act for; yourself if left out.")
        ],
    )
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """Every movement of what is yours, over all contracts, with the chains that prove it.

        A file of JSON, or of CSV under ``statement.csv``.
        """
        asked = request.query_params.get("party") or own_party_of(request.user).public_id
        party = get_object_or_404(parties_of(request.user), public_id=asked)
        document = document_of(scope_of_party(party), form)
        return download(document.name, document.content_type, document.parts)
