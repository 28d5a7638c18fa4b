"""The services of the tests and of the demo."""

import json
import os
import signal
import threading
from functools import partial

import psycopg2
import pytest
import redis
from django.conf import settings
from django.db import connection

from marketplace.children import Child, revived
from marketplace.embedded import Postgres, Valkey
from marketplace.processes import Mark, MarkBook, Trouble, start, stop, tries
from marketplace.supervisor import _start_again


@pytest.mark.django_db
def test_the_database_knows_letters_outside_ascii():
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower('É'), 'MÜLLER' ILIKE 'müller'")
        assert cursor.fetchone() == ("é", True)


def test_the_broker_answers_only_who_knows_the_password():
    address = settings.REDIS_URL
    assert redis.Redis.from_url(address).ping()
    if "@" in address:
        host = address.rpartition("@")[2]
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(f"redis://{host}").ping()


@pytest.fixture
def marks(tmp_path) -> MarkBook:
    return MarkBook(tmp_path / "processes.json")


def test_what_a_killed_supervisor_left_running_is_ended_by_the_next_one(tmp_path, marks):
    left = start(["sleep", "60"], log=tmp_path / "left.log")
    marks.write("left", left.pid)

    assert marks.clear_leftovers() == ["left"]

    assert left.wait(timeout=5) != 0
    assert marks.clear_leftovers() == []


def test_the_book_of_processes_is_whole_whenever_it_is_read(marks):
    """Whoever is killed while it is written must not lose what it said before."""
    marks.write("first", os.getpid())
    seen, over = [], threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.append(marks.path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(500):
        marks.write(f"process-{number % 20}", os.getpid())
    over.set()
    reader.join()

    assert len(seen) > 10
    assert all("first" in json.loads(text or "{}") for text in seen)


def test_a_stranger_who_got_the_same_process_id_is_left_alone(tmp_path, marks):
    stranger = start(["sleep", "60"], log=tmp_path / "stranger.log")
    marks.path.write_text(f'{{"web": [{stranger.pid}, "long ago"]}}')

    assert marks.clear_leftovers() == []

    assert stranger.poll() is None
    stop(stranger)


def test_stopping_ends_what_the_process_started_too(tmp_path):
    said = tmp_path / "parent.log"
    parent = start(["sh", "-c", "sleep 60 & echo $!; trap '' TERM; wait"], log=said)
    while not said.read_text().strip():
        pass
    child = Mark.of(int(said.read_text()))
    assert child.is_alive()

    stop(parent, wait=0.2)

    # Told to end it has been; a busy machine takes a moment for it.
    assert any(not child.is_alive() for _ in tries(5))


def test_valkey_that_cannot_start_says_so(tmp_path, marks):
    valkey = Valkey(tmp_path / "valkey", log=tmp_path / "valkey.log", marks=marks)
    valkey.port = 99_999

    with pytest.raises(Trouble, match="Valkey stopped while it was starting"):
        valkey.start()

    assert "99999" in (tmp_path / "valkey.log").read_text()


def test_postgresql_that_cannot_start_says_so(tmp_path, marks):
    postgres = Postgres(tmp_path / "postgres", log=tmp_path / "postgres.log", marks=marks)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9.6\n")

    with pytest.raises(Trouble, match="PostgreSQL stopped while it was starting") as trouble:
        postgres.start()

    assert "configuration file" in trouble.value.log.read_text()


def test_a_server_that_is_killed_while_it_recovers_is_started_once_more(
    tmp_path, marks, monkeypatch
):
    server = Postgres(tmp_path / "pg", log=tmp_path / "pg.log", marks=marks)
    address = server.start()
    child = Child("postgres", partial(_start_again, server), tmp_path / "pg.log", server.process)
    really_wait, kills = Postgres._wait, [1, 2]

    def killed_twice(self: Postgres) -> None:
        if kills:
            kills.pop()
            stop(self.process, how=signal.SIGKILL)
        really_wait(self)

    monkeypatch.setattr(Postgres, "_wait", killed_twice)
    try:
        stop(child.process, how=signal.SIGKILL)
        tries = [len(list(revived([child]))) for _ in range(4)]
        assert kills == [] and sum(tries) <= 3 and tries[-1] == 0, tries
        assert child.died() is None
        psycopg2.connect(address).close()
    finally:
        server.stop()
