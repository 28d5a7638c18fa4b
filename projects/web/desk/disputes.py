"""Every dispute and what it waits for, for mediators and support to find."""

from functools import partial

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.pages import page_of
from projects.disputes.assigning.selectors import WHOSE
from projects.disputes.finding.selectors import STATES, narrowed
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes, may_read_disputes
from projects.web.desk.doors import for_staff
from projects.web.desk.search import DeskSearch, searched


class DisputeSearch(DeskSearch):
    page = "desk-disputes"
    hint = "A milestone, a contract, a side, a public id"

    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "Open"), *list(STATES.items())[1:]]
    )
    whose = forms.ChoiceField(
        label="Looked after", required=False, choices=[("", "By anybody"), *WHOSE.items()]
    )
    reason = forms.ChoiceField(
        label="Reason", required=False, choices=[("", "Any"), *Dispute.Reason.choices]
    )


@require_safe
@for_staff
def list_cases(request: HttpRequest) -> HttpResponse:
    """Those that wait for somebody, the oldest first as the keys lead through them; or what fits,
    the newest first.
    """
    reader = signed_in(request.user)
    if not may_read_disputes(reader):
        raise Http404
    form = DisputeSearch(request.GET)
    found = form.narrow(desk_disputes(reader), partial(narrowed, reader=reader))
    is_queue = form.is_valid() and form.cleaned_data["state"] in ("", "open")
    context = {
        **searched(request, form),
        "page": page_of(request, found, smallest_first=is_queue),
        "is_queue": is_queue,
        "decides": StaffRole.MEDIATOR in staff_roles_of(reader),
        "nav": "desk",
    }
    return render(request, "desk/disputes.html", context, status=200 if form.is_valid() else 400)
