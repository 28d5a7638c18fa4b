#!/usr/bin/env python
"""Run a command of Milepost."""

import os
import sys

from django.core.management import execute_from_command_line

from marketplace.embedded import join_running_demo


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
    if sys.argv[1:2] != ["demo"]:
        join_running_demo()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
