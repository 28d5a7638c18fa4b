"""The tools of a forger of statements, who can read and compute as well as we can."""

import hashlib
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

Statement = dict[str, Any]
Line = dict[str, Any]

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
HASHED = "previous book sequence key position kind source target amount currency".split()


def hash_of(line: Line) -> str:
    at = datetime.fromisoformat(line["at"])
    parts = [line[name] for name in HASHED] + [(at - EPOCH) // timedelta(microseconds=1)]
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def renumber(statement: Statement) -> None:
    for number, line in enumerate(statement["lines"], start=1):
        line["sequence"] = number


def chain_anew(statement: Statement) -> None:
    """Every link and the head: the arithmetic stays as it was."""
    head = ""
    for line in statement["lines"]:
        line["previous"] = head
        line["hash"] = head = hash_of(line)
    statement["books"][0] |= {"lines": len(statement["lines"]), "head": head}


def sum_anew(statement: Statement) -> None:
    """Balances and sums, as an honest statement of these lines would have them."""
    held: Counter[str] = Counter()
    flows: Counter[tuple[str, ...]] = Counter()
    counts: Counter[tuple[str, ...]] = Counter()
    for line in statement["lines"]:
        currency, places = line["currency"], (place(line["source"]), place(line["target"]))
        held[currency] += line["amount"] * ((places[1] == "escrow") - (places[0] == "escrow"))
        line["held"] = held[currency]
        flows[(currency, line["kind"], *places)] += line["amount"]
        counts[(currency, line["kind"], *places)] += 1
    statement["sums"] = [
        dict(zip(("currency", "kind", "from", "to"), flow, strict=True))
        | {"amount": amount, "lines": counts[flow]}
        for flow, amount in sorted(flows.items())
    ]
    statement["balances"] = {currency: {"held": amount} for currency, amount in held.items()}


def make_anew(statement: Statement) -> None:
    """All that can be computed from the lines is right again."""
    renumber(statement)
    chain_anew(statement)
    sum_anew(statement)


def place(account: str) -> str:
    return account.partition(":")[0]


def first(statement: Statement, kind: str) -> Line:
    return next(line for line in statement["lines"] if line["kind"] == kind)


def shift(statement: Statement, units: int) -> None:
    """A little more of a release to the platform, and as much less to the payee."""
    first(statement, "freelancer_fee")["amount"] += units
    first(statement, "release")["amount"] -= units
