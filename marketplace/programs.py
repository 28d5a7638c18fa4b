"""The programs that make up Milepost, each with its command line: the demo's supervisor and the
container image start the same ones. ``python -m marketplace.programs web`` becomes the web process.
"""

import os
import sys
from collections.abc import Mapping

from marketplace.checks import problems

PROGRAMS = ("web", "worker", "beat", "live", "migrate", "database_roles")
# What a worker serves unless WORKER_QUEUES says otherwise: what the house does by itself, and what
# it has to ask the payment provider for.
PROVIDER_QUEUE = "provider"
QUEUES = f"celery,{PROVIDER_QUEUE}"


def command(name: str, environment: Mapping[str, str]) -> list[str]:
    """How a program is started. PORT, HOST, WEB_WORKERS, WEB_THREADS, WORKER_PROCESSES,
    WORKER_QUEUES and LOG_LEVEL in the environment suit it to the machine.
    """
    python = [sys.executable, "-m"]
    host = ["--host", environment.get("HOST", "127.0.0.1")]
    level = environment.get("LOG_LEVEL", "INFO").lower()
    match name:
        case "web":
            # Threads wait for the database, processes share the processors; each thread keeps one
            # connection to PostgreSQL, so processes times threads stay far below its limit of 100.
            return [
                *(*python, "granian", "--interface", "wsgi", *host),
                *("--port", environment.get("PORT", "8000"), "--http", "1", "--no-ws"),
                *("--workers", environment.get("WEB_WORKERS", "2")),
                *("--blocking-threads", environment.get("WEB_THREADS", "4")),
                *("--respawn-failed-workers", "--workers-kill-timeout", "10"),
                *("--log-level", level, "marketplace.wsgi:application"),
            ]
        case "live":
            return [
                *(*python, "granian", "--interface", "asginl", *host),
                *("--port", environment.get("LIVE_PORT", "8001"), "--http", "1", "--no-ws"),
                *("--workers-kill-timeout", "2", "--log-level", level),
                "marketplace.live:application",
            ]
        case "worker":
            return [
                *(*python, "celery", "--app", "marketplace", "worker", "--loglevel", level),
                *("--concurrency", environment.get("WORKER_PROCESSES", "2")),
                *("--queues", environment.get("WORKER_QUEUES", QUEUES)),
                # One broker, few workers: they need not gossip.
                *("--without-gossip", "--without-mingle"),
            ]
        case "beat":
            # No pid file: whoever starts beat sees to it that there is one.
            return [*python, "celery", "--app", "marketplace", "beat", "--pidfile=", f"-l{level}"]
        case "migrate":
            return [sys.executable, "manage.py", "migrate", "--no-input"]
        case "database_roles":
            return [sys.executable, "manage.py", "database_roles"]
    raise ValueError(f"{name!r} is none of {', '.join(PROGRAMS)}")


def environment_of(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What the program is told besides what everybody is told."""
    more = {}
    if name == "worker":
        # An ordinary stop gives a running task its ten seconds and then puts it back in the queue,
        # where it would otherwise be waited for without end.
        more["REMAP_SIGTERM"] = "SIGQUIT"
    return {**environment, **more}


def main() -> None:
    names = sys.argv[1:]
    if len(names) != 1 or names[0] not in PROGRAMS:
        sys.exit(f"Name one program: {' | '.join(PROGRAMS)}.")
    # In a container the web process serves the outside.
    told = {"HOST": "0.0.0.0"} | environment_of(names[0], os.environ)  # noqa: S104
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
    if found := problems():
        sys.exit("\n".join(found.values()))
    line = command(names[0], told)
    sys.stdout.flush()
    os.execvpe(line[0], line, told)  # noqa: S606


if __name__ == "__main__":
    main()
