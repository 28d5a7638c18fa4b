"""Mails that fail, for everybody at the desk to find, and to have tried again."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.notifications.mailing import services
from accounts.notifications.mailing.rules import MOST_RETRIES, may_retry, why_no_retry
from accounts.notifications.mailing.selectors import STATES, failing_mails, narrowed
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.pages import page_of
from projects.web.desk.doors import for_staff
from projects.web.desk.search import DeskSearch, searched


class MailSearch(DeskSearch):
    page = "desk-mails"
    hint = "A name, an address, an answer of the mail server"

    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), *STATES.items()])


@require_safe
@for_staff
def list_mails(request: HttpRequest) -> HttpResponse:
    """All that fail, the newest first, or what of them fits."""
    form = MailSearch(request.GET)
    page = page_of(request, form.narrow(failing_mails(), narrowed))
    context = {
        **searched(request, form),
        "page": page,
        "rows": [(mail, why_no_retry(mail)) for mail in page.items],
        "may_retry": may_retry(staff_roles_of(signed_in(request.user))) is not None,
        "most_retries": MOST_RETRIES,
        "nav": "desk",
    }
    return render(request, "desk/mails.html", context, status=200 if form.is_valid() else 400)


@require_POST
@for_staff
def create_retry(request: HttpRequest, public_id: str) -> HttpResponse:
    mail = get_object_or_404(failing_mails(), public_id=public_id)
    services.retry_mail(notification_id=mail.pk, by=signed_in(request.user))
    messages.success(request, "The mail is tried again now.")
    return redirect("desk-mails")
