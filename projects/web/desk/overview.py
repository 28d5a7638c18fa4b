"""The desk at a glance, and the small deeds that need no page of their own."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from payments.payouts import services as payouts
from payments.payouts.selectors import failed_payouts
from payments.refunds import services as refunds
from payments.refunds.selectors import failed_refunds
from projects.web.desk.doors import for_staff
from projects.web.desk.queues import queues_for


@require_safe
@for_staff
def show_desk(request: HttpRequest) -> HttpResponse:
    user = signed_in(request.user)
    context = {
        "queues": queues_for(user),
        "reads_money": bool(staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}),
        "nav": "desk",
    }
    return render(request, "desk/show.html", context)


@require_POST
@for_staff
def create_refund_retry(request: HttpRequest, public_id: str) -> HttpResponse:
    refund = get_object_or_404(failed_refunds(), public_id=public_id)
    refunds.retry_refund(refund_id=refund.pk, by=signed_in(request.user))
    messages.success(request, "The refund is on its way again.")
    return redirect("desk")


@require_POST
@for_staff
def create_payout_retry(request: HttpRequest, public_id: str) -> HttpResponse:
    payout = get_object_or_404(failed_payouts(), public_id=public_id)
    payouts.retry_payout(payout_id=payout.pk, by=signed_in(request.user))
    messages.success(request, "The payout is on its way again.")
    return redirect("desk")
