#!/usr/bin/env python
"""Run a command of Milepost."""

import os
import signal
import sys

# Ctrl-C while all of it is still being read in: an end, and no traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from django.core.management import execute_from_command_line  # noqa: E402

from marketplace.running_demo import join_running_demo  # noqa: E402


def main() -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        if not os.environ.get(name):
            # Set to nothing is not set.
            os.environ.pop(name, None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
    if sys.argv[1:2] != ["demo"]:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        join_running_demo()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
