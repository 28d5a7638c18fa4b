"""The demo as a newcomer meets it: started, joined, killed, started again, stopped."""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplace.embedded import BASE_DIR, free_port
from marketplace.processes import Mark

# Three starts, each with migrations and the sample, on a machine that may be busy.
pytestmark = pytest.mark.timeout(540)


class Demo:
    """``manage.py demo`` in a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.data, self.port = folder / "data", free_port()
        self.out = folder / "out.txt"
        # Nothing of the tests' own services: the demo brings everything along.
        ours = ("DATABASE_URL", "REDIS_URL", "STRIPE_", "MEDIA_ROOT", "STATIC_ROOT", "SANDBOX")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.env = kept | {"DATA_DIR": str(self.data), "PORT": str(self.port)}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo"], cwd=BASE_DIR, env=self.env, stdout=out
            )
        for _ in range(1_600):
            if "Ctrl-C stops everything" in self.out.read_text():
                break
            assert self.process.poll() is None, self.out.read_text()
            time.sleep(0.1)
        return self.out.read_text()

    def end(self, how: int) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=60)

    def marks(self) -> dict[str, Mark]:
        noted = json.loads((self.data / "processes.json").read_text())
        return {name: Mark(*mark) for name, mark in noted.items()}

    def get(self, path: str) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        line.request("GET", path)
        response = line.getresponse()
        return response.status, response.read()

    def command(self, *arguments: str) -> str:
        said = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return said.stdout


@pytest.fixture
def demo() -> Iterator[Demo]:
    # Not tmp_path: pytest closes its folders to the user that PostgreSQL runs as for root.
    with tempfile.TemporaryDirectory(prefix="milepost-demo-") as folder:
        demo = Demo(Path(folder))
        yield demo
        if demo.process is not None and demo.process.poll() is None:
            demo.end(signal.SIGTERM)


COUNT_PEOPLE = "from accounts.people.models import User; print('people:', User.objects.count())"

COUNT_CASES = """
from projects.models import Bid
from projects.disputes.models import Dispute
cases = Dispute.objects.filter(status="under_review").count()
bids = Bid.objects.filter(posting__title__startswith="Illustrations", status="shortlisted").count()
print("cases:", cases, "bids:", bids)
"""


def test_a_newcomer_starts_uses_kills_and_stops_the_demo(demo):
    said = demo.start()

    # Everything a newcomer needs is on the screen, and true.
    assert f"http://127.0.0.1:{demo.port}" in said
    for person in ("ada", "ben", "cleo", "dora"):
        assert f"{person}@milepost.example" in said
    assert demo.get("/readyz")[0] == 200
    assert demo.get("/")[0] == 200
    note = demo.data / "demo.json"
    assert note.stat().st_mode & 0o777 == 0o600

    # Any command joins it.
    people = demo.command("shell", "-c", COUNT_PEOPLE).splitlines()[-1]
    assert people != "people: 0"

    # What it tells to try is there: a dispute to decide, and bids to compare.
    assert demo.command("shell", "-c", COUNT_CASES).splitlines()[-1] == "cases: 1 bids: 3"
    assert "The books are clean." in demo.command("check_ledger")

    # A second one is refused.
    second = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=BASE_DIR,
        env=demo.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (second.returncode, "running in this checkout already" in second.stderr) == (1, True)

    # Killed outright, it leaves things running; the next start ends them and keeps the data.
    left = demo.marks()
    demo.end(signal.SIGKILL)
    assert left["postgres"].is_alive()
    said = demo.start()
    assert "Ended what an earlier demo left running" in said
    assert not [name for name, mark in left.items() if mark.is_alive()]
    assert demo.command("shell", "-c", COUNT_PEOPLE).splitlines()[-1] == people

    # Stopped, it leaves nothing running.
    running = demo.marks()
    assert demo.end(signal.SIGTERM) == 0
    assert not [name for name, mark in running.items() if mark.is_alive()]
    assert not note.exists()
