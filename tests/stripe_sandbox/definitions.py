"""Stripe's own definitions, and a check that an answer departs in nothing from them."""

from __future__ import annotations

import gzip
import json
import os
import re
from typing import Any

WHERE = os.environ.get("STRIPE_DEFINITIONS")
MISSING = "STRIPE_DEFINITIONS does not name the file with Stripe's definitions"


class Definitions:
    def __init__(self, path: str) -> None:
        with gzip.open(path, "rt") as file:
            self.all = json.load(file)
        self.schemas = self.all["schemas"]
        self.paths = [
            (re.compile(re.sub(r"\{\w+\}", r"[^/]+", path) + r"\Z"), operations)
            for path, operations in self.all["paths"].items()
        ]
        self.thin = {
            schema["properties"]["type"]["enum"][0]: schema
            for name, schema in self.schemas.items()
            if name.startswith("V2/Core/Events#")
            and "enum" in schema.get("properties", {}).get("type", {})
        }

    def operation(self, method: str, path: str) -> dict[str, Any]:
        for pattern, operations in self.paths:
            if pattern.match(path) and method.lower() in operations:
                return operations[method.lower()]
        raise LookupError(f"{method} {path} is none of Stripe's operations")

    def parameters(self, method: str, path: str) -> dict[str, Any]:
        request = self.operation(method, path).get("request") or {}
        return self.resolved(request)

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"]]
        return schema

    def answer_problems(self, method: str, path: str, body: Any) -> list[str]:
        response = self.operation(method, path)["response"]
        return self.problems(response, body, "$", lenient=path.startswith("/v2/"))

    def event_problems(self, event: dict[str, Any]) -> list[str]:
        if event["object"] == "v2.core.event":
            return self.problems(self.thin[event["type"]], event, event["type"], lenient=True)
        about = self.all["events"][event["type"]]
        return self.problems({"$ref": "Events#Event"}, event, "event") + self.problems(
            about, event["data"]["object"], event["type"]
        )

    def problems(
        self, schema: dict[str, Any], value: Any, at: str, *, lenient: bool = False
    ) -> list[str]:
        """What departs. ``lenient``: v2 says null for what was not asked to be included."""
        nullable = schema.get("nullable", False)
        schema = self.resolved(schema)
        if value is None:
            return [] if nullable or schema.get("nullable") else [f"{at}: null"]
        if "x-pruned" in schema:
            return []
        if "anyOf" in schema:
            tried = [self.problems(one, value, at, lenient=lenient) for one in schema["anyOf"]]
            return min(tried, key=len)
        if "enum" in schema and value not in schema["enum"]:
            return [f"{at}: {value!r} is none of {schema['enum']}"]
        check = getattr(self, f"_{schema.get('type', 'anything')}")
        return check(schema, value, at, lenient)

    def _anything(self, schema: Any, value: Any, at: str, lenient: bool) -> list[str]:
        return []

    def _string(self, schema: Any, value: Any, at: str, lenient: bool) -> list[str]:
        return [] if isinstance(value, str) else [f"{at}: {value!r} is no string"]

    def _boolean(self, schema: Any, value: Any, at: str, lenient: bool) -> list[str]:
        return [] if isinstance(value, bool) else [f"{at}: {value!r} is no boolean"]

    def _integer(self, schema: Any, value: Any, at: str, lenient: bool) -> list[str]:
        return [] if type(value) is int else [f"{at}: {value!r} is no integer"]

    def _number(self, schema: Any, value: Any, at: str, lenient: bool) -> list[str]:
        return [] if type(value) in (int, float) else [f"{at}: {value!r} is no number"]

    def _array(self, schema: Any, value: Any, at: str, lenient: bool) -> list[str]:
        if not isinstance(value, list):
            return [f"{at}: no array"]
        return [
            problem
            for place, one in enumerate(value)
            for problem in self.problems(schema["items"], one, f"{at}[{place}]", lenient=lenient)
        ]

    def _object(self, schema: Any, value: Any, at: str, lenient: bool) -> list[str]:
        if not isinstance(value, dict):
            return [f"{at}: {value!r} is no object"]
        known = schema.get("properties", {})
        more = schema.get("additionalProperties")
        due = {*schema.get("required", ()), *schema.get("x-usual", ())}
        found = [f"{at}.{name}: missing" for name in sorted(due - set(value))]
        for name, one in value.items():
            if name in known:
                optional = lenient and name not in schema.get("required", ())
                if not (optional and one is None):
                    found += self.problems(known[name], one, f"{at}.{name}", lenient=lenient)
            elif isinstance(more, dict) and more:
                found += self.problems(more, one, f"{at}.{name}", lenient=lenient)
            elif more is None:
                found.append(f"{at}.{name}: unknown")
        return found
