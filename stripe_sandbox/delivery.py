"""Carrying events to their addresses: signed, in order, again and again until they are taken.

Signatures and retries live on wall time; a moved sandbox clock ends only a rolled secret.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import threading
import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from stripe_sandbox import addresses
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World, run_due_jobs

logger = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds for the webhook to answer
BACKOFF = (1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800, 3600)
GIVE_UP_AFTER = 80  # attempts: about three days
AT_ONCE = 100


def signature(body: bytes, secrets: list[str], moment: int) -> str:
    """One ``v1`` for each secret: there are two while one is being rolled."""
    said = b"%d." % moment + body
    signed = [hmac.new(one.encode(), said, hashlib.sha256).hexdigest() for one in secrets]
    return ",".join([f"t={moment}", *(f"v1={one}" for one in signed)])


def _taken(status: int) -> bool:
    return 200 <= status < 300


class Postman:
    def __init__(self, world: World) -> None:
        self.world = world
        self._bag = threading.Lock()  # one round at a time, so that nothing goes out twice
        self._stopped = threading.Event()

    def deliver_due(self, *, force: bool = False, limit: int | None = None) -> dict[str, int]:
        """One round over what is due by now; with ``force`` also what waits for a retry."""
        counts = {"delivered": 0, "failed": 0}
        with self._bag:
            tried: set[int] = set()
            away: set[str] = set()  # nobody is at home: come back with all of it later
            while limit is None or len(tried) < limit:
                rows = [row for row in self._due(force, away) if row[0] not in tried]
                if not rows or self._stopped.is_set():
                    return counts
                for seq, endpoint, *letter in rows:
                    if endpoint in away:
                        continue
                    tried.add(seq)
                    status = self._deliver(seq, endpoint, *letter)
                    counts["delivered" if status and _taken(status) else "failed"] += 1
                    if status is None and not force:
                        away.add(endpoint)
        return counts

    def _due(self, force: bool, away: set[str]) -> list[tuple[Any, ...]]:
        return self.world.store.run(
            "SELECT seq, endpoint, body, fault, attempts FROM deliveries"
            " WHERE state = 'waiting' AND due_at <= ?"
            " AND endpoint NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at, seq LIMIT ?",
            1e18 if force else time.time(),
            json.dumps(list(away)),
            -1 if force else AT_ONCE,
        )

    def _deliver(
        self, seq: int, endpoint: str, body: str, fault: str | None, attempts: int
    ) -> int | None:
        """Say it once more. Returns the status of the answer, 0 if it was not even sent.

        None means that nobody answered.
        """
        address = self.world.store.get(endpoint)
        if address is None or address["status"] != "enabled":
            self._note(seq, "given_up", time.time(), attempts, "disabled or deleted")
            return 0
        status, outcome = self._post(address, body.encode(), fault if attempts == 0 else None)
        attempts += 1
        wait, state = BACKOFF[min(attempts, len(BACKOFF)) - 1], "waiting"
        if status is not None and _taken(status):
            wait, state = 0, "delivered"
        elif attempts >= GIVE_UP_AFTER:
            state = "given_up"
        self._note(seq, state, time.time() + wait, attempts, outcome)
        return status

    def _note(self, seq: int, state: str, due_at: float, attempts: int, outcome: str) -> None:
        self.world.store.run(
            "UPDATE deliveries SET state = ?, due_at = ?, attempts = ?, outcome = ? WHERE seq = ?",
            state,
            due_at,
            attempts,
            outcome,
            seq,
        )

    def _post(self, address: Obj, body: bytes, fault: str | None) -> tuple[int | None, str]:
        url = urlsplit(addresses.url_of(address))
        secrets, moment = addresses.secrets_of(self.world, address), int(time.time())
        if fault == "webhook_bad_signature":
            secrets = [f"{one}-wrong" for one in secrets]
        elif fault == "webhook_stale":
            moment -= 3600
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(body, secrets, moment),
            "User-Agent": "Stripe/1.0 (sandbox)",
        }
        try:
            with closing(kind(url.hostname or "127.0.0.1", url.port, timeout=PATIENCE)) as line:
                line.request("POST", path, body, headers)
                status = line.getresponse().status
        # A ValueError: a port or a name that cannot be.
        except (OSError, ValueError, http.client.HTTPException) as error:
            return None, f"{type(error).__name__}: {error}"
        return status, str(status)

    def listed(self, limit: int = 200) -> list[dict[str, Any]]:
        names = ("endpoint", "event", "type", "state", "fault", "attempts", "due_at", "outcome")
        rows = self.world.store.run(
            f"SELECT {', '.join(names)} FROM deliveries ORDER BY seq DESC LIMIT ?",  # noqa: S608
            limit,
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    # -- on its own -------------------------------------------------------

    def run(self) -> None:
        """The delivery thread."""
        while not self._stopped.is_set():
            self.world.something_to_deliver.wait(timeout=0.2)
            self.world.something_to_deliver.clear()
            if self._stopped.is_set():
                return
            try:
                failed = self.deliver_due()["failed"]
            except Exception:
                logger.exception("delivery failed")
                failed = 1
            if failed:
                self._stopped.wait(0.5)

    def stop(self) -> None:
        self._stopped.set()
        self.world.something_to_deliver.set()


class Ticker:
    """Does what falls due by the sandbox clock while nobody asks for anything."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(0.2):
            try:
                run_due_jobs(self.world)
            except Exception:
                logger.exception("a job failed")
                self._stopped.wait(1)

    def stop(self) -> None:
        self._stopped.set()
