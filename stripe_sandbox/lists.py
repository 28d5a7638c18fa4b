"""Pages of a list, newest first, as v1 and v2 cut them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from stripe_sandbox.errors import StripeError, invalid_parameter, no_such
from stripe_sandbox.params import Reader, Spec, integer, text, time_range
from stripe_sandbox.store import Obj
from stripe_sandbox.world import Call, World

COLUMN_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}


def page_size(value: Any, name: str) -> int:
    size = integer(value, name)
    if not 1 <= size <= 100:
        raise invalid_parameter("Limit must be between 1 and 100.", name)
    return size


def listing(**filters: Reader) -> Spec:
    """The parameters that every v1 list takes, and its own filters."""
    return {
        "limit": page_size,
        "starting_after": text,
        "ending_before": text,
        "created": time_range,
        **filters,
    }


def page_of(
    world: World,
    call: Call,
    kind: str,
    url: str,
    *,
    and_also: tuple[tuple[str, Any], ...] = (),
    **fields: str,
) -> Obj:
    """A page of ``kind``; ``fields`` maps a filter's parameter to the object's field."""
    p = call.params
    where = {field: p[name] for name, field in fields.items() if p.get(name) is not None}
    clauses = [*and_also]
    clauses += [
        (f"created {COLUMN_OPERATORS[op]} ?", moment) for op, moment in p.get("created", {}).items()
    ]
    forwards = p.get("ending_before") is None
    mark = p.get("starting_after") if forwards else p["ending_before"]
    if mark is not None:
        param = "starting_after" if forwards else "ending_before"
        seq = world.store.position(kind, call.account, mark)
        if seq is None:
            raise no_such(kind, mark, param=param, status=400)
        clauses.append(("seq < ?" if forwards else "seq > ?", seq))
    limit = p.get("limit", 10)
    found = world.store.find(
        kind,
        call.account,
        where=where,
        clauses=tuple(clauses),
        newest_first=forwards,
        limit=limit + 1,
    )
    page = found[:limit] if forwards else found[:limit][::-1]
    return {"object": "list", "data": page, "has_more": len(found) > limit, "url": url}


def page_of_v2(
    world: World, call: Call, kind: str, and_also: tuple[tuple[str, Any], ...] = (), **where: Any
) -> Obj:
    """v2 pages point to the next one by its address, which repeats what was asked for."""
    limit = call.params.get("limit", 10)
    clauses = and_also
    if (mark := call.params.get("page")) is not None:
        seq = world.store.position(kind, call.account, mark)
        if seq is None:
            raise StripeError("Invalid page token.", param="page")
        clauses = (*and_also, ("seq < ?", seq))
    found = world.store.find(kind, call.account, where=where, clauses=clauses, limit=limit + 1)
    following = None
    if len(found) > limit:
        query = _flat({**call.params, "page": found[limit - 1]["id"]})
        following = f"{call.path}?{urlencode(query)}"
    return {"data": found[:limit], "next_page_url": following, "previous_page_url": None}


def _flat(params: Obj) -> list[tuple[str, Any]]:
    """Parameters as a query says them: ``types[0]=a``, ``closed=false``."""
    said: list[tuple[str, Any]] = []
    for name, value in params.items():
        if isinstance(value, list):
            said += [(f"{name}[{place}]", one) for place, one in enumerate(value)]
        elif isinstance(value, dict):
            said += [(f"{name}[{key}]", one) for key, one in value.items()]
        elif value is not None:
            said.append((name, str(value).lower() if isinstance(value, bool) else value))
    return said


def sublist(data: list[Obj], url: str) -> Obj:
    return {"object": "list", "data": data, "has_more": False, "total_count": len(data), "url": url}
