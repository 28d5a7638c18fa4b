"""Pages about people: one's own profile, and that which everybody may see."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.second_factor import has_second_factor
from accounts.access.selectors import tokens_of
from accounts.notifications.mailing.selectors import failing_mail_of
from accounts.people import services
from accounts.people.profile import COUNTRIES
from accounts.people.selectors import public_profiles, signed_in
from accounts.web.forms import ProfileForm
from marketplace.common.http import refusals_on


@require_safe
def show_profile(request: HttpRequest) -> HttpResponse:
    person = signed_in(request.user)
    context = {
        "person": person,
        "country": COUNTRIES.get(person.country, ""),
        "has_second_factor": has_second_factor(person),
        "mail_failing": failing_mail_of(person),
        "token_count": tokens_of(person).count(),
        "language": dict(settings.LANGUAGES)[person.language],
    }
    return render(request, "accounts/profile.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_profile(request: HttpRequest) -> HttpResponse:
    person = signed_in(request.user)
    if request.method != "POST":
        return _edit(request, ProfileForm.of(person))
    form = ProfileForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            services.update_profile(user_id=person.pk, by=person, **form.cleaned_data)
    if not form.is_valid():
        return _edit(request, form, status=400)
    messages.success(request, "Your profile is saved.")
    return redirect("profile")


def _edit(request: HttpRequest, form: ProfileForm, status: int = 200) -> HttpResponse:
    return render(request, "accounts/profile_edit.html", {"form": form}, status=status)


@login_not_required
@require_safe
def show_person(request: HttpRequest, public_id: str) -> HttpResponse:
    person = get_object_or_404(public_profiles(), public_id=public_id)
    context = {"person": person, "country": COUNTRIES.get(person.country, "")}
    return render(request, "accounts/person.html", context)
