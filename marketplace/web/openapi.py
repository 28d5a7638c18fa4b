"""The description of the API, for programs that write clients."""

from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer


@require_safe
@login_not_required
def show_openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_openapi(), content_type="application/json")


@cache
def _openapi() -> bytes:
    """It only changes with the code, and takes the better part of a second to write."""
    described = SchemaGenerator().get_schema(request=None, public=True)
    return OpenApiJsonRenderer().render(described, renderer_context={})
