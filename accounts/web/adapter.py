"""Where allauth's pages meet our own deeds."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.hashers import make_password
from django.forms import BaseForm
from django.http import HttpRequest

from accounts.notifications import letters
from accounts.people.models import User
from accounts.people.services import register_person, set_password
from marketplace.common.errors import MailUnreachable


class AccountAdapter(DefaultAccountAdapter):
    """People are made, mails are sent and passwords are changed in one place."""

    def save_user(
        self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True
    ) -> User:
        given = form.cleaned_data
        return register_person(
            email=given["email"], name=given["name"], password=given["password1"]
        )

    def set_password(self, user: User, password: str) -> None:
        user.password = set_password(user_id=user.pk, password=password).password

    def send_account_already_exists_mail(self, email: str) -> None:
        """As slow as making a person, whose password is hashed: time must not tell who is here."""
        make_password("nobody's")
        super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        try:
            letters.send(template_prefix, to=email, **({"email": email} | context))
        except OSError:
            raise MailUnreachable(
                "We could not send you a mail just now. Try again in a few minutes."
            ) from None
