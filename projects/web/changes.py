"""Pages about changing what both sides signed: propose it, answer, counter."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.confirming import confirm_by_password
from marketplace.common.answers import judge_answer
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.pages import page_of
from projects.agreements.changes import services
from projects.agreements.changes.models import LIFECYCLE, ChangeOrder
from projects.agreements.changes.planning import effect_of, planned_changes
from projects.agreements.changes.selectors import changes_of, standing_on, titles_of
from projects.contracts.models import LIFECYCLE as CONTRACT_LIFECYCLE
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of
from projects.web.change_cards import difference, shown_change, shown_rounds
from projects.web.change_forms import ChangeForm
from projects.web.contracts import answer_contract
from projects.web.endings import create_ending, create_leaving, draft_ending
from projects.web.signing import sign_page

Deed = Callable[..., ChangeOrder]


@require_safe
def list_changes(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every change that was proposed to this agreement, newest first, with what became of it."""
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    page = page_of(request, changes_of(request.user).filter(contract=contract))
    context = {
        "contract": contract,
        "page": page,
        "rounds": shown_rounds(page.items, titles_of(contract)),
        "nav": "work",
    }
    return render(request, "contracts/changes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create_change(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose; or, with ``preview``, only show what it would change."""
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    role = role_in(contract, request.user)
    CONTRACT_LIFECYCLE.judge(contract, "propose_change", role=role)
    standing = standing_on([contract.pk]).get(contract.pk)
    if standing is not None:
        return redirect(f"{reverse('contract', args=[public_id])}#{standing.public_id}")

    def propose(**wanted: Any) -> ChangeOrder:
        return services.propose_change(contract_id=contract.pk, by=request.user, **wanted)

    return _draft(request, contract, propose)


@require_http_methods(["GET", "HEAD", "POST"])
def create_counter(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer with something else."""
    order = get_object_or_404(changes_of(request.user), public_id=public_id)
    judge_answer(LIFECYCLE, order, "counter", role_in(order.contract, request.user))

    def counter(**wanted: Any) -> ChangeOrder:
        return services.counter_change(order_id=order.pk, by=request.user, **wanted)

    if order.is_ending:
        return draft_ending(request, order.contract, counter, counters=order)
    return _draft(request, order.contract, counter, counters=order)


@require_http_methods(["GET", "HEAD", "POST"])
def create_acceptance(request: HttpRequest, public_id: str) -> HttpResponse:
    """The difference once more, to be signed."""
    order = get_object_or_404(changes_of(request.user), public_id=public_id)
    role = str(role_in(order.contract, request.user))
    judge_answer(LIFECYCLE, order, "accept", role)
    return sign_page(
        request,
        "agreements/sign_change.html",
        {"contract": order.contract, "shown": shown_change(order, role)},
        deed=partial(services.accept_change, order_id=order.pk),
        page=reverse("contract", args=[order.contract.public_id]),
        said="Accepted. The contract has ended."
        if order.is_ending
        else "Accepted. The agreement has a new version.",
    )


@require_POST
def create_decline(request: HttpRequest, public_id: str) -> HttpResponse:
    return _answer(request, public_id, services.decline_change, "Declined. Nothing has changed.")


@require_POST
def create_withdrawal(request: HttpRequest, public_id: str) -> HttpResponse:
    return _answer(request, public_id, services.withdraw_change, "Withdrawn.")


def _draft(
    request: HttpRequest,
    contract: Contract,
    deed: Deed,
    *,
    counters: ChangeOrder | None = None,
) -> HttpResponse:
    is_sent = request.method == "POST"
    form = ChangeForm(request.POST if is_sent else None, contract=contract)
    context: dict[str, Any] = {"contract": contract, "form": form, "nav": "work"}
    if counters is not None:
        context["countered"] = shown_change(counters, str(role_in(contract, request.user)))
    status = 400 if is_sent else 200
    if is_sent and form.is_valid():
        wishes = form.wishes()
        try:
            if "preview" not in request.POST and not form.is_stale:
                how = confirm_by_password(request.user, form.cleaned_data["password"])
                said = {name: form.cleaned_data[name] for name in ("note", "seen")}
                order = deed(wishes=wishes, confirmed_with=how, **said)
                messages.success(request, "Proposed. The other side has been told.")
                page = reverse("contract", args=[contract.public_id])
                return redirect(f"{page}#{order.public_id}")
            changes = planned_changes(contract, wishes)
            context["lines"] = difference(contract, changes)
            context["effect"], status = effect_of(contract, changes), 200
        except (InvalidInput, WrongState) as refusal:
            form.refuse(refusal)
            status = refusal.status
        if form.is_stale:
            form.show_anew()
            status = 409
    return render(request, "agreements/change.html", context, status=status)


def _answer(request: HttpRequest, public_id: str, deed: Deed, said: str) -> HttpResponse:
    order = get_object_or_404(changes_of(request.user), public_id=public_id)
    deed(order_id=order.pk, by=request.user)
    return answer_contract(request, order.contract, said)


ROUTES = [
    path("contracts/<str:public_id>/change-orders/", list_changes, name="contract-changes"),
    path("contracts/<str:public_id>/change/", create_change, name="change-create"),
    path("contracts/<str:public_id>/end/", create_ending, name="ending-create"),
    path("contracts/<str:public_id>/leave/", create_leaving, name="contract-leave"),
    path("change-orders/<str:public_id>/accept/", create_acceptance, name="change-accept"),
    path("change-orders/<str:public_id>/decline/", create_decline, name="change-decline"),
    path("change-orders/<str:public_id>/counter/", create_counter, name="change-counter"),
    path("change-orders/<str:public_id>/withdraw/", create_withdrawal, name="change-withdraw"),
]
