"""The live process: tells a person's open pages at once what is new, as server-sent events.

``GET /events?pass=…`` admits by a signed pass (marketplace/common/live_passes.py), listens to the
person's own channel in Valkey and passes on what is published there. It touches no database, so
that a thousand open pages cost no connection to it; whoever misses a message sees it on the next
page.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import redis.asyncio as valkey
from django.conf import settings
from redis.exceptions import RedisError

from marketplace.checks import refuse_to_start_misconfigured
from marketplace.common.live_passes import channel_of, holder_of

EVENTS = b"text/event-stream; charset=utf-8"

# Proxies and browsers give up on a line that is silent for longer.
PING_SECONDS = 15
# Then the page comes again with a new pass: who has logged out meanwhile gets none.
LONGEST_SECONDS = 15 * 60
# Each open page holds one connection to Valkey, which allows 10,000 to all.
MOST_PAGES = 2_000

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
refuse_to_start_misconfigured()

_places = asyncio.Semaphore(MOST_PAGES)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI door."""
    if scope["type"] != "http":
        return
    asked = (scope["method"], scope["path"])
    if asked == ("GET", "/healthz"):
        await _answer(send, 200, b"alive\n")
    elif asked != ("GET", "/events"):
        await _answer(send, 404, b"There is nothing here.\n")
    elif (person := holder_of(_pass_in(scope))) is None:
        await _answer(send, 403, b"This pass is not valid, or no longer.\n")
    elif _places.locked():
        await _answer(send, 503, b"Too many pages are open. Try again later.\n")
    else:
        async with _places:
            await _stream(person, receive, send)


async def _stream(person: str, receive: Receive, send: Send) -> None:
    gone = asyncio.ensure_future(_wait_until_gone(receive))
    try:
        async with valkey.from_url(settings.REDIS_URL) as server, server.pubsub() as news:
            await news.subscribe(channel_of(person))
            await news.get_message(timeout=5)  # Valkey confirms: from here on nothing is missed
            await _start(send, 200, EVENTS)
            await _say(send, b": welcome\n\n")
            async with asyncio.timeout(LONGEST_SECONDS):
                while not gone.done():
                    await _say(send, await _next_event(news, gone))
    except (TimeoutError, RedisError):
        pass  # the page comes again by itself
    finally:
        gone.cancel()
    with suppress(OSError):
        await send({"type": "http.response.body", "body": b""})


async def _next_event(news: valkey.client.PubSub, gone: asyncio.Future[None]) -> bytes:
    """What was published, or a ping once it has been silent for long enough."""
    wait = asyncio.ensure_future(
        news.get_message(ignore_subscribe_messages=True, timeout=PING_SECONDS)
    )
    await asyncio.wait({wait, gone}, return_when=asyncio.FIRST_COMPLETED)
    if not wait.done():
        wait.cancel()
        return b""
    message = wait.result()
    # One line of JSON by agreement: a line break would end the event early.
    return b"data: " + message["data"] + b"\n\n" if message else b": ping\n\n"


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _pass_in(scope: dict[str, Any]) -> str:
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return query.get("pass", [""])[0]


async def _answer(send: Send, status: int, text: bytes) -> None:
    await _start(send, status, b"text/plain; charset=utf-8")
    await send({"type": "http.response.body", "body": text})


async def _start(send: Send, status: int, content_type: bytes) -> None:
    headers = [
        (b"content-type", content_type),
        (b"cache-control", b"no-store"),
        (b"access-control-allow-origin", settings.SITE_URL.encode()),
        (b"x-content-type-options", b"nosniff"),
        # nginx would otherwise keep events back until a buffer is full.
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _say(send: Send, line: bytes) -> None:
    await send({"type": "http.response.body", "body": line, "more_body": True})
