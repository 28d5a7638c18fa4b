"""The page on which somebody signs: what it is, once more, and their password."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.access.confirming import confirm_by_password
from marketplace.common.forms import PasswordField
from marketplace.common.http import refusals_on

# Stands beside each of them.
WHY_IT_IS_ASKED = "You sign with it: an open browser alone signs nothing."


class SignatureForm(forms.Form):
    password = PasswordField(help_text=WHY_IT_IS_ASKED)


def sign_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    deed: Callable[..., Any],
    page: str,
    said: str,
) -> HttpResponse:
    """Show ``template``; with the right password do the deed, and lead to ``page``.

    ``deed`` is given ``by`` and ``confirmed_with``. A wrong password stands beside its field.
    """
    form = SignatureForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_on(form):
            how = confirm_by_password(request.user, form.cleaned_data["password"])
        if form.is_valid():
            deed(by=request.user, confirmed_with=how)
            messages.success(request, said)
            return redirect(page)
    status = 400 if form.errors else 200
    return render(request, template, context | {"form": form, "nav": "work"}, status=status)
