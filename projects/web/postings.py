"""Pages about postings."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.common.attachments import limits_in_words
from marketplace.common.files import attachment
from marketplace.common.http import refusals_on
from marketplace.common.lifecycle import MODERATOR, OWNER
from marketplace.common.pages import Page, capped_count, page_of
from projects.agreements.downtime.selectors import why_later
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.bids.declining.services import close_bidding, edit_bidding
from projects.bids.models import STANDING
from projects.bids.selectors import bid_counts, live_bid_on
from projects.confidentiality.selectors import files_behind, gate_of
from projects.contracts.selectors import contracts_of
from projects.invitations.selectors import invitation_to, invitations_to
from projects.invitations.selectors import open_steps as steps_of_invitation
from projects.postings import services
from projects.postings.models import LIFECYCLE, Posting
from projects.postings.roles import open_steps, role_in
from projects.postings.selectors import (
    KEYS,
    browse,
    is_let_in,
    order_for,
    postings_of,
    postings_visible_to,
)
from projects.questions.selectors import questions_on, waiting_on
from projects.screening.selectors import questions_of
from projects.web.hold_forms import SuspensionForm
from projects.web.posting_forms import BrowseForm, PostingForm, ReasonForm
from projects.web.questions import rows_of

FORM = require_http_methods(["GET", "HEAD", "POST"])
_SAVED: dict[str, str] = {
    Posting.Status.DRAFT: "The draft is saved. Only you see it.",
    Posting.Status.OPEN: "Your posting is open for bids.",
    Posting.Status.AWARDED: "As many awards are made as you want: the posting is awarded, and the "
    "bids that were left are declined.",
}
# The newest questions and invitations are on the posting's own page, the others one click away.
FEW = 3


@login_not_required
@require_safe
def list_postings(request: HttpRequest) -> HttpResponse:
    """Browse and search; htmx swaps the results alone."""
    form = BrowseForm(request.GET or None)
    context: dict[str, Any] = {"form": form, "nav": "browse", "page": Page([]), "count": "0"}
    if not form.is_bound:
        context |= _results(request, BrowseForm({}))
    elif form.is_valid():
        with refusals_on(form):
            context |= _results(request, form)
    status = 400 if form.errors else 200
    is_part = request.htmx and not request.htmx.boosted
    template = "postings/_results.html" if is_part else "postings/browse.html"
    return render(request, template, context, status=status)


def _results(request: HttpRequest, form: BrowseForm) -> dict[str, Any]:
    form.is_valid()
    filters, order = form.filters(), form.cleaned_data["order"]
    found = browse(filters, order=order)
    keys = KEYS[order_for(filters, order)]
    # All that fit are counted, also where only the newest of them were ranked.
    count = capped_count(browse(filters))
    return {"page": page_of(request, found, keys=keys), "count": count}


@login_not_required
@require_safe
def show_posting(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    role = role_in(posting, request.user)
    gate = gate_of(posting, request.user)
    newest = questions_on(posting, request.user).order_by("-created_at", "-id")
    context = {
        "posting": posting,
        "steps": open_steps(posting, request.user),
        "is_owner": role == OWNER,
        "is_let_in": is_let_in(posting, request.user),
        "gate": gate,
        "file_limits": limits_in_words(),
        "files": files_behind(gate, posting),
        "screening": questions_of(posting),
        "questions": rows_of(list(newest[:FEW]), request),
        "bids_put_off": why_later(posting.public_id, posting.bids_close_at),
        "choice_put_off": why_later(posting.public_id, posting.choose_by),
        "nav": "browse",
    }
    if request.user.is_authenticated:
        context["contracts"] = contracts_of(request.user).filter(
            posting=posting, accepted_at__isnull=False
        )
    if role in (OWNER, MODERATOR):
        context["invitations"] = [
            {"invitation": sent, "steps": steps_of_invitation(sent, request.user)}
            for sent in invitations_to(posting).order_by("-created_at", "-id")[:FEW]
        ]
    if role == OWNER:
        context |= _bids_on(posting) | {"waiting": waiting_on(posting)}
    else:
        context["own_bid"] = live_bid_on(posting, request.user)
        context["invitation"] = invitation_to(posting, request.user)
    return render(request, "postings/posting.html", context)


def _bids_on(posting: Posting) -> dict[str, int]:
    """How many there are: of all, to choose from, on the shortlist, with an offer."""
    counts = bid_counts(posting)[posting.pk]
    return {
        "has_bids": sum(counts.values()),
        "standing": sum(counts.get(status, 0) for status in STANDING),
        "shortlisted": counts.get("shortlisted", 0),
        "offered": counts.get("offered", 0),
    }


@FORM
def create_posting(request: HttpRequest) -> HttpResponse:
    form = PostingForm(request.POST or None)
    is_publishing = request.POST.get("then") == "publish"
    if form.is_valid():
        with refusals_on(form):
            posting = services.create_posting(
                by=request.user, publish=is_publishing, **form.cleaned_data
            )
            return _saved(request, posting)
    return _show_form(request, form)


@FORM
def edit_posting(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    LIFECYCLE.judge(posting, "edit", role=role_in(posting, request.user))
    if request.method != "POST":
        return _show_form(request, PostingForm.of(posting))
    form = PostingForm(request.POST, initial=PostingForm.kept(posting), posting=posting)
    is_publishing = request.POST.get("then") == "publish"
    if form.is_valid():
        with refusals_on(form):
            posting = edit_bidding(
                posting_id=posting.pk, by=request.user, publish=is_publishing, **form.cleaned_data
            )
            return _saved(request, posting)
    return _show_form(request, form)


def _saved(request: HttpRequest, posting: Posting) -> HttpResponse:
    messages.success(request, _SAVED[posting.status])
    return redirect("posting", posting.public_id)


def _show_form(request: HttpRequest, form: PostingForm) -> HttpResponse:
    context = {"form": form, "posting": form.posting, "nav": "post"}
    status = 400 if form.errors else 200
    return render(request, "postings/form.html", context, status=status)


@require_POST
def create_publication(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    services.publish_posting(posting_id=posting.pk, by=request.user)
    messages.success(request, "Your posting is open for bids.")
    return redirect("posting", public_id)


@FORM
def create_closing(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    LIFECYCLE.judge(posting, "close", role=role_in(posting, request.user))
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        needed=False,
        help_text="Whoever opens the posting reads it.",
    )
    if form.is_valid():
        with refusals_on(form):
            closed = close_bidding(posting_id=posting.pk, by=request.user, **form.cleaned_data)
            is_closed = closed.status == Posting.Status.CLOSED
            said = "is closed." if is_closed else "is awarded, and takes no more bids."
            messages.success(request, f"The posting {said}")
            return redirect("posting", public_id)
    context = {"form": form, "posting": posting} | _bids_on(posting)
    status = 400 if form.errors else 200
    return render(request, "postings/close.html", context, status=status)


@FORM
def create_suspension(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    LIFECYCLE.judge(posting, "suspend", role=role_in(posting, request.user))
    is_sent = request.method == "POST"
    form = SuspensionForm(request.POST, request.FILES) if is_sent else SuspensionForm()
    if form.is_valid():
        with refusals_on(form):
            suspend_posting(posting_id=posting.pk, by=request.user, **form.cleaned_data)
            messages.success(request, "The posting is out of sight.")
            return redirect("posting", public_id)
    status = 400 if form.errors else 200
    context = {"form": form, "posting": posting, "lost_files": bool(request.FILES)}
    return render(request, "postings/suspend.html", context, status=status)


@require_POST
def create_restoration(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    restore_posting(posting_id=posting.pk, by=request.user)
    messages.success(request, "The posting is open again.")
    return redirect("posting", public_id)


@require_POST
def create_files(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    services.add_files(
        posting_id=posting.pk, uploads=request.FILES.getlist("files"), by=request.user
    )
    return redirect("posting", public_id)


@login_not_required
@require_safe
def show_file(request: HttpRequest, public_id: str, file_id: str) -> FileResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    files = files_behind(gate_of(posting, request.user), posting)
    kept = get_object_or_404(files, stored__public_id=file_id)
    return attachment(kept.stored)


@require_POST
def remove_file(request: HttpRequest, public_id: str, file_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    services.remove_file(posting_id=posting.pk, file_public_id=file_id, by=request.user)
    messages.success(request, "The file is removed.")
    return redirect("posting", public_id)


@require_safe
def list_own_postings(request: HttpRequest) -> HttpResponse:
    page = page_of(request, postings_of(request.user))
    counts = bid_counts(*page.items)
    rows = [
        {"posting": posting, "standing": sum(counts[posting.pk].get(s, 0) for s in STANDING)}
        for posting in page.items
    ]
    context = {"page": page, "rows": rows, "nav": "work"}
    return render(request, "postings/mine.html", context)
