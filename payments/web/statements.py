"""Statements to take home, and the program that proves them."""

from hashlib import sha256
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.parties.selectors import parties_of
from marketplace.common.http import download
from payments.statements import verify_statement
from payments.statements.selectors import scope_of_party
from payments.statements.writing import document_of

CHECKER = Path(verify_statement.__file__).read_bytes()
CHECKER_SHA256 = sha256(CHECKER).hexdigest()


@require_safe
def download_statement(request: HttpRequest, public_id: str, form: str) -> HttpResponseBase:
    """Everything of a party that the person may act for."""
    party = get_object_or_404(parties_of(request.user), public_id=public_id)
    document = document_of(scope_of_party(party), form)
    return download(document.name, document.content_type, document.parts)


@require_safe
@login_not_required
def show_checker(request: HttpRequest) -> HttpResponse:
    """The program that proves a statement without us: whoever is handed one may have it."""
    response = HttpResponse(CHECKER, content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_statement.py"'
    return response
