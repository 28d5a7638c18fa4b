"""The buttons that move the sandbox clock."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from marketplace.common.errors import InvalidInput
from marketplace.common.http import back_or
from marketplace.common.services import advance_clock

_STEPS = {"1": "a day", "3": "three days", "7": "a week"}


@login_not_required
@require_POST
def create_step(request: HttpRequest) -> HttpResponse:
    """Everybody who tries the sandbox may: it is how a contract is played in minutes."""
    days = request.POST.get("days", "")
    if days not in _STEPS:
        raise InvalidInput("The clock moves by 1, 3 or 7 days.", param="days")
    advance_clock(seconds=int(timedelta(days=int(days)).total_seconds()))
    messages.success(
        request, f"The clock moved by {_STEPS[days]}. What has become due happens in a moment."
    )
    return back_or(request, "home")
