"""Everything breaks while people trade, and the books stay right.

``python -m tests.chaos --seed 7`` plays one seed, ``--seeds 10`` the seeds 1 to 10, ``--first 11``
the ten from there on: in three houses side by side, as a house spends most of its time waiting for
its clocks. A seed that fails is named with its plan, and with the seeds that its house had seen
before. Played again it strikes in the same rounds, in a new house, and meets what is done just
then. Ten seeds also fail where something that is planned never really happened.
"""

import argparse
import queue
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from functools import partial
from itertools import count
from pathlib import Path

from tests.chaos.house import Fallen, House
from tests.chaos.plan import (
    API_FAULTS,
    KINDS,
    MISHAPS,
    WEBHOOK_FAULTS,
    mishaps_of,
    provider_faults_of,
    ruling_of,
    strikes_of,
)
from tests.chaos.run import Verdict, play_seed

# So many seeds strike in every way (tests/chaos/test_plan.py).
ENOUGH_FOR_ALL = 10
# For each seed, where nobody asks for another number.
CONTRACTS = 5


def main() -> int:
    options = _options()
    seeds = [options.seed] if options.seed is not None else _range(options)
    # `timeout` and a closed terminal end it as Ctrl-C does: what was started is stopped.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    folder = Path(tempfile.mkdtemp(prefix="milepost-chaos-"))
    print(f"Logs and data are in {folder}.", flush=True)
    street = Street(seeds, contracts=options.contracts, folder=folder)
    began = time.monotonic()
    try:
        street.play(min(options.houses, len(seeds)))
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
        return 130
    finally:
        street.stop()
    seconds = time.monotonic() - began
    return _sum_up(street.verdicts, seeds, seconds, contracts=options.contracts)


class Street:
    """Some houses; each takes the next seed once its own has been played."""

    def __init__(self, seeds: list[int], *, contracts: int, folder: Path) -> None:
        self.contracts, self.folder = contracts, folder
        self.verdicts: list[Verdict] = []
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for seed in seeds:
            self._waiting.put(seed)
        self._houses: list[House] = []
        self._addresses = count(1)
        self._is_over = False

    def play(self, houses: int) -> None:
        """Until no seed is left. Its threads end with their houses, see ``stop``."""
        threads = [threading.Thread(target=self._live_in, daemon=True) for _ in range(houses)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(1)  # a signal is heard in between

    def stop(self) -> None:
        self._is_over = True
        for house in self._houses:
            house.stop()

    def _live_in(self) -> None:
        house = None
        before: list[int] = []
        while not self._is_over:
            try:
                seed = self._waiting.get_nowait()
            except queue.Empty:
                break
            say = partial(_say, seed)
            try:
                if house is None:
                    before = []
                    house = self._built(say)
                verdict = play_seed(
                    house, seed=seed, contracts=self.contracts, folder=self.folder, say=say
                )
            except Fallen as fall:
                verdict = Verdict(seed=seed, violations=[f"the house fell: {fall}"])
                house = None  # the next seed gets another one
            except Exception:
                # A defect of these tests is one of this seed; the others are played all the same.
                verdict = Verdict(seed=seed, violations=[traceback.format_exc()])
                house = None
            if verdict.violations and house is not None:
                house.stop()  # what went wrong stands in its books, and is to be looked at
                house = None
            verdict.before = tuple(before)
            before.append(seed)
            if not self._is_over:
                self.verdicts.append(verdict)
                _tell(verdict, say)

    def _built(self, say: partial[None]) -> House:
        began = time.monotonic()
        # Two are built at once: the next of a count is given out once.
        place = self.folder / f"house-{next(self._addresses)}"
        place.mkdir()
        house = House(place)
        self._houses.append(house)
        house.start()
        say(f"its house is ready after {time.monotonic() - began:.0f} s.")
        return house


def _tell(verdict: Verdict, say: partial[None]) -> None:
    for violation in verdict.violations:
        say(f"VIOLATION {violation}")
    if not verdict.violations:
        say(f"clean after {verdict.seconds:.0f} s")


def _sum_up(verdicts: list[Verdict], seeds: list[int], seconds: float, *, contracts: int) -> int:
    happened: Counter[str] = Counter()
    for verdict in verdicts:
        happened.update(verdict.happened)
    print("\nWhat really happened:")
    for name, times in sorted(happened.items()):
        print(f"{times:8,}  {name}")
    failed = [verdict for verdict in verdicts if verdict.violations]
    more = f" ARGS=--contracts={contracts}" if contracts != CONTRACTS else ""
    for verdict in failed:
        seed = verdict.seed
        print(
            f"\nSeed {seed} failed. In a new house this plays it: `make chaos SEED={seed}{more}`."
        )
        if verdict.before:
            print(f"Its house had seen these before: {', '.join(map(str, verdict.before))}.")
        print("Its plan:")
        for strike in strikes_of(seed):
            print(f"  {strike}")
        for fault in [*provider_faults_of(seed), *mishaps_of(seed)]:
            print(
                f"  {fault['fault']}, each call or letter with probability {fault['probability']}"
            )
        print(f"  the banks then say: {ruling_of(seed) or 'nothing'}")
    never = _planned() - (+happened).keys() if len(seeds) >= ENOUGH_FOR_ALL else set()
    for name in sorted(never):
        print(f"\nNEVER HAPPENED: {name}")
    clean = len(verdicts) - len(failed)
    print(f"\n{clean} of {len(seeds)} seeds clean, {len(failed)} failed, {seconds:.0f} s.")
    return int(clean < len(seeds) or bool(never))


def _planned() -> set[str]:
    return {f"{kind} {target}" for kind, target in KINDS} | {*API_FAULTS, *WEBHOOK_FAULTS, *MISHAPS}


def _range(options: argparse.Namespace) -> list[int]:
    return list(range(options.first, options.first + options.seeds))


def _say(seed: int, line: str) -> None:
    print(f"{seed:4}  {line}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="so many")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="of these (1)")
    parser.add_argument("--houses", type=int, default=3, metavar="N", help="side by side (3)")
    parser.add_argument(
        "--contracts", type=int, default=CONTRACTS, metavar="N", help="for each seed"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
