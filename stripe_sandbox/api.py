"""From a request to an answer, by the rules that hold for every operation."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from email.message import Message

from stripe_sandbox import API_VERSION, idempotency, mishaps
from stripe_sandbox.errors import AttemptRefused, StripeError
from stripe_sandbox.faults import MISHAPS, Fault, from_header
from stripe_sandbox.forms import decode_form, decode_json
from stripe_sandbox.params import read
from stripe_sandbox.render import rendered
from stripe_sandbox.routes import Route, route_of
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, run_due_jobs

logger = logging.getLogger(__name__)

REPLAYED = "Idempotent-Replayed"
TROUBLE = "An unknown error occurred on our end. (The sandbox was asked to fail.)"


@dataclass
class Answer:
    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    hang: float | None = None  # seconds to say nothing, then hang up
    cut: bool = False  # say half of it, then hang up


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    body: str
    headers: Message[str, str]


def answer(world: World, request: Request) -> Answer:
    request_id = new_id("req_", 14)
    try:
        given = _answer(world, request, request_id)
    except StripeError as error:
        given = Answer(error.status, _dump(error.body(request_id)))
    except Exception:
        logger.exception("%s %s", request.method, request.path)
        fault = StripeError("The sandbox has a fault of its own.", status=500, kind="api_error")
        given = Answer(500, _dump(fault.body(request_id)))
    given.headers |= {"Request-Id": request_id, "Stripe-Version": API_VERSION}
    return given


def _answer(world: World, request: Request, request_id: str) -> Answer:
    _authenticate(request)
    _check_version(request)
    matched = route_of(request.method, request.path)
    if matched is None:
        raise StripeError(
            f"Unrecognized request URL ({request.method}: {request.path}).", status=404
        )
    route, ids = matched
    raw = _raw_parameters(route, request)
    fault = _fault(world, request)
    call = Call(
        method=request.method,
        path=request.path,
        params={},
        account=_account(world, request),
        ids=ids,
        key=request.headers.get("Idempotency-Key") if _once(route) else None,
        request_id=request_id,
        fault=fault.fault if fault and fault.fault.startswith("webhook_") else None,
    )
    name = fault.fault if fault else None
    if fault is not None and (refusal := _refused_before(fault, request_id)) is not None:
        return refusal
    befallen = False
    try:
        with idempotency.claim(world, call):
            if fault and name == "slow":
                time.sleep(fault.seconds)
            if name in MISHAPS and idempotency.is_new(world, call, raw, route.version):
                befallen = mishaps.before(world, name, raw)
            given = _execute(world, call, route, raw, name)
            if name in MISHAPS and given.status == 200 and REPLAYED not in given.headers:
                befallen = mishaps.after(world, name, json.loads(given.body)) or befallen
            if fault and name == "timeout_after":
                given.hang = fault.seconds
            elif name == "event_first":
                world.deliver_now()
            given.cut = name == "reset"
    finally:
        if fault and name in MISHAPS and not befallen:
            world.faults.missed(fault)
    return given


def _once(route: Route) -> bool:
    """Whether the operation heeds an idempotency key: v2 lets deletions have one, too."""
    return route.method == "POST" or (route.version == 2 and route.method == "DELETE")


# -- who asks, and for what -----------------------------------------------


def _authenticate(request: Request) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not key:
        raise StripeError(
            "You did not provide an API key. You need to provide your API key in the"
            " Authorization header, using Bearer auth.",
            status=401,
            begun=False,
        )
    if not key.startswith(("sk_test_", "rk_test_")):
        raise StripeError(
            "Invalid API Key provided: this sandbox takes keys that begin with sk_test_.",
            status=401,
            begun=False,
        )


def _check_version(request: Request) -> None:
    version = request.headers.get("Stripe-Version", API_VERSION)
    if version != API_VERSION:
        raise StripeError(f"Invalid Stripe API version: {version}", begun=False)


def _account(world: World, request: Request) -> str:
    id = request.headers.get("Stripe-Account") or request.headers.get("Stripe-Context") or ""
    if not id:
        return ""
    account = world.store.get(id)
    if account is None or account["object"] != "v2.core.account" or account["closed"]:
        raise StripeError(
            f"The provided key does not have access to account '{id}' (or that account does not"
            " exist). Application access may have been revoked.",
            status=403,
            code="account_invalid",
            begun=False,
        )
    return id


def _raw_parameters(route: Route, request: Request) -> Obj:
    try:
        if request.method in ("GET", "DELETE"):
            return decode_form(request.query)
        return (decode_json if route.version == 2 else decode_form)(request.body)
    except UnicodeDecodeError:
        raise StripeError("The parameters are not UTF-8.", begun=False) from None


def _fault(world: World, request: Request) -> Fault | None:
    try:
        asked = from_header(request.headers.get("Sandbox-Fault"))
    except ValueError as error:
        raise StripeError(str(error), begun=False) from None
    if asked and asked.fault in MISHAPS and not asked.strikes(request.method, request.path):
        raise StripeError(f"{asked.fault} befalls POST {MISHAPS[asked.fault]}.", begun=False)
    return asked or world.faults.for_call(request.method, request.path)


def _refused_before(fault: Fault, request_id: str) -> Answer | None:
    """Faults in which nothing is done, and nothing remembered."""
    match fault.fault:
        case "timeout_before":
            return Answer(500, "", hang=fault.seconds)
        case "error_500":
            raise StripeError(TROUBLE, status=500, kind="api_error")
        case "error_503":
            raise StripeError(TROUBLE, status=503, kind="api_error")
        case "lock":
            raise idempotency.in_use("(asked for)")
        case "rate_limit" | "rate_limit_retry":
            headers = {"Stripe-Should-Retry": "true"} if fault.fault.endswith("retry") else {}
            error = StripeError("Too many requests in a period of time.", code="rate_limit")
            return Answer(429, _dump(error.body(request_id)), headers)
    return None


# -- doing it -------------------------------------------------------------


def _execute(world: World, call: Call, route: Route, raw: Obj, fault: str | None) -> Answer:
    run_due_jobs(world)
    print_ = idempotency.fingerprint(call, raw)
    try:
        with world.handling(call):
            if (before := idempotency.recall(world, call, print_, route.version)) is not None:
                return Answer(*before, headers=_echo(call) | {REPLAYED: "true"})
            if fault == "error_500_saved":
                raise StripeError(TROUBLE, status=500, kind="api_error")
            call.params = read(route.spec, raw)
            expand = call.params.pop("expand", None)
            given = kept = _handled(world, call, route, expand)
            if fault == "error_500_after":
                trouble = StripeError(TROUBLE, status=500, kind="api_error")
                given = Answer(500, _dump(trouble.body(call.request_id)))
                # The second version keeps no error: asked again, it says what came of it.
                kept = given if route.version == 1 else kept
            idempotency.keep(world, call, print_, kept.status, kept.body)
    except StripeError as error:
        given = Answer(error.status, _dump(error.body(call.request_id)))
        if error.begun and route.version == 1:
            idempotency.keep(world, call, print_, given.status, given.body)
    given.headers |= _echo(call)
    return given


def _handled(world: World, call: Call, route: Route, expand: list[str] | None) -> Answer:
    try:
        return Answer(200, _dump(rendered(world, route.handler(world, call), expand)))
    except AttemptRefused as error:  # caught within the transaction: the failed attempt was one
        return Answer(error.status, _dump(error.body(call.request_id)))


def _echo(call: Call) -> dict[str, str]:
    return {"Idempotency-Key": call.key} if call.key is not None else {}


def _dump(body: Obj) -> str:
    return json.dumps(body, ensure_ascii=False)  # indented, it would take three times as long
