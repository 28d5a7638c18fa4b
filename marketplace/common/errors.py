"""Saying no: a code for machines, a sentence for people, the field it concerns."""


class DomainError(Exception):
    """A refusal. The doors turn it into a page or the API's error envelope.

    ``message`` is shown to people as it is; ``param`` names the input at fault, if one is;
    ``retry_after`` says after how many seconds to try again, if that may help.
    """

    code = "refused"
    status = 400

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        if code:
            self.code = code


class InvalidInput(DomainError):
    """What was sent cannot be used as it is."""

    code = "invalid_input"


class NotAllowed(DomainError):
    """You may see it, but this is not yours to do."""

    code = "not_allowed"
    status = 403


class NotThere(DomainError):
    """It does not exist for you."""

    code = "not_found"
    status = 404


class WrongState(DomainError):
    """Too early or too late: the thing has moved on."""

    code = "wrong_state"
    status = 409


class InsufficientFunds(DomainError):
    """The books do not hold that much."""

    code = "insufficient_funds"
    status = 409


class KeyReused(DomainError):
    """The same key came with another request."""

    code = "key_reused"
    status = 409


class KeyInUse(DomainError):
    """The request that came first with this key is still under way."""

    code = "idempotency_in_progress"
    status = 409


class TooLarge(DomainError):
    """More than we take in one piece."""

    code = "too_large"
    status = 413


class TooOften(DomainError):
    """More often than anybody needs to; later it is all right again."""

    code = "throttled"
    status = 429


class LengthMissing(DomainError):
    """A body of which nobody said how long it is."""

    code = "length_missing"
    status = 411


class ProviderUnreachable(DomainError):
    """The payment provider did not answer clearly; what was asked is kept and tried again."""

    code = "provider_unreachable"
    status = 503


class MailUnreachable(DomainError):
    """The mail server did not take a mail that somebody is waiting for."""

    code = "mail_unreachable"
    status = 503


class Away(DomainError):
    """A part of the house does not answer for the moment."""

    code = "away"
    status = 503


class Broken(DomainError):
    """A fault of ours."""

    code = "broken"
    status = 500


def error_body(refusal: DomainError) -> dict[str, dict[str, str | None]]:
    """The API's one shape of a refusal."""
    return {"error": {"code": refusal.code, "message": refusal.message, "param": refusal.param}}
