"""When a payout is looked at again."""

from datetime import datetime, timedelta

from marketplace.common.clock import now
from payments.payouts.models import Payout, PayoutAttempt

ASK_AGAIN = timedelta(minutes=1)  # an answer that did not come
LONGEST_WAIT = timedelta(hours=6)
ASK_ABOUT = timedelta(hours=1)  # a payout on its way, of which no letter came
COVER_COMES = timedelta(minutes=30)
# "Paid" may turn into "failed" within five business days.
MAY_COME_BACK = timedelta(days=7)


def next_ask(payout: Payout, attempt: PayoutAttempt) -> datetime | None:
    """Where no answer comes: soon, then ever more rarely; of one that stayed paid, not for ever."""
    waited = now() - attempt.started_at
    if payout.status == Payout.Status.PAID:
        waited = now() - (payout.closed_at or attempt.started_at) - MAY_COME_BACK
        if waited > MAY_COME_BACK:
            return None
    return now() + min(max(ASK_AGAIN, waited / 8), LONGEST_WAIT)
