"""Money leaves an escrow by the payments that stand behind it, each by no more than its part."""

from django.db import transaction

from payments.escrow.backing.selectors import Backing, backing_with, origins_of
from payments.escrow.models import Escrow
from payments.fundings.selectors import payments_for
from payments.refunds import services as refunds
from payments.refunds.models import Refund


@transaction.atomic
def refund_from(escrow: Escrow, *, amount: int, reason: str) -> list[Refund]:
    """Note that ``amount`` of what was paid for it, or came by a roll, goes back to its payer.

    The caller holds the escrow's lock, and moves each refund's money into its ``leaving`` account.
    Raises InsufficientFunds where the payments do not hold that much.
    """
    parts = _lock_backing(escrow).parts_of(amount)
    return refunds.prepare_refunds(parts=parts, amount=amount, book=escrow.book, reason=reason)


def _lock_backing(escrow: Escrow) -> Backing:
    """All the payments, before what they are needed for is read: whoever changes the one holds
    the other.
    """
    origins = origins_of(escrow.public_id)
    paid = payments_for(origins)
    # In one order, whoever asks.
    list(paid.select_for_update().order_by("pk").values_list("pk"))
    return backing_with(origins, paid)


@transaction.atomic
def lock_book_of(paid_for: str) -> dict[str, Escrow]:
    """All escrows of the book, by public id, in the order of their keys.

    For whoever follows a payment: nobody knows where its money has gone before they are held.
    """
    book = Escrow.objects.values_list("book", flat=True).get(public_id=paid_for)
    return {
        escrow.public_id: escrow
        for escrow in Escrow.objects.select_for_update(of=("self",))
        .select_related("policy", "payer", "payee")
        .filter(book=book)
        .order_by("pk")
    }
