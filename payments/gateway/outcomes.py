"""What became of a call, by what the SDK raises; and what is said to whoever waits for it."""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from marketplace.common.errors import ProviderUnreachable
from payments.gateway.base import GatewayBusy, GatewayRefused, GatewayUnknown

# A definite no that time, or the payee's own doing, may turn into a yes.
TOO_EARLY = {
    "balance_insufficient",
    "insufficient_funds",
    "insufficient_capabilities_for_transfer",
    "payouts_not_allowed",
    "charge_disputed",
    "refund_disputed_payment",
}

# Who we are is judged before what was done under the same key is looked up: a rolled key (401) or a
# lost authority (403) says nothing of an earlier call, and neither does one under way (409).
NO_VERDICT = (401, 403, 409)


@contextmanager
def three_outcomes() -> Iterator[None]:
    """Sort what the SDK raises into a clear no and everything else."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise GatewayUnknown(str(error)) from error
    except stripe.StripeError as error:
        status = error.http_status or 500
        if status in NO_VERDICT or status >= 500:
            raise GatewayUnknown(str(error)) from error
        is_key_reuse = isinstance(error, stripe.IdempotencyError)
        code = error.code or ("idempotency_error" if is_key_reuse else f"http_{status}")
        raise GatewayRefused(
            code, error.user_message or str(error), retry_later=code in TOO_EARLY
        ) from error


def unreachable(unknown: GatewayUnknown, consequence: str) -> ProviderUnreachable:
    """For somebody at the door; ``consequence`` is a sentence: what becomes of their wish."""
    if isinstance(unknown, GatewayBusy):
        return ProviderUnreachable(
            f"The payment provider is busy just now. {consequence}", retry_after=unknown.seconds
        )
    return ProviderUnreachable(f"The payment provider did not answer. {consequence}")
