"""Each route answers, and so each kind of answer is held against the definitions.

Whatever a test here asks for is held against them (``conftest.stage``); a route that no test ever
asks for would be held against nothing.
"""

from typing import Any

from stripe_sandbox.routes import ROUTES, route_of
from tests.stripe_sandbox.play import Play
from tests.stripe_sandbox.test_debits import debit_that_asks

KEY = {"Authorization": "Bearer sk_test_sandbox"}


class Asking:
    """Asks as any program would; each answer has to be a good one."""

    def __init__(self, play: Play) -> None:
        self.play = play

    def __call__(self, method: str, path: str, form: Any = None, **more: Any) -> Any:
        headers = dict(KEY) | more.pop("headers", {})
        how = {"params" if method == "GET" else "data": form} if "json" not in more else more
        answer = self.play.http.request(method, f"{self.play.url}{path}", headers=headers, **how)
        assert answer.status_code == 200, (method, path, answer.text)
        return answer.json()


def test_every_route_is_answered(play: Play, said):
    money_in(play, Asking(play))
    saved_methods(play, Asking(play))
    money_out(play, Asking(play))
    what_banks_want(play, Asking(play))
    where_events_go(play, Asking(play))

    answered = {
        (found[0].method, found[0].path)
        for method, path, status, _ in said
        if status == 200 and (found := route_of(method, path))
    }
    assert answered == {(route.method, route.path) for route in ROUTES}


def money_in(play: Play, ask: Asking) -> None:
    charge = play.funded(10_000)
    ask("GET", "/v1/charges")
    ask("GET", f"/v1/charges/{charge.id}")
    (session,) = ask("GET", "/v1/checkout/sessions")["data"]
    (line,) = ask("GET", f"/v1/checkout/sessions/{session['id']}/line_items")["data"]
    assert (line["object"], line["amount_total"]) == ("item", 10_000)
    ask("POST", f"/v1/checkout/sessions/{play.session().id}/expire")
    ask("GET", f"/v1/payment_intents/{charge.payment_intent}")
    ask("GET", "/v1/payment_intents")
    amount = {"amount": 5_000, "currency": "usd"}
    intent = ask("POST", "/v1/payment_intents", amount)["id"]
    ask("POST", f"/v1/payment_intents/{intent}", {"metadata[a]": "1"})
    ask("POST", f"/v1/payment_intents/{intent}/cancel")
    later = amount | {"capture_method": "manual", "payment_method": "pm_card_visa"}
    intent = ask("POST", "/v1/payment_intents", later)["id"]
    ask("POST", f"/v1/payment_intents/{intent}/confirm")
    ask("POST", f"/v1/payment_intents/{intent}/capture")
    refund = ask("POST", "/v1/refunds", {"charge": charge.id, "amount": 1_000})["id"]
    changed = ask("POST", f"/v1/refunds/{refund}", {"metadata[a]": "1"})
    assert changed["metadata"] == {"a": "1"}
    ask("GET", f"/v1/refunds/{refund}")
    ask("GET", "/v1/refunds")
    asking = ask("POST", "/v1/refunds", {"charge": debit_that_asks(play), "amount": 4_000})
    ask("POST", f"/v1/refunds/{asking['id']}/cancel")
    ask("GET", "/v1/balance")
    booked = ask("GET", "/v1/balance_transactions")["data"]
    ask("GET", f"/v1/balance_transactions/{booked[0]['id']}")


def saved_methods(play: Play, ask: Asking) -> None:
    ada = ask("POST", "/v1/customers", {"email": "ada@example.com"})["id"]
    ask("GET", "/v1/customers")
    ask("GET", f"/v1/customers/{ada}")
    ask("POST", f"/v1/customers/{ada}", {"metadata[a]": "1"})
    method = ask("POST", "/v1/payment_methods", {"type": "card", "card[token]": "tok_visa"})["id"]
    ask("POST", f"/v1/payment_methods/{method}/attach", {"customer": ada})
    ask("GET", f"/v1/payment_methods/{method}")
    ask("POST", f"/v1/payment_methods/{method}", {"metadata[a]": "1"})
    ask("GET", "/v1/payment_methods", {"customer": ada})
    ask("GET", f"/v1/customers/{ada}/payment_methods")
    ask("GET", f"/v1/customers/{ada}/payment_methods/{method}")
    ask("POST", f"/v1/payment_methods/{method}/detach")
    setup = ask("POST", "/v1/setup_intents", {"customer": ada})["id"]
    ask("GET", f"/v1/setup_intents/{setup}")
    ask("GET", "/v1/setup_intents")
    ask("POST", f"/v1/setup_intents/{setup}", {"payment_method": "pm_card_visa"})
    ask("POST", f"/v1/setup_intents/{setup}/confirm")
    ask("GET", "/v1/setup_attempts", {"setup_intent": setup})
    ask("POST", f"/v1/setup_intents/{ask('POST', '/v1/setup_intents')['id']}/cancel")
    ask("DELETE", f"/v1/customers/{ada}")


def money_out(play: Play, ask: Asking) -> None:
    ben = play.freelancer()
    play.funded(50_000)
    ask("GET", f"/v2/core/accounts/{ben}")
    ask("GET", "/v2/core/accounts")
    ask("POST", f"/v2/core/accounts/{ben}", json={"display_name": "Ben Weber"})
    ask("POST", f"/v1/accounts/{ben}/login_links")
    form = {"amount": 9_000, "currency": "usd", "destination": ben}
    transfer = ask("POST", "/v1/transfers", form)["id"]
    ask("GET", "/v1/transfers")
    ask("GET", f"/v1/transfers/{transfer}")
    ask("POST", f"/v1/transfers/{transfer}", {"metadata[a]": "1"})
    back = ask("POST", f"/v1/transfers/{transfer}/reversals", {"amount": 1_000})["id"]
    ask("GET", f"/v1/transfers/{transfer}/reversals")
    reversal = ask("GET", f"/v1/transfers/{transfer}/reversals/{back}")
    assert (reversal["object"], reversal["amount"]) == ("transfer_reversal", 1_000)
    ask("POST", f"/v1/transfers/{transfer}/reversals/{back}", {"metadata[a]": "1"})
    at_ben = {"headers": {"Stripe-Account": ben}}
    ask("GET", "/v1/balance_settings", **at_ben)
    payout = ask("POST", "/v1/payouts", {"amount": 700, "currency": "usd"}, **at_ben)["id"]
    ask("GET", "/v1/payouts", **at_ben)
    ask("GET", f"/v1/payouts/{payout}", **at_ben)
    ask("POST", f"/v1/payouts/{payout}", {"metadata[a]": "1"}, **at_ben)
    ask("POST", f"/v1/payouts/{payout}/cancel", **at_ben)
    ask("POST", f"/v2/core/accounts/{play.account().id}/close", json={})


def what_banks_want(play: Play, ask: Asking) -> None:
    play.paid(3_000, card="4000000000000259")
    charge = play.paid(4_000)
    play.control("/early_fraud_warnings", {"charge": charge.id})
    play.advance(1)
    wanted = ask("GET", "/v1/disputes")["data"][0]["id"]
    ask("GET", f"/v1/disputes/{wanted}")
    ask("POST", f"/v1/disputes/{wanted}", {"metadata[a]": "1"})
    ask("POST", f"/v1/disputes/{wanted}/close")
    (warning,) = ask("GET", "/v1/radar/early_fraud_warnings")["data"]
    ask("GET", f"/v1/radar/early_fraud_warnings/{warning['id']}")


def where_events_go(play: Play, ask: Asking) -> None:
    for listed in ("/v1/events", "/v2/core/events"):
        ask("GET", f"{listed}/{ask('GET', listed)['data'][0]['id']}")
    form = {"url": "https://example.com/hook", "enabled_events[]": "*"}
    hook = ask("POST", "/v1/webhook_endpoints", form)["id"]
    ask("GET", "/v1/webhook_endpoints")
    ask("GET", f"/v1/webhook_endpoints/{hook}")
    ask("POST", f"/v1/webhook_endpoints/{hook}", {"metadata[a]": "1"})
    ask("DELETE", f"/v1/webhook_endpoints/{hook}")
    form = {
        "name": "Accounts",
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": ["v2.core.account.created"],
        "events_from": ["@accounts"],
        "webhook_endpoint": {"url": play.webhook.url},
    }
    there = "/v2/core/event_destinations"
    place = f"{there}/{ask('POST', there, json=form)['id']}"
    ask("GET", there)
    ask("GET", place)
    ask("POST", place, json={"name": "People"})
    for deed in ("disable", "enable", "ping"):
        ask("POST", f"{place}/{deed}", json={})
    ask("DELETE", place)
