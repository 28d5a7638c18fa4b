"""Who looks after a case, on its page at the desk."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_POST

from accounts.people.selectors import signed_in
from projects.disputes.assigning.selectors import candidates_for
from projects.disputes.assigning.services import assign_dispute, give_up_dispute
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes
from projects.web.desk.doors import for_staff


def assignment_on(
    dispute: Dispute, request: HttpRequest, steps: list[str], *, held: int
) -> dict[str, Any]:
    """Who has it and had it, and what the reader, who can make these ``steps``, can do there;
    ``able`` are those who may decide it.
    """
    reader = signed_in(request.user)
    may_assign = "assign" in steps
    has_it = dispute.assignee
    found = candidates_for(dispute, reader, held=held) if may_assign else []
    can = [one.person for one in found if not one.refusal]
    kept = [one.refusal for one in found if one.refusal and one.person != has_it]
    return {
        "able": [one.person for one in found],
        "assignee": has_it,
        "assignments": dispute.assignments.all(),
        "may_assign": may_assign,
        "may_take": reader in can or has_it == reader,
        "is_own": has_it == reader,
        "others": [one for one in can if one != reader],
        "kept_free": kept[0] if kept else "",
    }


@require_POST
@for_staff
def create_assignment(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take it or give it to somebody; or, with ``give_up``, look after it no longer."""
    dispute = get_object_or_404(desk_disputes(request.user), public_id=public_id)
    if "give_up" in request.POST:
        give_up_dispute(dispute_id=dispute.pk, by=request.user)
        messages.success(request, "It is nobody’s now.")
        return redirect(dispute.desk_path)
    reader = signed_in(request.user)
    to = reader.public_id if "take" in request.POST else request.POST.get("mediator", "")
    assign_dispute(
        dispute_id=dispute.pk,
        by=reader,
        mediator=to,
        instead_of=request.POST.get("instead_of", ""),
    )
    is_own = to == reader.public_id
    messages.success(request, "It is yours." if is_own else "It is theirs, and they are told.")
    return redirect(dispute.desk_path)


ROUTES = [
    path(
        "desk/disputes/<str:public_id>/assignment/",
        create_assignment,
        name="desk-dispute-assignment",
    ),
]
