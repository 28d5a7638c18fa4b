"""Who may come to the desk at all. For everybody else it does not exist."""

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from accounts.people.models import StaffRole
from accounts.people.selectors import staff_roles_of


def for_staff(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let people of the staff in; what each of them sees and does is judged inside."""

    @wraps(view)
    def door(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not staff_roles_of(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return door


def for_who_keeps_the_money(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Let finance in, and support, which reads."""

    @wraps(view)
    def door(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not staff_roles_of(request.user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
            raise Http404
        return view(request, *args, **kwargs)

    return door
