"""Where allauth's pages meet our own deeds."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.contrib.auth.hashers import make_password
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.translation import get_language_from_request

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
            email=given["email"],
            name=given["name"],
            password=given["password1"],
            language=get_language_from_request(request),
        )

    def set_password(self, user: User, password: str) -> None:
        user.password = set_password(user_id=user.pk, password=password).password

    def send_account_already_exists_mail(self, email: str) -> None:
        """As slow as making a person, whose password is hashed: time must not tell who is here."""
        make_password("nobody's")
        super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        given = {"email": email} | context
        reader, asking = given.pop("user", None), allauth_context.request
        try:
            letters.send(
                template_prefix,
                to=email,
                reader=reader if isinstance(reader, User) else None,
                language=get_language_from_request(asking) if asking else "",
                **given,
            )
        except OSError:
            raise MailUnreachable(
                "We could not send you a mail just now. Try again in a few minutes."
            ) from None
