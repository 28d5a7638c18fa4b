"""The bids on a posting as its client chooses among them: all, some by their answers, a few side by
side.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.views.decorators.http import require_safe

from marketplace.common.pages import page_of
from projects.bids.models import STANDING, Bid
from projects.bids.selectors import bid_counts, bids_on, narrowed_by_answers
from projects.contracts.selectors import completed_counts
from projects.postings.selectors import postings_of
from projects.screening.selectors import questions_of
from projects.web.bids import seen_by
from projects.web.screening import filters_of, side_by_side

# Side by side there is room for so many, and a page of them costs the same few queries.
COMPARED = 4
CHOSEN_FROM = 30


@require_safe
def list_bids(request: HttpRequest, public_id: str) -> HttpResponse:
    """The bids on a posting, for its client."""
    posting = get_object_or_404(postings_of(request.user), public_id=public_id)
    found, counts = bids_on(posting, request.user), bid_counts(posting)[posting.pk]
    is_shortlist = request.GET.get("shown") == "shortlist"
    if is_shortlist:
        found = found.filter(status=Bid.Status.SHORTLISTED)
    filters, wanted = filters_of(questions_of(posting), request)
    page = page_of(request, narrowed_by_answers(found, wanted))
    context = {
        "posting": posting,
        "page": page,
        "rows": seen_by(request, page.items),
        "filters": filters,
        "is_narrowed": bool(wanted),
        "total": sum(counts.values()),
        "standing": sum(counts.get(status, 0) for status in STANDING),
        "shortlisted": counts.get(Bid.Status.SHORTLISTED, 0),
        "offered": counts.get(Bid.Status.OFFERED, 0),
        "is_shortlist": is_shortlist,
        "is_all": not is_shortlist,
        "nav": "work",
    }
    return render(request, "bids/of_posting.html", context)


@require_safe
def compare_bids(request: HttpRequest, public_id: str) -> HttpResponse:
    """Those that were ticked, or the shortlist, side by side."""
    posting = get_object_or_404(postings_of(request.user), public_id=public_id)
    standing = bids_on(posting, request.user).filter(status__in=STANDING)
    others = list(standing.order_by("price", "pk")[:CHOSEN_FROM])
    ticked = set(request.GET.getlist("bid"))
    bids = [
        bid
        for bid in others
        if (bid.public_id in ticked if ticked else bid.status != Bid.Status.SUBMITTED)
    ][:COMPARED]
    completed = completed_counts([bid.freelancer_id for bid in bids])
    columns = [
        seen | {"completed": completed.get(seen["bid"].freelancer_id, 0)}
        for seen in seen_by(request, bids)
    ]
    context = {
        "posting": posting,
        "columns": columns,
        "has_files": any(column["files"] for column in columns),
        "answers": side_by_side(questions_of(posting), bids),
        "others": [{"bid": bid, "is_shown": bid in bids} for bid in others],
        "is_shortlist": not ticked,
        "most": COMPARED,
        "nav": "work",
    }
    return render(request, "bids/compare.html", context)


ROUTES = [
    path("postings/<str:public_id>/bids/", list_bids, name="posting-bids"),
    path("postings/<str:public_id>/compare/", compare_bids, name="posting-compare"),
]
