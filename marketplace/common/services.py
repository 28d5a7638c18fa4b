"""Moving the sandbox clock, for the house and for the sandbox of the payment provider."""

from datetime import timedelta

import requests
from django.conf import settings
from django.db import transaction

from marketplace.common import clock
from marketplace.common.errors import InvalidInput, NotThere, ProviderUnreachable
from marketplace.common.models import ClockOffset

# A whole contract is played in weeks; beyond this somebody has mistyped.
LONGEST_STEP = timedelta(days=366)
FARTHEST = timedelta(days=366 * 50)


def advance_clock(*, seconds: int) -> timedelta:
    """Move everybody's clock forward; how far ahead it is then. Sandbox mode only.

    Nothing else happens here: the sweeps find what has become due. Not atomic: our own clock moves
    first and is committed, then the provider's is set to the same. If that fails, the next call
    mends it, since the provider is told where the clock stands, not by how much it moved. Raises
    NotThere, InvalidInput or ProviderUnreachable.
    """
    if not settings.SANDBOX:
        raise NotThere("The clock moves only in a sandbox.")
    offset = _move(seconds)
    clock.refresh()
    _set_provider_clock(offset)
    return offset


@transaction.atomic
def _move(seconds: int) -> timedelta:
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 1:
        raise InvalidInput("The clock only moves forward.", param="seconds")
    if seconds > LONGEST_STEP.total_seconds():
        raise InvalidInput("The clock moves by a year at most.", param="seconds")
    ClockOffset.objects.get_or_create(pk=1)
    row = ClockOffset.objects.select_for_update().get(pk=1)
    row.seconds += seconds
    if row.seconds > FARTHEST.total_seconds():
        raise InvalidInput("The clock is fifty years ahead: begin anew.", param="seconds")
    row.save(update_fields=["seconds"])
    return timedelta(seconds=row.seconds)


def provider_offset() -> timedelta | None:
    """Where the clock of the provider's sandbox stands; None where there is none."""
    return timedelta(seconds=_ask("GET")) if settings.STRIPE_API_BASE else None


def _set_provider_clock(offset: timedelta) -> None:
    if not settings.STRIPE_API_BASE:
        return
    seconds = int(offset.total_seconds())
    # Two moves at once may be told in the wrong order: the earlier is refused, and all is well.
    if _ask("POST", {"offset_seconds": seconds}) < seconds and _ask("GET") < seconds:
        raise ProviderUnreachable(
            "Our clock has moved, but the payment sandbox refused to move its own."
        )


def _ask(method: str, body: dict[str, int] | None = None) -> int:
    """Where the provider's clock stands in seconds, or -1 for a refusal."""
    try:
        answer = requests.request(
            method, f"{settings.STRIPE_API_BASE}/_sandbox/clock", json=body, timeout=10
        )
        return answer.json()["offset_seconds"] if answer.ok else -1
    except (requests.RequestException, ValueError, KeyError):
        raise ProviderUnreachable(
            "Our clock is where it should be, but the payment sandbox does not answer. "
            "Move the clock again once it does."
        ) from None
