"""What the demo says when it cannot start, or cannot go on."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from marketplace import demo, embedded, running_demo, supervisor, watchdog
from marketplace.embedded import free_port
from marketplace.processes import Mark, MarkBook, Trouble, start
from marketplace.running_demo import demo_is_running, join_running_demo, lock_demo
from marketplace.supervisor import Asked, Supervisor

SERVICES_OF_OTHERS = {"DATABASE_URL": "postgresql:///theirs", "REDIS_URL": "redis://theirs"}


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / ".data"
    for module in (embedded, running_demo, supervisor, demo):
        monkeypatch.setattr(module, "DATA", folder)
    return folder


@pytest.fixture(autouse=True)
def signals_as_before():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def steps(monkeypatch) -> dict[str, str]:
    """What each program does, as a line of shell: by default everything goes well."""
    lines = dict.fromkeys(("web", "live", "worker", "beat"), "sleep 60")
    lines |= dict.fromkeys(("assets", "migrate", "seed", "dispute"), "true")

    def command(name: str, _environment: object) -> list[str]:
        return ["sh", "-c", lines[name]]

    real_do = Supervisor._do
    monkeypatch.setattr("marketplace.programs.command", command)
    monkeypatch.setattr(
        Supervisor, "_do", lambda self, name, _command: real_do(self, name, command(name, {}))
    )
    monkeypatch.setattr(demo, "stripe_command", lambda _environment: ["sleep", "60"])
    monkeypatch.setattr(demo, "is_ready", lambda _port: True)
    monkeypatch.setattr(demo, "top_up", lambda _stripe: None)
    return lines


def run(*, port: int | None = None, reset: bool = False, environment=None) -> int:
    given = {"PATH": os.environ["PATH"]} | SERVICES_OF_OTHERS | (environment or {})
    return Supervisor(port=port or free_port(), environment=given).run(
        reset=reset, welcome=lambda address: f"Welcome to {address}"
    )


def test_a_busy_port_is_one_sentence(data, steps, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(port=port) == 1

    said = capsys.readouterr()
    assert f"Port {port} is taken by another program" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_is_none_is_refused(data, steps, capsys, port):
    assert run(port=port) == 1
    assert f"{port} is not a port" in capsys.readouterr().err


def test_a_port_that_needs_more_rights_is_not_called_taken(data, steps, capsys, monkeypatch):
    monkeypatch.setattr(demo, "why_not_free", lambda _port: errno.EACCES)

    assert run(port=80) == 1
    assert "Port 80 is only for root" in capsys.readouterr().err


@pytest.mark.parametrize("when", ["lock_demo", "services"])
def test_what_cannot_be_written_is_one_sentence(data, steps, capsys, monkeypatch, when):
    def fail(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(data / "demo.lock"))

    if when == "lock_demo":
        monkeypatch.setattr(supervisor, "lock_demo", fail)
    else:
        monkeypatch.setattr(Supervisor, "_start_services", fail)

    assert run() == 1
    said = capsys.readouterr().err.strip()
    assert said == f"{data / 'demo.lock'} cannot be used: Permission denied."


def test_the_data_folder_may_lie_deep(data, steps, monkeypatch):
    for module in (embedded, running_demo, supervisor, demo):
        monkeypatch.setattr(module, "DATA", data / "a" / "b")
    with lock_demo() as lock:
        assert lock is not None


def test_a_first_start_that_was_interrupted_is_caught_up_on_at_the_next(
    data, steps, monkeypatch, capsys
):
    """The stand-in has its store by then; that alone says nothing of its funds."""
    given = []
    monkeypatch.setattr(demo, "top_up", given.append)
    monkeypatch.setattr(Supervisor, "_watch", lambda self: os.kill(os.getpid(), signal.SIGTERM))
    data.mkdir()
    (data / "stripe.db").touch()

    steps["dispute"] = "exit 1"
    assert run() == 1
    assert "The step “dispute” failed" in capsys.readouterr().err
    steps["dispute"] = "true"
    assert [run(), run()] == [0, 0]

    assert len(given) == 2


def test_a_stand_in_that_is_silent_is_one_sentence(data, monkeypatch):
    """Asked without the proxy of the machine, which knows nothing of our loopback."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:2")
    asked = []

    def post(session: requests.Session, *_: object, **__: object) -> None:
        asked.append(session.trust_env)
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "post", post)

    with pytest.raises(Trouble, match="did not take its float"):
        demo.top_up("http://127.0.0.1:1")
    assert asked == [False]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", "127.0.0.1,localhost"),
        ("intern.example, localhost", "intern.example,localhost,127.0.0.1"),
        ("*", "*"),
    ],
)
def test_the_demo_speaks_to_itself_without_a_proxy_and_to_nobody_else(said, meant):
    told = demo.environment_of(8000, {"NO_PROXY": said, "no_proxy": said, "HOST": "0.0.0.0"}, {})

    assert (told["NO_PROXY"], told["no_proxy"], told["HOST"]) == (meant, meant, "127.0.0.1")


def test_a_step_that_fails_shows_the_end_of_its_log(data, steps, capsys):
    steps["migrate"] = "seq 100; echo no such table; exit 3"

    assert run() == 1

    said = capsys.readouterr().err
    assert "The step “migrate” failed (status 3)." in said
    assert said.rstrip().endswith("no such table")
    assert "\n50\n" not in said


def test_a_process_that_keeps_dying_ends_the_demo_with_its_log(data, steps, capsys):
    steps["worker"] = "echo out of luck; exit 7"

    assert run() == 1

    said = capsys.readouterr()
    assert said.out.count("The process “worker” stopped (status 7) and is started again.") == 3
    assert "The process “worker” keeps stopping." in said.err
    assert "out of luck" in said.err


def test_a_process_that_dies_once_is_started_again(data, steps, monkeypatch, capsys):
    seen = []
    steps["worker"] = "echo started; sleep 60"

    def look(self: Supervisor) -> None:
        worker = next(child for child in self.children if child.name == "worker")
        if not seen:
            os.kill(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
        elif worker.process.pid != seen[0]:
            raise Asked
        seen.append(worker.process.pid)
        really_look(self)

    really_look = Supervisor._look_after_children
    monkeypatch.setattr(Supervisor, "_look_after_children", look)

    assert run() == 0

    log = (data / "logs" / "worker.log").read_text()
    assert "stopped (status -9) and is started again" in log
    assert log.count("started\n") <= 2


def test_a_worker_that_idles_beside_due_work_is_started_again(data, steps, monkeypatch, capsys):
    """By the demo's own watch; what its watchdog goes by: test_watchdog.py."""
    idle = "idle beside 3 waiting in “celery” for 61 seconds"
    told = {"database": "ok", "broker": "ok", "worker": idle, "beat": "ok"}
    monkeypatch.setattr(demo, "readiness", lambda _port: told)
    monkeypatch.setattr(watchdog, "EVERY", 0)
    monkeypatch.setattr(watchdog, "LONG_ENOUGH", 0)
    seen = []

    def look(self: Supervisor) -> None:
        seen.append({child.name: child.process.pid for child in self.children})
        if len(seen) > 10 or seen[-1] != seen[0]:
            raise Asked
        really_look(self)

    really_look = Supervisor._look_after_children
    monkeypatch.setattr(Supervisor, "_look_after_children", look)

    assert run() == 0

    anew = [name for name, pid in seen[-1].items() if pid != seen[0][name]]
    assert anew == ["worker"]
    said = f"The process “worker” is alive, but {idle}, and is started again."
    assert said in capsys.readouterr().out


def test_asked_to_stop_it_stops_everything(data, steps, monkeypatch, capsys):
    marks = []

    def watch(self: Supervisor) -> None:
        marks.extend(Mark.of(child.process.pid) for child in self.children)
        os.kill(os.getpid(), signal.SIGTERM)
        really_watch(self)

    really_watch = Supervisor._watch
    monkeypatch.setattr(Supervisor, "_watch", watch)

    assert run() == 0

    assert len(marks) == 5
    assert not [mark for mark in marks if mark.is_alive()]
    assert not (data / "demo.json").exists()
    assert "Welcome to http://127.0.0.1:" in capsys.readouterr().out


def test_asked_while_it_ends_what_was_left_it_ends_all_of_it(data, steps, monkeypatch):
    data.mkdir()
    left = [start(["sleep", "60"], log=data / "left.log") for _ in range(3)]
    book = MarkBook(data / "processes.json")
    for number, process in enumerate(left):
        book.write(f"left-{number}", process.pid)
    really_stop = Mark.stop

    def stop_slowly(mark: Mark, **how: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        really_stop(mark, **how)

    monkeypatch.setattr(Mark, "stop", stop_slowly)

    assert run() == 0

    assert [process.wait(timeout=5) for process in left] == [-signal.SIGTERM] * 3
    assert not book.path.exists()


def test_services_that_the_environment_names_are_used(data, steps, monkeypatch):
    told = {}

    def watch(self: Supervisor) -> None:
        told.update(json.loads((data / "demo.json").read_text())["environment"])
        told["children"] = [child.name for child in self.children]
        raise Asked

    monkeypatch.setattr(Supervisor, "_watch", watch)
    theirs = {
        "STRIPE_API_BASE": "http://127.0.0.1:5555",
        "STRIPE_SECRET_KEY": "sk_test_theirs",
        "STRIPE_WEBHOOK_SECRET": "whsec_theirs",
    }

    assert run(environment=theirs) == 0

    assert told["children"] == ["web", "live", "worker", "beat"]
    for name, value in (SERVICES_OF_OTHERS | theirs).items():
        assert told[name] == value
    assert told["SANDBOX"] == "1"


def test_reset_empties_what_was_kept(data, steps, monkeypatch):
    (data / "media").mkdir(parents=True)
    (data / "stripe.db").write_text("old")

    class NoService:
        process = None

        def __init__(self, folder: Path, *, log: Path, **_: object) -> None:
            self.log = log

        def start(self) -> str:
            return "service://"

        def stop(self) -> None:
            pass

    monkeypatch.setattr(supervisor, "Postgres", NoService)
    monkeypatch.setattr(supervisor, "Valkey", NoService)

    def watch(_self: Supervisor) -> None:
        raise Asked

    monkeypatch.setattr(Supervisor, "_watch", watch)
    started = Supervisor(port=free_port(), environment={"PATH": os.environ["PATH"]})
    assert started.run(reset=True, welcome=str) == 0

    assert not (data / "media").exists()
    assert not (data / "stripe.db").exists()


def test_reset_never_touches_a_database_of_others(data, steps, capsys):
    (data / "media").mkdir(parents=True)

    assert run(reset=True) == 1

    assert "not the database that DATABASE_URL names" in capsys.readouterr().err
    assert (data / "media").exists()


def test_two_demos_in_one_checkout_are_one_too_many(data, steps, capsys):
    with lock_demo():
        assert run() == 1

    assert "A demo is running in this checkout already" in capsys.readouterr().err


# --- Joining a demo that is running --------------------------------------------------------------


@pytest.fixture
def note(data) -> dict[str, str]:
    """What a demo leaves for other commands."""
    environment = {"DATABASE_URL": "postgresql:///demo", "SANDBOX": "1", "MARK": "demo"}
    data.mkdir()
    (data / "demo.json").write_text(json.dumps({"environment": environment}))
    return environment


@pytest.fixture
def bare_environment(monkeypatch):
    for name in ("DATABASE_URL", "SANDBOX", "MARK"):
        # Set before it is deleted, so that it is put back even where it was absent.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_a_command_joins_the_demo_that_is_running(note, bare_environment):
    with lock_demo():
        assert demo_is_running()
        join_running_demo()

    assert {name: os.environ.get(name) for name in note} == note


def test_a_note_that_a_killed_demo_left_behind_is_not_believed(note, bare_environment):
    assert not demo_is_running()
    join_running_demo()

    assert "DATABASE_URL" not in os.environ


def test_who_names_another_database_means_that_one(note, bare_environment, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql:///theirs")
    with lock_demo():
        join_running_demo()

    assert os.environ["DATABASE_URL"] == "postgresql:///theirs"
    assert "MARK" not in os.environ


def test_who_names_the_same_database_joins(note, bare_environment, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql:///demo")
    with lock_demo():
        join_running_demo()

    assert os.environ["MARK"] == "demo"


def test_an_address_that_is_set_to_nothing_is_not_set():
    """As by a shell that passes on what it does not have."""
    read = (
        "from django.conf import settings as s; print(s.DATABASES['default']['NAME'], s.REDIS_URL)"
    )
    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", read],
        cwd=embedded.BASE_DIR,
        env=os.environ | {"DATABASE_URL": "", "REDIS_URL": "", "DATA_DIR": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split() == ["milepost", "redis://127.0.0.1:6379/0"]
