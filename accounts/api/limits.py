"""How often somebody without a token may knock at the doors of the API."""

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.access.knocks import count_of, count_of_address

# Too few to try one password everywhere.
PER_SENDER = 60


def count_knock(request: Request, door: str, *, email: str) -> None:
    """Raises TooOften, with the seconds to wait, once it is too often for this address or sender.

    The answer does not depend on whether the address is known.
    """
    count_of_address(door, email)
    count_of(door, "sender", BaseThrottle().get_ident(request), most=PER_SENDER)
