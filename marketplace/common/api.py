"""What every API call shares: the error envelope, cursor pages, tokens, idempotency keys."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import wraps
from http import HTTPStatus
from typing import IO, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404
from django.utils.crypto import salted_hmac
from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime
from django.utils.text import Truncator
from drf_spectacular.utils import OpenApiParameter, extend_schema
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import get_token_model

# The module, not its function: it is half loaded while it reads our classes from the settings.
from rest_framework import exceptions, views
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from marketplace.common import idempotency
from marketplace.common.errors import (
    DomainError,
    InvalidInput,
    NotAllowed,
    NotThere,
    error_body,
)
from marketplace.common.http import TOO_MUCH, too_much

__all__ = [
    "CursorPage",
    "JsonParser",
    "OldestFirst",
    "TokenAuthentication",
    "checked_body",
    "idempotent",
    "idempotent_in_steps",
    "refuse_in_words",
]


# What a token of ours can look like; anything else is not even looked for.
_TOKEN = re.compile(rb"[0-9A-Za-z_]{1,200}")
_LONGEST_REFUSAL = 300
_KEY_PARAMETER = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Yours to choose, one for each deed: whoever repeats it gets the first answer.",
)


class TokenAuthentication(KnoxTokenAuthentication):
    """``Authorization: Bearer mp_…``"""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """Find the token by its hash: one query, however many tokens the person has."""
        found = None
        if _TOKEN.fullmatch(token):
            tokens = get_token_model().objects.select_related("user")
            found = tokens.filter(pk=hash_token(token.decode())).first()
        if found is None:
            raise exceptions.AuthenticationFailed("This token is not valid, or no longer.")
        return self.validate_user(found)


class JsonParser(JSONParser):
    """A body of JSON in UTF-8; what cannot be read is refused in words."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            said = json.loads(stream.read().decode("utf-8-sig"), parse_constant=_refuse_constant)
            # Half of a surrogate pair can be written in JSON and nowhere else.
            json.dumps(said, ensure_ascii=False).encode()
        except json.JSONDecodeError as fault:
            place = f"line {fault.lineno}, column {fault.colno}"
            raise InvalidInput(f"This is not JSON: {fault.msg} at {place}.") from None
        except (ValueError, RecursionError):
            raise InvalidInput("There is something in this JSON that cannot be read.") from None
        return said


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is a word of JavaScript, not of JSON.")


class CursorPage(CursorPagination):
    """Newest first, by key and never by offset, so page 1,000 costs what page 1 costs."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100
    ordering = ("-created_at", "-id")

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Times in UTC, since PostgreSQL does not read every offset that Python writes."""
        cursor = super().decode_cursor(request)
        if cursor is None or not isinstance(cursor.position, str):
            return cursor
        try:
            time = parse_datetime(cursor.position)
            position = cursor.position if time is None else time.astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            raise exceptions.NotFound(self.invalid_cursor_message) from None
        return cursor._replace(position=position)

    def paginate_queryset(self, queryset, request: Request, view=None):
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError):
            # A cursor of somebody's own making, with no time or number where one should be.
            raise exceptions.NotFound(self.invalid_cursor_message) from None


class OldestFirst(CursorPage):
    """A record, or a queue: who has waited longest comes first."""

    ordering = ("created_at", "id")


def checked_body(
    request: Request, shape: type[Serializer], with_files: type[Serializer]
) -> dict[str, Any]:
    """What was sent, as JSON or as a form that may bring files, by the shape of each."""
    is_form = (request.content_type or "").startswith("multipart/")
    body = (with_files if is_form else shape)(data=request.data)
    body.is_valid(raise_exception=True)
    given: dict[str, Any] = body.validated_data
    return given


def refuse_in_words(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal of the API in one shape: {"error": {"code", "message", "param"}}."""
    views.set_rollback()
    headers = {}
    if isinstance(exc, DomainError):
        refusal = exc
        if exc.retry_after is not None:
            headers["Retry-After"] = str(exc.retry_after)
    elif isinstance(exc, Http404):
        refusal = NotThere("There is no such thing, or it is not yours to see.")
    elif isinstance(exc, TOO_MUCH):
        refusal = too_much()
    elif isinstance(exc, PermissionDenied):
        refusal = NotAllowed("That is not yours to do.")
    elif isinstance(exc, exceptions.ValidationError):
        param, message = _first_problem(exc.detail)
        refusal = InvalidInput(message, param=param)
    elif isinstance(exc, exceptions.APIException):
        refusal = DomainError(str(exc.detail), code=str(exc.get_codes()))
        refusal.status = exc.status_code
        if wait := getattr(exc, "wait", None):
            headers["Retry-After"] = str(int(wait))
        if challenge := getattr(exc, "auth_header", None):
            headers["WWW-Authenticate"] = challenge
    else:
        return None
    return Response(error_body(refusal), status=refusal.status, headers=headers)


def _first_problem(detail: Any, path: str = "") -> tuple[str | None, str]:
    """The first field at fault, as ``milestones[1].amount``, and what is wrong with it."""
    if isinstance(detail, dict):
        name, inner = next((k, v) for k, v in detail.items() if v)
        if name == "non_field_errors":
            return _first_problem(inner, path)
        if isinstance(name, int):
            return _first_problem(inner, f"{path}[{name}]")
        return _first_problem(inner, f"{path}.{name}" if path else str(name))
    if isinstance(detail, list):
        index, inner = next((i, v) for i, v in enumerate(detail) if v)
        nested = isinstance(inner, dict | list)
        return _first_problem(inner, f"{path}[{index}]" if nested else path)
    # Some refusals repeat what was sent, however long that was.
    return path or None, Truncator(str(detail)).chars(_LONGEST_REFUSAL)


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """Honour ``Idempotency-Key`` on a POST: the same key and request get the first answer again.

    The answer is committed with the deed, so the view cannot ask the provider.
    """
    return idempotent_in_steps()(view)


def idempotent_in_steps(
    *, first: Callable[..., Any] | None = None, then: Callable[..., Response] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """As ``idempotent``, for a deed that the provider has a part in.

    ``first`` asks before the deed, with what the view is given, and the view gets its answer as
    ``seen``. Or the view answers with arguments, as JSON, for ``then``, which goes on once the deed
    is committed, and makes the answer. If the process dies there, whoever asks again goes on:
    ``then`` may be called twice, and by two at once.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @extend_schema(parameters=[_KEY_PARAMETER])
        @wraps(view)
        def answer_once(self, request: Request, *args: Any, **kwargs: Any) -> Response:
            def look() -> dict[str, Any]:
                return {"seen": first(request, *args, **kwargs)} if first else {}

            key = request.headers.get("Idempotency-Key")
            if key is None:
                came = view(self, request, *args, **kwargs, **look())
                return then(request, **came) if then else came
            asked = {"user": request.user, "key": _checked(key), "request_sha256": _hash(request)}
            seen = {} if idempotency.find(**asked) else look()

            def deed() -> idempotency.Came:
                came = view(self, request, *args, **kwargs, **seen)
                return idempotency.Begun(came) if then else _answered(came)

            record, is_known = idempotency.do_once(**asked, deed=deed, refusal_of=_refusal_of)
            if record.status is None:
                assert then is not None
                record = idempotency.go_on(
                    record,
                    step=lambda begun: _answered(then(request, **begun)),
                    refusal_of=_refusal_of,
                )
            response = Response(record.body, status=record.status)
            if is_known:
                response["Idempotent-Replayed"] = "true"
            return response

        return answer_once

    return decorate


def _checked(key: str) -> str:
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise InvalidInput(
            "An Idempotency-Key has 1 to 255 printable characters.", param="Idempotency-Key"
        )
    return key


def _hash(request: Request) -> str:
    """With our own secret in it: what is kept of a request must not let anybody guess the password
    that it carried.
    """
    said = json.dumps([request.method, request.path, _body_of(request)], sort_keys=True)
    return salted_hmac("idempotency", said, algorithm="sha256").hexdigest()


def _answered(response: Response) -> idempotency.Answered:
    return idempotency.Answered(response.status_code, response.data)


def _refusal_of(exc: Exception) -> idempotency.Answered | None:
    """What is refused for good is an answer, too; what comes right by waiting, or trouble of the
    house or the provider, is none.
    """
    refusal = refuse_in_words(exc, {})
    if refusal is None or refusal.status_code >= 500:
        return None
    # Who is told to come again must be able to get another answer then.
    is_asked_back = "Retry-After" in refusal
    is_asked_back |= refusal.status_code == HTTPStatus.TOO_MANY_REQUESTS
    return None if is_asked_back else _answered(refusal)


def _body_of(request: Request) -> Any:
    """What was sent as plain data; a file by its name, its size and its hash."""
    if not isinstance(request.data, MultiValueDict):
        return request.data
    return {name: [_plain(value) for value in values] for name, values in request.data.lists()}


def _plain(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return [value.name, value.size, digest.hexdigest()]
