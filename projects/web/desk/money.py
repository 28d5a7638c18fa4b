"""Lists of money that waits, and of the contracts that it belongs to, for finance and support."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from accounts.people.selectors import signed_in
from marketplace.common.pages import page_of
from payments.payouts.finding.selectors import payees_not_set_up, with_unpaid
from payments.refunds.selectors import failed_refunds
from projects.contracts.selectors import desk_contracts
from projects.milestones.limits.selectors import desk_near_limit, with_held
from projects.web.desk.doors import for_who_keeps_the_money
from projects.web.desk.search import DeskSearch, searched


class ContractSearch(DeskSearch):
    page = "desk-contracts"
    hint = "A title, a name, the id of a contract, an escrow or a payment"


@require_safe
@for_who_keeps_the_money
def list_near_limit(request: HttpRequest) -> HttpResponse:
    """Held money that the provider holds for a few days more, the soonest to end first."""
    rows = desk_near_limit(signed_in(request.user))
    page = page_of(request, rows, keys=("held_until", "id"), smallest_first=True)
    context = {"page": page, "rows": with_held(page.items), "nav": "desk"}
    return render(request, "desk/near_limit.html", context)


@require_safe
@for_who_keeps_the_money
def list_payees(request: HttpRequest) -> HttpResponse:
    """Who has earned and gave no bank details, whoever has waited longest first."""
    rows = payees_not_set_up(signed_in(request.user))
    page = page_of(request, rows, keys=("since", "id"), smallest_first=True)
    context = {"page": page, "rows": with_unpaid(page.items), "nav": "desk"}
    return render(request, "desk/payees.html", context)


@require_safe
@for_who_keeps_the_money
def list_refunds(request: HttpRequest) -> HttpResponse:
    """Every refund that failed and waits for a person, the oldest first."""
    page = page_of(request, failed_refunds(), smallest_first=True)
    return render(request, "desk/refunds.html", {"page": page, "nav": "desk"})


@require_safe
@for_who_keeps_the_money
def list_contracts(request: HttpRequest) -> HttpResponse:
    """All contracts, or those that fit, each with its statement."""
    form = ContractSearch(request.GET)
    words = form.cleaned_data["words"] if form.is_valid() else ""
    found = desk_contracts(signed_in(request.user), words=words)
    page = page_of(request, found if form.is_valid() else found.none())
    context = {**searched(request, form), "page": page, "nav": "desk"}
    return render(request, "desk/contracts.html", context, status=200 if form.is_valid() else 400)


ROUTES = [
    path("desk/limits/", list_near_limit, name="desk-limits"),
    path("desk/payees/", list_payees, name="desk-payees"),
    path("desk/refunds/", list_refunds, name="desk-refunds"),
    path("desk/contracts/", list_contracts, name="desk-contracts"),
]
