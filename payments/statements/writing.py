"""A statement as JSON and as CSV (docs/statements.md describes both), written line by line."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.conf import settings

from marketplace.common.currencies import exponent
from marketplace.common.money import to_major
from payments.ledger.models import Transfer
from payments.statements.models import Line, Scope
from payments.statements.selectors import lines_in
from payments.statements.words import account_in_words, kind_in_words, names_in, place_of

# Small pieces cost more on their way than what is in them.
PIECES = 500

FORMAT = "milepost-statement/1"
COLUMNS = (
    "statement_of made_at book sequence at what title from to currency amount minor held available "
    "kind milestone payer payee agreed adjusted client_fee_basis_points "
    "freelancer_fee_basis_points key position source target previous hash"
).split()
# What a spreadsheet would take for a formula, had it come from a stranger.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Document:
    """A file that is written while it is sent."""

    name: str
    content_type: str
    parts: Iterator[str]


def document_of(scope: Scope, form: str) -> Document:
    """The statement as "json" or "csv"."""
    name = f"statement-{scope.about['id']}-{scope.made_at:%Y-%m-%d}.{form}"
    if form == "csv":
        return Document(name, "text/csv; charset=utf-8", _joined(as_csv(scope)))
    return Document(name, "application/json", _joined(as_json(scope)))


def _joined(parts: Iterator[str]) -> Iterator[str]:
    while some := list(islice(parts, PIECES)):
        yield "".join(some)


def as_json(scope: Scope) -> Iterator[str]:
    """The statement in its whole, a line of text for each of its lines."""
    sums: Counter[tuple[str, str, str, str]] = Counter()
    counts: Counter[tuple[str, str, str, str]] = Counter()
    standing: dict[str, dict[str, int]] = {}
    yield "{\n" + ",\n".join(_members(_opening(scope))) + ',\n"lines": [\n'
    names, comma = names_in(scope.escrows), ""
    for line in lines_in(scope):
        if line.is_shown:
            yield comma + _text(_link(line) | _said(line, names))
            flow = _flow_of(line.transfer)
            sums[flow] += line.transfer.amount
            counts[flow] += 1
            standing[line.transfer.currency] = _standing(line)
        else:
            yield comma + _text(_place(line))
        comma = ",\n"
    closing = {
        "sums": [
            dict(zip(("currency", "kind", "from", "to"), flow, strict=True))
            | {"amount": sums[flow], "lines": counts[flow]}
            for flow in sorted(sums)
        ],
        "balances": dict(sorted(standing.items())),
    }
    yield "\n],\n" + ",\n".join(_members(closing)) + "\n}\n"


def as_csv(scope: Scope) -> Iterator[str]:
    """The lines as a table. The mark at its start tells spreadsheets that it is UTF-8."""
    writer, names = csv.DictWriter(_Echo(), COLUMNS, restval=""), names_in(scope.escrows)
    made_at = instant(scope.made_at)
    yield "\N{ZERO WIDTH NO-BREAK SPACE}" + writer.writeheader()
    for line in lines_in(scope):
        row = {"statement_of": scope.about["id"], "made_at": made_at} | _place(line)
        if line.is_shown:
            row |= _link(line) | _said(line, names) | _terms(line)
            row["amount"] = f"{to_major(line.transfer.amount, line.transfer.currency):f}"
            row["minor"] = line.transfer.amount
        yield writer.writerow({name: harmless(value) for name, value in row.items()})


def harmless(value: Any) -> Any:
    """The cell with a quote before what a spreadsheet would calculate."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


class _Echo:
    """A file that gives back what is written into it."""

    def write(self, text: str) -> str:
        return text


def _opening(scope: Scope) -> dict[str, Any]:
    opening = {
        "format": FORMAT,
        "site": settings.SITE_URL,
        "made_at": instant(scope.made_at),
        "of": scope.about,
        "currencies": {currency: exponent(currency) for currency in scope.currencies},
        "books": [
            {"book": head.key, "lines": head.sequence, "head": head.head}
            for head in scope.heads.values()
        ],
        "milestones": [
            {
                "id": escrow.public_id,
                "book": escrow.book,
                "title": escrow.title,
                "payer": escrow.payer.public_id,
                "payee": escrow.payee.public_id,
                "currency": escrow.currency,
                "agreed": escrow.amount,
                "adjusted": escrow.adjusted,
                "status": escrow.status,
                "policy": escrow.policy.version,
                "client_fee_basis_points": escrow.policy.client_fee_basis_points,
                "freelancer_fee_basis_points": escrow.policy.freelancer_fee_basis_points,
            }
            for escrow in scope.escrows.values()
        ],
    }
    return opening | ({"agreement": scope.agreement} if scope.agreement else {})


def _place(line: Line) -> dict[str, Any]:
    transfer = line.transfer
    return {"book": transfer.book, "sequence": transfer.sequence, "hash": transfer.hash}


def _link(line: Line) -> dict[str, Any]:
    """What is hashed, and what stands after it."""
    transfer = line.transfer
    link = {
        "previous": transfer.previous_hash,
        "key": transfer.key,
        "position": transfer.position,
        "kind": transfer.kind,
        "source": transfer.source.key,
        "target": transfer.target.key,
        "amount": transfer.amount,
        "currency": transfer.currency,
        "at": instant(transfer.created_at),
        "milestone": line.escrow.public_id if line.escrow else "",
    }
    return _place(line) | link | _standing(line)


def _said(line: Line, names: dict[str, str]) -> dict[str, Any]:
    """The same for people."""
    transfer = line.transfer
    return {
        "what": kind_in_words(transfer),
        "from": account_in_words(transfer.source.key, names),
        "to": account_in_words(transfer.target.key, names),
        "title": line.escrow.title if line.escrow else "",
    }


def _terms(line: Line) -> dict[str, Any]:
    """What is agreed on the line's milestone: a table has no other place for it."""
    if line.escrow is None:
        return {}
    policy = line.escrow.policy
    return {
        "payer": line.escrow.payer.public_id,
        "payee": line.escrow.payee.public_id,
        "agreed": line.escrow.amount,
        "adjusted": line.escrow.adjusted,
        "client_fee_basis_points": policy.client_fee_basis_points,
        "freelancer_fee_basis_points": policy.freelancer_fee_basis_points,
    }


def _standing(line: Line) -> dict[str, int]:
    held = {"held": line.held}
    return held if line.available is None else held | {"available": line.available}


def _flow_of(transfer: Transfer) -> tuple[str, str, str, str]:
    places = place_of(transfer.source.key), place_of(transfer.target.key)
    return (transfer.currency, transfer.kind, *places)


def _members(content: dict[str, Any]) -> list[str]:
    return [f"{_text(name)}: {_text(value)}" for name, value in content.items()]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def instant(at: datetime) -> str:
    """To the microsecond, in UTC: the hash counts them."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
