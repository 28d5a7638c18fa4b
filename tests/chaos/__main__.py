"""Everything breaks while people trade, and the books stay right.

``python -m tests.chaos --seed 7`` plays one seed, ``--seeds 10`` the seeds 1 to 10, one after the
other in one house, ``--first 11`` the ten from there on. A seed that fails is named with its plan,
and fails again with it. Ten seeds also fail where something that is planned never really happened.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.house import Fallen, House
from tests.chaos.plan import API_FAULTS, KINDS, WEBHOOK_FAULTS, strikes_of
from tests.chaos.run import Verdict, play_seed

# So many seeds strike in every way (tests/chaos/test_plan.py).
ENOUGH_FOR_ALL = 10


def main() -> int:
    options = _options()
    seeds = [options.seed] if options.seed is not None else _range(options)
    # `timeout` and a closed terminal end it as Ctrl-C does: what was started is stopped.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    folder = Path(tempfile.mkdtemp(prefix="milepost-chaos-"))
    print(f"Logs and data are in {folder}.", flush=True)
    house, verdicts = House(folder), []
    began = time.monotonic()
    try:
        house.start()
        _say(f"The house is ready after {time.monotonic() - began:.0f} s.")
        for seed in seeds:
            _say(f"Seed {seed}:")
            verdicts.append(_played(house, seed, options.contracts, folder))
            _tell(verdicts[-1])
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
        return 130
    except Fallen as fall:
        verdicts.append(Verdict(seed=seeds[len(verdicts)], violations=[f"the house fell: {fall}"]))
        _tell(verdicts[-1])
    finally:
        house.stop()
    return _sum_up(verdicts, seeds, time.monotonic() - began)


def _played(house: House, seed: int, contracts: int, folder: Path) -> Verdict:
    return play_seed(house, seed=seed, contracts=contracts, folder=folder, say=_say)


def _tell(verdict: Verdict) -> None:
    for violation in verdict.violations:
        _say(f"  VIOLATION {violation}")
    if not verdict.violations:
        _say(f"  clean after {verdict.seconds:.0f} s")


def _sum_up(verdicts: list[Verdict], seeds: list[int], seconds: float) -> int:
    happened: Counter[str] = Counter()
    for verdict in verdicts:
        happened.update(verdict.happened)
    _say("\nWhat really happened:")
    for name, times in sorted(happened.items()):
        _say(f"{times:8,}  {name}")
    failed = [verdict.seed for verdict in verdicts if verdict.violations]
    for seed in failed:
        _say(f"\nSeed {seed} failed: `make chaos SEED={seed}` plays it again. Its plan:")
        for strike in strikes_of(seed):
            _say(f"  {strike}")
    never = _planned() - (+happened).keys() if len(seeds) >= ENOUGH_FOR_ALL else set()
    for name in sorted(never):
        _say(f"\nNEVER HAPPENED: {name}")
    clean = len(verdicts) - len(failed)
    _say(f"\n{clean} of {len(seeds)} seeds clean, {len(failed)} failed, {seconds:.0f} s.")
    return int(clean < len(seeds) or bool(never))


def _planned() -> set[str]:
    return {f"{kind} {target}" for kind, target in KINDS} | {*API_FAULTS, *WEBHOOK_FAULTS}


def _range(options: argparse.Namespace) -> list[int]:
    return list(range(options.first, options.first + options.seeds))


def _say(line: str) -> None:
    print(line, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="so many")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="of these (1)")
    parser.add_argument("--contracts", type=int, default=5, metavar="N", help="for each seed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
