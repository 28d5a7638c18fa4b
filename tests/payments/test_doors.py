"""The pages and calls of the money floor, for their owner and for everybody else."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from payments.escrow import services as escrows
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout
from payments.payouts.services import schedule_payout
from tests.payments.payout_world import arrive, due, ready_without_provider, scheduled
from tests.payments.world import asked, held, opened, paid_at
from tests.sandbox import DECLINED_CARD, NO_SUCH_ACCOUNT, play_on
from tests.world import api_of, browser

pytestmark = pytest.mark.django_db


def text_of(client: Client, path: str, status: int = 200, **how) -> str:
    answer = client.get(path, **how)
    assert answer.status_code == status, (path, answer.status_code)
    return answer.content.decode()


def failed(ada, ben, sandbox) -> Payout:
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    payout.refresh_from_db()
    return payout


# --- Seeing --------------------------------------------------------------------------------------


def test_the_pages_open_from_the_first_day(ben):
    client = browser(ben)
    assert "Nothing earned yet" in text_of(client, "/earnings/")
    assert "No payouts yet" in text_of(client, "/payouts/")
    assert "Continue at the provider" in text_of(client, "/payouts/setup/")


@pytest.fixture
def theirs(ada, ben) -> dict[str, str]:
    """A payment of Ada's and a payout of Ben's."""
    party_id = ready_without_provider(ada, ben)
    payout = schedule_payout(party_id=party_id, currency="USD", by=ben)
    return {"payment": Payment.objects.get().public_id, "payout": payout.public_id}


PATHS = [
    ("GET", "/payments/{payment}/", "ada"),
    ("GET", "/payouts/{payout}/", "ben"),
    ("POST", "/payouts/{payout}/retry/", "ben"),
    ("POST", "/payouts/{payout}/cancel/", "ben"),
    ("GET", "/api/v1/payments/{payment}/", "ada"),
    ("GET", "/api/v1/payouts/{payout}/", "ben"),
    ("POST", "/api/v1/payouts/{payout}/retry/", "ben"),
    ("POST", "/api/v1/payouts/{payout}/cancel/", "ben"),
]


@pytest.mark.parametrize(("method", "path", "owner"), PATHS)
@pytest.mark.parametrize("person", ["ada", "ben", "cleo", "dora", None])
def test_what_is_not_yours_does_not_exist(theirs, request, method, path, owner, person):
    user = request.getfixturevalue(person) if person else None
    path = path.format(**theirs)
    is_api = path.startswith("/api/")
    client = api_of(user) if is_api else browser(user)

    status = getattr(client, method.lower())(path).status_code

    if person is None:
        assert status == (401 if is_api else 302)
    elif person == owner:
        assert status not in (401, 403, 404)
    else:
        assert status == 404


@pytest.mark.parametrize("path", ["/earnings/", "/payouts/", "/payouts/setup/"])
def test_a_visitor_is_asked_to_log_in(path):
    answer = browser().get(path)
    assert answer.status_code == 302 and "/login/" in answer["Location"]


def test_nobody_sees_anothers_earnings(theirs, ben, cleo):
    assert "Logo and letterhead" in text_of(browser(ben), "/earnings/")
    assert "Logo and letterhead" not in text_of(browser(cleo), "/earnings/")
    assert api_of(cleo).get("/api/v1/earnings/").json() == {"currencies": [], "clearing": []}
    assert api_of(cleo).get("/api/v1/earnings/lines/").json()["results"] == []
    assert api_of(cleo).get("/api/v1/payouts/").json()["results"] == []


@pytest.mark.parametrize("path", ["/payouts/po_none/", "/payments/py_none/"])
def test_what_is_not_there_is_404(ben, path):
    assert browser(ben).get(path).status_code == 404


# --- Earnings ------------------------------------------------------------------------------------


def test_every_line_of_the_statement_can_be_followed(ada, ben, theirs):
    page = text_of(browser(ben), "/earnings/")
    assert 'href="/contracts/ct_x/"' in page
    assert f'href="/payouts/{theirs["payout"]}/"' in page
    assert "$100.00" not in page and "$1,000.00" in page and "$30.00" in page and "$970.00" in page

    out, earned = api_of(ben).get("/api/v1/earnings/lines/").json()["results"]
    assert (out["kind"], out["amount"], out["about"]) == ("payout", -97_000, theirs["payout"])
    assert (earned["kind"], earned["gross"], earned["fee"], earned["amount"]) == (
        "earning",
        100_000,
        3_000,
        97_000,
    )
    assert earned["about"].startswith("es_") and len(earned["hash"]) == 64


LISTS = ["/earnings/", "/payouts/"]
CALLS = ["/api/v1/earnings/", "/api/v1/earnings/lines/", "/api/v1/payouts/"]


@pytest.mark.parametrize("path", [*LISTS, *CALLS])
def test_a_list_asks_the_database_the_same_however_long_it_is(ada, ben, path):
    client = api_of(ben) if path in CALLS else browser(ben)
    party = own_party_of(ben)

    def queries_after(rows: int) -> int:
        for _ in range(rows):
            escrows.release(escrow_id=held(ada, ben).pk)
            Payout.objects.create(party=party, amount=5, currency="USD")
            Payout.objects.update(status="cancelled")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    assert queries_after(1) == queries_after(1) == queries_after(9)


def test_a_long_statement_is_paged(ada, ben):
    for _ in range(25):
        escrows.release(escrow_id=held(ada, ben, amount=1_000).pk)
    first = browser(ben).get("/earnings/")
    assert len(first.context["lines"]) == 20
    second = browser(ben).get(f"/earnings/{first.context['page'].next_url}")
    assert len(second.context["lines"]) == 5
    page = api_of(ben).get("/api/v1/earnings/lines/?limit=10").json()
    assert len(page["results"]) == 10 and page["next"]


# --- Payouts -------------------------------------------------------------------------------------


def test_a_payout_can_be_asked_for_from_the_page(ada, ben, sandbox):
    due(ada, ben, sandbox)
    client = browser(ben)
    assert "Pay out now" in text_of(client, "/earnings/")

    answer = client.post("/payouts/", {"currency": "USD"})

    payout = Payout.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/payouts/{payout.public_id}/"
    assert "Set aside" in text_of(client, answer["Location"])


def test_a_failed_payout_is_explained_and_can_be_tried_again(ada, ben, sandbox):
    payout = failed(ada, ben, sandbox)
    client, path = browser(ben), f"/payouts/{payout.public_id}/"
    page = text_of(client, path)
    assert "no account with these details" in page
    assert "Try again" in page and "Cancel payout" in page
    told = api_of(ben).get(f"/api/v1{path}").json()
    assert told["next_steps"] == ["retry", "cancel"]
    assert told["attempts"][0]["failure_code"] == "no_account"
    assert told["earnings"][0]["gross"] == 100_000

    fragment = client.post(f"{path}retry/", headers={"HX-Request": "true"})

    assert fragment.status_code == 200
    assert "<html" not in fragment.content.decode()
    assert "Try again" not in fragment.content.decode()


def test_a_cancelled_payout_says_so(ada, ben, sandbox):
    payout = failed(ada, ben, sandbox)

    answer = api_of(ben).post(f"/api/v1/payouts/{payout.public_id}/cancel/")

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert "Cancelled" in text_of(browser(ben), f"/payouts/{payout.public_id}/")


def test_the_same_idempotency_key_makes_one_payout(ada, ben, sandbox):
    due(ada, ben, sandbox)
    api = api_of(ben)
    first, again = (
        api.post(
            "/api/v1/payouts/",
            {"currency": "USD"},
            format="json",
            headers={"Idempotency-Key": "once"},
        )
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Payout.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"currency": ""}, {"currency": "usd"}, {"currency": "XXXX"}, {"currency": None},
     {"currency": "U\0D"}, {"currency": "<b>"}, {"currency": ["USD"]}, {"currency": 5}, [], "x", 7],
)  # fmt: skip
def test_a_currency_that_is_none_is_refused_with_its_field(ben, body):
    answer = api_of(ben).post("/api/v1/payouts/", body, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "message", "param"}
    page = browser(ben).post("/payouts/", body if isinstance(body, dict) and body.get("x") else {})
    assert page.status_code == 400


# --- Set-up --------------------------------------------------------------------------------------


def test_the_set_up_leads_to_the_provider(ben, sandbox):
    client = browser(ben)
    answer = client.post("/payouts/setup/", {"country": "US"})
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"{sandbox.url}/onboarding/")
    told = api_of(ben).post("/api/v1/payout-account/", {"country": "US"}, format="json")
    assert told.json()["url"].startswith(f"{sandbox.url}/onboarding/")
    play_on(sandbox)
    page = text_of(client, "/payouts/setup/")
    assert "Your last name" in page and "Your bank account" in page
    assert api_of(ben).get("/api/v1/payout-account/").json()["status"] == "pending"
    for path in ("/payouts/setup/return/", "/payouts/setup/refresh/"):
        assert client.get(path)["Location"] == "/payouts/setup/"


@pytest.mark.parametrize("country", ["", "XX", "us", "\0", "<script>", "A" * 500])
def test_a_country_that_is_none_is_refused_beside_the_field(ben, country):
    page = browser(ben).post("/payouts/setup/", {"country": country})
    assert page.status_code == 400
    assert ConnectedAccount.objects.count() == 0
    answer = api_of(ben).post("/api/v1/payout-account/", {"country": country}, format="json")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "country")


def test_without_a_provider_it_is_said_in_words(ben, settings, quick_gateway):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    page = browser(ben).post("/payouts/setup/", {"country": "US"})
    assert "did not answer" in page.content.decode()
    answer = api_of(ben).post("/api/v1/payout-account/", {"country": "US"}, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "provider_unreachable")


# --- A payment -----------------------------------------------------------------------------------


def test_the_payer_comes_back_to_how_it_stands(ada, ben, sandbox):
    payment = fundings.open_pay_page(payment_id=asked(opened(ada, ben)).pk)
    client, path = browser(ada), f"/payments/{payment.public_id}/"
    assert "we wait for the payment provider" in text_of(client, path)

    sandbox.pay(payment.url, DECLINED_CARD)
    play_on(sandbox)
    page = text_of(client, path)
    assert "declined the card" in page and payment.url in page

    paid_at(sandbox, opened(ada, ben))
    sandbox.pay(payment.url)
    play_on(sandbox)
    page = text_of(client, path, headers={"HX-Request": "true"})
    assert "<html" not in page
    assert "held until you release it" in page and 'href="/contracts/ct_x/"' in page
    told = api_of(ada).get(f"/api/v1{path}").json()
    assert (told["status"], told["amount"], told["url"]) == ("succeeded", 103_000, "")


def test_looking_at_a_payment_changes_nothing(ada, ben):
    payment = asked(opened(ada, ben))
    before = Payment.objects.values().get(pk=payment.pk)

    text_of(browser(ada), f"/payments/{payment.public_id}/")

    assert Payment.objects.values().get(pk=payment.pk) == before


# --- The rules -----------------------------------------------------------------------------------


def test_everybody_may_read_the_rules():
    (policy,) = api_of().get("/api/v1/policies/").json()
    assert (policy["version"], policy["client_fee_basis_points"]) == (1, 300)
    assert policy["payout_hold_days"] == 2


def test_the_party_of_a_page_is_ones_own(ben):
    Payout.objects.create(party=own_party_of(ben), amount=5, currency="USD", closed_at=now())
    assert api_of(ben).get("/api/v1/payouts/").json()["results"][0]["amount"] == 5
