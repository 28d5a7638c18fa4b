"""The front page."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from projects.postings.selectors import open_postings

NEWEST = 6


@login_not_required
@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    return render(request, "landing.html", {"postings": open_postings()[:NEWEST]})
