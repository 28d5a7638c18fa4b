"""The answer where none of our views gave one: an envelope for programs, a page for people."""

import sys

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults
from redis.exceptions import ConnectionError as BrokerGone
from redis.exceptions import TimeoutError as BrokerSilent

from marketplace.common.errors import Away, Broken, DomainError, InvalidInput, NotThere, error_body
from marketplace.common.http import TOO_MUCH, refuse, too_much

# What becomes of a request when the database or the broker is being started again.
_AWAY = (OperationalError, InterfaceError, BrokerGone, BrokerSilent)


def show_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    is_too_much = isinstance(exception, TOO_MUCH)
    if _is_of_program(request):
        said = InvalidInput("That is not a request we understand.")
        return _envelope(too_much() if is_too_much else said)
    if is_too_much:
        return refuse(request, too_much())
    # Not Django's own view: that one reads the form, which may be what cannot be read.
    return HttpResponse(render_to_string("400.html"), status=400)


def show_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_of_program(request):
        return _envelope(NotThere("There is no such address."))
    return defaults.page_not_found(request, exception)


def show_failure(request: HttpRequest) -> HttpResponse:
    """Drawn without the database, the session or the person: they may be what is missing."""
    refusal: DomainError
    if _is_away(sys.exception()):
        refusal = Away("A part of Milepost is being started again. Try again in a moment.")
    else:
        refusal = Broken("Something broke on our side. Nothing was half done; try again later.")
    if _is_of_program(request):
        response = _envelope(refusal)
    elif request.headers.get("HX-Request") == "true":
        response = render(None, "common/_refusal.html", {"refusal": refusal})
        response["HX-Retarget"], response["HX-Reswap"] = "#notices", "innerHTML"
    else:
        response = HttpResponse(render_to_string(f"{refusal.status}.html"))
    response.status_code = refusal.status
    if refusal.status == Away.status:
        response["Retry-After"] = "5"
    return response


def _is_away(trouble: BaseException | None) -> bool:
    # What PostgreSQL itself refuses has a kind; a line that breaks in mid-answer has none.
    return isinstance(trouble, _AWAY) or type(trouble) is DatabaseError


def _is_of_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _envelope(refusal: DomainError) -> JsonResponse:
    return JsonResponse(error_body(refusal), status=refusal.status)
