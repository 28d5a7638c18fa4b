"""What people were told is true in the books: ``python -m tests.chaos.told FILE.jsonl``."""

import json
import sys
from pathlib import Path

import django
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


def main() -> int:
    django.setup()
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    wrong = [problem for line in lines if (problem := _problem_of(line))]
    for problem in wrong:
        print(problem)
    print(f"{len(lines)} things were told, {len(wrong)} of them are not so.")
    return bool(wrong) or not lines


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


if __name__ == "__main__":
    sys.exit(main())
