"""A wink to the open pages of a person: something has changed, look again."""

import json
import logging

import redis
from django.conf import settings

from accounts.people.models import User
from marketplace.common.live_passes import channel_of

logger = logging.getLogger(__name__)

_valkey = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def wink(person: User, *, unread: int | str) -> None:
    """Publish the number of unread notices. Whoever misses it sees it on the next page."""
    try:
        _valkey.publish(channel_of(person.public_id), json.dumps({"unread": unread}))
    except redis.RedisError as problem:
        logger.warning("nobody could be winked at: %s", problem)
