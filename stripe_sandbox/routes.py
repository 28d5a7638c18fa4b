"""Every operation: method, path, what it takes, who does it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from stripe_sandbox.lists import listing
from stripe_sandbox.objects import (
    accounts,
    balance,
    charges,
    checkout,
    customers,
    destinations,
    disputes,
    endpoints,
    history,
    intents,
    links,
    methods,
    payouts,
    refunds,
    reversals,
    settings,
    setups,
    transfers,
    warnings,
)
from stripe_sandbox.objects import automatic as automatic  # nobody calls it, but it has a job
from stripe_sandbox.params import Spec, metadata, strings
from stripe_sandbox.store import Obj
from stripe_sandbox.world import Call, World

Handler = Callable[[World, Call], Obj]


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    handler: Handler
    takes: Spec = field(default_factory=dict)

    @property
    def version(self) -> int:
        return 2 if self.path.startswith("/v2/") else 1

    @property
    def spec(self) -> Spec:
        expands = self.version == 1 and self.method != "DELETE"
        return {"expand": strings, **self.takes} if expands else self.takes


METADATA: Spec = {"metadata": metadata}
LINES: Spec = {k: v for k, v in listing().items() if k != "created"}

# fmt: off
ROUTES = (
    Route("POST", "/v1/customers", customers.create, customers.CREATE),
    Route("GET", "/v1/customers", customers.list_customers, customers.LIST),
    Route("GET", "/v1/customers/{id}", customers.retrieve),
    Route("POST", "/v1/customers/{id}", customers.update, customers.UPDATE),
    Route("DELETE", "/v1/customers/{id}", customers.delete),
    Route("GET", "/v1/customers/{id}/payment_methods", methods.list_of_customer,
          methods.OF_CUSTOMER),
    Route("GET", "/v1/customers/{id}/payment_methods/{method}", methods.retrieve_of_customer),
    Route("POST", "/v1/payment_methods", methods.create, methods.CREATE),
    Route("GET", "/v1/payment_methods", methods.list_methods, methods.LIST),
    Route("GET", "/v1/payment_methods/{id}", methods.retrieve),
    Route("POST", "/v1/payment_methods/{id}", methods.update, methods.UPDATE),
    Route("POST", "/v1/payment_methods/{id}/attach", methods.attach, methods.ATTACH),
    Route("POST", "/v1/payment_methods/{id}/detach", methods.detach),
    Route("POST", "/v1/setup_intents", setups.create, setups.CREATE),
    Route("GET", "/v1/setup_intents", setups.list_setups, setups.LIST),
    Route("GET", "/v1/setup_intents/{id}", setups.retrieve),
    Route("POST", "/v1/setup_intents/{id}", setups.update, setups.UPDATE),
    Route("POST", "/v1/setup_intents/{id}/confirm", setups.confirm, setups.CONFIRM),
    Route("POST", "/v1/setup_intents/{id}/cancel", setups.cancel, setups.CANCEL),
    Route("GET", "/v1/setup_attempts", setups.list_attempts, setups.LIST_ATTEMPTS),
    Route("POST", "/v1/checkout/sessions", checkout.create, checkout.CREATE),
    Route("GET", "/v1/checkout/sessions", checkout.list_sessions, checkout.LIST),
    Route("GET", "/v1/checkout/sessions/{id}", checkout.retrieve),
    Route("POST", "/v1/checkout/sessions/{id}/expire", checkout.expire),
    Route("GET", "/v1/checkout/sessions/{id}/line_items", checkout.list_line_items, LINES),
    Route("POST", "/v1/payment_intents", intents.create, intents.CREATE),
    Route("GET", "/v1/payment_intents", intents.list_intents, intents.LIST),
    Route("GET", "/v1/payment_intents/{id}", intents.retrieve),
    Route("POST", "/v1/payment_intents/{id}", intents.update, intents.UPDATE),
    Route("POST", "/v1/payment_intents/{id}/confirm", intents.confirm, intents.CONFIRM),
    Route("POST", "/v1/payment_intents/{id}/capture", intents.capture, intents.CAPTURE),
    Route("POST", "/v1/payment_intents/{id}/cancel", intents.cancel, intents.CANCEL),
    Route("GET", "/v1/charges", charges.list_charges, charges.LIST),
    Route("GET", "/v1/charges/{id}", charges.retrieve),
    Route("POST", "/v1/refunds", refunds.create, refunds.CREATE),
    Route("GET", "/v1/refunds", refunds.list_refunds, refunds.LIST),
    Route("GET", "/v1/refunds/{id}", refunds.retrieve),
    Route("POST", "/v1/refunds/{id}", refunds.update, METADATA),
    Route("POST", "/v1/refunds/{id}/cancel", refunds.cancel),
    Route("POST", "/v1/transfers", transfers.create, transfers.CREATE),
    Route("GET", "/v1/transfers", transfers.list_transfers, transfers.LIST),
    Route("GET", "/v1/transfers/{id}", transfers.retrieve),
    Route("POST", "/v1/transfers/{id}", transfers.update, transfers.UPDATE),
    Route("POST", "/v1/transfers/{id}/reversals", reversals.reverse, reversals.REVERSE),
    Route("GET", "/v1/transfers/{id}/reversals", reversals.list_reversals,
          reversals.LIST_REVERSALS),
    Route("GET", "/v1/transfers/{id}/reversals/{reversal}", reversals.retrieve_reversal),
    Route("POST", "/v1/transfers/{id}/reversals/{reversal}", reversals.update_reversal, METADATA),
    Route("POST", "/v1/payouts", payouts.create, payouts.CREATE),
    Route("GET", "/v1/payouts", payouts.list_payouts, payouts.LIST),
    Route("GET", "/v1/payouts/{id}", payouts.retrieve),
    Route("POST", "/v1/payouts/{id}", payouts.update, METADATA),
    Route("POST", "/v1/payouts/{id}/cancel", payouts.cancel),
    Route("POST", "/v1/accounts/{id}/login_links", links.log_in),
    Route("GET", "/v1/balance", balance.retrieve),
    Route("GET", "/v1/balance_settings", settings.retrieve),
    Route("POST", "/v1/balance_settings", settings.update, settings.UPDATE),
    Route("GET", "/v1/balance_transactions", balance.list_transactions,
          balance.LIST_TRANSACTIONS),
    Route("GET", "/v1/balance_transactions/{id}", balance.retrieve_transaction),
    Route("GET", "/v1/disputes", disputes.list_disputes, disputes.LIST),
    Route("GET", "/v1/disputes/{id}", disputes.retrieve),
    Route("POST", "/v1/disputes/{id}", disputes.update, disputes.UPDATE),
    Route("POST", "/v1/disputes/{id}/close", disputes.accept),
    Route("GET", "/v1/radar/early_fraud_warnings", warnings.list_warnings, warnings.LIST),
    Route("GET", "/v1/radar/early_fraud_warnings/{id}", warnings.retrieve),
    Route("GET", "/v1/events", history.list_events, history.LIST),
    Route("GET", "/v1/events/{id}", history.retrieve),
    Route("POST", "/v1/webhook_endpoints", endpoints.create, endpoints.CREATE),
    Route("GET", "/v1/webhook_endpoints", endpoints.list_endpoints, endpoints.LIST),
    Route("GET", "/v1/webhook_endpoints/{id}", endpoints.retrieve),
    Route("POST", "/v1/webhook_endpoints/{id}", endpoints.update, endpoints.UPDATE),
    Route("DELETE", "/v1/webhook_endpoints/{id}", endpoints.delete),
    Route("POST", "/v2/core/accounts", accounts.create, accounts.FIELDS),
    Route("GET", "/v2/core/accounts", accounts.list_accounts, accounts.LIST),
    Route("GET", "/v2/core/accounts/{id}", accounts.retrieve, accounts.RETRIEVE),
    Route("POST", "/v2/core/accounts/{id}", accounts.update, accounts.FIELDS),
    Route("POST", "/v2/core/accounts/{id}/close", accounts.close, accounts.CLOSE),
    Route("POST", "/v2/core/account_links", links.create, links.CREATE),
    Route("GET", "/v2/core/events", history.list_thin, history.LIST_V2),
    Route("GET", "/v2/core/events/{id}", history.retrieve_thin),
    Route("POST", "/v2/core/event_destinations", destinations.create, destinations.CREATE),
    Route("GET", "/v2/core/event_destinations", destinations.list_destinations,
          destinations.LIST),
    Route("GET", "/v2/core/event_destinations/{id}", destinations.retrieve,
          destinations.RETRIEVE),
    Route("POST", "/v2/core/event_destinations/{id}", destinations.update, destinations.UPDATE),
    Route("DELETE", "/v2/core/event_destinations/{id}", destinations.delete),
    Route("POST", "/v2/core/event_destinations/{id}/disable", destinations.disable),
    Route("POST", "/v2/core/event_destinations/{id}/enable", destinations.enable),
    Route("POST", "/v2/core/event_destinations/{id}/ping", destinations.ping),
)
# fmt: on
PATTERNS = [
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[A-Za-z0-9_]+)", route.path) + r"\Z"), route)
    for route in ROUTES
]


def route_of(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    for pattern, route in PATTERNS:
        if route.method == method and (match := pattern.match(path)):
            return route, match.groupdict()
    return None
