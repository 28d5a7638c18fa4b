"""Who may see which people, and what the staff may do."""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.people.models import StaffRole, User
from marketplace.common.errors import InvalidInput, NotAllowed


def signed_in(user: User | AnonymousUser) -> User:
    """The person behind a door that lets only persons in."""
    if not isinstance(user, User):
        raise NotAllowed("Log in first.")
    return user


def public_profiles() -> QuerySet[User]:
    """The people whom anybody may look at: those whose address is proven and who are still here."""
    return User.objects.filter(
        is_active=True, emailaddress__primary=True, emailaddress__verified=True
    )


def person_at(email: str) -> User | None:
    """Who has proven this address (in small letters) and is still here: never to be shown."""
    theirs = EmailAddress.objects.filter(email=email, verified=True, user__is_active=True)
    proof = theirs.select_related("user").first()
    return proof.user if proof else None


def proven_addresses_of(user: User | AnonymousUser) -> frozenset[str]:
    """Every address that this person has proven, in small letters; read once."""
    if not user.is_authenticated:
        return frozenset()
    if not hasattr(user, "_proven_addresses"):
        theirs = EmailAddress.objects.filter(user=user, verified=True)
        user._proven_addresses = frozenset(theirs.values_list("email", flat=True))
    return user._proven_addresses


def staff_roles_of(user: User | AnonymousUser) -> frozenset[str]:
    """What this person may do as staff: of support, moderator, mediator, finance. Read once."""
    if not (user.is_authenticated and user.is_active and user.is_staff):
        return frozenset()
    if not hasattr(user, "_staff_roles"):
        names = user.groups.filter(name__in=StaffRole.values).values_list("name", flat=True)
        user._staff_roles = frozenset(names)
    return user._staff_roles


def staff_with(role: StaffRole) -> QuerySet[User]:
    """Who of the staff has this role, in the order in which they came."""
    return User.objects.filter(is_active=True, is_staff=True, groups__name=role).order_by("pk")


def people_named(words: str, *, param: str) -> list[int]:
    """Whose public id or name this is, by primary key: for the staff, of people who left, too.
    Raises InvalidInput (``param``) where it is nobody's.
    """
    found = User.objects.filter(Q(public_id=words) | Q(name__iexact=words))
    if keys := list(found.values_list("pk", flat=True)):
        return keys
    raise InvalidInput("Nobody has this public id or name.", param=param)
