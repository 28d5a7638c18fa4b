"""How often somebody may knock. Counted in Valkey, in one step, so that nobody slips between."""

import hashlib

import redis
from django.conf import settings
from django.core.cache import cache
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

# Enough for a person who mistypes and a program that is restarted; too few to guess a password
# (an address) or to try one password everywhere (a sender).
PER_ADDRESS = 10
PER_SENDER = 60
SECONDS = 300

_valkey = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1)


def count_knock(request: Request, door: str, *, email: str) -> None:
    """Raises Throttled, with the seconds to wait, once it is too often for this address or sender.

    The answer does not depend on whether the address is known.
    """
    sender = BaseThrottle().get_ident(request)
    _count(_key(door, "address", email.strip().lower()), PER_ADDRESS)
    _count(_key(door, "sender", sender), PER_SENDER)


def forgive_knocks(door: str, *, email: str) -> None:
    """They were who they said: the mistypings before are forgotten."""
    cache.delete(_key(door, "address", email.strip().lower()))


def _count(key: str, most: int) -> None:
    # Counted and given its end in one step: a count that began just as the one before ran out must
    # not be without an end, which would lock an address for ever.
    with _valkey.pipeline(transaction=True) as step:
        step.incr(cache.make_key(key))
        step.expire(cache.make_key(key), SECONDS, nx=True)
        count, _ = step.execute()
    if count > most:
        raise Throttled(SECONDS)


def _key(door: str, kind: str, who: str) -> str:
    return f"knock:{door}:{kind}:{hashlib.sha256(who.encode()).hexdigest()}"
