"""What the provider may say of a refund whose money went, or goes, in another way."""

from marketplace.common.errors import WrongState
from payments.gateway.base import RemoteRefund, State
from payments.refunds.models import Refund


def keep_settled(refund: Refund, remote: RemoteRefund) -> Refund:
    """That the provider could not is no news; that it did is a second one."""
    if remote.state == State.FAILED:
        return refund
    raise WrongState(f"{remote.remote_id} gives back {refund}, which was paid by other means.")


def refuse_a_second(refund: Refund, remote: RemoteRefund) -> None:
    """An attempt that we had given up lives; it is taken up unless another one does, too."""
    alive = (Refund.Status.SENDING, Refund.Status.SUCCEEDED)
    if refund.remote_id and refund.status in alive:
        raise WrongState(f"{refund.remote_id} and {remote.remote_id} both give back {refund}.")
