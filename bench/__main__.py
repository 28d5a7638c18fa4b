"""``python -m bench``: every measurement, or those that are named."""

import subprocess
import sys

MEASUREMENTS = ("ledger",)


def main() -> None:
    names = sys.argv[1:] or MEASUREMENTS
    if unknown := set(names) - set(MEASUREMENTS):
        sys.exit(f"There is no measurement {min(unknown)}. There are: {', '.join(MEASUREMENTS)}.")
    # A process each: one starts its own PostgreSQL and must not find another's settings.
    for name in names:
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)


if __name__ == "__main__":
    main()
