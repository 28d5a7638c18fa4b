"""Things that go wrong on purpose, by plan or by the header ``Sandbox-Fault``.

Faults of the API: ``timeout_before`` (nothing was done, no answer), ``timeout_after`` (done, no
answer), ``reset`` (done, half an answer), ``error_500`` (nothing done, not kept),
``error_500_saved`` (nothing done, kept under the key), ``error_500_after`` (done, and the error
kept), ``error_503``, ``rate_limit``, ``rate_limit_retry`` (with Stripe-Should-Retry), ``lock``
(409), ``slow``, ``event_first`` (done, and its events delivered before the answer).

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
        if self.fault not in API_FAULTS | WEBHOOK_FAULTS:
            known = ", ".join(sorted(API_FAULTS | WEBHOOK_FAULTS))
            raise ValueError(f"Unknown fault {self.fault!r}. Known: {known}")


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
        return self._pick(
            lambda f: (
                f.fault in API_FAULTS
                and f.method in (None, method)
                and (f.path is None or re.fullmatch(f.path, path))
            )
        )

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
