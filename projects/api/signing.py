"""What a program adds to the call by which somebody signs."""

from rest_framework import serializers
from rest_framework.request import Request

from accounts.access.confirming import confirm_by_password


class SignatureIn(serializers.Serializer):
    """A token alone signs nothing."""

    password = serializers.CharField(
        max_length=1_000,
        trim_whitespace=False,
        help_text="Your own: you sign with it. Guessing is stopped as at the log-in.",
    )


def confirmed(request: Request, given: dict) -> dict:
    """What was given without the password, and how it was confirmed that it is they."""
    terms = dict(given)
    return terms | {"confirmed_with": confirm_by_password(request.user, terms.pop("password"))}


def confirmation_in(request: Request) -> dict:
    """The same for a call that says nothing but that."""
    body = SignatureIn(data=request.data)
    body.is_valid(raise_exception=True)
    return confirmed(request, body.validated_data)
