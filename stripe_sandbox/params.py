"""What an operation takes: a dict from name to reader. ``name*`` is required.

A reader gets the raw value (text from a form, anything from JSON) and the full
name, and returns the value or raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from stripe_sandbox.errors import invalid_parameter, missing_parameter, unknown_parameter

Reader = Callable[[Any, str], Any]
Spec = dict[str, Reader]

INTEGER = re.compile(r"-?\d{1,18}\Z", re.ASCII)
CURRENCY = re.compile(r"[a-z]{3}\Z", re.ASCII)


def read(spec: Spec, raw: Any, within: str = "") -> dict[str, Any]:
    """Check ``raw`` against ``spec``. Optional parameters that are absent stay absent."""
    if not isinstance(raw, dict):
        raise invalid_parameter("Invalid object", within)
    readers = {name.rstrip("*"): reader for name, reader in spec.items()}
    for name in raw:
        if name not in readers:
            raise unknown_parameter(_full(within, name))
    for name in spec:
        if name.endswith("*") and raw.get(name[:-1]) in (None, ""):
            raise missing_parameter(_full(within, name[:-1]))
    return {name: readers[name](value, _full(within, name)) for name, value in raw.items()}


def _full(within: str, name: str) -> str:
    return f"{within}[{name}]" if within else name


def up_to(length: int) -> Reader:
    def reader(value: Any, name: str) -> str | None:
        if not isinstance(value, str):
            raise invalid_parameter(f"Invalid string: {value}", name)
        if len(value) > length:
            raise invalid_parameter(f"Invalid string: must be at most {length} characters", name)
        return value or None

    return reader


text = up_to(5000)


def integer(value: Any, name: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and INTEGER.match(value):
        return int(value)
    raise invalid_parameter(f"Invalid integer: {value}", name, "parameter_invalid_integer")


def amount(value: Any, name: str) -> int:
    number = integer(value, name)
    if number < 1:
        raise invalid_parameter(
            "This value must be greater than or equal to 1.", name, "parameter_invalid_integer"
        )
    if number > 99_999_999_999:
        raise invalid_parameter("Amount must be no more than 99999999999.", name)
    return number


def currency(value: Any, name: str) -> str:
    lower = value.lower() if isinstance(value, str) else ""
    if not CURRENCY.match(lower):
        raise invalid_parameter(f"Invalid currency: {value}", name)
    return lower


def boolean(value: Any, name: str) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise invalid_parameter(f"Invalid boolean: {value}", name)


def one_of(*allowed: str) -> Reader:
    def reader(value: Any, name: str) -> str:
        if value not in allowed:
            raise invalid_parameter(
                f"Invalid {name}: must be one of {', '.join(allowed[:-1])} or {allowed[-1]}", name
            )
        return value

    return reader


def url(value: Any, name: str) -> str:
    try:
        if isinstance(value, str) and re.match(r"https?://[^\s/]+", value):
            parts = urlsplit(value)
            (parts.hostname or "").encode("idna")
            if parts.hostname and parts.port != 0:  # asking for the port judges it
                return value
    except ValueError:
        pass
    raise invalid_parameter("Not a valid URL", name, "url_invalid")


def strings(value: Any, name: str) -> list[str]:
    found = _as_list(value, name)
    if not all(isinstance(one, str) for one in found):
        raise invalid_parameter("Invalid array", name)
    return found


def shape(spec: Spec) -> Reader:
    return lambda value, name: read(spec, value, name)


def items(spec: Spec) -> Reader:
    def reader(value: Any, name: str) -> list[dict[str, Any]]:
        found = _as_list(value, name)
        return [read(spec, one, f"{name}[{place}]") for place, one in enumerate(found)]

    return reader


def _as_list(value: Any, name: str) -> list[Any]:
    """A list from JSON, or a form's ``name[0]=…&name[1]=…``."""
    if isinstance(value, dict) and all(place.isdigit() for place in value):
        return [value[place] for place in sorted(value, key=int)]
    if not isinstance(value, list):
        raise invalid_parameter("Invalid array", name)
    return value


def metadata(value: Any, name: str) -> dict[str, str]:
    """At most 50 keys of 40 characters with values of 500; an empty value unsets its key."""
    if value == "":
        return {"*": ""}
    if not isinstance(value, dict):
        raise invalid_parameter("Invalid object", name)
    if len(value) > 50:
        raise invalid_parameter("You can only set up to 50 keys on metadata.", name)
    for key, one in value.items():
        if len(key) > 40 or not isinstance(one, str) or len(one) > 500:
            raise invalid_parameter(
                "Metadata keys have at most 40 characters, and values are strings of at most 500.",
                f"{name}[{key}]",
            )
    return value


def time_range(value: Any, name: str) -> dict[str, int]:
    """``created=N`` or ``created[gte]=N&created[lt]=N``"""
    if not isinstance(value, dict):
        return {"eq": integer(value, name)}
    return read(dict.fromkeys(("gt", "gte", "lt", "lte"), integer), value, name)


def iso_range(value: Any, name: str) -> dict[str, str]:
    """``created[gte]=2026-11-29T12:00:00Z``, written as v2 writes its own times."""
    return read(dict.fromkeys(("gt", "gte", "lt", "lte"), _moment), value, name)


def _moment(value: Any, name: str) -> str:
    try:
        then = datetime.fromisoformat(value)
        if then.tzinfo is None:
            raise ValueError
        exact = then.astimezone(UTC).isoformat(timespec="milliseconds")
    except (TypeError, ValueError, OverflowError):
        raise invalid_parameter(f"Invalid timestamp: {value}", name) from None
    return exact.replace("+00:00", "Z")


def merged_metadata(old: dict[str, str], change: dict[str, str] | None) -> dict[str, str]:
    if change is None:
        return old
    if change.get("*") == "":
        return {}
    return {key: value for key, value in {**old, **change}.items() if value != ""}
