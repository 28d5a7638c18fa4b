"""What a payee has earned."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.holds.models import Hold
from accounts.holds.selectors import standing_hold_on
from accounts.parties.selectors import own_party_of
from accounts.web.holds import shown_files_of
from marketplace.common.clock import now
from marketplace.common.pages import page_of
from payments.fundings.selectors import return_paths
from payments.payees.selectors import account_for
from payments.payouts.holding.selectors import leaves_despite
from payments.payouts.plans.selectors import plan_of, turn_after
from payments.payouts.selectors import (
    clearing_of,
    in_the_way_of,
    payouts_of,
    summaries_of,
)
from payments.payouts.statement import lines_of, movements_of

LATEST = 5


@require_safe
def show_earnings(request: HttpRequest) -> HttpResponse:
    page = page_of(request, movements_of(request.user))
    lines, clearing = lines_of(page.items), clearing_of(request.user)
    paths = return_paths(
        {line.about for line in lines} | {earning.earned_by for earning in clearing}
    )
    standing = in_the_way_of(request.user)
    party = own_party_of(request.user)
    hold = standing_hold_on(Hold.Kind.PAYOUTS, party)
    plan = plan_of(party)
    context = {
        "account": account_for(party),
        "hold": hold,
        "hold_files": shown_files_of(hold) if hold else [],
        "leaves_by": leaves_despite(hold) if hold else None,
        "plan": plan,
        "next_turn": turn_after(plan.every, now()),
        "summaries": [
            (summary, standing.get(summary.currency)) for summary in summaries_of(request.user)
        ],
        "clearing": [(earning, paths.get(earning.earned_by, "")) for earning in clearing],
        "payouts": payouts_of(request.user).order_by("-created_at", "-id")[:LATEST],
        "page": page,
        "lines": [(line, paths.get(line.about, "")) for line in lines],
        "nav": "earnings",
    }
    return render(request, "payments/earnings.html", context)
