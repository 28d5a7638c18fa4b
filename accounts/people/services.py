"""What can happen to a person, in the order it happens."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.people import profile as profiles
from accounts.people.models import StaffRole, User
from marketplace.common.audit import log_deed
from marketplace.common.errors import InvalidInput, NotAllowed
from marketplace.common.lifecycle import SYSTEM

ADDRESS_TAKEN = "address_taken"


@transaction.atomic
def create_person(
    *, email: str, name: str, password: str | None, verified: bool = False, **profile: Any
) -> User:
    """A new person with their own party. ``profile`` as in ``update_profile``.

    ``verified`` says that the address is known to be theirs: without it they cannot log in yet.
    Without a password only tokens open, until they set one by a code.
    Raises InvalidInput, also for an address that somebody has already.
    """
    user = register_person(email=email, name=name, password=password, **profile)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=verified)
    return user


@transaction.atomic
def register_person(*, email: str, name: str, password: str | None, **profile: Any) -> User:
    """The person and their party; whoever calls sees to the proof of the address."""
    user = User(
        email=profiles.checked_email(email),
        name=profiles.checked_name(name),
        **profiles.checked_profile(profile),
    )
    user.set_password(None if password is None else checked_password(password, user))
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise InvalidInput(
            "There is an account with this address already.", param="email", code=ADDRESS_TAKEN
        ) from None
    user.parties.create(name=user.name)
    return user


def checked_password(password: object, user: User, *, param: str = "password") -> str:
    """A password that is hard to guess. Raises InvalidInput."""
    if not isinstance(password, str) or "\0" in password or len(password) > 1_000:
        raise InvalidInput("This cannot be used as a password.", param=param)
    try:
        validate_password(password, user)
    except ValidationError as problem:
        raise InvalidInput(" ".join(problem.messages), param=param) from None
    return password


@transaction.atomic
def update_profile(*, user_id: int, by: User, **profile: Any) -> User:
    """Change what is given, leave the rest.

    Takes name, headline, about (Markdown), skills (a list), rate (minor units an hour, or None)
    with rate_currency, country (ISO 3166), time_zone (IANA) and language.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if by.pk != user.pk:
        raise NotAllowed("You cannot change somebody else's profile.")
    if "rate" in profile or "rate_currency" in profile:
        profile = {"rate": user.rate, "rate_currency": user.rate_currency} | profile
    changes = profiles.checked_profile(profile)
    for field, value in changes.items():
        setattr(user, field, value)
    user.save(update_fields=list(changes))
    if "name" in changes:
        user.parties.filter(kind="person").update(name=user.name)
    return user


@transaction.atomic
def set_password(*, user_id: int, password: str) -> User:
    """A new password ends every session and every API token: they may be a stranger's."""
    user = User.objects.select_for_update().get(pk=user_id)
    user.set_password(checked_password(password, user))
    user.save(update_fields=["password"])
    user.auth_token_set.all().delete()
    return user


@transaction.atomic
def grant_staff_roles(*, user_id: int, roles: set[str], by: str) -> User:
    """Make somebody staff with exactly these roles; none of them: staff no more."""
    if by != SYSTEM:
        raise NotAllowed("Only the house itself hands out keys.")
    user = User.objects.select_for_update().get(pk=user_id)
    user.is_staff = bool(roles)
    user.save(update_fields=["is_staff"])
    user.groups.set(
        [Group.objects.get_or_create(name=StaffRole(role).value)[0] for role in sorted(roles)]
    )
    held = ", ".join(sorted(roles)) or "no role"
    log_deed(
        "grant roles",
        user.public_id,
        f"{user.name} has {held} at the desk.",
        by=by,
        role=SYSTEM,
        about=[user.pk],
    )
    return user
