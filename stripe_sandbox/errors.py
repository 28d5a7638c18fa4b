"""How Stripe says no."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An answer that is an error; ``begun``: execution had begun, so that it is kept."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        begun: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.begun = begun
        self.fields: dict[str, Any] = {"message": message, "type": kind, **more}
        if code is not None:
            self.fields["code"] = code
            self.fields["doc_url"] = "https://stripe.com/docs/error-codes/" + code.replace("_", "-")
        if param is not None:
            self.fields["param"] = param

    def body(self, request_id: str) -> dict[str, Any]:
        log = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": {**self.fields, "request_log_url": log}}


class CardError(StripeError):
    def __init__(self, message: str, *, code: str, **more: Any) -> None:
        super().__init__(message, status=402, kind="card_error", code=code, **more)


class AttemptRefused(CardError):
    """An attempt was made and refused. What it left behind stays: it is no undoing."""


def unknown_parameter(name: str) -> StripeError:
    return StripeError(
        f"Received unknown parameter: {name}", code="parameter_unknown", param=name, begun=False
    )


def missing_parameter(name: str) -> StripeError:
    return StripeError(
        f"Missing required param: {name}.", code="parameter_missing", param=name, begun=False
    )


def invalid_parameter(message: str, name: str, code: str | None = None) -> StripeError:
    return StripeError(message, code=code, param=name, begun=False)


def no_such(noun: str, id: str, *, param: str = "id", status: int = 404) -> StripeError:
    return StripeError(
        f"No such {noun}: '{id}'", status=status, code="resource_missing", param=param
    )


def insufficient_balance(message: str) -> StripeError:
    return StripeError(message, code="balance_insufficient")
