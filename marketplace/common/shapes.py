"""Fields that several shapes of the API share."""

import json
import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from rest_framework import serializers

from marketplace.common.clock import end_of_day
from marketplace.common.money import MAX_AMOUNT
from marketplace.common.reasons import LONGEST_NOTE

_DIGITS = re.compile(r"-?[0-9]{1,30}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class AmountIn(serializers.IntegerField):
    """An amount as it comes in: whole minor units, from ``least`` to what we carry.

    A number of JSON without a point or an exponent; in a form, digits alone. Python would also
    read 1_000, 1e2 and the digits of other alphabets: nobody should have to guess what was meant.
    """

    def __init__(self, *, least: int = 1, **kwargs: Any) -> None:
        super().__init__(min_value=least, max_value=MAX_AMOUNT, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        is_text = isinstance(data, str) and _DIGITS.fullmatch(data)
        if not is_text and (isinstance(data, bool) or not isinstance(data, int)):
            self.fail("invalid")
        return super().to_internal_value(data)


class UploadsIn(serializers.ListField):
    """Files of a form, or none. What is wrong with one is said by whoever takes it."""

    child = serializers.FileField(allow_empty_file=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, default=list, **kwargs)


class FileOut(serializers.Serializer):
    """A file as it was received, whatever it came with."""

    id = serializers.CharField(source="stored.public_id")
    name = serializers.CharField(source="stored.name")
    size = serializers.IntegerField(source="stored.size", help_text="In bytes.")
    sha256 = serializers.CharField(source="stored.sha256")


class JsonTextIn(serializers.JSONField):
    """JSON as the text of one field of a form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(binary=True, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        try:
            said = super().to_internal_value(data)
            # Half of a surrogate pair can be written in JSON and nowhere else.
            json.dumps(said, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError):  # or thousands of brackets, one in the other
            self.fail("invalid")
        return said


class DeclineNoteIn(serializers.Serializer):
    """What somebody who says no may add to the ``reason``, which each kind of no has for itself."""

    note = serializers.CharField(
        max_length=LONGEST_NOTE,
        required=False,
        default="",
        allow_blank=True,
        help_text='A sentence; needed where the reason is "other".',
    )


class DeadlineIn(serializers.DateTimeField):
    """Until when: a moment with its time zone, or a day alone, which is its last minute.

    The day is the caller's, by the zone of their account, as it is on the pages; so is a moment
    without a zone. Its shape needs the request in its context.
    """

    def to_internal_value(self, value: Any) -> datetime:
        zone = ZoneInfo(self.context["request"].user.time_zone)
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return end_of_day(date.fromisoformat(value), zone).astimezone(UTC)
            with timezone.override(zone):
                return super().to_internal_value(value).astimezone(UTC)
        # In the first and the last year some zones have moments that UTC has not.
        except (OverflowError, ValueError):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss](+HH:MM|-HH:MM|Z), YYYY-MM-DD")
