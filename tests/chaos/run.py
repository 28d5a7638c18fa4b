"""One seed: people trade, things break, all is healed, and the books are asked."""

import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import redis

from marketplace import processes
from marketplace.embedded import BASE_DIR
from tests.chaos.house import Fallen, House
from tests.chaos.plan import (
    IN_THE_END,
    Strike,
    mishaps_of,
    provider_faults_of,
    ruling_of,
    strikes_of,
)

# Seconds for which the people of the simulation ask again: longer than the minute after which a
# call that was begun under an Idempotency-Key may be taken over.
PATIENCE = 150
# A run that takes longer hangs.
LONGEST_RUN = 900
# So does a judgement.
LONGEST_JUDGEMENT = 1_200
JUDGE = "import sys; from tests.chaos.judging import judge; sys.exit(judge({told!r}))"
_ROUND = re.compile(r"^round +(\d+) ·")


@dataclass
class Verdict:
    """What became of a seed; ``happened`` counts what really struck. ``before`` are the seeds that
    its house had seen.
    """

    seed: int
    violations: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    before: tuple[int, ...] = ()


def play_seed(
    house: House, *, seed: int, contracts: int, folder: Path, say: Callable[[str], None]
) -> Verdict:
    """Play one seed in a house that is ready. Raises Fallen where the house does not survive."""
    verdict, began = Verdict(seed), time.monotonic()
    strikes = strikes_of(seed)
    for strike in strikes:
        say(f"plan: {strike}")
    told = folder / f"told-{seed}.jsonl"
    said = folder / f"simulation-{seed}.log"
    before = _letters_hurt(house)
    house.guest = simulation = _start_simulation(house, seed, contracts, told)
    rounds, all_ended = _rounds_of(simulation, said)
    tally = ProviderTally(house, verdict)
    try:
        tally.begin()
        _strike_by_round(house, strikes, rounds, tally, say)
        _heal(house, tally)
        if not all_ended.wait(timeout=LONGEST_RUN):
            raise queue.Empty
        tally.end()
        simulation.wait(timeout=LONGEST_RUN)
        tally.close()
    except (queue.Empty, subprocess.TimeoutExpired):
        # It says where each of its threads stands, and ends.
        simulation.send_signal(signal.SIGABRT)
        with suppress(subprocess.TimeoutExpired):
            simulation.wait(timeout=10)
        verdict.violations.append(f"the simulation stood still:\n{processes.tail(said, 200)}")
        return verdict
    finally:
        processes.stop(simulation)
        house.guest = None
    if simulation.returncode:
        verdict.violations.append(f"the simulation ended badly:\n{processes.tail(said, 25)}")
    _rule(house, seed, verdict.happened)
    verdict.violations += _ask_the_books(house, told, say)
    verdict.happened.update(_letters_hurt(house) - before)
    verdict.seconds = time.monotonic() - began
    return verdict


def _start_simulation(
    house: House, seed: int, contracts: int, told: Path
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-u", "-X", "faulthandler", "manage.py", "simulate"),
            *("--seed", str(seed)),
            *("--contracts", str(contracts), "--base-url", house.url),
            *("--patience", str(PATIENCE), "--told", str(told)),
        ],
        cwd=BASE_DIR,
        env=house.given | house.environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _rounds_of(
    simulation: subprocess.Popen[bytes], log: Path
) -> tuple["queue.Queue[int | None]", threading.Event]:
    """The number of each round as it begins, and None at the end; and whether all contracts have
    ended, so that the last payouts are waited for. The rest goes to a log.
    """
    begun: queue.Queue[int | None] = queue.Queue()
    all_ended = threading.Event()

    def listen() -> None:
        assert simulation.stdout is not None
        with log.open("w") as lines:
            for raw in simulation.stdout:
                line = raw.decode(errors="replace")
                lines.write(line)
                lines.flush()
                if match := _ROUND.match(line):
                    begun.put(int(match[1]) + 1)  # said at the end of a round
                elif "set up their payouts" in line:
                    begun.put(1)
                elif line.startswith("All have ended"):
                    all_ended.set()
        begun.put(None)
        all_ended.set()

    threading.Thread(target=listen, daemon=True).start()
    return begun, all_ended


# --- Breaking ------------------------------------------------------------------------------------


class ProviderTally:
    """How often the provider's own troubles struck, also over its deaths.

    Its faults end when all is healed. Mishaps are none of its: each stays planned until somebody
    meets it.
    """

    def __init__(self, house: House, verdict: Verdict) -> None:
        self.house, self.seed, self.happened = house, verdict.seed, verdict.happened
        self.mishaps = mishaps_of(self.seed)

    def begin(self) -> None:
        early = [mishap for mishap in self.mishaps if mishap["fault"] not in IN_THE_END]
        self._plan([*provider_faults_of(self.seed), *early])

    def heal(self) -> None:
        self.close()
        self._plan([mishap for mishap in self.mishaps if mishap["fault"] not in IN_THE_END])

    def end(self) -> None:
        """All contracts have ended; some people are still to be paid."""
        self.close()
        self._plan(self.mishaps)

    def close(self) -> None:
        """Add up what has struck so far: it is forgotten when the process dies."""
        struck = self._told() - self.base
        self.happened.update(struck)
        self.mishaps = [mishap for mishap in self.mishaps if mishap["fault"] not in struck]
        self.house.provider("POST", "/faults", {"faults": []})

    def _plan(self, faults: list[dict[str, object]]) -> None:
        self.house.provider("POST", "/faults", {"seed": self.seed, "faults": faults})
        self.base = self._told()

    def _told(self) -> Counter[str]:
        told = self.house.provider("GET", "/faults")["happened"]
        # Letters are counted from its store, which outlives it.
        return Counter({name: n for name, n in told.items() if not name.startswith("webhook_")})


def _strike_by_round(
    house: House,
    strikes: list[Strike],
    rounds: "queue.Queue[int | None]",
    tally: ProviderTally,
    say: Callable[[str], None],
) -> None:
    """Strike as the rounds begin, until the last strike was made or the simulation has ended."""
    left = list(strikes)
    while left:
        number = rounds.get(timeout=LONGEST_RUN)
        while left and (number is None or left[0].round <= number):
            strike = left.pop(0)
            time.sleep(strike.pause)
            _strike(house, strike, tally)
            say(f"struck {strike}")


def _strike(house: House, strike: Strike, tally: ProviderTally) -> None:
    """Do it, and count what really came of it."""
    happened = tally.happened
    house.demand_life()
    name = f"{strike.kind} {strike.target}"
    if strike.target == "stripe" and strike.kind == "kill":
        tally.close()
        happened[name] += house.kill("stripe")
        tally.begin()
    elif strike.kind == "kill":
        happened[name] += house.kill(strike.target)
    elif strike.kind == "kill_part":
        happened[name] += house.kill_part(strike.target)
    elif strike.kind == "freeze":
        if house.freeze(strike.target, strike.seconds):
            happened[name] += 1
            happened["milliseconds frozen"] += round(strike.seconds * 1000)
    else:
        act = {"cut": house.cut, "empty": house.empty}[strike.kind]
        # What is down just now cannot be cut off or emptied: tried again until it is up.
        for _ in processes.tries(60):
            house.demand_life()
            with suppress(redis.RedisError):
                if struck := act(strike.target):
                    happened[name] += struck
                    return


# --- Healing -------------------------------------------------------------------------------------


def _heal(house: House, tally: ProviderTally) -> None:
    tally.heal()
    house.await_readiness()


def _letters_hurt(house: House) -> Counter[str]:
    """What has befallen letters so far, by the provider's own account."""
    return Counter(house.provider("GET", "/faults")["letters"])


def _rule(house: House, seed: int, happened: Counter[str]) -> None:
    """The banks speak, or say nothing yet."""
    ruling = ruling_of(seed)
    for dispute in house.open_disputes() if ruling else []:
        house.provider("POST", f"/disputes/{dispute}/close", {"outcome": ruling})
        happened[f"chargeback {ruling}"] += 1


def _ask_the_books(house: House, told: Path, say: Callable[[str], None]) -> list[str]:
    """Let all come to its end, or wait for somebody who knows; what is wrong then."""
    ask = ["shell", "--no-imports", "--command", JUDGE.format(told=str(told))]
    judged = house.command(*ask, limit=LONGEST_JUDGEMENT)
    said, *wrong = judged.stdout.split("WRONG ")
    for line in said.splitlines():
        say(line)
    return [*wrong, judged.stderr] if judged.returncode else []


__all__ = ["Fallen", "Verdict", "play_seed"]
