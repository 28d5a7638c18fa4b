"""A wink to the open pages of a person: something has changed, look again."""

import json
import logging
from typing import Any

import redis
from django.conf import settings

from accounts.people.models import User
from marketplace.common.live_passes import channel_of

logger = logging.getLogger(__name__)

_valkey = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def wink(person: User, *, unread: int | str) -> None:
    """Publish the number of unread notices. Whoever misses it sees it on the next page."""
    _publish(person, {"unread": unread})


def wink_about(person: User, *, conversation: str, unread: int | str) -> None:
    """The same, and that there is something new in this conversation."""
    _publish(person, {"unread": unread, "conversation": conversation})


def _publish(person: User, news: dict[str, Any]) -> None:
    try:
        _valkey.publish(channel_of(person.public_id), json.dumps(news))
    except redis.RedisError as problem:
        logger.warning("nobody could be winked at: %s", problem)
