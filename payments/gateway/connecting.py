"""How the provider is reached: with which patience, and each request in its turn."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings
from django.db import connection

from payments.gateway.base import GatewayBusy
from payments.gateway.pacing import pace

# Seconds. The SDK's own 80 would keep a worker for four minutes when the provider hangs.
TIMEOUT = 15
# The SDK repeats a call with the same key after a lost connection or a 5xx.
RETRIES = 2
# The same for a call that somebody waits for, and that they can repeat by a click: a provider that
# hangs must not take every thread of the web with it.
TIMEOUT_AT_THE_DOOR, RETRIES_AT_THE_DOOR = 5, 1
# Seconds that a call waits for its turn, where many ask at once.
PATIENCE, PATIENCE_AT_THE_DOOR = 10, 2
TOO_MANY_REQUESTS = 429


def client(*, at_the_door: bool = False) -> stripe.StripeClient:
    """The SDK's client for this house, made once for each patience."""
    timeout = TIMEOUT_AT_THE_DOOR if at_the_door else TIMEOUT
    retries = RETRIES_AT_THE_DOOR if at_the_door else RETRIES
    patience = PATIENCE_AT_THE_DOOR if at_the_door else PATIENCE
    return _connect(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, timeout, retries, patience
    )


@lru_cache
def _connect(
    secret_key: str, api_base: str, timeout: float, retries: int, patience: float
) -> stripe.StripeClient:
    return stripe.StripeClient(
        secret_key or "sk_not_set",
        base_addresses={"api": api_base} if api_base else None,
        http_client=PacedClient(patience=patience, timeout=timeout),
        max_network_retries=retries,
    )


class PacedClient(stripe.RequestsClient):
    """Each request waits for its turn, the SDK's own repetitions too (gateway/pacing.py)."""

    def __init__(self, *, patience: float, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._patience = patience

    def request(  # type: ignore[override]  # as the SDK's own
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Raises GatewayBusy where it is asked too often."""
        _refuse_inside_a_transaction()
        pace().wait_for_turn(patience=self._patience)
        body, status, told = super().request(method, url, headers, post_data)
        # A lock is about one thing only, and the SDK knows whether to try again.
        if status == TOO_MANY_REQUESTS and b"lock_timeout" not in body:
            raise GatewayBusy(pace().be_silent(_seconds(told.get("Retry-After", ""))))
        return body, status, told


def _refuse_inside_a_transaction() -> None:
    """Nobody waits for the network while holding a lock; and what is asked must be committed."""
    blocks = connection.atomic_blocks
    # As Django judges a durable block: the one that a test lives in does not count.
    if blocks and not blocks[-1]._from_testcase:
        raise RuntimeError("The provider is asked inside a transaction.")


def _seconds(retry_after: str) -> int:
    return int(retry_after) if retry_after.isdecimal() else 0
