"""Several runs at once on one machine, and what is done to their processes."""

import json
import os
import subprocess
import sys

import pytest

from tests.chaos import house
from tests.chaos.house import Fallen, House


def test_two_houses_reach_for_different_ports_before_either_listens(tmp_path):
    first, second = House(tmp_path / "1"), House(tmp_path / "2")
    third = None
    try:
        assert first.port % 1000 != second.port % 1000  # demo.py goes by these digits
        first.stop()
        third = House(tmp_path / "3")
        assert third.port == first.port  # what nobody has any more is given out again
    finally:
        for one in filter(None, (first, second, third)):
            one.stop()


def test_a_machine_that_is_full_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(house, "MOST_HOUSES", 0)

    with pytest.raises(Fallen, match="0 houses"):
        House(tmp_path)


LISTENS_TO_ITSELF = """
import socket
server = socket.create_server(("127.0.0.1", 0))
pair = socket.socketpair()
lines = [socket.create_connection(server.getsockname()), server.accept()[0]]
print("ready", flush=True)
input()
lost = [line.recv(1) for line in lines]
pair[0].send(b"x")
socket.create_connection(server.getsockname())
print(lost, pair[1].recv(1), flush=True)
input()
"""


def test_what_is_cut_off_loses_its_connections_and_goes_on(tmp_path):
    one = House(tmp_path)
    one.data.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", LISTENS_TO_ITSELF], stdin=-1, stdout=-1, text=True
    ) as guest:
        assert guest.stdin and guest.stdout and guest.stdout.readline() == "ready\n"
        (one.data / "processes.json").write_text(json.dumps({"web": [guest.pid, ""]}))

        assert one.cut("web") == 2
        print(file=guest.stdin, flush=True)
        assert guest.stdout.readline() == "[b'', b''] b'x'\n"
        os.kill(guest.pid, 9)
    assert one.cut("web") == 0
    (one.data / "processes.json").unlink()
    one.stop()
