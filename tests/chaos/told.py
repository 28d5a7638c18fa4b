"""What people were told is true in the books."""

import json
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.models import Model

from marketplace.common.lifecycle_sql import Law, law_of, lifecycles
from projects.bonuses.models import Bonus

TAKEN = {"succeeded", "partly_refunded", "refunded"}
# What is never another sum once it was told: the answer's member, and the column of that name.
KEPT = {
    "bonus": "amount",
    "giveback": "amount",
    "payment": "amount",
    "payout": "amount",
    "proposal": "to_freelancer",
}


def what_is_not_so(told: Path) -> list[str]:
    """Of the things in this file, a line of JSON each. That nothing was told is not so either."""
    lines = [json.loads(line) for line in told.read_text().splitlines()]
    wrong = [problem for line in lines if (problem := _problem_of(line))]
    return wrong if lines else ["Nobody was told anything."]


def _problem_of(line: dict[str, Any]) -> str:
    """What is not as it was told, or nothing."""
    public_id = line.get("paid") or line.get("id")
    row = _row(public_id or "")
    if row is None:
        return f"{line}: there is no such thing" if public_id else ""
    kept = KEPT.get(row._meta.model_name or "", "")
    # What a bonus comes to, and what became of it, stands in its escrow alone.
    row = row.escrow if isinstance(row, Bonus) else row
    if line.get(kept) is not None and line[kept] != getattr(row, kept):
        return f"{line}: it is of {getattr(row, kept)}"
    if "paid" in line:
        status = row.status  # type: ignore[attr-defined]
        return "" if status in TAKEN else f"{line}: the payment is {status}"
    lifecycle = dict(lifecycles()).get(type(row))
    if lifecycle is None or "status" not in line:
        return ""
    # As people read it: whose time is over has lapsed before its row says so.
    status = getattr(row, "state", "") or row.status  # type: ignore[attr-defined]
    if status not in _may_become(law_of(type(row), lifecycle), line["status"]):
        return f"{line}: it is {status}, and nothing leads from one to the other"
    return ""


def _may_become(law: Law, status: str) -> set[str]:
    """What the table leads to from there, that state itself included."""
    reached, found = set(), {status}
    while found - reached:
        reached |= found
        found = {new for old, new in law.moves if old in found}
    return reached


def _row(public_id: str) -> Model | None:
    for model in apps.get_models():
        field = next((field for field in model._meta.fields if field.name == "public_id"), None)
        if field is not None and public_id.startswith(f"{field.prefix}_"):
            return model._default_manager.filter(public_id=public_id).first()
    return None
