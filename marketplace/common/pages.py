"""Pages of a list by key and never by offset, so that page 1,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from marketplace.common.errors import InvalidInput

PAGE = 20
# Beyond this a list says "1,000+": nobody needs the rest to be counted.
COUNT_AT_MOST = 1_000
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Page:
    """Some rows in order, and the addresses of those before and after, empty where none are."""

    items: list[Any]
    previous_url: str = ""
    next_url: str = ""


class Merged:
    """The rows for which any of the conditions holds, as far as a page asks that of a queryset.

    For each condition an index is read, and no further than the page goes. For one condition with
    an OR PostgreSQL would read all there are, and sort them.
    """

    def __init__(self, rows: QuerySet, conditions: Iterable[Q]) -> None:
        self.rows, self.conditions = rows, list(conditions)

    def order_by(self, *keys: str) -> "Merged":
        return Merged(self.rows.order_by(*keys), self.conditions)

    def filter(self, *conditions: Q, **more: Any) -> "Merged":
        return Merged(self.rows.filter(*conditions, **more), self.conditions)

    def __getitem__(self, part: slice) -> QuerySet:
        if not self.conditions:
            return self.rows.none()
        lists = [self.rows.filter(one).values("pk")[: part.stop] for one in self.conditions]
        return self.rows.filter(pk__in=lists[0].union(*lists[1:], all=True))[part]

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])


def page_of(
    request: HttpRequest,
    rows: QuerySet | Merged,
    *,
    keys: tuple[str, ...] = ("created_at", "id"),
    size: int = PAGE,
    smallest_first: bool = False,
) -> Page:
    """The page of the list that ``?cursor=`` asks for, the largest keys first if nothing is said.

    A key is a column or an annotation that holds times or whole numbers, never null; the last one
    is unique. Raises InvalidInput for a cursor that we did not give out.
    """
    cursor = request.GET.get("cursor", "")
    backwards, values = _read(cursor, len(keys)) if cursor else (False, [])
    ascends = backwards != smallest_first
    rows = rows.order_by(*(f"{'' if ascends else '-'}{key}" for key in keys))
    if cursor:
        try:
            rows = rows.filter(_beyond(keys, values, "gt" if ascends else "lt"))
        except (TypeError, ValueError):  # a number where a time should be, or the reverse
            raise _no_such_page() from None
    found = list(rows[: size + 1])
    items, is_more = found[:size], len(found) > size
    if backwards:
        items.reverse()
    is_before, is_after = (is_more, True) if backwards else (bool(cursor), is_more)
    if not items:
        return Page([])
    return Page(
        items,
        previous_url=_url(request, _write(items[0], keys, back=True)) if is_before else "",
        next_url=_url(request, _write(items[-1], keys, back=False)) if is_after else "",
    )


def capped_count(rows: QuerySet) -> str:
    """How many there are: '37', or '1,000+'."""
    count = rows.order_by()[: COUNT_AT_MOST + 1].count()
    return f"{COUNT_AT_MOST:,}+" if count > COUNT_AT_MOST else f"{count:,}"


def _beyond(keys: tuple[str, ...], values: list[Any], way: str) -> Q:
    """Further in the order of the keys. The first condition alone lets an index start there."""
    condition = Q(**{f"{keys[-1]}__{way}": values[-1]})
    for key, value in reversed(list(zip(keys[:-1], values[:-1], strict=True))):
        tied_or_beyond = Q(**{f"{key}__{way}": value}) | condition
        condition = Q(**{f"{key}__{way}e": value}) & tied_or_beyond
    return condition


def _url(request: HttpRequest, cursor: str) -> str:
    asked = request.GET.copy()
    asked["cursor"] = cursor
    return f"?{asked.urlencode()}"


def _write(row: Model, keys: tuple[str, ...], *, back: bool) -> str:
    values = [getattr(row, key) for key in keys]
    said = json.dumps([back, *(v.isoformat() if isinstance(v, datetime) else v for v in values)])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _read(cursor: str, length: int) -> tuple[bool, list[Any]]:
    try:
        back, *said = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [_time(v) if isinstance(v, str) else v for v in said]
    except (ValueError, TypeError, OverflowError, RecursionError):
        back, values = None, []
    if not isinstance(back, bool) or len(values) != length or not all(map(_is_key, values)):
        raise _no_such_page()
    return back, values


def _time(said: str) -> datetime:
    """In UTC, since PostgreSQL does not read every offset that Python writes."""
    time = datetime.fromisoformat(said)
    if time.tzinfo is None:
        raise ValueError("a time without its zone")
    return time.astimezone(UTC)


def _no_such_page() -> InvalidInput:
    return InvalidInput("This page of the list does not exist. Begin at its first.", param="cursor")


def _is_key(value: object) -> bool:
    if isinstance(value, datetime):
        return True
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST
