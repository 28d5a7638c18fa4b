"""Things that go wrong on purpose, by plan or by the header ``Sandbox-Fault``.

Faults of the API: ``timeout_before`` (nothing was done, no answer), ``timeout_after`` (done, no
answer), ``reset`` (done, half an answer), ``error_500`` (nothing done, not kept),
``error_500_saved`` (nothing done, kept under the key), ``error_500_after`` (done, and the error
kept), ``error_503``, ``rate_limit``, ``rate_limit_retry`` (with Stripe-Should-Retry), ``lock``
(409), ``slow``, ``event_first`` (done, and its events delivered before the answer).

Mishaps, of one kind of call each: ``capability_revoked`` (before a transfer, after the platform
looked), ``chargeback`` (after a transfer: of its charge, or the newest), ``payout_fails_later``
(after it was paid), ``refund_fails_later`` (after it succeeded).

Faults of webhooks: ``webhook_duplicate``, ``webhook_late``, ``webhook_never``,
``webhook_reorder``, ``webhook_bad_signature``, ``webhook_stale``, ``webhook_unknown`` (one more
event, about an object that nobody knows).
"""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

API_FAULTS = frozenset(
    "timeout_before timeout_after reset error_500 error_500_saved error_500_after error_503"
    " rate_limit rate_limit_retry lock slow event_first".split()
)
MISHAPS = {
    "capability_revoked": "/v1/transfers",
    "chargeback": "/v1/transfers",
    "payout_fails_later": "/v1/payouts",
    "refund_fails_later": "/v1/refunds",
}
WEBHOOK_FAULTS = frozenset(
    "webhook_duplicate webhook_late webhook_never webhook_reorder webhook_bad_signature"
    " webhook_stale webhook_unknown".split()
)


@dataclass
class Fault:
    fault: str
    method: str | None = None  # API faults: which calls
    path: str | None = None  # … a regular expression that matches the whole path
    event: str | None = None  # webhook faults: … the whole event type
    times: int | None = 1  # None: for ever
    probability: float = 1.0
    seconds: float = 2.0

    def __post_init__(self) -> None:
        every = API_FAULTS | WEBHOOK_FAULTS | MISHAPS.keys()
        if self.fault not in every:
            known = ", ".join(sorted(every))
            raise ValueError(f"Unknown fault {self.fault!r}. Known: {known}")

    def strikes(self, method: str, path: str) -> bool:
        """Whether it can befall this call."""
        if self.fault in MISHAPS:
            return method == "POST" and path == MISHAPS[self.fault]
        return (
            self.fault in API_FAULTS
            and self.method in (None, method)
            and (self.path is None or re.fullmatch(self.path, path) is not None)
        )


class FaultPlan:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._happened: Counter[str] = Counter()
        self.replace([], seed=None)

    def replace(self, faults: list[Fault], seed: int | None) -> None:
        with self._lock:
            self._faults, self._chance = faults, random.Random(seed)

    def described(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def happened(self) -> dict[str, int]:
        """How often each fault of a plan has struck since this process began."""
        with self._lock:
            return dict(self._happened)

    def for_call(self, method: str, path: str) -> Fault | None:
        return self._pick(lambda fault: fault.strikes(method, path))

    def missed(self, fault: Fault) -> None:
        """It was picked, and nothing came of it: it is still to strike."""
        with self._lock:
            if any(fault is planned for planned in self._faults):
                self._happened[fault.fault] -= 1
                if fault.times is not None:
                    fault.times += 1

    def for_event(self, type: str) -> Fault | None:
        return self._pick(
            lambda f: f.fault in WEBHOOK_FAULTS and (f.event is None or re.fullmatch(f.event, type))
        )

    def delay(self, seconds: float) -> float:
        with self._lock:
            return self._chance.uniform(0, seconds)

    def _pick(self, fits: Any) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.times == 0 or not fits(fault):
                    continue
                if self._chance.random() >= fault.probability:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                self._happened[fault.fault] += 1
                return fault
        return None


def from_header(value: str | None) -> Fault | None:
    """``Sandbox-Fault: slow; seconds=0.5``"""
    if not value:
        return None
    name, *options = [part.strip() for part in value.split(";")]
    seconds = 2.0
    for option in options:
        key, _, number = option.partition("=")
        if key != "seconds":
            raise ValueError(f"Unknown option {key!r} of Sandbox-Fault.")
        seconds = float(number)
    return Fault(name, seconds=seconds)
