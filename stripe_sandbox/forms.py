"""Bodies and query strings as nested values: ``a[b][0]=c`` → ``{"a": {"b": {"0": "c"}}}``.

Whether numbers are the places of a list or mere names is for the reader to say.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from stripe_sandbox.errors import StripeError, invalid_parameter

KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
MAX_DEPTH = 8


def decode_form(text: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="strict"):
        match = KEY.match(name)
        if match is None:
            raise invalid_parameter(f"Invalid parameter name: {name}", name)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        if len(path) > MAX_DEPTH:
            raise invalid_parameter(f"Parameters are nested too deeply: {name}", name)
        _place(tree, path, value, name)
    return tree


def decode_json(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text or "{}")
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise StripeError("The request body is not a JSON object.", begun=False)
    return body


def _place(tree: dict[str, Any], path: list[str], value: str, name: str) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise invalid_parameter(f"Invalid parameter: {name}", name)
    tree[path[-1] or str(len(tree))] = value
