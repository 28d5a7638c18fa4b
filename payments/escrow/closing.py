"""An escrow is closed once, whatever became of its money."""

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.models import LIFECYCLE, Escrow
from payments.fundings import services as fundings

# Who was a moment too late for what somebody else has done reads this.
DECIDED = "This has been decided just now."


def close(escrow: Escrow, step: str) -> None:
    """Make its last move, and close the pay pages that are open for it; the caller holds its lock.

    Raises WrongState where the lifecycle does not list the move, or another deed has closed it.
    """
    judged = escrow.status
    LIFECYCLE.advance(escrow, step, role=SYSTEM)
    escrow.closed_at, escrow.untold_since = now(), None
    write_closed(escrow, judged=judged)
    fundings.cancel_open_payments(paid_for=[escrow.public_id])


def write_closed(escrow: Escrow, *, judged: str, **also: int) -> None:
    """Write that it is closed, and ``also``, if its state still is the one that was judged.

    So the row itself is closed by one deed, were a lock ever forgotten. Raises WrongState.
    """
    written = Escrow.objects.filter(pk=escrow.pk, status=judged).update(
        status=escrow.status,
        closed_at=escrow.closed_at,
        untold_since=escrow.untold_since,
        **also,
    )
    if not written:
        raise WrongState(DECIDED)
