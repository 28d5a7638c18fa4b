"""What each page request needs to know of its person."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class DoorMiddleware(LoginRequiredMiddleware):
    """As the library's, but where nobody need be known nobody is looked up: /healthz must not wait
    for a database."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], *view: Any
    ) -> HttpResponse | None:
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, *view)


class TimeZoneMiddleware:
    """Times are shown in the zone of the person who reads them; to programs in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return self.get_response(request)
        is_program = request.path.startswith("/api/")
        known = not is_program and request.user.is_authenticated
        with timezone.override(ZoneInfo(request.user.time_zone) if known else None):
            return self.get_response(request)
