"""A payout that somebody made at the provider's own desk becomes ours."""

from dataclasses import replace

from django.db import transaction

from accounts.people.models import User
from marketplace.common.errors import WrongState
from payments.gateway.base import RemotePayout
from payments.payouts.models import Payout
from payments.payouts.sending.services import begin_attempt, record_payout
from payments.payouts.services import lock_payee, lock_payout, retry_payout


@transaction.atomic
def adopt_payout(*, payout_id: int, remote: RemotePayout, by: User) -> Payout:
    """Count a bank payout that somebody made at the provider's own desk as this one of ours, whose
    money was waiting at that account. Raises WrongState where ours is on its way by itself.
    """
    party_id = Payout.objects.values_list("party_id", flat=True).get(pk=payout_id)
    lock_payee(party_id, must_be_ready=False)  # the gate first, as whoever makes or holds one does
    payout = lock_payout(pk=payout_id)
    if payout.status == Payout.Status.FAILED:
        payout = retry_payout(payout_id=payout_id, by=by)
    if payout.status != Payout.Status.SCHEDULED:
        raise WrongState("This payout is on its way by itself.")
    if payout.is_called_back:  # for a debt: it has left, so that comes too late
        payout.cancel_wished_at = None
        payout.save(update_fields=["cancel_wished_at"])
    attempt = begin_attempt(payout_id, is_made=True)
    if attempt is None:
        raise WrongState("This payout is being cancelled.")
    attempt.destination = remote.account
    attempt.save(update_fields=["destination"])
    ours = replace(remote, payout=payout.public_id, attempt=attempt.number)
    return record_payout(remote=ours)
