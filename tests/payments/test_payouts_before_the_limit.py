"""The provider holds what was earned for a time only: before that it is paid out, whatever its
payee chose.
"""

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now
from payments.chargebacks.limits.services import note_country
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.escrow.paying.services import release_each
from payments.escrow.selectors import held_in, limit_of
from payments.fundings.models import Payment
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.checks import nothing_earned_is_past_its_limit
from payments.payouts.holding.services import hold_payouts
from payments.payouts.models import BEFORE_LIMIT, Earning, Payout
from payments.payouts.plans.services import choose_payout_plan
from payments.payouts.turns.selectors import due_groups
from payments.tasks import note_countries, recover_debts, schedule_due_payouts
from tests.against_the_rules import as_the_owner, force
from tests.payments.chargeback_world import Bank, payment_of
from tests.payments.racing import at_once
from tests.payments.world import asked, came_in, held, opened
from tests.world import api_of, browser
from tests.world import person as named

migration = import_module("payments.migrations.0049_what_was_earned_has_a_limit")

pytestmark = pytest.mark.django_db

NOTHING, ONE = {"done": 0, "failed": 0}, {"done": 1, "failed": 0}


def lives_in(person: User, country: str = "IE", status: str = "active") -> int:
    party = own_party_of(person)
    ConnectedAccount.objects.update_or_create(
        party=party,
        defaults={"country": country, "remote_id": f"acct_{party.pk}", "status": status},
    )
    note_country(party_id=party.pk)
    return party.pk


def by_plan(person: User, every: str) -> None:
    choose_payout_plan(party_id=own_party_of(person).pk, every=every, by=person)


def earned(ada: User, ben: User, **how) -> Earning:
    """Paid and released in the same moment."""
    escrow = held(ada, ben, **how)
    escrows.release(escrow_id=escrow.pk)
    return Earning.objects.latest("pk")


@pytest.fixture
def payee(ben) -> int:
    return lives_in(ben)


# --- Whatever was chosen -------------------------------------------------------------------------


@pytest.mark.parametrize("every", ["hand", "month", "week"])
def test_two_days_before_the_limit_it_goes_out_by_itself(ada, ben, payee, every):
    by_plan(ben, every)
    earning = earned(ada, ben)
    assert earning.limit_at == payment_of(Escrow.objects.get()).paid_at + timedelta(days=90)
    before = earning.limit_at - BEFORE_LIMIT
    # No turn has come since.
    Earning.objects.update(clears_at=before - timedelta(seconds=1))

    assert due_groups(before - timedelta(seconds=1), limit=9) == []
    assert due_groups(before, limit=9) == [(payee, "USD")]


def test_the_sweep_pays_out_by_hand_once(ada, ben, payee, later):
    by_plan(ben, "hand")
    earned(ada, ben)
    later(days=87.9)
    assert schedule_due_payouts() == NOTHING
    later(days=0.2)

    assert schedule_due_payouts() == ONE
    assert schedule_due_payouts() == NOTHING
    assert Payout.objects.get().amount == 97_000


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_make_one_payout(ada, ben, later):
    lives_in(ben)
    by_plan(ben, "hand")
    earned(ada, ben)
    later(days=89)

    at_once(lambda n: schedule_due_payouts())

    assert Payout.objects.get().amount == 97_000
    call_command("check_ledger")


def test_only_the_currency_that_comes_near_goes_with_all_that_has_cleared_in_it(
    ada, ben, payee, settings, later
):
    settings.CURRENCIES = ["USD", "EUR"]
    by_plan(ben, "hand")
    earned(ada, ben)
    later(days=40)
    earned(ada, ben, currency="EUR")
    earned(ada, ben, amount=50_000)
    later(days=49)

    assert due_groups(now(), limit=9) == [(payee, "USD")]
    schedule_due_payouts()

    assert Payout.objects.get().amount == 97_000 + 48_500


def test_a_day_is_not_waited_for_after_another_payout(ada, ben, payee, later):
    earned(ada, ben)
    later(days=8)
    schedule_due_payouts()
    force(Payout, status="paid", created_at=now())
    earning = earned(ada, ben)
    Earning.objects.filter(pk=earning.pk).update(clears_at=now())
    assert due_groups(now(), limit=9) == []

    Earning.objects.filter(pk=earning.pk).update(limit_at=now() + timedelta(days=1))
    assert due_groups(now(), limit=9) == [(payee, "USD")]


def test_what_comes_near_goes_first(ada, ben, cleo, payee, later):
    other = lives_in(cleo)
    by_plan(cleo, "hand")
    earned(ada, ben)
    last = earned(ada, cleo)
    later(days=8)
    Earning.objects.filter(pk=last.pk).update(limit_at=now() + timedelta(hours=1))

    assert due_groups(now(), limit=1) == [(other, "USD")]
    assert due_groups(now(), limit=2) == [(other, "USD"), (payee, "USD")]


@pytest.mark.parametrize("payees", [1, 5])
def test_the_sweep_asks_two_questions_however_many_they_are(
    ada, payees, django_assert_num_queries, later
):
    for number in range(payees):
        person = named(f"Payee {number}")
        lives_in(person)
        by_plan(person, "hand")
        earned(ada, person)
    later(days=89)
    with django_assert_num_queries(2):
        assert len(due_groups(now(), limit=9)) == payees


# --- What stands in its way ----------------------------------------------------------------------


@pytest.fixture
def near(ada, ben, payee, later) -> int:
    """By hand, and the limit is a day ahead."""
    by_plan(ben, "hand")
    earned(ada, ben)
    later(days=89)
    assert due_groups(now(), limit=9) == [(payee, "USD")]
    return payee


@pytest.mark.parametrize("status", ["pending", "restricted", "closed", "new"])
def test_without_an_account_it_waits_and_its_payee_is_reminded(near, status, later):
    ConnectedAccount.objects.update(status=status)
    later(days=30)
    assert schedule_due_payouts() == NOTHING
    assert nothing_earned_is_past_its_limit() == []
    ConnectedAccount.objects.update(status="active")
    assert schedule_due_payouts() == ONE


def test_a_hold_does_not_hold_it(near, ben, dora):
    hold_payouts(party_id=near, reason="Looked into.", evidence="A letter.", days=5, by=dora)

    assert schedule_due_payouts() == ONE

    assert Payout.objects.get().status == "scheduled"
    assert nothing_earned_is_past_its_limit() == []


def test_what_is_owed_comes_first_and_the_rest_goes_out(near, ada, ben):
    Bank(Payment.objects.get(), 50_000).takes()
    earned(ada, ben, amount=200_000)
    Earning.objects.filter(payout=None, recovery=None).update(
        clears_at=now(), limit_at=now() + timedelta(days=1)
    )
    recover_debts()
    assert schedule_due_payouts() == ONE
    assert Payout.objects.get().amount < 97_000 + 194_000
    call_command("check_ledger")


@pytest.mark.parametrize("status", ["scheduled", "sending", "in_transit", "failed"])
def test_a_payout_in_the_way_puts_it_off(near, ada, ben, status):
    schedule_due_payouts()
    earned(ada, ben)
    Earning.objects.filter(payout=None).update(
        clears_at=now() - timedelta(days=4), limit_at=now() - timedelta(days=1)
    )
    force(Payout, status=status)
    assert due_groups(now(), limit=9) == []
    assert nothing_earned_is_past_its_limit() == []

    force(Payout, status="paid")
    assert due_groups(now(), limit=9) == [(near, "USD")]
    assert len(nothing_earned_is_past_its_limit()) == 1


def test_less_than_a_bank_is_sent_waits_for_more(near):
    ConnectedAccount.objects.update(country="SV")
    Earning.objects.update(amount=2_000, gross=2_000, fee=0)
    assert due_groups(now(), limit=9) == []
    assert nothing_earned_is_past_its_limit() == []


def test_the_proof_finds_what_is_past_it(near, later):
    later(days=0.9)
    assert nothing_earned_is_past_its_limit() == []
    later(days=0.2)
    (finding,) = nothing_earned_is_past_its_limit()
    assert "past the provider's limit" in finding
    schedule_due_payouts()
    assert nothing_earned_is_past_its_limit() == []


# --- Until when ----------------------------------------------------------------------------------


def test_no_hold_of_ours_lasts_longer_than_the_providers(ada, ben, later):
    lives_in(ben, "TH")
    escrow = held(ada, ben)
    later(days=5)
    escrows.release(escrow_id=escrow.pk)
    earning = Earning.objects.get()
    assert earning.clears_at == earning.leaves_by == escrow.limit_at - timedelta(days=2)

    late = held(ada, ben)
    later(days=10)
    escrows.release(escrow_id=late.pk)
    assert Earning.objects.latest("pk").clears_at - now() < timedelta(seconds=5)
    assert schedule_due_payouts() == ONE


def test_a_part_has_the_limit_of_what_is_held(ada, ben, payee, later):
    escrow = held(ada, ben)
    later(days=10)
    escrows.release_part(escrow_id=escrow.pk, amount=40_000)
    later(days=10)
    escrows.release(escrow_id=escrow.pk)
    assert set(Earning.objects.values_list("limit_at", flat=True)) == {escrow.limit_at}


def test_each_of_a_batch_has_its_own(ada, ben, payee, later):
    both = []
    for _ in range(2):
        both.append(held(ada, ben))
        later(days=10)
    release_each(both, held={escrow.pk: held_in(escrow) for escrow in both})
    found = list(Earning.objects.order_by("pk").values_list("limit_at", flat=True))
    assert found == [escrow.limit_at for escrow in both]
    assert found[1] - found[0] >= timedelta(days=10)


def test_a_bonus_counts_from_its_own_payment(ada, ben, payee, later):
    held(ada, ben)
    later(days=50)
    bonus = opened(ada, ben)
    Escrow.objects.filter(pk=bonus.pk).update(kind="bonus")
    payment = came_in(asked(bonus))
    assert Earning.objects.get().limit_at == limit_of(bonus, paid_at=payment.paid_at)


def test_what_is_cut_off_keeps_its_limit(ada, ben, payee, settings):
    settings.CURRENCIES = ["HUF"]
    ConnectedAccount.objects.update(country="US")
    whole = earned(ada, ben, amount=100_050, currency="HUF")
    Earning.objects.update(clears_at=now())
    payouts.schedule_payout(party_id=payee, currency="HUF", by=ben)
    assert Earning.objects.get(payout=None).limit_at == whole.limit_at


def test_what_is_earned_again_counts_from_what_the_bank_had_taken(ada, ben, payee, later):
    first = held(ada, ben)
    payment = payment_of(first)
    escrows.release(escrow_id=first.pk)
    bank = Bank(payment)
    bank.takes()
    later(days=30)
    earned(ada, ben)
    recover_debts()
    bank.gives_back()

    again = Earning.objects.get(earned_by__startswith="cb_")
    assert again.limit_at == limit_of(first, paid_at=payment.paid_at)
    call_command("check_ledger")


# --- A country that is known later ---------------------------------------------------------------


@pytest.mark.parametrize(("country", "days"), [("TH", 10), ("US", 730), ("IE", 90)])
def test_what_waits_is_counted_anew_by_the_payees_country(ada, ben, country, days):
    earning = earned(ada, ben)
    assert earning.limit_at == payment_of(Escrow.objects.get()).paid_at + timedelta(days=90)
    for _ in range(2):
        lives_in(ben, country)

    earning.refresh_from_db()

    assert earning.limit_at == payment_of(Escrow.objects.get()).paid_at + timedelta(days=days)
    assert earning.clears_at <= earning.leaves_by


@pytest.mark.parametrize(("country", "days"), [("TH", 10), ("US", 730)])
def test_what_a_bank_gave_back_is_counted_anew_as_well(ada, ben, payee, later, country, days):
    """From the payment that the bank had, and not from the first of what it was paid for."""
    earned(ada, ben)
    payment = payment_of(Escrow.objects.get())
    bank = Bank(payment)
    bank.takes()
    later(days=3)
    bank.gives_back()
    again = Earning.objects.get(earned_by__startswith="cb_")
    assert (again.payout, again.limit_at) == (None, payment.paid_at + timedelta(days=90))

    ConnectedAccount.objects.update(country=country, country_due_at=now())
    assert note_countries() == ONE

    again.refresh_from_db()
    assert again.limit_at == payment.paid_at + timedelta(days=days)
    assert again.clears_at <= again.leaves_by
    assert not ConnectedAccount.objects.filter(country_due_at__isnull=False).exists()
    call_command("check_ledger")


@pytest.mark.parametrize("waits", ["failed", "held", "scheduled"])
def test_also_what_waits_in_a_payout_but_not_what_was_paid(ada, ben, payee, waits):
    for status in ("paid", waits):
        earned(ada, ben)
        Earning.objects.filter(payout=None).update(clears_at=now())
        payout = payouts.schedule_payout(party_id=payee, currency="USD", by=ben)
        force(Payout.objects.filter(pk=payout.pk), status=status)
    paid, waiting = Earning.objects.order_by("pk")

    lives_in(ben, "US")

    before, after = paid.limit_at, waiting.limit_at + timedelta(days=640)
    assert list(Earning.objects.order_by("pk").values_list("limit_at", flat=True)) == [
        before,
        after,
    ]


# --- Rows of before ------------------------------------------------------------------------------


def test_rows_of_before_have_the_limit_of_what_they_are_of(ada, ben, payee):
    _, unknown, lost = (earned(ada, ben) for _ in range(3))
    first = held(ada, ben)
    escrows.release(escrow_id=first.pk)
    bank = Bank(payment_of(first))
    bank.takes()
    bank.gives_back()
    Escrow.objects.filter(public_id=unknown.earned_by).update(limit_at=None)
    Earning.objects.filter(pk=lost.pk).update(earned_by="es_nobody")
    expected = dict(Earning.objects.values_list("pk", "limit_at"))
    expected[lost.pk] = lost.earned_at
    Earning.objects.update(limit_at=now())
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute(migration.FROM_THE_ESCROWS)
        cursor.execute(migration.BY_COUNTRY)

    assert dict(Earning.objects.values_list("pk", "limit_at")) == expected
    assert Earning.objects.filter(earned_by__startswith="cb_").exists()
    assert note_countries() == ONE, "the sweep counts what waits anew"
    assert note_countries() == NOTHING


# --- Doors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", ["hand", "month"])
def test_page_and_api_say_when_it_goes_out_at_the_latest(ada, ben, payee, every, later):
    by_plan(ben, every)
    earning = earned(ada, ben)
    told = api_of(ben).get("/api/v1/earnings/").json()
    assert datetime.fromisoformat(told["currencies"][0]["leaves_by"]) == earning.leaves_by
    assert datetime.fromisoformat(told["clearing"][0]["limit_at"]) == earning.limit_at
    later(days=8)
    Earning.objects.update(limit_at=now() + timedelta(days=2, hours=1))

    page = browser(ben).get("/earnings/").content.decode()

    is_told = "the payment provider holds it not much longer" in page
    by_then = Earning.objects.get().leaves_by.strftime("%Y-%m-%d") in page
    assert is_told and by_then
    assert (
        "two days before that it goes out by itself"
        in browser(ben).get("/payouts/setup/").content.decode()
    )
