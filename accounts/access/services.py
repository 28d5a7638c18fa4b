"""How a person comes in: sign-up, log-in for programs, forgotten passwords, the second factor."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, validate_totp_code
from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.urls import reverse
from knox.models import get_digest_token

from accounts.access import codes, second_factor
from accounts.access.confirming import judge_password
from accounts.access.models import ApiToken
from accounts.access.selectors import address_is_proven, tokens_of
from accounts.notifications import letters
from accounts.notifications.services import notify
from accounts.people.models import User
from accounts.people.profile import checked_email
from accounts.people.services import ADDRESS_TAKEN, checked_password, create_person, set_password
from marketplace.common.errors import InvalidInput, MailUnreachable, NotAllowed, WrongState
from marketplace.common.text import checked_line
from marketplace.common.words import Words

MAX_TOKENS = 50
SIGN_UP = "sign-up"
RESET = "reset"


# --- Sign-up -------------------------------------------------------------------------------------


def sign_up(
    *, email: str, name: str, password: str, language: str = settings.LANGUAGE_CODE
) -> None:
    """Make a person who cannot log in yet, and mail them a code that proves the address.

    ``language`` is one of settings.LANGUAGES. Raises InvalidInput.

    Whoever asks learns nothing of who is here: an address that somebody has gets a mail that says
    so, and the answer is the same. Not atomic: the mail leaves when the person is kept.
    """
    email = checked_email(email)
    try:
        create_person(email=email, name=name, password=password, language=language)
    except InvalidInput as refusal:
        if refusal.code != ADDRESS_TAKEN:
            raise
        _mail("account/email/account_already_exists", to=email, email=email)
    else:
        _mail_proof(email)


def confirm_sign_up(*, email: str, code: str) -> User:
    """The code has come: the address is theirs. Raises InvalidInput."""
    email = checked_email(email)
    if not codes.spend_code(SIGN_UP, email, code):
        raise InvalidInput("This code is wrong or too old.", param="code")
    return _prove_address(email)


@transaction.atomic
def _prove_address(email: str) -> User:
    user = User.objects.select_for_update().get(email=email)
    EmailAddress.objects.filter(user=user, email=email).update(verified=True)
    return user


def _mail_proof(email: str) -> None:
    code = codes.new_code(SIGN_UP, email)
    _mail("account/email/email_confirmation_signup", to=email, email=email, code=code)


def _mail(template: str, *, to: str, **context: Any) -> None:
    try:
        letters.send(template, to=to, **context)
    except OSError:
        raise MailUnreachable("We could not send you a mail just now. Try again soon.") from None


# --- Log-in --------------------------------------------------------------------------------------


def log_in(*, email: str, password: str, code: str = "") -> User:
    """Who this is. ``code`` is asked of those who have a second factor.

    An unknown address and a wrong password get the same refusal after the same time.
    """
    user = authenticate(None, email=checked_email(email), password=password)
    if user is None:
        raise InvalidInput(
            "The address or the password is wrong.", param="password", code="wrong_credentials"
        )
    if not address_is_proven(user):
        _mail_proof(user.email)
        raise NotAllowed(
            "Prove your address first: we have sent you a new code.", code="address_not_proven"
        )
    _check_second_factor(user, code)
    return user


def _check_second_factor(user: User, code: str) -> None:
    if not second_factor.has_second_factor(user):
        return
    if not code:
        raise InvalidInput(
            "Give a code of your authenticator app, or a recovery code.",
            param="code",
            code="code_required",
        )
    if not second_factor.is_right(user, code):
        raise InvalidInput("This code is wrong or was used before.", param="code")


@transaction.atomic
def create_token(
    *, user_id: int, name: str, by: User, is_told: bool = True
) -> tuple[ApiToken, str]:
    """A token of the API and its secret, which nobody can read again.

    Its owner is told: it may have been a stranger. Not ``is_told`` are those who sign up just now.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if user != by:
        raise NotAllowed("You cannot make tokens for somebody else.")
    if tokens_of(user).count() >= MAX_TOKENS:
        raise WrongState(f"You have {MAX_TOKENS} tokens already. Revoke one that you do not use.")
    digest, secret = get_digest_token()
    token = ApiToken.objects.create(
        user=user,
        name=checked_line(name, param="name", longest=80),
        digest=digest,
    )
    if is_told:
        notify(
            to=user,
            kind="token_made",
            text=Words(
                "A token for the API was made: “%(name)s”. If that was not you, revoke it.",
                name=token.name,
            ),
            path=reverse("tokens"),
        )
    return token, secret


@transaction.atomic
def revoke_token(*, token_id: str, by: User) -> None:
    """From now on the token opens nothing. A second time is no error."""
    tokens_of(by).filter(pk=token_id).delete()


# --- A forgotten password ------------------------------------------------------------------------


def request_password_reset(*, email: str) -> None:
    """Mail a code, or that nobody of this address is here: the answer is the same."""
    email = checked_email(email)
    if User.objects.filter(email=email, is_active=True).exists():
        code = codes.new_code(RESET, email)
        _mail("account/email/password_reset_code", to=email, email=email, code=code)
    else:
        _mail("account/email/unknown_account", to=email, email=email)


def reset_password(*, email: str, code: str, password: str) -> User:
    """A new password by code; the code proves the address as well. Raises InvalidInput.

    A password that we refuse does not cost the code.
    """
    email = checked_email(email)
    user = User.objects.filter(email=email, is_active=True).first()
    checked_password(password, user or User(email=email))
    if user is None or not codes.spend_code(RESET, email, code):
        raise InvalidInput("This code is wrong or too old.", param="code")
    _prove_address(email)
    user = set_password(user_id=user.pk, password=password)
    _mail("account/email/password_reset", to=email, email=email)
    return user


# --- The second factor ---------------------------------------------------------------------------


@transaction.atomic
def add_second_factor(
    *, user_id: int, ticket: str, code: str, password: str, by: User
) -> list[str]:
    """Ask for a code at every log-in from now on. Returns recovery codes, each good once.

    ``ticket`` is that of ``second_factor.new_offer``, ``code`` what the app shows for it.
    """
    user = _lock_own_account(user_id, password, by)
    secret = second_factor.secret_of_offer(user, ticket)
    if second_factor.has_second_factor(user):
        raise WrongState("You have a second factor already.")
    if not validate_totp_code(secret, code):
        raise InvalidInput("That is not the code that the app shows now.", param="code")
    TOTP.activate(user, secret)
    _tell_of_factor(
        user,
        "second_factor_added",
        Words(
            "The second factor of your account was added. If that was not you, change your "
            "password."
        ),
    )
    return RecoveryCodes.activate(user).generate_codes()


@transaction.atomic
def remove_second_factor(*, user_id: int, code: str, password: str, by: User) -> None:
    """The password is enough again; the recovery codes are void."""
    user = _lock_own_account(user_id, password, by)
    if not second_factor.has_second_factor(user):
        raise WrongState("You have no second factor.")
    _check_second_factor(user, code)
    Authenticator.objects.filter(user=user).delete()
    _tell_of_factor(
        user,
        "second_factor_removed",
        Words(
            "The second factor of your account was removed. If that was not you, change your "
            "password."
        ),
    )


def _tell_of_factor(user: User, kind: str, text: Words) -> None:
    """Its owner learns it also where a stranger did it."""
    notify(to=user, kind=kind, text=text, path=reverse("mfa_index"))


def _lock_own_account(user_id: int, password: str, by: User) -> User:
    """A token alone must not be able to lock its owner out: the password is asked again."""
    user = User.objects.select_for_update().get(pk=user_id)
    if user != by:
        raise NotAllowed("You cannot change how somebody else logs in.")
    judge_password(user, password)
    return user
