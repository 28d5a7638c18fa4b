"""What holds for every operation: who may ask, how, and what a no looks like."""

import pytest
import requests
import stripe

from stripe_sandbox import API_VERSION
from stripe_sandbox.forms import decode_form
from tests.stripe_sandbox.play import Play

AUTHORIZED = {"Authorization": "Bearer sk_test_x"}


def call(play: Play, method: str, path: str, **options) -> requests.Response:
    options.setdefault("headers", AUTHORIZED)
    return requests.request(method, play.url + path, timeout=10, **options)


def error_of(answer: requests.Response) -> dict:
    return answer.json()["error"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer sk_live_x"}]
)
def test_nobody_asks_without_a_test_key(play: Play, headers):
    answer = call(play, "GET", "/v1/balance", headers=headers)

    assert answer.status_code == 401
    assert error_of(answer)["type"] == "invalid_request_error"


def test_every_answer_says_its_request_and_version(play: Play):
    for path in ("/v1/balance", "/v1/charges/ch_nobody"):
        answer = call(play, "GET", path)
        assert answer.headers["Request-Id"].startswith("req_")
        assert answer.headers["Stripe-Version"] == API_VERSION


def test_another_version_is_refused(play: Play):
    answer = call(play, "GET", "/v1/balance", headers=AUTHORIZED | {"Stripe-Version": "2020-08-27"})

    assert answer.status_code == 400
    assert "2020-08-27" in error_of(answer)["message"]


def test_an_unknown_account_is_forbidden(play: Play):
    with pytest.raises(stripe.PermissionError) as refused:
        play.stripe.v1.balance.retrieve(None, {"stripe_account": "acct_nobody"})

    assert refused.value.http_status == 403
    assert refused.value.json_body["error"]["code"] == "account_invalid"  # the SDK drops it


def test_an_unknown_address_is_not_found(play: Play):
    answer = call(play, "GET", "/v1/unicorns")

    assert answer.status_code == 404
    assert "Unrecognized request URL (GET: /v1/unicorns)" in error_of(answer)["message"]


@pytest.mark.parametrize(
    ("data", "code", "param"),
    [
        ({"currency": "usd", "destination": "acct_1", "hue": "1"}, "parameter_unknown", "hue"),
        ({"amount": "1", "destination": "acct_1"}, "parameter_missing", "currency"),
        ({"amount": "1", "currency": "usd", "destination": ""}, "parameter_missing", "destination"),
        ({"amount": "1.5", "currency": "usd", "destination": "acct_1"},
         "parameter_invalid_integer", "amount"),
        ({"amount": "0", "currency": "usd", "destination": "acct_1"},
         "parameter_invalid_integer", "amount"),
        ({"amount": "1", "currency": "usd", "destination": "acct_1", "metadata[a][b]": "1"}, None,
         "metadata[a]"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_named(play: Play, data, code, param):
    answer = call(play, "POST", "/v1/transfers", data=data)

    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"
    assert (error_of(answer).get("code"), error_of(answer)["param"]) == (code, param)


def test_what_endive_removed_is_unknown(play: Play):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.session(payment_method_types=["card"])

    assert (refused.value.code, refused.value.param) == (
        "parameter_unknown",
        "payment_method_types",
    )


def test_nested_parameters_are_named_in_full(play: Play):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.session(payment_intent_data={"colour": "blue"})

    assert refused.value.param == "payment_intent_data[colour]"


@pytest.mark.parametrize(
    "kind",
    ["charges", "customers", "payment_intents", "refunds", "transfers", "payouts", "disputes",
     "balance_transactions", "events"],
)  # fmt: skip
def test_what_is_not_there_is_missing(play: Play, kind):
    with pytest.raises(stripe.InvalidRequestError) as missing:
        getattr(play.stripe.v1, kind).retrieve("xx_nobody")

    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    assert "xx_nobody" in missing.value.user_message


def test_lists_are_cut_into_pages_newest_first(play: Play):
    made = [play.stripe.v1.customers.create({"name": str(n)}).id for n in range(5)]
    charged = [play.funded(1_000).id for _ in range(5)]
    del made

    first = play.stripe.v1.charges.list({"limit": 2})
    second = play.stripe.v1.charges.list({"limit": 2, "starting_after": first.data[-1].id})
    back = play.stripe.v1.charges.list({"limit": 2, "ending_before": second.data[0].id})

    assert [one.id for one in first.data] == charged[:2:-1]
    assert [one.id for one in second.data] == charged[2:0:-1]
    assert [one.id for one in back.data] == [one.id for one in first.data]
    assert (first.has_more, second.has_more, back.has_more) == (True, True, False)
    assert [one.id for one in play.stripe.v1.charges.list({"limit": 2}).auto_paging_iter()] == (
        charged[::-1]
    )


def test_lists_can_be_narrowed_by_time_type_and_source(play: Play):
    ben = play.freelancer()
    early = play.funded(1_000)
    play.advance(3_600)
    late = play.funded(2_000)
    play.stripe.v1.transfers.create({"amount": 100, "currency": "usd", "destination": ben})
    transactions = play.stripe.v1.balance_transactions

    since = play.stripe.v1.charges.list({"created": {"gt": early.created + 60}})
    until = play.stripe.v1.charges.list({"created": {"lte": early.created}})
    assert ([one.id for one in since], [one.id for one in until]) == ([late.id], [early.id])
    assert [one.type for one in transactions.list({"type": "transfer"})] == ["transfer"]
    assert [one.source for one in transactions.list({"source": early.id})] == [early.id]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_one_to_a_hundred_entries(play: Play, limit):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.charges.list({"limit": limit})

    assert refused.value.param == "limit"


def test_a_page_after_nothing_is_refused(play: Play):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.charges.list({"starting_after": "ch_nobody"})

    assert (refused.value.http_status, refused.value.param) == (400, "starting_after")


def test_v2_lists_name_the_next_page(play: Play):
    made = [play.account().id for _ in range(5)]

    page = play.stripe.v2.core.accounts.list({"limit": 2})
    answer = call(play, "GET", "/v2/core/accounts?limit=2")

    assert [one.id for one in page.auto_paging_iter()] == made[::-1]
    assert answer.json()["next_page_url"].startswith("/v2/core/accounts?")


@pytest.mark.parametrize("path", ["colour", "amount", "balance_transaction.net"])
def test_only_what_can_be_expanded_is(play: Play, path):
    charge = play.funded()

    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        play.stripe.v1.charges.retrieve(charge.id, {"expand": [path]})


def test_a_refusal_leaves_nothing_behind(play: Play):
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        play.stripe.v1.customers.create({"expand": ["colour"]})

    assert play.server.world.store.find("customer") == []
    assert play.deliver()["delivered"] == 0


def test_metadata_is_merged_and_unset(play: Play):
    customer = play.stripe.v1.customers.create({"metadata": {"a": "1", "b": "2", "7": "seven"}})

    changed = play.stripe.v1.customers.update(customer.id, {"metadata": {"a": "3", "b": ""}})
    assert changed.metadata.to_dict() == {"7": "seven", "a": "3"}
    assert play.stripe.v1.customers.update(customer.id, {"metadata": ""}).metadata.to_dict() == {}


@pytest.mark.parametrize(
    "metadata", [{"k" * 41: "v"}, {"k": "v" * 501}, {str(n): "v" for n in range(51)}]
)
def test_metadata_has_its_limits(play: Play, metadata):
    with pytest.raises(stripe.InvalidRequestError):
        play.stripe.v1.customers.create({"metadata": metadata})


def test_forms_nest_by_brackets():
    decoded = decode_form("a[b][0][c]=1&a[b][1][c]=%C3%A9&d[]=x&d[]=y&e=&metadata[5]=five")

    assert decoded == {
        "a": {"b": {"0": {"c": "1"}, "1": {"c": "é"}}},
        "d": {"0": "x", "1": "y"},
        "e": "",
        "metadata": {"5": "five"},
    }


@pytest.mark.parametrize("body", ["[a]=1", "a]=1", "a=1&a[b]=2", "a[b]=1&a[b][c]=2",
                                  "a" + "[b]" * 50 + "=1"])  # fmt: skip
def test_a_form_that_makes_no_sense_is_refused(play: Play, body):
    headers = AUTHORIZED | {"Content-Type": "application/x-www-form-urlencoded"}
    assert call(play, "POST", "/v1/customers", data=body, headers=headers).status_code == 400


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '{"configuration": []}'])
def test_v2_takes_json_objects(play: Play, body):
    answer = call(play, "POST", "/v2/core/accounts", data=body)

    assert answer.status_code == (200 if body == "" else 400)


def test_strangers_names_do_not_reach_it(play: Play):
    headers = {"Host": "evil.example"}

    assert requests.get(f"{play.url}/healthz", headers=headers, timeout=5).status_code == 403
    assert requests.get(f"{play.url}/healthz", timeout=5).text == "ok"
