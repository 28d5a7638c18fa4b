"""A payer hears that what was to go back to them did not arrive: they were told that it would."""

from django.urls import reverse

from accounts.notifications.services import notify
from marketplace.common.words import Money, Value, Words
from payments.refunds.models import Refund


def tell_failure(refund: Refund, *, came_back: bool) -> None:
    """Once of a refund that is refused, however often it is tried again, and each time that one
    comes back from their bank. Nothing where the bank has taken the payment itself: it has the
    money then. Belongs into the transaction that notes it, before ``failures`` counts it.
    """
    payment = refund.payment
    if payment.charged_back_at or (refund.failures and not came_back):
        return
    values: dict[str, Value] = {
        "amount": Money(refund.amount, refund.currency),
        "title": payment.title,
    }
    if came_back:
        text = Words(
            "%(amount)s that went back to you for “%(title)s” did not reach your card: its bank "
            "has returned it to us.",
            **values,
        )
    else:
        text = Words(
            "%(amount)s that are to go back to you for “%(title)s” were refused by the bank of "
            "your card.",
            **values,
        )
    notify(
        to=payment.payer,
        kind="refund_returned" if came_back else "refund_failed",
        text=text + Words("It is tried again, or we pay it in another way. Nothing is lost."),
        path=reverse("payment", args=[payment.public_id]),
    )
