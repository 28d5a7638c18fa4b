"""What the provider may say of a refund whose money went, or goes, in another way."""

from marketplace.common.errors import WrongState
from payments.gateway.base import RemoteRefund, State
from payments.refunds.models import Refund

# The payer has its money by another way.
PAID_OTHERWISE = {
    Refund.Status.SETTLED: "It was paid by other means.",
    Refund.Status.COVERED: "The card's bank has taken it.",
}


def keep_paid_otherwise(refund: Refund, remote: RemoteRefund) -> Refund:
    """That the provider could not make it is no news; that it did, or does, is a second one."""
    if remote.state == State.FAILED:
        return refund
    way = PAID_OTHERWISE[Refund.Status(refund.status)]
    raise WrongState(f"{remote.remote_id} gives back {refund} as well. {way}")


def refuse_a_second(refund: Refund, remote: RemoteRefund) -> None:
    """An attempt that we had given up lives; it is taken up unless another one does, too."""
    alive = (Refund.Status.SENDING, Refund.Status.SUCCEEDED)
    if refund.remote_id and refund.status in alive:
        raise WrongState(f"{refund.remote_id} and {remote.remote_id} both give back {refund}.")
