"""What a payee says to a hold on their payouts."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.people.selectors import signed_in
from payments.payouts.holding import services
from payments.payouts.holding.selectors import holds_of


@require_POST
def create_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    hold = get_object_or_404(holds_of(signed_in(request.user)), public_id=public_id)
    services.answer_hold(
        hold_id=hold.pk, answer=request.POST.get("answer", ""), by=signed_in(request.user)
    )
    messages.success(request, "Finance reads what you wrote.")
    return redirect("earnings")
