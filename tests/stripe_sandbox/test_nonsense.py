"""Whatever is thrown at it, it answers, and never with a fault of its own."""

import json
import re
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stripe_sandbox.routes import ROUTES
from tests.stripe_sandbox.play import Play

AUTHORIZED = {"Authorization": "Bearer sk_test_x"}
WORDS = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.sampled_from(["usd", "jpy", "-1", "", "\x00", "payment", "http://a.test/", "data.x"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def nonsense_for(route):
    names = [name.rstrip("*") for name in route.spec]
    nested = [f"{name}{tail}" for name in names for tail in ("", "[a]", "[]", "[0][a]", "[")]
    keys = st.one_of(st.sampled_from(nested or ["a"]), st.text(max_size=8))
    if route.version == 2 and route.method == "POST":
        known = st.sampled_from(names or ["a"])
        return st.dictionaries(st.one_of(known, keys), VALUES, max_size=5).map(json.dumps)
    return st.lists(st.tuples(keys, WORDS), max_size=6).map(urlencode)


@pytest.fixture
def ids(play: Play) -> list[str]:
    """A few of each kind of the paying side, so that nonsense meets more than "no such thing"."""
    client = play.stripe.v1
    customer = client.customers.create({"payment_method": "pm_card_visa"})
    held = {"amount": 500, "currency": "usd", "capture_method": "manual"}
    unpaid = client.payment_intents.create(held)
    paid = client.payment_intents.create(
        {**held, "payment_method": "pm_card_visa", "confirm": True}
    )
    method = client.payment_methods.list({"customer": customer.id}).data[0]
    setup = client.setup_intents.create({"customer": customer.id})
    return ["x1", customer.id, unpaid.id, paid.id, paid.latest_charge, method.id, setup.id]


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_nonsense_is_refused_in_words(play: Play, ids: list[str], data):
    route = data.draw(st.sampled_from(ROUTES))
    said = data.draw(nonsense_for(route))
    id = data.draw(st.sampled_from(ids))
    url = play.url + re.sub(r"\{\w+\}", "x2", route.path.replace("{id}", id))
    if route.method == "POST":
        answer = play.http.post(url, data=said, headers=AUTHORIZED, timeout=5)
    else:
        answer = play.http.request(route.method, f"{url}?{said}", headers=AUTHORIZED, timeout=5)

    assert answer.status_code in (200, 400, 402, 404), answer.text
    assert answer.json()


def test_bytes_that_are_no_text_are_refused(play: Play):
    session = play.session()
    for url in (f"{play.url}/v1/customers", f"{play.url}/v2/core/accounts", session.url):
        for body in (b"\xff\xfe=1", b"name=%ff", b'{"display_name": "\\ud800"}'):
            answer = requests.post(url, data=body, headers=AUTHORIZED, timeout=5)
            assert answer.status_code in (400, 402), (url, body)


def test_an_address_with_line_breaks_starts_no_header(play: Play):
    session = play.session(success_url="http://platform.test/ok\r\nX-Evil: 1")

    answer = play.submit(session.url, card_number="4242424242424242")

    assert "X-Evil" not in answer.headers
    assert answer.headers["Location"] == "http://platform.test/ok%0D%0AX-Evil:%201"
