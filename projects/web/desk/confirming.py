"""A decision that waits for a second mediator, as they answer it on the page of the case."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_POST

from projects.disputes.confirming.selectors import proposed_rulings
from projects.disputes.confirming.services import confirm_ruling, return_ruling
from projects.web.desk.doors import for_staff


@require_POST
@for_staff
def create_confirmation(request: HttpRequest, public_id: str) -> HttpResponse:
    proposed = get_object_or_404(proposed_rulings(request.user), public_id=public_id)
    dispute = confirm_ruling(proposed_id=proposed.pk, by=request.user)
    messages.success(request, "The dispute is decided. Both sides have been told.")
    return redirect("desk-dispute", dispute.public_id)


@require_POST
@for_staff
def create_return(request: HttpRequest, public_id: str) -> HttpResponse:
    proposed = get_object_or_404(proposed_rulings(request.user), public_id=public_id)
    why = request.POST.get("why", "")
    proposed = return_ruling(proposed_id=proposed.pk, by=request.user, why=why)
    messages.success(request, "It has decided nothing, and another one can be written.")
    return redirect("desk-dispute", proposed.dispute.public_id)


ROUTES = [
    path("desk/rulings/<str:public_id>/confirm/", create_confirmation, name="desk-ruling-confirm"),
    path("desk/rulings/<str:public_id>/return/", create_return, name="desk-ruling-return"),
]
