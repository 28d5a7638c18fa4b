"""Where an open page learns what is new."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.common.live_passes import pass_for


@require_safe
@login_not_required
@never_cache
def show_live_address(request: HttpRequest) -> JsonResponse:
    """The address of the person's own events, with a pass for the next minute. Asked by a script,
    so that a stranger gets 404 instead of a page to log in."""
    if not settings.LIVE_URL or not request.user.is_authenticated:
        raise Http404
    live_pass = pass_for(request.user.public_id)
    return JsonResponse({"url": f"{settings.LIVE_URL}/events?pass={live_pass}"})
