"""What the demo is made of: its environment, its ports, its stand-in for the payment provider."""

import errno
import http.client
import json
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from marketplace.embedded import DATA
from marketplace.processes import Trouble

# Far from the ports that people choose; the last digits follow the web's, so that several
# checkouts keep apart.
STRIPE_PORTS, LIVE_PORTS = 12_000, 14_000

# Minor units, in the currencies that the demo trades in.
FLOAT = {"usd": 1_000_000, "eur": 1_000_000, "gbp": 1_000_000, "jpy": 1_000_000, "kwd": 1_000_000}


def environment_of(
    port: int, given: Mapping[str, str], addresses: Mapping[str, str]
) -> dict[str, str]:
    """What every process of the demo is told. What was ``given`` from outside about the payment
    provider stays as it is; ``addresses`` are those of the services.
    """
    stripe_port = free_port_from(STRIPE_PORTS + port % 1000)
    live_port = free_port_from(LIVE_PORTS + port % 1000)
    site = f"http://127.0.0.1:{port}"
    invented = {
        "STRIPE_API_BASE": f"http://127.0.0.1:{stripe_port}",
        "STRIPE_SECRET_KEY": "sk_test_milepost_demo",
        # The local one allows whatever it can bear.
        "STRIPE_CALLS_PER_SECOND": "1000",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
    }
    return {
        **addresses,
        **{name: given.get(name) or value for name, value in invented.items()},
        "SANDBOX": "1",
        "DEBUG": "0",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SITE_URL": site,
        "WEB_WATCH_URL": f"{site}/healthz",
        "LIVE_PORT": str(live_port),
        "LIVE_URL": f"http://127.0.0.1:{live_port}",
        "MEDIA_ROOT": str(DATA / "media"),
        **{name: _without_proxy(given.get(name, "")) for name in ("NO_PROXY", "no_proxy")},
    }


def _without_proxy(given: str) -> str:
    """The processes of the demo speak to each other, whatever proxy the machine has for others."""
    if given.strip() == "*":
        return given
    named = [name.strip() for name in given.split(",") if name.strip()]
    return ",".join(dict.fromkeys([*named, "127.0.0.1", "localhost"]))


def stripe_store() -> Path:
    """Where the stand-in for the payment provider keeps what it did."""
    return DATA / "stripe.db"


def stripe_command(environment: Mapping[str, str]) -> list[str]:
    """How the stand-in for the payment provider is started."""
    return [
        *(sys.executable, "-m", "stripe_sandbox"),
        *("--port", environment["STRIPE_API_BASE"].rpartition(":")[2]),
        *("--webhook-url", f"{environment['SITE_URL']}/webhooks/stripe/"),
        *("--webhook-secret", environment["STRIPE_WEBHOOK_SECRET"].split(",")[0].strip()),
        *("--store", str(stripe_store())),
    ]


def furnished() -> Path:
    """The note that a first start came to its end: one that was interrupted is caught up on."""
    return DATA / "furnished"


def top_up(stripe_api_base: str) -> None:
    """Give the platform an own float at the stand-in for the provider, as an operator would.

    The provider keeps its fee also of what is given back later; without a float the last payout
    of an empty house would wait for cover.
    """
    with requests.Session() as session:
        session.trust_env = False
        for currency, amount in FLOAT.items():
            topup = {"amount": amount, "currency": currency}
            try:
                session.post(
                    f"{stripe_api_base}/_sandbox/topups", json=topup, timeout=10
                ).raise_for_status()
            except requests.RequestException:
                sentence = "The stand-in for the payment provider did not take its float."
                raise Trouble(sentence, DATA / "logs" / "stripe.log") from None


def why_not_free(port: int) -> int:
    """Why nobody can listen on this port of the loopback, as an errno; 0 where one can."""
    with socket.socket() as probe:
        # As the web process does it: a port whose last connections are fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            return problem.errno or errno.EADDRINUSE
    return 0


def free_port_from(first: int) -> int:
    """The same port at every start where possible: pay pages that are open stay valid."""
    return next(port for port in range(first, first + 500) if not why_not_free(port))


def is_ready(port: int) -> bool:
    """Whether the web process says that people can be served."""
    parts = readiness(port)
    return bool(parts) and all(said == "ok" for said in parts.values())


def readiness(port: int) -> dict[str, str]:
    """What the web process says of each part of the house; nothing where it says nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        parts: dict[str, str] = json.load(connection.getresponse())["parts"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return {}
    else:
        return parts
    finally:
        connection.close()
