"""How often somebody may knock. Counted in Valkey, in one step, so that nobody slips between."""

import hashlib

import redis
from django.conf import settings
from django.core.cache import cache

from marketplace.common.errors import TooOften

# Enough for a person who mistypes and a program that is restarted; too few to guess a password.
PER_ADDRESS = 10
SECONDS = 300

_valkey = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1)


def count_of_address(door: str, email: str) -> None:
    """Raises TooOften, with the seconds to wait, once it is too often for this address."""
    count_of(door, "address", email.strip().lower(), most=PER_ADDRESS)


def count_of(door: str, kind: str, who: str, *, most: int) -> None:
    """The same for whoever knocks otherwise, such as a sender."""
    # Counted and given its end in one step: a count that began just as the one before ran out must
    # not be without an end, which would lock an address for ever.
    key = _key(door, kind, who)
    with _valkey.pipeline(transaction=True) as step:
        step.incr(cache.make_key(key))
        step.expire(cache.make_key(key), SECONDS, nx=True)
        count, _ = step.execute()
    if count > most:
        raise TooOften(
            f"Too many attempts: try again in {SECONDS // 60} minutes.", retry_after=SECONDS
        )


def forgive_knocks(door: str, *, email: str) -> None:
    """They were who they said: the mistypings before are forgotten."""
    cache.delete(_key(door, "address", email.strip().lower()))


def _key(door: str, kind: str, who: str) -> str:
    return f"knock:{door}:{kind}:{hashlib.sha256(who.encode()).hexdigest()}"
