"""How much of the house's work is overdue: rows whose time has come and that nobody took yet; how
the books agree with the provider's; and what waits for a person of the staff.

For ``/metrics``. It looks into several rooms, therefore it belongs to the roof.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.holds.models import Hold
from accounts.holds.selectors import standing
from accounts.notifications.digests.selectors import due_digest_ids
from accounts.notifications.mailing.selectors import due_notification_ids, given_up_mails
from marketplace.common.clock import now
from marketplace.common.outages.selectors import unmade_outage_ids
from marketplace.web.metrics import REGISTRY, Reading
from payments.chargebacks.reminding.selectors import AHEAD
from payments.chargebacks.selectors import to_be_answered
from payments.incoming.selectors import due_event_ids, unexplained_events
from payments.payouts.models import Earning, Payout
from payments.payouts.selectors import due_payout_ids, payouts_in_trouble
from payments.reconciliation.confirming.selectors import waiting_deeds
from payments.reconciliation.selectors import last_good_run, open_differences
from payments.refunds.selectors import due_refund_ids, failed_refunds
from projects.disputes.lateness.selectors import missed_rulings, waiting_for_ruling

# Beyond this nobody counts: the sweeps take as many at a time, and counting should cost little.
MOST_COUNTED = 1_000

# Half as long as payouts may be held at most.
LONG_HOLD = timedelta(days=7)
# Of a payout: not on its way to a bank. Of a failed one the transfer has often left us; it did not
# reach its payee all the same.
_NOT_ON_ITS_WAY = {Payout.Status.SCHEDULED, Payout.Status.HELD, Payout.Status.FAILED}


def _overdue() -> dict[str, float]:
    at = now()
    return {
        "digests": len(due_digest_ids(limit=MOST_COUNTED)),
        "mails": len(due_notification_ids(limit=MOST_COUNTED)),
        "provider_events": len(due_event_ids(at, limit=MOST_COUNTED)),
        "refunds": len(due_refund_ids(at, limit=MOST_COUNTED)),
        # While one is left, no clock that judges a side strikes.
        "outages": len(unmade_outage_ids()),
        "payouts": len(due_payout_ids(at, limit=MOST_COUNTED)),
    }


def _reconciliation() -> dict[str, float]:
    """No age where no run has ever found all in agreement."""
    found = {"open_differences": float(open_differences().count())}
    good = last_good_run()
    if good is not None and good.finished_at is not None:
        found["last_good_run_age_seconds"] = (now() - good.finished_at).total_seconds()
    return found


def _waits_for_staff() -> dict[str, float]:
    """The piles of the desk, and what of them has waited too long."""
    at = now()
    chargebacks, holds = to_be_answered(), standing()
    piles: dict[str, QuerySet[Any]] = {
        "chargebacks": chargebacks,
        "chargebacks_due_soon": chargebacks.filter(due_at__gt=at, due_at__lte=at + max(AHEAD)),
        "chargebacks_overdue": chargebacks.filter(due_at__lte=at),
        "deeds": waiting_deeds(),
        "events": unexplained_events(),
        "hold_appeals": holds.filter(status=Hold.Status.APPEALED),
        "holds": holds,
        "long_holds": holds.filter(created_at__lte=at - LONG_HOLD),
        "mails": given_up_mails(),
        "payouts": payouts_in_trouble(),
        "refunds": failed_refunds(),
        "rulings": waiting_for_ruling(),
        "rulings_missed": missed_rulings(),
    }
    return {
        **{what: _count(pile) for what, pile in piles.items()},
        "earnings_past_limit": _earnings_past_limit(at),
    }


def _earnings_past_limit(at: datetime) -> int:
    """What the provider may hold no longer, and was not sent to its payee's bank. Asked in two
    queries: one would read everything that was ever paid.
    """
    past = Earning.objects.filter(limit_at__lte=at)
    in_none = _count(past.filter(payout=None, recovery=None))
    return min(in_none + _count(past.filter(payout__status__in=_NOT_ON_ITS_WAY)), MOST_COUNTED)


def _count(pile: QuerySet[Any]) -> int:
    return pile.order_by()[:MOST_COUNTED].count()


def tell_what_is_overdue() -> None:
    """From now on /metrics says it."""
    REGISTRY.register(
        Reading(
            "milepost_overdue",
            f"Rows whose next try is due and not done yet; {MOST_COUNTED:,} is that or more.",
            "what",
            _overdue,
        )
    )
    REGISTRY.register(
        Reading(
            "milepost_waits_for_staff",
            f"What only a person of the staff can settle; {MOST_COUNTED:,} is that or more.",
            "what",
            _waits_for_staff,
        )
    )
    REGISTRY.register(
        Reading(
            "milepost_reconciliation",
            "Differences between our books and the provider's that wait for a person, and how long "
            "ago a run found none.",
            "what",
            _reconciliation,
        )
    )
