"""A bank takes whole units of some currencies, and nothing below a least amount."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from hypothesis import given
from hypothesis import strategies as st

from accounts.parties.selectors import own_party_of
from marketplace.common import currencies
from marketplace.common.clock import now
from marketplace.common.currencies import least_payout, payout_step
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from payments import tasks
from payments.escrow import services as escrows
from payments.fundings.models import Payment
from payments.gateway.base import RemotePayout, State
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.cancelling.services import cancel_payout
from payments.payouts.checks import nothing_earned_is_past_its_limit
from payments.payouts.drawing.services import sendable
from payments.payouts.holding.selectors import near_limit
from payments.payouts.holding.services import hold_payouts
from payments.payouts.models import Earning, Payout
from payments.payouts.selectors import summaries_of
from payments.payouts.sending.services import record_payout
from payments.payouts.statement import lines_of, movements_of
from payments.payouts.turns.selectors import due_groups
from tests.against_the_rules import force
from tests.payments.chargeback_world import Bank, owes
from tests.payments.world import held
from tests.world import api_of, browser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def every_currency(settings):
    settings.CURRENCIES = ["USD", "HUF", "TWD", "KRW", "KWD", "JPY"]


def ready(ada, ben, *amounts: int, currency: str, country: str = "US") -> int:
    """Released to Ben and past its hold, with an account in ``country``."""
    party = own_party_of(ben)
    ConnectedAccount.objects.create(
        party=party, country=country, remote_id="acct_ben", status="active"
    )
    earn_more(ada, ben, *amounts, currency=currency)
    return party.pk


def earn_more(ada, ben, *amounts: int, currency: str) -> None:
    for amount in amounts:
        escrows.release(escrow_id=held(ada, ben, amount=amount, currency=currency).pk)
    Earning.objects.update(clears_at=now())


def available(ben, currency: str) -> int:
    return balance_of(chart.available(own_party_of(ben), currency))


def test_forint_leave_whole_and_the_rest_waits_for_the_next(ada, ben):
    party_id = ready(ada, ben, 100_050, currency="HUF")  # 1,000.50 less 30.02

    payout = payouts.schedule_payout(party_id=party_id, currency="HUF", by=ben)

    assert payout.amount == 97_000
    assert available(ben, "HUF") == 48
    (rest,) = Earning.objects.filter(payout=None)
    assert (rest.amount, rest.gross, rest.fee, rest.title) == (48, 48, 0, "Logo and letterhead")
    (line,) = [line for line in lines_of(movements_of(ben)) if line.kind == "earning"]
    assert (line.gross, line.fee, line.amount) == (100_050, 3_002, 97_048)
    call_command("check_ledger")


def test_the_next_payout_takes_the_rest_along(ada, ben):
    party_id = ready(ada, ben, 100_070, currency="HUF")
    first = payouts.schedule_payout(party_id=party_id, currency="HUF", by=ben)
    first.attempts.create(number=1, destination="acct_ben", remote_id="po_remote")
    force(Payout, status="in_transit", transfer_id="tr_remote")
    record_payout(
        remote=RemotePayout("po_remote", "", first.public_id, 1, State.DONE, 97_000, "HUF")
    )

    earn_more(ada, ben, 100_070, currency="HUF")
    second = payouts.schedule_payout(party_id=party_id, currency="HUF", by=ben)

    assert second.amount == 97_100
    assert available(ben, "HUF") == 36
    assert sum(second.earnings.values_list("amount", flat=True)) == 97_100
    call_command("check_ledger")


def test_a_cancelled_payout_gives_back_what_it_drew_and_no_more(ada, ben):
    party_id = ready(ada, ben, 100_050, currency="HUF")
    payout = payouts.schedule_payout(party_id=party_id, currency="HUF", by=ben)

    cancel_payout(payout_id=payout.pk, by=ben)

    assert available(ben, "HUF") == 97_048
    again = payouts.schedule_payout(party_id=party_id, currency="HUF", by=ben)
    assert again.amount == 97_000
    call_command("check_ledger")


def test_less_than_a_bank_is_sent_waits_and_says_so(ada, ben):
    party_id = ready(ada, ben, 2_000, currency="USD", country="SV")

    with pytest.raises(WrongState, match=r"at least .*30\.00") as refusal:
        payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)

    assert refusal.value.code == "below_payout_minimum"
    assert due_groups(now(), limit=10) == []
    assert Payout.objects.count() == 0
    page = browser(ben).get("/earnings/").content.decode()
    assert "Your bank is sent at least" in page and "$30.00" in page
    assert "Pay out now" not in page
    (told,) = api_of(ben).get("/api/v1/earnings/").json()["currencies"]
    assert (told["available"], told["least"]) == (1_940, 3_000)
    answer = api_of(ben).post("/api/v1/payouts/", {"currency": "USD"})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "below_payout_minimum"
    earn_more(ada, ben, 2_000, currency="USD")
    assert due_groups(now(), limit=10) == [(party_id, "USD")]
    assert payouts.schedule_payout(party_id=party_id, currency="USD", by=ben).amount == 3_880


def test_elsewhere_the_same_amount_goes_out(ada, ben):
    party_id = ready(ada, ben, 2_000, currency="USD", country="US")

    assert due_groups(now(), limit=10) == [(party_id, "USD")]
    assert payouts.schedule_payout(party_id=party_id, currency="USD", by=ben).amount == 1_940


def test_until_its_hold_is_over_the_page_and_the_api_say_when_that_is(ada, ben):
    """Seven days for the first that somebody ever earns."""
    party = own_party_of(ben)
    ConnectedAccount.objects.create(
        party=party, country="US", remote_id="acct_ben", status="active"
    )
    escrows.release(escrow_id=held(ada, ben, amount=100_000, currency="USD").pk)
    earning = Earning.objects.get()
    assert earning.clears_at - earning.earned_at == timedelta(days=7)

    told = api_of(ben).get("/api/v1/earnings/").json()
    (summary,), (waits,) = told["currencies"], told["clearing"]
    assert (summary["clearing"], summary["available"]) == (97_000, 0)
    assert parse_datetime(summary["next_clears_at"]) == earning.clears_at
    assert parse_datetime(waits["clears_at"]) == earning.clears_at
    page = browser(ben).get("/earnings/").content.decode()
    assert "What is still on hold" in page and "$970.00" in page
    assert earning.clears_at.date().isoformat() in page
    assert "Pay out now" not in page
    answer = api_of(ben).post("/api/v1/payouts/", {"currency": "USD"})
    assert answer.status_code == 409
    assert Payout.objects.count() == 0


# --- Before the provider's limit, under a hold ---------------------------------------------------


def under_a_hold(party_id: int, dora, currency: str) -> Payout:
    hold_payouts(party_id=party_id, reason="Looked into.", evidence="A letter.", days=9, by=dora)
    return payouts.schedule_payout(party_id=party_id, currency=currency, by=SYSTEM)


def near_its_limit(earnings: QuerySet[Earning], amount: int) -> None:
    soon = now() + timedelta(hours=1)
    earnings.update(amount=amount, gross=amount, fee=0, limit_at=soon)


@pytest.mark.parametrize(("amount", "status"), [(50, "held"), (100, "scheduled")])
def test_a_rest_that_no_bank_is_sent_takes_no_payout_out_of_a_hold(ada, ben, dora, amount, status):
    party_id = ready(ada, ben, 100_000, 100_000, currency="HUF")
    near_its_limit(Earning.objects.filter(pk=Earning.objects.earliest("pk").pk), amount)

    payout = under_a_hold(party_id, dora, "HUF")

    assert payout.status == status
    assert payout.earnings.count() == 2


@pytest.mark.parametrize(("amount", "expected"), [(79_999, 0), (80_000, 1)])
def test_nor_does_one_that_waits_behind_it(ada, ben, dora, amount, expected):
    payout = under_a_hold(ready(ada, ben, 1_000_000, currency="TWD"), dora, "TWD")
    earn_more(ada, ben, 100_000, currency="TWD")
    near_its_limit(Earning.objects.filter(payout=None), amount)

    assert tasks.let_held_payouts_go()["done"] == expected

    payout.refresh_from_db()
    assert payout.status == ("scheduled" if expected else "held")
    assert nothing_earned_is_past_its_limit() == []


@pytest.mark.parametrize("in_the_way", ["account", "debt"])
def test_nor_does_what_could_not_go_out_after_it(ada, ben, dora, in_the_way, monkeypatch):
    # A debt is recovered in a moment, mostly.
    monkeypatch.setattr("payments.escrow.banks.services.recovering.recover", lambda **_: None)
    payout = under_a_hold(ready(ada, ben, 100_000, currency="USD"), dora, "USD")
    earn_more(ada, ben, 100_000, currency="USD")
    near_its_limit(Earning.objects.filter(payout=None), 97_000)
    found = near_limit(Payout.objects.all(), now())
    assert found.get() == payout
    if in_the_way == "account":
        ConnectedAccount.objects.update(status="restricted")
    else:
        Bank(Payment.objects.earliest("pk"), 50_000).takes()
        assert owes(ben) > 0

    assert not found.exists()


@pytest.mark.parametrize("country", ["US", "SV", "PA", "HU"])
@pytest.mark.parametrize("currency", ["USD", "HUF", "TWD", "KRW", "KWD", "JPY", "EUR"])
def test_the_sweep_and_the_deed_agree_on_what_is_enough(ada, ben, currency, country, settings):
    """The sweep asks in SQL, the deed in Python: neither may know another least than the other."""
    settings.CURRENCIES = [currency]
    party_id = ready(ada, ben, 10_000_000, currency=currency, country=country)
    least = least_payout(currency, country)
    for amount in {max(1, least - 1), least}:
        Earning.objects.update(amount=amount, gross=amount, fee=0)
        found = due_groups(now(), limit=1) == [(party_id, currency)]
        assert found == is_enough(amount, currency, country) == (amount >= least)


def is_enough(amount: int, currency: str, country: str) -> bool:
    try:
        return sendable(amount, currency, country) > 0
    except WrongState:
        return False


@given(
    amount=st.integers(1, 10**12),
    currency=st.sampled_from(["USD", "HUF", "TWD", "KWD", "JPY", "KRW"]),
    country=st.sampled_from(["US", "SV", "HU"]),
)
def test_what_is_sent_is_as_much_as_a_bank_takes(amount, currency, country):
    try:
        sent = sendable(amount, currency, country)
    except WrongState:
        assert amount < least_payout(currency, country)
    else:
        assert sent % payout_step(currency) == 0
        assert 0 <= amount - sent < payout_step(currency)
        assert sent > 0


def test_every_least_is_a_multiple_of_what_its_banks_count_in():
    for (currency, _), least in currencies.least_payouts().items():
        assert least % payout_step(currency) == 0


def test_the_rest_is_available_on_the_earnings_page(ada, ben):
    party_id = ready(ada, ben, 100_050, currency="HUF")
    payouts.schedule_payout(party_id=party_id, currency="HUF", by=ben)

    (summary,) = summaries_of(ben)

    assert (summary.available, summary.on_its_way, summary.least) == (48, 97_000, 100)


def test_the_page_says_what_an_amount_waits_for(ada, ben, client):
    ready(ada, ben, 2_000, currency="USD", country="SV")
    client.force_login(ben)

    page = client.get("/earnings/").content.decode()

    assert "Your bank is sent at least" in page
    assert "Pay out now" not in page
