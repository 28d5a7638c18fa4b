"""How much of the house's work is overdue: rows whose time has come and that nobody took yet; and
how the books agree with the provider's.

For ``/metrics``. It looks into several rooms, therefore it belongs to the roof.
"""

from accounts.notifications.digests.selectors import due_digest_ids
from accounts.notifications.mailing.selectors import due_notification_ids
from marketplace.common.clock import now
from marketplace.common.outages.selectors import unmade_outage_ids
from marketplace.web.metrics import REGISTRY, Reading
from payments.incoming.selectors import due_event_ids
from payments.payouts.selectors import due_payout_ids
from payments.reconciliation.selectors import last_good_run, open_differences
from payments.refunds.selectors import due_refund_ids

# Beyond this nobody counts: the sweeps take as many at a time, and counting should cost little.
MOST_COUNTED = 1_000


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
            "milepost_reconciliation",
            "Differences between our books and the provider's that wait for a person, and how long "
            "ago a run found none.",
            "what",
            _reconciliation,
        )
    )
