"""What must be true before Milepost serves people: judged by ``manage.py check --deploy`` and once
more when a web or worker process starts, which then refuses.
"""

import logging
import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from marketplace.common.currencies import is_carried

logger = logging.getLogger(__name__)

_SIGNING_KEY = re.compile("[0-9a-f]{64}")
# What the demo and the tests call themselves by; published, therefore no secret.
PUBLISHED = (
    *("demo-only", "only-for-tests", "only-while-building"),
    *("whsec_demo", "whsec_milepost", "whsec_sandbox", "sk_test_milepost"),
)


def problems() -> dict[str, str]:
    """What is wrong with the settings, as sentences by the code of each check."""
    return _problems_of_the_sandbox() if settings.SANDBOX else _problems_of_production()


def refuse_to_start_misconfigured() -> None:
    """For the processes that serve people. Raises ImproperlyConfigured with every reason."""
    if found := problems():
        raise ImproperlyConfigured(" ".join(found.values()))


def warn_of_the_database() -> None:
    """For the web process: what the checks for deployment say of the database goes into its log."""
    if settings.SANDBOX:
        return
    try:
        found = run_checks(
            tags=[Tags.database], include_deployment_checks=True, databases=["default"]
        )
    except OperationalError as silence:
        logger.warning("The database cannot be asked about its roles: %s", silence)
    else:
        for message in found:
            logger.warning("%s %s", message.msg, message.hint or "")
    finally:
        connection.close()


def check_the_sandbox(**_: Any) -> Sequence[CheckMessage]:
    """Every command refuses to play with real money."""
    return _as_errors(problems()) if settings.SANDBOX else []


def check_production(**_: Any) -> Sequence[CheckMessage]:
    """Only ``check --deploy`` asks, so that a command needs no secrets on a developer's machine."""
    return [] if settings.SANDBOX else _as_errors(problems())


def _problems_of_production() -> dict[str, str]:
    found = _problems_of_both()
    secret_key = _secret_key()
    if not secret_key:
        found["secret_key"] = "Set SECRET_KEY."
    elif secret_key.startswith(PUBLISHED) or len(secret_key) < 50:
        found["secret_key"] = "SECRET_KEY is published or short: choose 50 random letters or more."
    if any(str(key).startswith(PUBLISHED) for key in settings.SECRET_KEY_FALLBACKS):
        found["secret_key_fallbacks"] = "SECRET_KEY_FALLBACKS names a key that is published."
    if not settings.SITE_URL:
        found["site_url"] = "Set SITE_URL, such as https://milepost.example."
    elif not urlsplit(settings.SITE_URL).netloc:
        found["site_url"] = "SITE_URL is no whole address, such as https://milepost.example."
    found |= _problems_of_the_provider()
    if problem := _problem_of_the_signing_key():
        found["signing_key"] = problem
    if settings.DEBUG:
        found["debug"] = "DEBUG shows settings to strangers: unset it."
    if str(connection.settings_dict["NAME"]).startswith("test_"):
        found["test_database"] = (
            "The database is named test_…, as those of tests are, which may be emptied, books and"
            " all: give it another name."
        )
    return found


def _problems_of_the_provider() -> dict[str, str]:
    found = {}
    if not settings.STRIPE_SECRET_KEY:
        found["stripe_key"] = "Set STRIPE_SECRET_KEY."
    elif settings.STRIPE_SECRET_KEY.startswith(PUBLISHED):
        found["stripe_key"] = "STRIPE_SECRET_KEY is the demo's."
    if not settings.STRIPE_WEBHOOK_SECRETS:
        found["webhook_secret"] = "Set STRIPE_WEBHOOK_SECRET."
    elif any(secret.startswith(PUBLISHED) for secret in settings.STRIPE_WEBHOOK_SECRETS):
        found["webhook_secret"] = "STRIPE_WEBHOOK_SECRET is the demo's: anybody could sign with it."
    return found


def _problem_of_the_signing_key() -> str:
    if not settings.SIGNING_KEY:
        return "Set SIGNING_KEY: 64 hex digits, as `openssl rand -hex 32` makes."
    if not _SIGNING_KEY.fullmatch(settings.SIGNING_KEY):
        return "SIGNING_KEY is no key: 64 hex digits, small letters."
    if bytes.fromhex(settings.SIGNING_KEY).startswith(tuple(it.encode() for it in PUBLISHED)):
        return "SIGNING_KEY is the demo's: anybody could sign with it."
    return ""


def _problems_of_both() -> dict[str, str]:
    if not settings.CURRENCIES:
        return {"currencies": "CURRENCIES names none."}
    if wrong := [code for code in settings.CURRENCIES if not is_carried(code)]:
        return {"currencies": f"CURRENCIES: {', '.join(wrong)} cannot be carried to the unit."}
    return {}


def _problems_of_the_sandbox() -> dict[str, str]:
    found = _problems_of_both()
    if settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")):
        found["live_key"] = "This is the sandbox (SANDBOX=1) and STRIPE_SECRET_KEY is a live key."
    if settings.STRIPE_API_BASE and not _is_loopback(settings.STRIPE_API_BASE):
        found["remote_provider"] = (
            "This is the sandbox (SANDBOX=1) and STRIPE_API_BASE is not on this machine."
        )
    # Where no address is given, a key alone speaks to the provider itself, which writes letters.
    speaks = settings.STRIPE_API_BASE or settings.STRIPE_SECRET_KEY
    if speaks and not settings.STRIPE_WEBHOOK_SECRETS:
        found["webhook_secret"] = (
            "Set STRIPE_WEBHOOK_SECRET: without it every letter of the provider is refused."
        )
    return found


def _secret_key() -> str:
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's answer to an empty one
        return ""


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _as_errors(found: dict[str, str]) -> list[CheckMessage]:
    return [Error(sentence, id=f"milepost.{code}") for code, sentence in found.items()]
