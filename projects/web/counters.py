"""Pages about other terms for a bid: propose them, answer, counter."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.common.answers import judge_answer
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import CLIENT
from projects.bids.counters import services
from projects.bids.counters.models import LIFECYCLE, CounterOffer
from projects.bids.counters.selectors import counters_of, differences_of, standing_on
from projects.bids.models import LIFECYCLE as BIDS
from projects.bids.models import Bid
from projects.bids.roles import open_steps, role_in
from projects.bids.selectors import bids_of
from projects.web.bid_cards import files_of
from projects.web.bid_forms import CounterForm
from projects.web.counter_cards import shown_counter
from projects.web.plan_forms import form_as_sent

FORM = require_http_methods(["GET", "HEAD", "POST"])
Deed = Callable[..., CounterOffer]


@FORM
def create_counter(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer a bid with other terms, as its client."""
    bid = get_object_or_404(bids_of(request.user), public_id=public_id)
    BIDS.judge(bid, "counter", role=role_in(bid, request.user))
    if standing_on(bid) is not None:
        return redirect(f"{bid.path}#terms")
    if "counter" not in open_steps(bid, request.user):
        raise WrongState("This bid takes no other terms any more.")

    def propose(**wanted: Any) -> CounterOffer:
        return services.propose_counter(bid_id=bid.pk, by=request.user, **wanted)

    return _draft(request, bid, propose)


@FORM
def answer_with_another(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer with other terms again."""
    counter = get_object_or_404(counters_of(request.user), public_id=public_id)
    judge_answer(LIFECYCLE, counter, "counter", role_in(counter.bid, request.user))

    def propose(**wanted: Any) -> CounterOffer:
        return services.counter_counter(counter_id=counter.pk, by=request.user, **wanted)

    return _draft(request, counter.bid, propose, counters=counter)


@require_POST
def create_acceptance(request: HttpRequest, public_id: str) -> HttpResponse:
    said = "Accepted. The bid stands in these terms now."
    return _answer(request, public_id, services.accept_counter, said)


@require_POST
def create_decline(request: HttpRequest, public_id: str) -> HttpResponse:
    said = "Declined. The bid stands as it was."
    return _answer(request, public_id, services.decline_counter, said)


@require_POST
def create_withdrawal(request: HttpRequest, public_id: str) -> HttpResponse:
    return _answer(request, public_id, services.withdraw_counter, "Withdrawn.")


def _draft(
    request: HttpRequest, bid: Bid, propose: Deed, *, counters: CounterOffer | None = None
) -> HttpResponse:
    """The form begins with what was proposed last, or with the bid."""
    plan = counters.plan if counters else bid.plan
    form = form_as_sent(CounterForm, request, currency=bid.currency, plan=plan)
    if form.is_valid():
        with form.refusals():
            propose(**form.terms())
            messages.success(request, "Proposed. The other side has been told.")
            return redirect(f"{bid.path}#terms")
    quote, problem = form.quote()
    role = role_in(bid, request.user)
    context: dict[str, Any] = {
        "form": form,
        "bid": bid,
        "posting": bid.posting,
        "quote": quote,
        "problem": problem,
        "currency": form.currency,
        "side": role,
        "files": files_of(bid),
        "other": bid.freelancer if role == CLIENT else bid.posting.client,
        "nav": "work",
    }
    if counters is not None:
        lines = differences_of([counters], bid)[counters.pk]
        context["countered"] = shown_counter(counters, role, lines)
    is_part = request.htmx and request.POST.get("then") == "row"
    template = "bids/_plan.html" if is_part else "bids/counter.html"
    return render(request, template, context, status=400 if form.is_bound else 200)


def _answer(request: HttpRequest, public_id: str, deed: Deed, said: str) -> HttpResponse:
    counter = get_object_or_404(counters_of(request.user), public_id=public_id)
    deed(counter_id=counter.pk, by=request.user)
    messages.success(request, said)
    return redirect(counter.bid.path)
