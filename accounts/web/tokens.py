"""The page of API tokens."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import services
from accounts.access.selectors import tokens_of
from accounts.people.selectors import signed_in
from accounts.web.forms import TokenForm
from marketplace.common.http import refusals_on


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(enabled=lambda request: request.method == "POST")
def list_tokens(request: HttpRequest) -> HttpResponse:
    """The list; a POST makes a token and shows it this once, on the answer itself.

    A token outlives the session: whoever sits down at an open browser must know the password.
    """
    person = signed_in(request.user)
    form, secret, status = TokenForm(request.POST or None), "", 200
    if request.method == "POST":
        if form.is_valid():
            with refusals_on(form):
                _, secret = services.create_token(
                    user_id=person.pk, name=form.cleaned_data["name"], by=person
                )
                form = TokenForm()
        status = 201 if secret else 400
    context = {"form": form, "secret": secret, "tokens": tokens_of(person)}
    return render(request, "accounts/tokens.html", context, status=status)


@require_POST
def create_revocation(request: HttpRequest, public_id: str) -> HttpResponse:
    person = signed_in(request.user)
    token = get_object_or_404(tokens_of(person), public_id=public_id)
    services.revoke_token(token_id=token.pk, by=person)
    messages.success(request, f"“{token.name}” opens nothing any more.")
    return redirect("tokens")
