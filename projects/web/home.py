"""The front page."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from payments.policies.fees import quote
from payments.policies.selectors import policy_in_force
from payments.policies.words import percent
from projects.postings.selectors import open_postings

NEWEST = 6
EXAMPLE = 100_000  # cents: a round sum on which anybody can check the fees


@login_not_required
@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    policy = policy_in_force()
    context = {
        "postings": open_postings()[:NEWEST],
        "client_fee": percent(policy.client_fee_basis_points),
        "freelancer_fee": percent(policy.freelancer_fee_basis_points),
        "example": quote([EXAMPLE], policy),
    }
    return render(request, "landing.html", context)
