"""``python -m bench [--quick] [names]``: every measurement, or those named, as one table."""

import json
import subprocess
import sys

from bench.house import Figure

MEASUREMENTS = (
    "ledger_in_sql",
    "ledger_through_the_service",
    "whole_release",
    "others",
    "flat_cost",
    "due_times",
)


def main() -> None:
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    names = [word for word in sys.argv[1:] if word not in options] or MEASUREMENTS
    if unknown := set(names) - set(MEASUREMENTS):
        sys.exit(f"There is no measurement {min(unknown)}. There are: {', '.join(MEASUREMENTS)}.")
    _print_row("measurement", "figure", "ratio", "target", "met")
    # A process each: one starts its own PostgreSQL and must not find another's settings.
    for name in names:
        with subprocess.Popen(
            [sys.executable, "-m", f"bench.{name}", *options], stdout=subprocess.PIPE, text=True
        ) as program:
            assert program.stdout is not None
            for line in program.stdout:
                _print(Figure(**json.loads(line)))
        if program.returncode:
            sys.exit(program.returncode)


def _print(one: Figure) -> None:
    met = "" if one.target is None or one.ratio is None else str(one.ratio >= one.target)
    _print_row(
        one.name,
        one.figure,
        "" if one.ratio is None else f"{one.ratio:.2f}",
        "" if one.target is None else f"{one.target:g}",
        {"True": "yes", "False": "NO"}.get(met, ""),
    )


def _print_row(*columns: str) -> None:
    print("{:58} {:>32} {:>6} {:>6} {:>3}".format(*columns).rstrip(), flush=True)


if __name__ == "__main__":
    main()
