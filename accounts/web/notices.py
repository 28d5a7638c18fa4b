"""What people were told, and in the sandbox the mails that would have left."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.notifications import services
from accounts.notifications.selectors import notifications_of, outgoing_mails
from accounts.people.selectors import signed_in
from marketplace.common.pages import page_of


@require_safe
def list_notices(request: HttpRequest) -> HttpResponse:
    context = {"page": page_of(request, notifications_of(request.user)), "nav": "notices"}
    return render(request, "accounts/notices.html", context)


@require_POST
def create_reading(request: HttpRequest, public_id: str) -> HttpResponse:
    """Mark as read and go where the notice points: a button, since a link must not write."""
    notice = get_object_or_404(notifications_of(request.user), public_id=public_id)
    services.read_notification(notification_id=notice.pk, by=signed_in(request.user))
    return redirect(notice.path)


@require_POST
def create_readings(request: HttpRequest) -> HttpResponse:
    services.read_all_notifications(by=signed_in(request.user))
    messages.success(request, "Everything is marked as read.")
    return redirect("notices")


@login_not_required
@require_safe
def list_outbox(request: HttpRequest) -> HttpResponse:
    """Open to everybody: in the demo this is how a code reaches who signs up."""
    if not settings.SANDBOX:
        raise Http404
    address = request.GET.get("to", "").strip()[:254]
    context = {"page": page_of(request, outgoing_mails(address=address)), "address": address}
    return render(request, "accounts/outbox.html", context)
