"""Whether the house is alive, ready, and how it fares: for machines that watch over it."""

import hmac
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from marketplace.heartbeats import judge_beat, judge_worker
from marketplace.web.metrics import REGISTRY


@require_safe
@login_not_required
@never_cache
def show_health(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing, so that a slow database restarts no web process."""
    return JsonResponse({"alive": True})


@require_safe
@login_not_required
@never_cache
def show_readiness(request: HttpRequest) -> HttpResponse:
    """Whether people can be served now: 200, or 503 with the part that is missing."""
    parts = {name: _look(judge) for name, judge in PARTS.items()}
    ready = all(said == "ok" for said in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


@require_safe
@login_not_required
@never_cache
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Numbers for Prometheus, for who knows METRICS_TOKEN; in the sandbox for everybody."""
    token = settings.METRICS_TOKEN
    said = request.headers.get("Authorization", "")
    if token:
        may = hmac.compare_digest(said.encode(), f"Bearer {token}".encode())
    else:
        may = settings.SANDBOX
    if not may:
        return HttpResponseForbidden("Send METRICS_TOKEN as a bearer token.\n", "text/plain")
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _look(judge: Callable[[], str]) -> str:
    """What is wrong with one part; details are for the log of that part, not for strangers."""
    try:
        return judge()
    except Exception:
        return "does not answer"


def _judge_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _judge_broker() -> str:
    cache.get("readiness")
    return "ok"


PARTS = {
    "database": _judge_database,
    "broker": _judge_broker,
    "worker": judge_worker,
    "beat": judge_beat,
}
