"""The desk's pages about our books and the provider's: for finance, and for support to read."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.http import refusals_on
from marketplace.common.pages import page_of
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.confirming.services import settle_difference_or_propose
from payments.reconciliation.deeds.services import LONGEST_REASON, offered_deeds
from payments.reconciliation.findings import DEEDS
from payments.reconciliation.models import Difference
from payments.reconciliation.running.services import ask_for_run
from payments.reconciliation.selectors import (
    book_of,
    finished_runs,
    known_differences,
    last_good_run,
    open_differences,
    present_run,
)
from payments.reconciliation.suggestions import suggestion_for

# Of the runs, so many beside the lines; all of them have a page of their own.
RUNS_SHOWN = 5
READERS = {StaffRole.FINANCE, StaffRole.SUPPORT}


def for_readers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For everybody else none of it exists; what each may do is judged by the deed."""

    @wraps(view)
    def door(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not READERS & staff_roles_of(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return door


class SettleForm(forms.Form):
    """Why, in words that stay with the books."""

    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_REASON,
        widget=forms.Textarea({"rows": 4}),
        help_text="It stays beside the line, with your name, for whoever checks the books. Payer "
        "or payee, where it concerns them, read it on their account page, without your name.",
        error_messages={"required": "Say why: whoever checks the books will read it."},
    )
    deed = forms.CharField(widget=forms.HiddenInput, required=False)


@require_safe
@for_readers
def show_books(request: HttpRequest) -> HttpResponse:
    """What differs, or with ``?state=all`` what ever did."""
    only_open = request.GET.get("state") != "all"
    rows = open_differences() if only_open else known_differences()
    tabs = [("open", "Open", only_open), ("all", "All", not only_open)]
    context = {
        "page": page_of(request, rows, keys=("first_seen_at", "id")),
        "tabs": tabs,
        "only_open": only_open,
        "runs": finished_runs().order_by("-finished_at", "-id")[:RUNS_SHOWN],
        "present": present_run(),
        "last_good": last_good_run(),
        "may_run": StaffRole.FINANCE in staff_roles_of(request.user),
        "nav": "desk",
    }
    return render(request, "payments/reconciliation/books.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_readers
def list_runs(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        ask_for_run(by=signed_in(request.user))
        messages.success(request, "The books are being compared. This takes a moment.")
        return redirect("reconciliation")
    page = page_of(request, finished_runs(), keys=("finished_at", "id"))
    context = {"page": page, "nav": "desk"}
    return render(request, "payments/reconciliation/runs.html", context)


@require_safe
@for_readers
def show_difference(request: HttpRequest, public_id: str) -> HttpResponse:
    return _page(request, _found(public_id), SettleForm())


@require_POST
@for_readers
def create_settlement(request: HttpRequest, public_id: str) -> HttpResponse:
    difference = _found(public_id)
    form = SettleForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            waits = settle_difference_or_propose(
                difference_id=difference.pk, by=signed_in(request.user), **form.cleaned_data
            )
            if waits is not None:
                messages.success(request, "Another person of finance has been asked to confirm it.")
                return redirect("desk-deed", waits.public_id)
            messages.success(request, "Done, and noted with your reason.")
            return redirect("difference", public_id)
    return _page(request, _found(public_id), form, status=400)


def _found(public_id: str) -> Difference:
    return get_object_or_404(known_differences().select_related("run"), public_id=public_id)


def _page(
    request: HttpRequest, difference: Difference, form: SettleForm, status: int = 200
) -> HttpResponse:
    offered = offered_deeds(difference, signed_in(request.user))
    context: dict[str, Any] = {
        "difference": difference,
        "suggestion": suggestion_for(difference),
        "deeds": [(name, DEEDS[name]) for name in offered],
        "waiting": difference.proposed_deeds.filter(status=ProposedDeed.Status.PROPOSED).first(),
        "events": [
            (event, DEEDS[event.what].label if event.what in DEEDS else "")
            for event in difference.events.select_related("by").order_by("pk")
        ],
        "book": book_of(difference),
        "form": form,
        "nav": "desk",
    }
    return render(request, "payments/reconciliation/difference.html", context, status=status)
