"""What the samples of notices are filled with."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add

from marketplace.common.words import Money, Value, Words

_PART = "A first version to try"
_DUE = datetime(2026, 12, 3, 14, tzinfo=UTC)
_SUM, _NET = Money(100_001, "EUR"), Money(95_001, "EUR")
_VALUES: dict[str, Value] = {
    "who": "Ben Okafor",
    "freelancer": "Ben Okafor",
    "client": "Ada Nwosu",
    "other": "Ada Nwosu",
    "title": "Online shop for a bicycle workshop",
    **dict.fromkeys(["price", "amount", "bonus", "part", "held", "taken", "back", "behind"], _SUM),
    **dict.fromkeys(["net", "gets", "missing", "rest", "sum"], _NET),
    **dict.fromkeys(["due", "until", "limit", "ready", "reply"], _DUE),
    "late": _DUE + timedelta(days=3),
    "thing": _PART,
    "by": timedelta(hours=2, minutes=10),
    "began": _DUE - timedelta(days=9, hours=2, minutes=10),
    "ended": _DUE - timedelta(days=9),
    "changes": (Words.counted("%(count)s price", "%(count)s prices", count=2),),
    "numbers": ("1", "2", "4"),
}


def told(*sentences: str | tuple[str, str], **values: Value) -> Words:
    """One after the other, with these values or the usual ones; a pair is of one and of many."""
    said = [Words(it) if isinstance(it, str) else Words.counted(*it, count=3) for it in sentences]
    return reduce(add, said).filled(**_VALUES | values)
