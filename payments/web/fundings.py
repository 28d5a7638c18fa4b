"""Where a payer comes back to from the pay page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from payments.escrow.models import Escrow
from payments.fundings.models import OPEN
from payments.fundings.selectors import DISPUTED_CARD, UNUSABLE_CARD, payments_of
from payments.fundings.words import decline_in_words

REFUSED_CARDS = (DISPUTED_CARD, UNUSABLE_CARD)


@require_safe
def show_payment(request: HttpRequest, public_id: str) -> HttpResponse:
    """It is paid when the provider says so, not because somebody came back here."""
    payment = get_object_or_404(payments_of(request.user), public_id=public_id)
    escrow = Escrow.objects.get(public_id=payment.paid_for)
    refunds = list(payment.refunds.order_by("pk"))
    context = {
        "payment": payment,
        "escrow": escrow,
        "refunds": refunds,
        "card_refused": next((one.reason for one in refunds if one.reason in REFUSED_CARDS), ""),
        "is_open": payment.status in OPEN,
        "problem": decline_in_words(payment.failure_code),
        "nav": "work",
    }
    template = "payments/_payment.html" if request.htmx else "payments/payment.html"
    return render(request, template, context)
