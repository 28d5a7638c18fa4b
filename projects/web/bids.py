"""Pages about bids."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.people.profile import COUNTRIES
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.file_lists import shown_files
from marketplace.common.files import attachment
from marketplace.common.http import answer, refusals_on
from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import known_currency
from marketplace.common.pages import page_of
from projects.agreements.downtime.selectors import why_later
from projects.bids import services
from projects.bids.declining.services import decline_bid
from projects.bids.files.selectors import bid_files_of, files_in, with_files
from projects.bids.models import CLIENTS_REASONS, LIFECYCLE, LIVE, Bid
from projects.bids.renewals.services import renew_bid
from projects.bids.roles import open_steps, role_in
from projects.bids.selectors import (
    bids_of,
    live_bid_on,
    own_bids_of,
    people_behind,
    quotes_of,
    shows_terms,
)
from projects.bids.validity import judge_running, may_be_renewed
from projects.confidentiality.selectors import gate_of
from projects.contracts.models import Contract
from projects.contracts.selectors import completed_counts, contracts_of
from projects.invitations.selectors import answered_by_a_bid
from projects.postings.models import Posting
from projects.postings.roles import judge_let_in
from projects.postings.selectors import postings_of, postings_visible_to
from projects.screening.selectors import questions_of
from projects.web.bid_cards import history_of
from projects.web.bid_forms import BidForm, RenewalForm
from projects.web.counter_cards import rounds_of
from projects.web.decline_forms import DeclineForm
from projects.web.plan_forms import form_as_sent, quote_of_typed
from projects.web.screening import answered

FORM = require_http_methods(["GET", "HEAD", "POST"])
_AGREED = (Contract.Status.OFFERED, Contract.Status.ACTIVE, Contract.Status.COMPLETED)


@require_safe
def show_bid(request: HttpRequest, public_id: str) -> HttpResponse:
    bid = get_object_or_404(bids_of(request.user), public_id=public_id)
    role = role_in(bid, request.user)
    # Only the last one can stand: an offer that came to nothing left the bid to be awarded again.
    offered = contracts_of(request.user).filter(bid=bid).order_by("-pk").first()
    questions = questions_of(bid.posting)
    context = seen_by(request, [bid])[0] | {
        "history": history_of(bid, questions) if shows_terms(bid, request.user) else [],
        "answers": answered(questions, bid.answers),
        "completed": completed_counts([bid.freelancer_id]).get(bid.freelancer_id, 0),
        "is_client": role == CLIENT,
        "contract": offered if offered and offered.status in _AGREED else None,
        "declined_offer": offered if offered and offered.declined_for else None,
        "is_stale": bid.status in LIVE
        and bid.posting.edited_at is not None
        and bid.posting.edited_at > bid.worded_at,
        "put_off": why_later(bid.public_id, bid.valid_until),
        "nav": "work",
    }
    if context["shows_terms"]:
        context |= rounds_of(bid, role)
    return render(request, "bids/bid.html", context)


def seen_by(request: HttpRequest, bids: list[Bid]) -> list[dict[str, Any]]:
    """Each bid with who made it, what it comes to and what this person may do to it."""
    people, quotes = people_behind(bids), quotes_of(bids)
    with_files(*bids)
    seen = []
    for bid in bids:
        person = people.get(bid.freelancer_id)
        seen.append(
            {
                "bid": bid,
                "person": person,
                "country": COUNTRIES.get(person.country, "") if person else "",
                "quote": quotes[bid.pk],
                "steps": open_steps(bid, request.user),
                "shows_terms": shows_terms(bid, request.user),
                "files": shown_files(files_in(bid), "bid-file", bid.public_id),
            }
        )
    return seen


@FORM
def create_bid(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    if standing := live_bid_on(posting, request.user):
        return redirect("bid", standing.public_id)
    if postings_of(request.user).filter(pk=posting.pk).exists():
        raise NotAllowed("You cannot bid on your own posting.")
    judge_let_in(posting, request.user)
    if not posting.takes_bids:
        raise WrongState("This posting takes no more bids.")
    if not gate_of(posting, request.user).is_open:
        return redirect("confidentiality", public_id)
    questions = questions_of(posting)
    form = form_as_sent(BidForm, request, currency=posting.currency, questions=questions)
    if form.is_valid():
        with form.refusals():
            bid = services.submit_bid(posting_id=posting.pk, by=request.user, **form.terms())
            messages.success(request, "Your bid is with the client.")
            return redirect("bid", bid.public_id)
    return _show_form(request, form, posting)


@FORM
def edit_bid(request: HttpRequest, public_id: str) -> HttpResponse:
    bid = get_object_or_404(bids_of(request.user), public_id=public_id)
    LIFECYCLE.judge(bid, "edit", role=role_in(bid, request.user))
    asked = {"bid": bid, "questions": questions_of(bid.posting)}
    form = form_as_sent(BidForm, request, currency=bid.currency, **asked)
    if form.is_valid():
        with form.refusals():
            services.edit_bid(bid_id=bid.pk, by=request.user, **form.terms())
            messages.success(request, "Your bid is changed, and the client knows.")
            return redirect("bid", public_id)
    return _show_form(request, form, bid.posting)


def _show_form(request: HttpRequest, form: BidForm, posting: Posting) -> HttpResponse:
    quote, problem = form.quote()
    context = {
        "form": form,
        "posting": posting,
        "quote": quote,
        "problem": problem,
        "currency": form.currency,
        # Of an edit nothing is learned that the bid has not told already.
        "addresses": [] if form.bid else _addresses_told(posting, request),
        # A browser sends files once: whoever looks or corrects has to choose them again.
        "lost_files": bool(request.FILES),
        "nav": "browse",
    }
    is_part = request.htmx and request.POST.get("then") == "row"
    template = "bids/_plan.html" if is_part else "bids/form.html"
    return render(request, template, context, status=400 if form.is_bound else 200)


def _addresses_told(posting: Posting, request: HttpRequest) -> list[str]:
    """Of which addresses the bid would tell the client that they are this person's."""
    answered = answered_by_a_bid(posting, request.user).filter(freelancer=None)
    return list(answered.order_by("pk").values_list("email", flat=True))


@require_safe
def show_file(request: HttpRequest, public_id: str, file_id: str) -> FileResponse:
    """A file of any of its wordings."""
    files = bid_files_of(request.user)
    found = get_object_or_404(files, bid__public_id=public_id, stored__public_id=file_id)
    return attachment(found.stored)


@require_safe
def show_quote(request: HttpRequest) -> HttpResponse:
    """Both nets of the amounts typed so far: computed, never kept."""
    currency = known_currency(request.GET.get("currency", ""))
    typed = [str(text) for key, text in request.GET.items() if key.endswith("-amount")]
    quote, problem = quote_of_typed(typed, currency)
    side = request.GET.get("side", "")
    context = {"quote": quote, "problem": problem, "currency": currency, "side": side}
    return render(request, "bids/_quote.html", context)


@require_POST
def create_withdrawal(request: HttpRequest, public_id: str) -> HttpResponse:
    bid = get_object_or_404(bids_of(request.user), public_id=public_id)
    services.withdraw_bid(bid_id=bid.pk, by=request.user)
    messages.success(request, "Your bid is withdrawn.")
    return redirect("bid", public_id)


@FORM
def create_renewal(request: HttpRequest, public_id: str) -> HttpResponse:
    bid = get_object_or_404(bids_of(request.user), public_id=public_id)
    LIFECYCLE.judge(bid, "renew", role=role_in(bid, request.user))
    judge_running(bid)
    if not may_be_renewed(bid):
        raise WrongState("This bid cannot be renewed any more.")
    form = RenewalForm(request.POST if request.method == "POST" else None, bid=bid)
    if form.is_valid():
        with refusals_on(form):
            renew_bid(bid_id=bid.pk, by=request.user, valid_until=form.moment())
            messages.success(request, "Your bid is renewed, and the client knows.")
            return redirect("bid", public_id)
    status = 400 if form.errors else 200
    return render(request, "bids/renew.html", {"form": form, "bid": bid}, status=status)


@require_POST
def create_shortlisting(request: HttpRequest, public_id: str) -> HttpResponse:
    bid = get_object_or_404(bids_of(request.user), public_id=public_id)
    bid = services.shortlist_bid(bid_id=bid.pk, by=request.user)
    return _row(request, bid)


@require_POST
def remove_shortlisting(request: HttpRequest, public_id: str) -> HttpResponse:
    bid = get_object_or_404(bids_of(request.user), public_id=public_id)
    bid = services.unlist_bid(bid_id=bid.pk, by=request.user)
    return _row(request, bid)


def _row(request: HttpRequest, bid: Bid) -> HttpResponse:
    return answer(request, "bids/_row.html", seen_by(request, [bid])[0], page=bid.path)


@FORM
def create_decline(request: HttpRequest, public_id: str) -> HttpResponse:
    bid = get_object_or_404(bids_of(request.user), public_id=public_id)
    LIFECYCLE.judge(bid, "decline", role=role_in(bid, request.user))
    sent = request.POST if request.method == "POST" else None
    form = DeclineForm(sent, reasons=CLIENTS_REASONS)
    if form.is_valid():
        with refusals_on(form):
            decline_bid(bid_id=bid.pk, by=request.user, **form.cleaned_data)
            messages.success(request, "The bid is declined, with your reason.")
            return redirect("posting-bids", bid.posting.public_id)
    status = 400 if form.errors else 200
    return render(request, "bids/decline.html", {"form": form, "bid": bid}, status=status)


@require_safe
def list_own_bids(request: HttpRequest) -> HttpResponse:
    context = {"page": page_of(request, own_bids_of(request.user)), "nav": "work"}
    return render(request, "bids/mine.html", context)
