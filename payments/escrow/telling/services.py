"""Money that came in is news, until whoever asked for it has told people."""

from django.db import transaction

from payments.escrow.models import Escrow


@transaction.atomic
def note_told(*, escrow_id: int) -> Escrow:
    """People hear of all that came in so far.

    Returns the escrow as it is told of, locked: what comes in meanwhile is news again.
    """
    escrow = _lock(escrow_id)
    Escrow.objects.filter(pk=escrow_id).update(untold_since=None)
    return escrow


def _lock(escrow_id: int) -> Escrow:
    locked = Escrow.objects.select_for_update(of=("self",)).select_related("policy")
    return locked.get(pk=escrow_id)
