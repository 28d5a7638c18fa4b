"""A change against the one that it answers: what each would make of the agreement."""

import pytest

from projects.agreements.changes.comparing import changed_since
from projects.bids.differences import Line

TITLES = {1: "Part 1", 2: "Part 2"}


def since(before: list[dict], after: list[dict]) -> list[tuple[str, str, str, str]]:
    lines: list[Line] = changed_since(before, after, titles=TITLES, currency="USD")
    return [(line.title, line.what, line.before, line.after) for line in lines]


def of(position: int = 1, **parts: tuple) -> dict:
    """A change of one milestone, each part from one value to the other."""
    return {"position": position} | {
        name: dict(zip(("from", "to"), pair, strict=True)) for name, pair in parts.items()
    }


def new(title: str, amount: int, position: int = 3, **more) -> dict:
    criteria = more.pop("criteria", [])
    add = {"title": title, "amount": amount, "due_at": "2027-01-10T23:59:00+00:00"}
    return {"position": position, "add": add | {"criteria": criteria}} | more


def end(position: int, part: int) -> dict:
    money = {"to_freelancer": part, "held": 103_000, "released": 0}
    return {"position": position, "end": money}


DROP = {"position": 1, "drop": {"amount": 100_000, "held": 103_000}}


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (
            [of(amount=(100_000, 70_000))],
            [of(amount=(100_000, 80_000))],
            [("Part 1", "Price", "$700.00", "$800.00")],
        ),
        ([of(amount=(100_000, 70_000))], [of(amount=(100_000, 70_000))], []),
        # What both leave alone is no difference; what one of them does is.
        (
            [of(amount=(100_000, 70_000), revisions=(3, 5))],
            [of(amount=(100_000, 70_000))],
            [("Part 1", "Revisions included", "5", "as it stands")],
        ),
        (
            [of(amount=(100_000, 70_000))],
            [of(2, amount=(50_000, 40_000))],
            [
                ("Part 2", "Price", "$500.00", "$400.00"),
                ("Part 1", "Price", "$700.00", "as it stands"),
            ],
        ),
        # Another milestone was paid for out of this one while the first of them waited.
        (
            [of(2, amount=(100_000, 70_000))],
            [of(2, place=(2, 1))],
            [
                ("Part 2", "Place", "2", "1"),
                ("Part 2", "Price", "$700.00", "as it stands"),
            ],
        ),
        (
            [of(due_at=("2026-12-31T23:59:00+00:00", "2027-01-10T23:59:00+00:00"))],
            [of(due_at=("2026-12-31T23:59:00+00:00", "2027-01-11T00:59:00+01:00"))],
            [],
        ),
        (
            [of(due_at=("2026-12-31T23:59:00+00:00", "2027-01-10T23:59:00+00:00"))],
            [of(due_at=("2026-12-31T23:59:00+00:00", "2027-01-05T23:59:00+00:00"))],
            [("Part 1", "Due", "10 Jan 2027, 23:59 UTC", "5 Jan 2027, 23:59 UTC")],
        ),
        (
            [of(criteria=(["Fast"], ["Fast", "Small"]))],
            [of(criteria=(["Fast"], ["Fast", "Loud"]))],
            [("Part 1", "Done means", "Small", ""), ("Part 1", "Done means", "", "Loud")],
        ),
        (
            [of(criteria=(["Fast"], ["Small"]))],
            [of(place=(1, 2))],
            [
                ("Part 1", "Place", "1", "2"),
                ("Part 1", "Done means", "Small", ""),
                ("Part 1", "Done means", "", "Fast"),
            ],
        ),
        # A milestone that one of them drops.
        (
            [DROP],
            [of(amount=(100_000, 70_000))],
            [
                ("Part 1", "Milestone", "dropped", "kept"),
                ("Part 1", "Price", "$1,000.00", "$700.00"),
            ],
        ),
        (
            [of(amount=(100_000, 70_000))],
            [DROP],
            [("Part 1", "Milestone", "kept", "dropped")],
        ),
        ([DROP], [DROP], []),
        ([{"position": 1, "drop": True}], [DROP], []),
        # New ones: by their titles.
        (
            [new("Extra", 20_000)],
            [new("Extra", 15_000, place={"to": 1}, criteria=["Fast"])],
            [
                ("Extra", "Place", "last", "1"),
                ("Extra", "Price", "$200.00", "$150.00"),
                ("Extra", "Done means", "", "Fast"),
            ],
        ),
        (
            [new("Extra", 20_000), new("Extra", 30_000, 4)],
            [new("Extra", 20_000), new("Other", 30_000, 4)],
            [
                ("Other", "Milestone", "", "Other"),
                ("Other", "Price", "", "$300.00"),
                ("Other", "Due", "", "10 Jan 2027, 23:59 UTC"),
                ("Extra", "Milestone", "added", "not added"),
            ],
        ),
        # The end of the whole contract.
        (
            [end(1, 30_000), end(2, 0)],
            [end(1, 60_000), end(2, 0)],
            [("Part 1", "To the freelancer", "$300.00", "$600.00")],
        ),
        (
            [end(1, 30_000)],
            [of(amount=(100_000, 70_000))],
            [
                ("As a whole", "The contract", "ends", "goes on"),
                ("Part 1", "Price", "$1,000.00", "$700.00"),
            ],
        ),
        (
            [of(amount=(100_000, 70_000))],
            [end(1, 0)],
            [
                ("As a whole", "The contract", "goes on", "ends"),
                ("Part 1", "Held", "$1,030.00", "all of it back to the client"),
            ],
        ),
    ],
)
def test_each_part_that_differs_is_a_line(before, after, lines):
    assert since(before, after) == lines
