"""Fields that several shapes of the API share."""

import re
from typing import Any

from rest_framework import serializers

from marketplace.common.money import MAX_AMOUNT

_DIGITS = re.compile(r"-?[0-9]{1,30}")


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
