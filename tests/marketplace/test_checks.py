"""Milepost refuses to start misconfigured."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from marketplace.checks import problems, refuse_to_start_misconfigured

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def production(settings, monkeypatch):
    """Settings as an operator should make them."""
    settings.SANDBOX = False
    settings.DEBUG = False
    settings.SECRET_KEY = "k" * 64
    settings.SIGNING_KEY = "5e" * 32
    settings.SITE_URL = "https://milepost.example"
    settings.STRIPE_API_BASE = ""
    settings.STRIPE_SECRET_KEY = "sk_live_of_an_operator"
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_of_an_operator"]
    monkeypatch.setitem(connection.settings_dict, "NAME", "milepost")
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
        ("STRIPE_WEBHOOK_SECRETS", ["whsec_sandbox"], "webhook_secret"),
        ("SECRET_KEY_FALLBACKS", ["only-for-tests-" * 4], "secret_key_fallbacks"),
        ("SITE_URL", "", "site_url"),
        ("SITE_URL", "milepost.example", "site_url"),
        ("SIGNING_KEY", "", "signing_key"),
        ("SIGNING_KEY", "5e" * 31, "signing_key"),
        ("SIGNING_KEY", "5E" * 32, "signing_key"),
        (
            "SIGNING_KEY",
            "my own words, and not sixty-four hexadecimal digits of a key....",
            "signing_key",
        ),
        ("SIGNING_KEY", b"demo-only-not-a-secret-demo-only".hex(), "signing_key"),
        ("DEBUG", True, "debug"),
        ("CURRENCIES", [], "currencies"),
        ("CURRENCIES", ["USD", "XXXX"], "currencies"),
        ("CURRENCIES", ["ISK"], "currencies"),
        ("CURRENCIES", ["RSD"], "currencies"),
    ],
)
def test_production_refuses_what_is_missing_or_published(production, setting, value, code):
    setattr(production, setting, value)

    assert list(problems()) == [code]
    with pytest.raises(ImproperlyConfigured):
        refuse_to_start_misconfigured()
    found = [message.id for message in run_checks(include_deployment_checks=True)]
    assert f"milepost.{code}" in found


@pytest.mark.parametrize(
    ("name", "refused"), [("test_milepost", True), ("testing", False), ("latest_", False)]
)
def test_production_keeps_no_books_that_may_be_emptied(production, monkeypatch, name, refused):
    """PostgreSQL lets whoever owns the tables of a database of tests empty them (TRUNCATE)."""
    monkeypatch.setitem(connection.settings_dict, "NAME", name)

    assert list(problems()) == (["test_database"] if refused else [])


def read_by_a_fresh_process(expression: str, **environment: str) -> str:
    """What the settings make of the environment: they are read once a process."""
    done = subprocess.run(
        [sys.executable, "-c", f"from marketplace import settings; print({expression})"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("said", "meant"),
    [("whsec_x,", ["whsec_x"]), (",", []), ("a, b", ["a", "b"]), ("", [])],
)
def test_an_empty_webhook_secret_is_none(said, meant):
    """Else anybody could sign with the empty key."""
    read = read_by_a_fresh_process("settings.STRIPE_WEBHOOK_SECRETS", STRIPE_WEBHOOK_SECRET=said)

    assert read == str(meant)


def test_earlier_secret_keys_are_read_from_the_environment():
    read = read_by_a_fresh_process("settings.SECRET_KEY_FALLBACKS", SECRET_KEY_FALLBACKS="a, b")

    assert read == "['a', 'b']"


def test_production_has_no_address_until_it_is_told():
    told = {"SANDBOX": "0", "SITE_URL": ""}

    assert read_by_a_fresh_process("repr(settings.SITE_URL)", **told) == "''"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_machines_that_watch_are_not_sent_to_https(client, settings, path, db):
    """They ask the process itself, where there is no TLS."""
    settings.SECURE_SSL_REDIRECT = True

    assert client.get(path).status_code in (200, 503)
    assert client.get("/postings/").status_code == 301


def test_behind_a_proxy_that_ends_tls_nothing_redirects_to_itself():
    """Compose trusts its one proxy by itself; without that, https never seems to arrive."""
    compose = (ROOT / "compose.yaml").read_text()
    read = read_by_a_fresh_process(
        "settings.SECURE_PROXY_SSL_HEADER, settings.SECURE_SSL_REDIRECT",
        SITE_URL="https://milepost.example",
        TRUSTED_PROXIES=re.findall(r"TRUSTED_PROXIES:-(\d)", compose)[0],
    )

    assert read == "('HTTP_X_FORWARDED_PROTO', 'https') True"


def test_compose_passes_on_every_variable_of_the_readme():
    compose = (ROOT / "compose.yaml").read_text()
    table = re.findall(r"^\| (`.*?`) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    named = {name for cell in table for name in re.findall(r"`([A-Z_]+)`", cell)}

    assert {"MAIL_FROM", "CURRENCIES", "SSL_REDIRECT", "LIVE_URL"} <= named
    assert {name for name in named if name not in compose} == set()


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


def test_the_sandbox_has_a_secret_for_the_letters_of_its_provider(settings):
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert list(problems()) == ["webhook_secret"]

    # The provider's own test mode, to which a key leads without an address, writes them, too.
    settings.STRIPE_API_BASE = ""
    assert list(problems()) == ["webhook_secret"]

    settings.STRIPE_SECRET_KEY = ""  # nobody writes letters
    assert problems() == {}


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
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"STRIPE_SECRET_KEY": "sk_live_abc"}, "STRIPE_SECRET_KEY is a live key"),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "Set STRIPE_WEBHOOK_SECRET"),
        ({"STRIPE_WEBHOOK_SECRET": " , "}, "Set STRIPE_WEBHOOK_SECRET"),
    ],
    ids=["live key", "no secret", "secrets of nothing"],
)
def test_no_process_that_serves_people_starts_wrong_in_the_sandbox(command, wrong, said):
    refused = subprocess.run(
        [sys.executable, *command],
        env=os.environ | wrong,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert refused.returncode != 0
    assert said in refused.stderr + refused.stdout
