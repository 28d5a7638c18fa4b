"""Searches of the desk's lists, kept under a name by whoever works there, for themselves."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.people.filters.models import LONGEST_NAME
from accounts.people.filters.selectors import saved_filters_of
from accounts.people.filters.services import forget_filter, save_filter
from accounts.people.selectors import signed_in
from marketplace.common.http import refusals_on
from projects.web.desk.audit import AuditSearch
from projects.web.desk.disputes import DisputeSearch
from projects.web.desk.doors import for_staff
from projects.web.desk.givebacks import GiveBackSearch
from projects.web.desk.mails import MailSearch
from projects.web.desk.money import ContractSearch
from projects.web.desk.payouts import PayoutSearch
from projects.web.desk.search import DeskSearch

# Every list that is searched, by its route.
LISTS: dict[str, type[DeskSearch]] = {
    search.page: search
    for search in (
        AuditSearch,
        ContractSearch,
        DisputeSearch,
        GiveBackSearch,
        MailSearch,
        PayoutSearch,
    )
}


class NameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=LONGEST_NAME)


@require_POST
@for_staff
def create_filter(request: HttpRequest) -> HttpResponse:
    """Keep the search that was sent; what is refused is shown once more, beside its field."""
    kind = LISTS.get(request.POST.get("page", ""))
    if kind is None:
        raise Http404
    search, form = kind(request.POST), NameForm(request.POST)
    if search.is_valid() & form.is_valid():
        with refusals_on(form if search.query else search):
            name = form.cleaned_data["name"]
            by = signed_in(request.user)
            kept = save_filter(page=search.page, name=name, query=search.query, by=by)
            messages.success(request, f"Saved as “{kept.name}”.")
            return redirect(search.url)
    context = {"search": search, "form": form, "nav": "desk"}
    return render(request, "desk/filter.html", context, status=400)


@require_POST
@for_staff
def create_forgetting(request: HttpRequest, public_id: str) -> HttpResponse:
    by = signed_in(request.user)
    kept = get_object_or_404(saved_filters_of(by), public_id=public_id)
    forget_filter(filter_id=kept.pk, by=by)
    messages.success(request, f"“{kept.name}” is forgotten.")
    return redirect(kept.page)
