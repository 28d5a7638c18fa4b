"""Payouts: asked for, followed, tried again, cancelled."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.parties.selectors import own_party_of
from accounts.web.holds import shown_files_of
from marketplace.common.http import answer
from marketplace.common.lifecycle import OWNER
from marketplace.common.pages import page_of
from payments.fundings.selectors import return_paths
from payments.payouts import services
from payments.payouts.cancelling.services import cancel_payout
from payments.payouts.holding.selectors import leaves_despite
from payments.payouts.models import LIFECYCLE, Payout
from payments.payouts.selectors import payouts_of, with_story
from payments.payouts.words import reason_in_words, reversal_reason_in_words
from payments.web.stories import steps_of, story_of


@require_http_methods(["GET", "HEAD", "POST"])
def list_payouts(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _create_payout(request)
    page = page_of(request, payouts_of(request.user))
    return render(request, "payments/payouts.html", {"page": page, "nav": "earnings"})


def _create_payout(request: HttpRequest) -> HttpResponse:
    payout = services.schedule_payout(
        party_id=own_party_of(request.user).pk,
        currency=request.POST.get("currency", ""),
        by=request.user,
    )
    return redirect("payout", payout.public_id)


@require_safe
def show_payout(request: HttpRequest, public_id: str) -> HttpResponse:
    payout = get_object_or_404(with_story(payouts_of(request.user)), public_id=public_id)
    # While it moves, the page asks for this part again.
    template = "payments/_payout.html" if request.htmx else "payments/payout.html"
    return render(request, template, _shown(payout))


@require_POST
def create_retry(request: HttpRequest, public_id: str) -> HttpResponse:
    payout = get_object_or_404(payouts_of(request.user), public_id=public_id)
    services.retry_payout(payout_id=payout.pk, by=request.user)
    return _answer(request, public_id, "Your payout is tried again.")


@require_POST
def create_cancellation(request: HttpRequest, public_id: str) -> HttpResponse:
    payout = get_object_or_404(payouts_of(request.user), public_id=public_id)
    cancel_payout(payout_id=payout.pk, by=request.user)
    return _answer(request, public_id, "The payout is cancelled. Its money is available again.")


def _answer(request: HttpRequest, public_id: str, said: str) -> HttpResponse:
    payout = with_story(payouts_of(request.user)).get(public_id=public_id)
    return answer(
        request,
        "payments/_payout.html",
        _shown(payout),
        page=reverse("payout", args=[public_id]),
        said=said,
    )


def _shown(payout: Payout) -> dict[str, object]:
    paths = return_paths(earning.earned_by for earning in payout.earnings.all())
    return {
        "payout": payout,
        "hold_files": shown_files_of(payout.hold) if payout.hold else [],
        "leaves_by": leaves_despite(payout.hold, payout) if payout.hold else None,
        "story": story_of(payout),
        "stepper": steps_of(payout),
        "reason": reason_in_words(payout.failure_code),
        "refused": reversal_reason_in_words(payout),
        "can": [] if payout.cancel_wished_at else LIFECYCLE.open_to(OWNER, payout.status),
        "earnings": [
            (earning, paths.get(earning.earned_by, "")) for earning in payout.earnings.all()
        ],
        "nav": "earnings",
    }
