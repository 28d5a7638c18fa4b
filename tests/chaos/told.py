"""What people were told is true in the books."""

import json
from pathlib import Path

from django.apps import apps
from django.db.models import Model

# What has ended stays as it ended; everything else may have moved on since it was told.
FINAL = {
    "milestone": {"released", "refunded", "split", "cancelled"},
    "contract": {"completed", "cancelled", "declined", "withdrawn", "lapsed"},
    "bid": {"accepted", "declined", "withdrawn", "lapsed"},
    "dispute": {"closed"},
    "proposal": {"accepted", "declined", "withdrawn", "lapsed"},
    "changeorder": {"accepted", "declined", "countered", "withdrawn", "lapsed"},
    "payout": {"cancelled"},
}
TAKEN = {"succeeded", "partly_refunded", "refunded"}


def what_is_not_so(told: Path) -> list[str]:
    """Of the things in this file, a line of JSON each. That nothing was told is not so either."""
    lines = [json.loads(line) for line in told.read_text().splitlines()]
    wrong = [problem for line in lines if (problem := _problem_of(line))]
    return wrong if lines else ["Nobody was told anything."]


def _problem_of(line: dict[str, str]) -> str:
    """What is not as it was told, or nothing."""
    row = _row(line.get("paid") or line.get("id") or "")
    if "paid" in line:
        status = getattr(row, "status", "nowhere")
        return "" if status in TAKEN else f"{line}: the payment is {status}"
    if row is None:
        return f"{line}: there is no such thing" if line.get("id") else ""
    is_final = line["status"] in FINAL.get(row._meta.model_name or "", ())
    if is_final and row.status != line["status"]:  # type: ignore[attr-defined]
        return f"{line}: it is {row.status}"  # type: ignore[attr-defined]
    return ""


def _row(public_id: str) -> Model | None:
    for model in apps.get_models():
        field = next((field for field in model._meta.fields if field.name == "public_id"), None)
        if field is not None and public_id.startswith(f"{field.prefix}_"):
            return model._default_manager.filter(public_id=public_id).first()
    return None
