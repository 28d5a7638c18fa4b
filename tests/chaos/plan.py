"""What goes wrong, and when: the same for the same seed."""

from dataclasses import dataclass
from itertools import product
from random import Random

# The rounds of the simulation in which something strikes; the later ones are calm.
ROUNDS = range(1, 9)
# Seconds.
LONGEST_FREEZE = 4.0
LONGEST_PAUSE = 1.2

PROCESSES = ("web", "worker", "beat", "stripe", "valkey", "postgres")
KINDS: list[tuple[str, str]] = [
    *product(["kill", "freeze", "cut"], PROCESSES),
    *product(["kill_part"], ["web", "worker", "postgres"]),
    ("empty", "valkey"),
]

API_FAULTS = (
    "timeout_before", "timeout_after", "reset", "error_500", "error_500_saved", "error_500_after",
    "error_503", "rate_limit", "rate_limit_retry", "lock", "slow", "event_first",
)  # fmt: skip
WEBHOOK_FAULTS = (
    "webhook_duplicate", "webhook_late", "webhook_never", "webhook_reorder",
    "webhook_bad_signature", "webhook_stale", "webhook_unknown",
)  # fmt: skip
# What befalls somebody around one call (stripe_sandbox/mishaps.py). The card holder's bank strikes
# once all contracts have ended: the newest charge, which it goes for, is decided by then.
MISHAPS = ("capability_revoked", "payout_fails_later", "refund_fails_later", "chargeback")
IN_THE_END = {"chargeback"}
# What becomes of it: the bank says so, or says nothing yet.
RULINGS = ("won", "lost", "")
# An error that the provider keeps under its key makes a payer wait two minutes for another page: as
# it should, and too long for a run that is to take one.
KEPT_ERRORS = ("error_500_saved", "error_500_after")
ANYWHERE, NOT_AT_THE_PAGE = "/v[12]/.*", "/v[12]/(?!checkout).*"
# A round moves the clock by half a day or two: so late is late by days.
LATE_SECONDS = 5.0
# Shorter than the patience of those who ask, so that a fault costs a run no minutes.
API_SECONDS = 0.5


@dataclass(frozen=True)
class Strike:
    """``pause`` seconds after the beginning of a round; ``seconds`` for what lasts."""

    round: int
    pause: float
    kind: str
    target: str
    seconds: float = 0.0

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"round {self.round} + {self.pause:.1f} s: {self.kind} {self.target}{lasting}"


def strikes_of(seed: int) -> list[Strike]:
    """In the order in which they strike: half of all kinds, of which its neighbour has the rest.

    So no process is killed twice in one: the demo's supervisor gives up on one that keeps stopping,
    and is right to.
    """
    shuffled = Random(f"strikes of two from {seed // 2 * 2}").sample(KINDS, len(KINDS))
    random = Random(f"strikes of {seed}")
    strikes = [
        Strike(
            round=random.choice(ROUNDS),
            pause=round(random.uniform(0, LONGEST_PAUSE), 1),
            kind=kind,
            target=target,
            seconds=round(random.uniform(1, LONGEST_FREEZE), 1) if kind == "freeze" else 0.0,
        )
        for kind, target in shuffled[seed % 2 :: 2]
    ]
    return sorted(strikes, key=lambda strike: (strike.round, strike.pause))


def provider_faults_of(seed: int) -> list[dict[str, object]]:
    """The provider's own troubles: each call and each letter may meet one."""
    random = Random(f"provider of {seed}")
    calls = [
        {"fault": fault, "times": None, "seconds": API_SECONDS}
        | {"path": NOT_AT_THE_PAGE if fault in KEPT_ERRORS else ANYWHERE}
        | {"probability": round(random.uniform(0.005, 0.03), 3)}
        for fault in random.sample(API_FAULTS, len(API_FAULTS))
    ]
    letters = [
        {"fault": fault, "times": None, "seconds": LATE_SECONDS}
        | {"probability": round(random.uniform(0.02, 0.1), 3)}
        for fault in random.sample(WEBHOOK_FAULTS, len(WEBHOOK_FAULTS))
    ]
    return calls + letters


def mishaps_of(seed: int) -> list[dict[str, object]]:
    """One of each kind; which call it befalls, chance decides as the calls come."""
    random = Random(f"mishaps of {seed}")
    return [
        {"fault": fault, "times": 1, "probability": round(random.uniform(0.3, 1), 2)}
        for fault in MISHAPS
    ]


def ruling_of(seed: int) -> str:
    """What the banks say of the chargebacks that stand when a seed ends; nothing: they stand."""
    return Random(f"ruling of {seed}").choice(RULINGS)
