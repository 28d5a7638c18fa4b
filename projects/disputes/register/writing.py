"""The register as JSON and as CSV, written while it is sent."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from itertools import islice
from typing import Any

from django.conf import settings

from projects.disputes.register.bands import bands_of
from projects.disputes.register.models import RegisterEntry
from projects.disputes.register.selectors import published
from projects.disputes.register.words import COLUMNS, GROUNDS, SMALL_CELLS, WITHHELD, as_row

FORMAT = "milepost-register/2"
CONTENT_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
# Small pieces cost more on their way than what is in them.
_PIECES = 500


def parts_of(form: str) -> Iterator[str]:
    """All that is published as "json" or "csv", the oldest first."""
    return _as_csv() if form == "csv" else _as_json()


def _as_json() -> Iterator[str]:
    about = {
        "format": FORMAT,
        "site": settings.SITE_URL,
        "small_cells": SMALL_CELLS,
        "withheld": WITHHELD,
        "columns": COLUMNS,
        "grounds": GROUNDS,
        "bands": {currency: bands_of(currency) for currency in settings.CURRENCIES},
    }
    yield "{\n" + "".join(f"{_text(name)}: {_text(value)},\n" for name, value in about.items())
    yield '"entries": [\n'
    comma = ""
    for some in _pieces():
        yield comma + ",\n".join(_text(as_row(entry)) for entry in some)
        comma = ",\n"
    yield "\n]\n}\n"


def _as_csv() -> Iterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    for some in _pieces():
        lines = StringIO()
        csv.DictWriter(lines, list(COLUMNS)).writerows(as_row(entry) for entry in some)
        yield lines.getvalue()


def _pieces() -> Iterator[list[RegisterEntry]]:
    entries = published().order_by("quarter", "id").iterator(chunk_size=_PIECES)
    while some := list(islice(entries, _PIECES)):
        yield some


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
