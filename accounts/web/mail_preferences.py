"""What comes by email, and when not; and the link at the foot of a mail that ends its kind."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.notifications.mailing.selectors import failing_mail_of
from accounts.notifications.preferences import services
from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.preferences.selectors import preferences_of
from accounts.notifications.preferences.unsubscribing import read_token
from accounts.people.selectors import signed_in
from accounts.web.forms import MailPreferencesForm
from marketplace.common.http import refusals_on


@require_http_methods(["GET", "HEAD", "POST"])
def edit_preferences(request: HttpRequest) -> HttpResponse:
    person = signed_in(request.user)
    if request.method != "POST":
        return _edit(request, MailPreferencesForm.of(preferences_of(person)))
    form = MailPreferencesForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            services.change_preferences(user_id=person.pk, by=person, **form.chosen)
    if not form.is_valid():
        return _edit(request, form, status=400)
    messages.success(request, "What you are mailed is saved.")
    return redirect("mail-preferences")


def _edit(request: HttpRequest, form: MailPreferencesForm, status: int = 200) -> HttpResponse:
    failing = failing_mail_of(signed_in(request.user))
    context = {"form": form, "mail_failing": failing}
    return render(request, "accounts/mail_preferences.html", context, status=status)


# A mail program posts here for its reader, without cookies: the signed link is the whole right,
# and all that it can do is end one kind of mail. Looking does nothing, since scanners look.
@never_cache
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def create_unsubscription(request: HttpRequest, token: str) -> HttpResponse:
    """Answered on the spot, without a redirect: mail programs follow none (RFC 8058)."""
    if is_done := request.method == "POST":
        kind = services.unsubscribe(token=token)
    else:
        _, kind = read_token(token)
    context = {"kind_in_words": OPTIONAL.get(kind, ""), "is_done": is_done}
    return render(request, "accounts/unsubscription.html", context)
