"""Pages about statements: of one contract, and of everything that is one's own."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.parties.selectors import parties_of
from marketplace.common.http import download
from marketplace.common.lifecycle import CLIENT
from marketplace.common.pages import page_of
from payments.escrow.facts import MoneyFacts, facts_of_each
from payments.ledger.selectors import lines_of
from payments.statements.selectors import page_of_lines
from payments.statements.words import account_in_words, kind_in_words, names_in
from payments.statements.writing import document_of
from payments.web.statements import CHECKER_SHA256
from projects.agreements.outlook import prospects_of_each
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import accountable_contracts, contracts_of
from projects.contracts.statements import scope_of_contract


@require_safe
def list_statements(request: HttpRequest) -> HttpResponse:
    page = page_of(request, contracts_of(request.user))
    prospects = prospects_of_each(page.items)
    rows = []
    for contract in page.items:
        is_client = role_in(contract, request.user) == CLIENT
        rows.append(
            {
                "contract": contract,
                "is_client": is_client,
                "other": contract.freelancer if is_client else contract.client,
                "total": prospects[contract.pk].total,
            }
        )
    context = {
        "parties": parties_of(request.user).order_by("pk"),
        "rows": rows,
        "page": page,
        "checker_sha256": CHECKER_SHA256,
    }
    return render(request, "statements/statements.html", context)


@require_safe
def show_contract_statement(request: HttpRequest, public_id: str) -> HttpResponse:
    contract = _contract(request, public_id)
    scope = scope_of_contract(contract)
    facts = facts_of_each(scope.escrows.values()).values()
    page = page_of(request, lines_of(contract.public_id), keys=("sequence",))
    names = names_in(scope.escrows)
    lines = [
        {
            "transfer": line.transfer,
            "what": kind_in_words(line.transfer),
            "from": account_in_words(line.transfer.source.key, names),
            "to": account_in_words(line.transfer.target.key, names),
            "title": line.escrow.title if line.escrow else "",
        }
        for line in page_of_lines(scope, page.items)
    ]
    context = {
        "contract": contract,
        "role": role_in(contract, request.user),
        "total": sum(facts, MoneyFacts()),
        "head": scope.heads.get(contract.public_id),
        "page": page,
        "lines": lines,
        "checker_sha256": CHECKER_SHA256,
        "nav": "work",
    }
    return render(request, "statements/contract.html", context)


@require_safe
def download_contract_statement(
    request: HttpRequest, public_id: str, form: str
) -> HttpResponseBase:
    document = document_of(scope_of_contract(_contract(request, public_id)), form)
    return download(document.name, document.content_type, document.parts)


def _contract(request: HttpRequest, public_id: str) -> Contract:
    return get_object_or_404(accountable_contracts(request.user), public_id=public_id)
