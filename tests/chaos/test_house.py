"""Several runs at once on one machine."""

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
