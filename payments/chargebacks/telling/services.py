"""What a bank does is news, until whoever asked for the money has told people."""

from django.db import transaction

from marketplace.common.clock import now
from payments.chargebacks.models import Chargeback, ChargebackMovement, ChargebackNews


@transaction.atomic
def note_news(chargeback: Chargeback, *, movement: ChargebackMovement | None = None) -> None:
    """It is in another state now; or, with a ``movement``, money has moved for it."""
    status = "" if movement else chargeback.status
    ChargebackNews.objects.create(chargeback=chargeback, movement=movement, status=status)


@transaction.atomic
def take_news(*, news_id: int) -> ChargebackNews | None:
    """One piece of news, to be told in the same transaction; None where somebody has told it."""
    found = (
        ChargebackNews.objects.select_for_update(of=("self",))
        .select_related("chargeback__payment", "movement")
        .filter(pk=news_id, told_at=None)
        .first()
    )
    if found is not None:
        found.told_at = now()
        found.save(update_fields=["told_at"])
    return found
