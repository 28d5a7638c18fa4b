"""An agreement to take home: with its proof, on paper, and the program that proves it."""

from hashlib import sha256
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.views.decorators.http import require_safe

from marketplace.common.files import attachment
from marketplace.common.http import download
from projects.agreements.paper.writing import name_of_paper, paper_of
from projects.agreements.sealing import verify_agreement
from projects.agreements.sealing.document import as_file, signed_document
from projects.agreements.sealing.selectors import published_keys
from projects.agreements.selectors import files_signed
from projects.contracts.selectors import agreement_asked_for, agreement_of, contracts_of

CHECKER = Path(verify_agreement.__file__).read_bytes()
CHECKER_SHA256 = sha256(CHECKER).hexdigest()


@require_safe
def download_signed(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Every version with both acceptances and the signature of the platform."""
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    said = as_file(signed_document(contract))
    return download(f"signed-agreement-{contract.public_id}.json", "application/json", [said])


@require_safe
def download_paper(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """One version as PDF: the one in force, or an older ``version``."""
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    agreement = agreement_asked_for(contract, request.GET.get("version", ""))
    if agreement is None:
        raise Http404
    return download(name_of_paper(agreement), "application/pdf", [paper_of(agreement)])


@require_safe
def show_file(request: HttpRequest, public_id: str, file_id: str) -> FileResponse:
    """A file of the posting that both sides have signed."""
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    found = files_signed(agreement_of(contract))
    return attachment(get_object_or_404(found, stored__public_id=file_id).stored)


@require_safe
@login_not_required
def download_keys(request: HttpRequest) -> HttpResponseBase:
    """The keys to prove it with: whoever is handed an agreement may have them."""
    return download("signing-keys.json", "application/json", [as_file(published_keys())])


@require_safe
@login_not_required
def show_checker(request: HttpRequest) -> HttpResponse:
    """The program that proves an agreement without us."""
    response = HttpResponse(CHECKER, content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_agreement.py"'
    return response


ROUTES = [
    path(
        "contracts/<str:public_id>/signed-agreement.json", download_signed, name="signed-agreement"
    ),
    path("contracts/<str:public_id>/agreement.pdf", download_paper, name="agreement-pdf"),
    path("contracts/<str:public_id>/files/<str:file_id>/", show_file, name="contract-file"),
    path("signing-keys.json", download_keys, name="signing-keys"),
    path("verify_agreement.py", show_checker, name="agreement-checker"),
]
