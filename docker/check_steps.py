"""Run the steps of the Dockerfile without an engine, then every program of the image.

``python docker/check_steps.py`` makes each stage in a folder of its own, as an engine would make it
in a layer: COPY heeds .dockerignore, RUN runs, ENV holds. Then it starts what the entrypoint
offers, with PostgreSQL and Valkey from their wheels, and asks each whether it lives.
``--venv .venv`` borrows installed packages instead of installing them.
"""

import argparse
import fnmatch
import http.client
import importlib.util
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from marketplace import processes  # noqa: E402
from marketplace.embedded import Postgres, Valkey, free_port  # noqa: E402
from marketplace.processes import MarkBook, Trouble  # noqa: E402

# What only a whole system can do; that they are named is all that is checked.
SYSTEM_TOOLS = ("useradd", "chown")
# How this machine reaches packages: the one thing of its environment that a step may know.
REACH = re.compile(r"(PIP|UV)_\w+|\w+_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE", re.IGNORECASE)
UV = ROOT / ".tools" / "bin" / "uv"
# Folders of the image; in a step they stand for folders below the stage's own root.
OURS = re.compile(r"(?<![\w.])/(app|data|tmp/build)(?![\w-])")

PRODUCTION = {
    "SECRET_KEY": secrets.token_hex(40),
    "SIGNING_KEY": secrets.token_hex(32),
    "STRIPE_SECRET_KEY": f"sk_live_{secrets.token_hex(16)}",
    "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
    "SITE_URL": "http://127.0.0.1",
}


@dataclass
class Stage:
    """One FROM of the Dockerfile: its files, its environment, its commands."""

    root: Path
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    user: str = "root"

    def path(self, inside: str) -> Path:
        """Where a path of the image lies on this machine."""
        return self.root / os.path.join(self.workdir, inside).lstrip("/")

    def here(self, text: str) -> str:
        return OURS.sub(lambda found: f"{self.root}{found[0]}", text)


def steps_of(dockerfile: str) -> list[tuple[str, str]]:
    """(instruction, rest) in order; comments gone, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in lines if line]


def build(scratch: Path, *, venv: Path | None) -> Stage:
    """Make every stage; the last one is the image."""
    stages: dict[str, Stage] = {}
    stage = Stage(scratch)
    tools = _pretend_tools(scratch / "tools")
    for instruction, rest in steps_of((ROOT / "Dockerfile").read_text()):
        print(f"{instruction} {rest}", flush=True)
        match instruction:
            case "FROM":
                name = rest.partition(" AS ")[2] or "image"
                stage = stages[name] = Stage(scratch / name)
                stage.root.mkdir()
            case "WORKDIR":
                stage.workdir = rest
                stage.path(rest).mkdir(parents=True, exist_ok=True)
            case "COPY":
                _copy(stage, rest, stages)
            case "RUN":
                _run(stage, rest, tools, venv)
            case "ENV":
                pairs = (pair.partition("=") for pair in shlex.split(rest))
                stage.environment |= {name: stage.here(value) for name, _, value in pairs}
            case "USER":
                stage.user = rest
            case "ENTRYPOINT":
                stage.entrypoint = json.loads(rest)
            case "CMD":
                stage.command = json.loads(rest)
            case "VOLUME" | "EXPOSE":
                pass
            case _:
                sys.exit(f"What does {instruction} do?")
    return stage


def _pretend_tools(folder: Path) -> Path:
    folder.mkdir()
    for name in SYSTEM_TOOLS:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    (folder / "python").symlink_to(sys._base_executable)
    return folder


def _copy(stage: Stage, rest: str, stages: dict[str, Stage]) -> None:
    *sources, target = rest.split()
    if sources[0].startswith("--from="):
        other = stages[sources[0].removeprefix("--from=")]
        for source in sources[1:]:
            shutil.copytree(
                other.path(source), stage.path(target), symlinks=True, dirs_exist_ok=True
            )
        return
    ignored = _ignore((ROOT / ".dockerignore").read_text().split())
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, stage.path(target), ignore=ignored, dirs_exist_ok=True)
        else:
            stage.path(target).mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, stage.path(target))


def _ignore(patterns: list[str]):
    def ignored(folder: str, names: list[str]) -> set[str]:
        here = Path(folder).relative_to(ROOT)
        return {
            name
            for name in names
            for pattern in patterns
            if fnmatch.fnmatch(str(here / name), pattern)
            or (pattern.startswith("**/") and fnmatch.fnmatch(name, pattern[3:]))
        }

    return ignored


def _run(stage: Stage, line: str, tools: Path, venv: Path | None) -> None:
    if venv is not None and " pip " in f" {line.replace('/', ' ')} ":
        return
    if venv is not None and "-m venv" in line:
        for inside in re.findall(r"-m venv (\S+)", line):
            stage.path(inside).parent.mkdir(parents=True, exist_ok=True)
            stage.path(inside).symlink_to(venv.resolve())
        return
    # Nothing else of this environment may help: the image has none of it.
    env = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(stage.root)} | way_to_packages(os.environ)
    env |= stage.environment
    done = subprocess.run(
        stage.here(_with_venvs(line, tools)),
        shell=True,
        cwd=stage.path("."),
        env=env,
        check=False,
    )
    if done.returncode:
        sys.exit(f"This step failed: RUN {line}")


def way_to_packages(environment: Mapping[str, str]) -> dict[str, str]:
    """The mirrors, proxies and authorities of this machine, as pip and uv are told of them."""
    return {"UV_SYSTEM_CERTS": "1"} | {
        name: value for name, value in environment.items() if REACH.fullmatch(name)
    }


def _with_venvs(line: str, tools: Path) -> str:
    """The image's Python can make a venv; Debian's cannot without a package of its own."""
    if importlib.util.find_spec("ensurepip"):
        return line
    maker = shlex.join([str(UV), "venv", "-q", "--seed", "--python", str(tools / "python")])
    return line.replace("python -m venv", maker)


# --- The programs --------------------------------------------------------------------------------


def check_programs(image: Stage, scratch: Path) -> None:
    """Start what the entrypoint offers. Raises Trouble where one does not come to life."""
    if image.user == "root":
        raise Trouble("The image runs as root.")
    with ExitStack() as stops:
        marks = MarkBook(scratch / "processes.json")
        addresses = {}
        for variable, kind in (("DATABASE_URL", Postgres), ("REDIS_URL", Valkey)):
            name = kind.__name__.lower()
            service = kind(scratch / name, log=scratch / f"{name}.log", marks=marks, hasty=True)
            stops.callback(service.stop)
            addresses[variable] = service.start()
        ports = {"PORT": str(free_port()), "LIVE_PORT": str(free_port())}
        path = f"{image.path('.venv/bin')}:/usr/bin:/bin"
        env = {"HOME": str(scratch)} | image.environment | addresses | ports | {"PATH": path}

        _expect_refusal(image, env, scratch)
        env |= PRODUCTION
        # As in compose.yaml: a superuser makes two roles, one migrates, the other serves.
        _expect_end(image, env, scratch, "database_roles")
        superuser = env["DATABASE_URL"]
        env["DATABASE_URL"] = _as_role("milepost_owner", superuser)
        _expect_end(image, env, scratch, "migrate")
        env["DATABASE_URL"] = _as_role("milepost_app", superuser)
        for name in ("web", "live", "worker", "beat"):
            log = scratch / f"{name}.log"
            process = _start(image, env, log, name)
            stops.callback(processes.stop, process)
        _expect_answer("web", int(ports["PORT"]), "/readyz", scratch)
        _expect_answer("live", int(ports["LIVE_PORT"]), "/healthz", scratch)
        _expect_line("beat", "Sending due task", scratch)


def _as_role(role: str, address: str) -> str:
    return re.sub(r"//\w+:", f"//{role}:", address, count=1)


def _start(image: Stage, env: dict[str, str], log: Path, *arguments: str):
    print(f"{' '.join(image.entrypoint)} {' '.join(arguments)}", flush=True)
    python = image.path(".venv/bin/python")
    command = [python, *image.entrypoint[1:], *arguments]
    return processes.start(command, log=log, env=env, cwd=image.path("."))


def _expect_end(image: Stage, env: dict[str, str], scratch: Path, name: str) -> None:
    log = scratch / f"{name}.log"
    if _start(image, env, log, name).wait(timeout=120):
        raise Trouble(f"{name} failed.", log)


def _expect_refusal(image: Stage, env: dict[str, str], scratch: Path) -> None:
    log = scratch / "refusal.log"
    status = _start(image, env, log, *image.command).wait(timeout=60)
    if not status or "Set SECRET_KEY" not in log.read_text():
        raise Trouble("Without secrets the image must refuse to start.", log)


def _expect_answer(name: str, port: int, path: str, scratch: Path) -> None:
    for _ in processes.tries(60):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
    raise Trouble(f"{name} does not answer at {path}.", scratch / f"{name}.log")


def _expect_line(name: str, line: str, scratch: Path) -> None:
    log = scratch / f"{name}.log"
    for _ in processes.tries(30):
        if line in log.read_text():
            return
    raise Trouble(f"{name} does not say “{line}”.", log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, help="borrow its packages instead of installing them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="milepost-image-") as folder:
        scratch = Path(folder)
        try:
            check_programs(build(scratch, venv=options.venv), scratch)
        except Trouble as trouble:
            sys.exit(f"{trouble.sentence}\n{processes.tail(trouble.log) if trouble.log else ''}")
    print("Every step and every program of the image works.")


if __name__ == "__main__":
    main()
