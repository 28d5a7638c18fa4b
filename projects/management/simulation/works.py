"""What is posted: real rows of a file of postings, or made-up ones."""

import csv
from pathlib import Path
from random import Random
from typing import Any

_NOUNS = ("web shop", "booking page", "data import", "newsletter", "report", "logo", "price list")
_SKILLS = ("Python", "Django", "Figma", "Excel", "WordPress", "Translation", "PostgreSQL")
# Every milestone of the simulation has one criterion.
DELIVERY = {
    "links": ["https://files.example/result"],
    "criteria": [{"criterion": 1, "met": True, "how": "Try it with the data that you sent."}],
}
CHANGES = {"answer": "Please align the numbers.", "not_met": [1]}


def works(random: Random, *, number: int, file: Path | None) -> list[dict[str, Any]]:
    """``number`` bodies for ``POST /api/v1/postings/``, the same for the same seed."""
    rows = _rows(file) if file else []
    chosen = [random.choice(rows) if rows else _made_up(random) for _ in range(number)]
    return [_body(row) for row in chosen]


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if 5 <= len(row["title"].strip()) <= 150]


def _made_up(random: Random) -> dict[str, str]:
    least = random.randint(2, 40) * 50
    return {
        "title": f"A {random.choice(_NOUNS)} for a small company",
        "kind": "fixed",
        "budget_min_usd": str(least),
        "budget_max_usd": str(least * 2),
        "skills": "|".join(random.sample(_SKILLS, 3)),
    }


def _body(row: dict[str, str]) -> dict[str, Any]:
    least, most = _cents(row["budget_min_usd"]), _cents(row["budget_max_usd"])
    return {
        "title": " ".join(row["title"].split()),
        "description": f"{row['title']}\n\nThe details are agreed with whoever is chosen.",
        "skills": [skill.strip()[:40] for skill in row["skills"].split("|") if skill.strip()][:10],
        "kind": row["kind"] if row["kind"] in ("fixed", "hourly") else "fixed",
        "currency": "USD",
        "budget_least": least,
        "budget_most": most if least is None or most is None else max(least, most),
    }


def _cents(text: str) -> int | None:
    return round(float(text) * 100) or None if text.strip() else None
