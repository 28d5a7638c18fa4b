"""What every page needs: fragments for htmx, refusals as sentences."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.forms import BaseForm
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from marketplace.common import clock
from marketplace.common.errors import (
    DomainError,
    InvalidInput,
    LengthMissing,
    TooLarge,
    error_body,
)

# What Django says of a body whose text, fields or files are beyond the settings.
TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
# Somebody may have chosen a film by mistake. Whoever sends more than this is cut off.
_MOST_READ_IN_VAIN = 512 * 1024 * 1024


def answer(
    request: HttpRequest, fragment: str, context: dict[str, Any], *, page: str, said: str = ""
) -> HttpResponse:
    """The changed fragment for htmx; for a plain form, back to the page that shows it.

    ``said`` is a sentence that tells the person what has just happened.
    """
    if said:
        messages.success(request, said)
    if request.htmx:
        response = render(request, fragment, context | {"swapped": True})
        # What was said travels beside the fragment, into #notices.
        response.write(render_to_string("common/_messages.html", {"swapped": True}, request))
        return response
    return redirect(page)


def download(name: str, content_type: str, parts: Iterable[str | bytes]) -> StreamingHttpResponse:
    """A file that is sent while it is written. What it says is of this moment: nobody keeps it."""
    response = StreamingHttpResponse(parts, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@contextmanager
def refusals_on(form: BaseForm) -> Iterator[None]:
    """Put a refusal beside the field it concerns, so that nothing typed is lost."""
    try:
        yield
    except DomainError as refusal:
        field = refusal.param if refusal.param in form.fields else None
        form.add_error(field, refusal.message)


def back_or(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """Where the person came from, if that is a page of ours."""
    came_from = request.META.get("HTTP_REFERER", "")
    ours = url_has_allowed_host_and_scheme(
        came_from, {request.get_host()}, require_https=request.is_secure()
    )
    return redirect(came_from if ours else fallback)


class RefusalMiddleware:
    """Any DomainError of a page becomes a sentence; of the API, its envelope (common/api.py)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content:
            # Whoever logs in again in the middle of a form comes back to its address by GET.
            refusal = DomainError("Nothing was done: go back to the page and press it again.")
            refusal.status = response.status_code
            page = refuse(request, refusal)
            page["Allow"] = response["Allow"]
            return page
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DomainError):
            return refuse(request, exception)
        return None


def refuse(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """The refusal as a small page, or as a notice for htmx."""
    response = _page_of(request, refusal)
    if refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def _page_of(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    if getattr(request, "htmx", False):
        response = render(
            request, "common/_refusal.html", {"refusal": refusal}, status=refusal.status
        )
        response["HX-Retarget"], response["HX-Reswap"] = "#notices", "innerHTML"
        return response
    return render(
        request,
        "common/refusal.html",
        {"refusal": refusal, "title": HTTPStatus(refusal.status).phrase},
        status=refusal.status,
    )


def too_much() -> TooLarge:
    return TooLarge("That is more text, or more fields, than we take in one piece.")


def refuse_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or came from elsewhere."""
    return refuse(
        request,
        DomainError(
            "This form is no longer valid. Go back, reload the page and send it again.",
            code="stale_form",
        ),
    )


class WholeBodyMiddleware:
    """Read what nobody wanted of a body, so that the sender hears the answer.

    A server that answers while somebody is still sending has to cut the line; they see that, and
    neither the refusal nor, on the same line, the answer to their next request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        left = _MOST_READ_IN_VAIN
        with suppress(OSError):  # they have hung up
            while left > 0 and (unread := request.read(min(left, 256 * 1024))):
                left -= len(unread)
        return response


# The names of the one encoding that we read.
_READ = {"utf-8", "utf8"}


class BodyLimitMiddleware:
    """Refuse a body by what is announced of it, before anything of it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if not length and request.headers.get("Transfer-Encoding"):
            # What comes without an end in sight would be read as nothing at all.
            return _refuse_early(request, LengthMissing("Say how long it is: Content-Length."))
        if (request.content_params or {}).get("charset", "utf-8").lower() not in _READ:
            # Python knows "hex" and "idna" as well, and stumbles over what they make of a body.
            return _refuse_early(request, InvalidInput("Send text in UTF-8."))
        if length <= settings.MAX_BODY_BYTES:
            return self.get_response(request)
        limit = settings.MAX_BODY_BYTES // (1024 * 1024)
        refusal = TooLarge(f"That is more than {limit} MB in one go. Send smaller files.")
        return _refuse_early(request, refusal)


class AddressMiddleware:
    """Refuse an address with a NUL in it: the database cannot even look for such a thing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" not in request.path and "%00" not in request.META.get("QUERY_STRING", ""):
            return self.get_response(request)
        refusal = InvalidInput("There is a character in this address that cannot be read.")
        return _refuse_early(request, refusal)


def _refuse_early(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """Before anybody knows who asks: nothing of the session or of the body is read."""
    if request.path.startswith("/api/"):
        return JsonResponse(error_body(refusal), status=refusal.status)
    page = render_to_string("common/early_refusal.html", {"refusal": refusal})
    return HttpResponse(page, status=refusal.status)


def house(request: HttpRequest) -> dict[str, Any]:
    """What every template may ask about the house itself."""
    return {
        "sandbox": settings.SANDBOX,
        "live": bool(settings.LIVE_URL),
        "now": clock.now(),
        "site_url": settings.SITE_URL,
    }
