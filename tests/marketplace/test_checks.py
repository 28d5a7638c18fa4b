"""Milepost refuses to start misconfigured."""

import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from marketplace.checks import problems, refuse_to_start_misconfigured


@pytest.fixture
def production(settings):
    """Settings as an operator should make them."""
    settings.SANDBOX = False
    settings.DEBUG = False
    settings.SECRET_KEY = "k" * 64
    settings.STRIPE_API_BASE = ""
    settings.STRIPE_SECRET_KEY = "sk_live_of_an_operator"
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_of_an_operator"]
    return settings


def test_a_whole_production_may_start(production):
    assert problems() == {}
    refuse_to_start_misconfigured()


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("SECRET_KEY", "", "secret_key"),
        ("SECRET_KEY", "short", "secret_key"),
        ("SECRET_KEY", "demo-only-not-a-secret-demo-only-not-a-secret-demo-only", "secret_key"),
        ("STRIPE_SECRET_KEY", "", "stripe_key"),
        ("STRIPE_SECRET_KEY", "sk_test_milepost_demo", "stripe_key"),
        ("STRIPE_WEBHOOK_SECRETS", [], "webhook_secret"),
        ("STRIPE_WEBHOOK_SECRETS", ["whsec_mine", "whsec_milepost"], "webhook_secret"),
        ("DEBUG", True, "debug"),
    ],
)
def test_production_refuses_what_is_missing_or_published(production, setting, value, code):
    setattr(production, setting, value)

    assert list(problems()) == [code]
    with pytest.raises(ImproperlyConfigured):
        refuse_to_start_misconfigured()
    found = [message.id for message in run_checks(include_deployment_checks=True)]
    assert f"milepost.{code}" in found


def test_other_commands_need_no_secrets(production):
    production.STRIPE_SECRET_KEY = ""

    assert [m for m in run_checks() if m.id.startswith("milepost.")] == []


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc"])
def test_the_sandbox_refuses_a_live_key(settings, key):
    settings.STRIPE_SECRET_KEY = key

    assert list(problems()) == ["live_key"]
    assert "milepost.live_key" in [message.id for message in run_checks()]


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("https://api.stripe.com", True),
        ("http://192.0.2.7:12111", True),
        ("http://localhost.example:12111", True),
        ("not an address", True),
        ("http://127.0.0.1:12111", False),
        ("http://localhost:12111", False),
        ("http://[::1]:12111", False),
        ("", False),
    ],
)
def test_the_sandbox_speaks_only_to_this_machine(settings, address, refused):
    settings.STRIPE_API_BASE = address

    assert ("remote_provider" in problems()) is refused


@pytest.mark.parametrize(
    "command",
    [
        ["-c", "import marketplace.wsgi"],
        ["-m", "celery", "--app", "marketplace", "worker", "--pool", "solo"],
        ["-m", "celery", "--app", "marketplace", "beat", "--pidfile="],
        ["-m", "marketplace.programs", "web"],
    ],
    ids=["wsgi", "worker", "beat", "image"],
)
def test_no_process_that_serves_people_starts_with_a_live_key_in_the_sandbox(command):
    refused = subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"STRIPE_SECRET_KEY": "sk_live_abc"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert refused.returncode != 0
    assert "STRIPE_SECRET_KEY is a live key" in refused.stderr + refused.stdout
