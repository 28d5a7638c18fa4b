"""Where the payment provider's letters are dropped."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments.gateway.base import BadSignature
from payments.gateway.letters import read_letter
from payments.incoming.services import keep_event

# The largest letters are a few dozen kilobytes.
LARGEST = 1024 * 1024


@csrf_exempt
@login_not_required
@require_POST
def receive_letter(request: HttpRequest) -> HttpResponse:
    """Keep it and say so at once; whoever reads it comes later. Unsigned letters are refused."""
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return HttpResponse("Too large.", status=413, content_type="text/plain")
    try:
        letter = read_letter(body, request.headers.get("Stripe-Signature", ""))
    except BadSignature:
        return HttpResponse("No valid signature.", status=400, content_type="text/plain")
    keep_event(letter=letter)
    return HttpResponse(status=200)
