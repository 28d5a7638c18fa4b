"""The same key means the same deed, done once.

v1 keeps the first answer, also an error, once execution has begun; it forgets a
key after a day of sandbox time, as the real one may. v2 keeps what succeeded for
thirty days and tries again what failed.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from stripe_sandbox.errors import StripeError
from stripe_sandbox.store import Obj
from stripe_sandbox.world import Call, World

KEPT = {1: 86_400, 2: 30 * 86_400}

_in_hand: set[tuple[int, str, str]] = set()
_guard = threading.Lock()


@contextmanager
def claim(world: World, call: Call) -> Iterator[None]:
    """Only one request with a key at a time."""
    if call.key is None:
        yield
        return
    if len(call.key) > 255:
        raise StripeError("The idempotency key is longer than 255 characters.", begun=False)
    name = (id(world), call.account, call.key)
    with _guard:
        if name in _in_hand:
            raise in_use(call.key)
        _in_hand.add(name)
    try:
        yield
    finally:
        with _guard:
            _in_hand.discard(name)


def in_use(key: str) -> StripeError:
    return StripeError(
        f"There is currently another in-progress request using this Idempotent Key: {key}.",
        status=409,
        kind="idempotency_error",
        code="idempotency_key_in_use",
        begun=False,
    )


def fingerprint(call: Call, raw: Obj) -> str:
    said = json.dumps([call.method, call.path, raw], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def recall(world: World, call: Call, print_: str, version: int) -> tuple[int, str] | None:
    """The answer given before, if the key is known and the parameters are the same."""
    if call.key is None:
        return None
    rows = world.store.run(
        "SELECT fingerprint, status, body FROM answers WHERE scope = ? AND key = ? AND created > ?",
        call.account,
        call.key,
        world.now() - KEPT[version],
    )
    if not rows:
        return None
    then, status, body = rows[0]
    if then != print_:
        raise StripeError(
            "Keys for idempotent requests can only be used with the same parameters they were"
            f" first used with. Try using a key other than '{call.key}' if you meant to execute a"
            " different request.",
            kind="idempotency_error",
            begun=False,
        )
    return status, body


def is_new(world: World, call: Call, raw: Obj, version: int) -> bool:
    """Whether the call is to be executed: one that is known is answered by what was kept."""
    try:
        return recall(world, call, fingerprint(call, raw), version) is None
    except StripeError:
        return False


def keep(world: World, call: Call, print_: str, status: int, body: str) -> None:
    if call.key is None:
        return
    world.store.run(
        "INSERT OR REPLACE INTO answers (scope, key, fingerprint, status, body, created)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        call.account,
        call.key,
        print_,
        status,
        body,
        world.now(),
    )
