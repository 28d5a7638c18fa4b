"""Statements of contracts over the API: the same files as on the pages."""

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from marketplace.common.http import download
from payments.api.statements import FILES
from payments.statements.writing import document_of
from projects.contracts.selectors import accountable_contracts
from projects.contracts.statements import scope_of_contract


class ContractStatementView(APIView):
    @extend_schema(responses=FILES)
    def get(self, request: Request, public_id: str, form: str) -> HttpResponseBase:
        """All that has moved under a contract, with the chain that proves it: for both its sides.

        A file of JSON, or of CSV under ``statement.csv``.
        """
        contract = get_object_or_404(accountable_contracts(request.user), public_id=public_id)
        document = document_of(scope_of_contract(contract), form)
        return download(document.name, document.content_type, document.parts)
