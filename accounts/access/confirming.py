"""Is it they, just now? Asked again of whoever signs: an open browser or a token does not sign."""

from django.contrib.auth.models import AnonymousUser

from accounts.access.knocks import count_of_address, forgive_knocks
from accounts.people.models import User
from accounts.people.selectors import signed_in
from marketplace.common.errors import InvalidInput

# How they showed that it was they, as it is written down beside what they signed.
PASSWORD = "password"  # noqa: S105
_DOOR = "signing"


def confirm_by_password(user: User | AnonymousUser, password: str) -> str:
    """Returns how it was confirmed. Raises InvalidInput, or TooOften for who guesses.

    Asked by the doors, before the deed: a password takes a tenth of a second to check, and no row
    is locked meanwhile.
    """
    user = signed_in(user)
    if not password:
        raise InvalidInput("Give your password: you sign with it.", param="password")
    count_of_address(_DOOR, user.email)
    judge_password(user, password)
    forgive_knocks(_DOOR, email=user.email)
    return PASSWORD


def judge_password(user: User, password: str) -> None:
    """Raises InvalidInput for any other than theirs."""
    if not user.check_password(password):
        raise InvalidInput("The password is wrong.", param="password", code="wrong_credentials")
