"""From what was earned to the payee's bank: once, in whole, and never before its time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.models import Notification
from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from payments.escrow import services as escrows
from payments.gateway.base import RemotePayout, State
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.models import Earning, Payout
from payments.payouts.selectors import currencies_of, summaries_of
from payments.payouts.sending.services import record_payout, send_payout
from payments.payouts.statement import movements_of
from payments.payouts.turns.selectors import due_groups
from tests.payments.payout_world import (
    arrive,
    available,
    due,
    earned,
    leaving,
    now_of,
    payouts_at,
    ready_without_provider,
    scheduled,
    the_books_agree,
    transfers_at,
)
from tests.payments.racing import at_once
from tests.payments.world import A_WHILE, days_pass, held, with_account
from tests.sandbox import (
    GOOD_BANK,
    GOOD_CARD,
    NO_SUCH_ACCOUNT,
    SENDS_BACK_LATER,
    play_on,
    sweep_all,
)
from tests.world import browser

pytestmark = pytest.mark.django_db

# --- By itself -----------------------------------------------------------------------------------


def test_it_goes_out_by_itself_when_the_hold_is_over(ada, ben, sandbox):
    with_account(sandbox, ben)
    earned(ada, ben, sandbox)

    days_pass(6.9)
    play_on(sandbox)
    assert Payout.objects.count() == 0

    days_pass(0.2)
    arrive(sandbox)
    payout = Payout.objects.get()
    assert (payout.status, payout.amount) == ("paid", 97_000)
    assert (available(ben), leaving(payout)) == (0, 0)
    assert Notification.objects.get(kind="payout_paid").recipient == ben
    the_books_agree(sandbox)


def test_after_the_first_the_hold_is_two_days(ada, ben, sandbox):
    due(ada, ben, sandbox)
    arrive(sandbox)

    earned(ada, ben, sandbox)

    second = Earning.objects.latest("pk")
    assert (second.clears_at - second.earned_at).days == 2


def test_all_that_has_cleared_goes_in_one_transfer_and_one_payout(ada, ben, sandbox):
    with_account(sandbox, ben)
    for amount in (10_000, 20_000, 30_000):
        earned(ada, ben, sandbox, amount=amount)
    days_pass(7)

    arrive(sandbox)

    assert Payout.objects.get().amount == 58_200
    assert len(transfers_at(sandbox)) == len(payouts_at(sandbox)) == 1
    the_books_agree(sandbox)


def test_by_itself_it_is_once_a_day(ada, ben, sandbox):
    due(ada, ben, sandbox)
    arrive(sandbox)
    earned(ada, ben, sandbox)
    Earning.objects.filter(payout=None).update(clears_at=now())

    play_on(sandbox)
    assert Payout.objects.count() == 1
    days_pass(1)
    play_on(sandbox)
    assert Payout.objects.count() == 2


def test_what_cannot_be_paid_out_waits_with_one_reminder_a_week(ada, ben, sandbox):
    earned(ada, ben, sandbox)
    for _ in range(3):
        sweep_all()
    assert Notification.objects.filter(kind="payout_account_missing").count() == 1

    days_pass(8)
    for _ in range(3):
        sweep_all()

    assert Notification.objects.filter(kind="payout_account_missing").count() == 2
    assert Payout.objects.count() == 0
    with_account(sandbox, ben)
    arrive(sandbox)
    assert Payout.objects.get().status == "paid"


def test_money_that_is_not_in_our_balance_yet_waits_and_then_goes(ada, ben, sandbox):
    with_account(sandbox, ben)
    earned(ada, ben, sandbox, card=GOOD_CARD)  # available at the provider after two days
    Earning.objects.update(clears_at=now())
    play_on(sandbox)
    payout = Payout.objects.get()
    assert (payout.status, payout.failure_code) == ("scheduled", "balance_insufficient")
    assert leaving(payout) == 97_000

    days_pass(3)
    arrive(sandbox)

    assert now_of(payout).status == "paid"
    assert payout.attempts.count() == 2
    assert len(transfers_at(sandbox)) == 1
    the_books_agree(sandbox)


# --- By hand -------------------------------------------------------------------------------------


def test_the_payee_may_ask_for_it(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox)

    assert (payout.amount, available(ben), leaving(payout)) == (97_000, 0, 97_000)
    arrive(sandbox)
    assert now_of(payout).status == "paid"


def test_asking_twice_is_refused(ada, ben, sandbox):
    scheduled(ada, ben, sandbox)

    with pytest.raises(WrongState, match="under way already"):
        payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="USD", by=ben)


def test_before_the_hold_is_over_it_says_when(ada, ben, sandbox):
    with_account(sandbox, ben)
    earned(ada, ben, sandbox)

    with pytest.raises(WrongState, match=r"Nothing has cleared yet.*clears on \d+ \w+ 20"):
        payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="USD", by=ben)
    with pytest.raises(WrongState, match="nothing in EUR"):
        payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="EUR", by=ben)


def test_without_an_account_it_says_so(ada, ben, sandbox):
    earned(ada, ben, sandbox)

    with pytest.raises(WrongState, match="Finish setting up") as refusal:
        payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="USD", by=ben)
    assert refusal.value.code == "payouts_not_set_up"


@pytest.mark.parametrize("currency", ["", "usd", "XXX", None, 5])
def test_a_currency_that_is_none_is_refused(ben, currency):
    with pytest.raises(InvalidInput):
        payouts.schedule_payout(party_id=own_party_of(ben).pk, currency=currency, by=ben)


def test_a_currency_that_is_not_traded_in_any_more_is_still_paid_out(ada, ben, sandbox, settings):
    due(ada, ben, sandbox)
    settings.CURRENCIES = ["EUR"]
    assert len(list(movements_of(ben))) == 1

    payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="USD", by=ben)
    arrive(sandbox)

    assert Payout.objects.get().status == "paid"
    assert len(list(movements_of(ben))) == 2
    the_books_agree(sandbox)


def test_what_has_waited_longest_goes_out_first(ada, ben, cleo):
    parties = []
    for days, payee in enumerate((ben, cleo)):
        escrows.release(escrow_id=held(ada, payee).pk)
        party = own_party_of(payee)
        ConnectedAccount.objects.create(
            party=party, country="US", remote_id=f"acct_{party.pk}", status="active"
        )
        Earning.objects.filter(party=party).update(clears_at=now() - timedelta(days=days))
        parties.append(party.pk)

    assert due_groups(now(), limit=1) == [(parties[1], "USD")]
    assert due_groups(now(), limit=2) == [(parties[1], "USD"), (parties[0], "USD")]


def test_nobody_asks_for_somebody_elses(ada, ben, cleo, dora, sandbox):
    due(ada, ben, sandbox)

    for person in (ada, cleo, dora):
        with pytest.raises(NotAllowed):
            payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="USD", by=person)


# --- A failure and after -------------------------------------------------------------------------


def test_a_failure_gives_it_back_and_says_why(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)

    arrive(sandbox)

    assert (now_of(payout).status, payout.failure_code) == ("failed", "no_account")
    assert (available(ben), leaving(payout)) == (97_000, 0)
    told = Notification.objects.get(kind="payout_failed")
    assert "no account with these details" in told.text
    the_books_agree(sandbox)


def test_with_new_details_a_failed_one_is_tried_again_by_one_more_payout_only(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    page = browser(ben).get("/payouts/setup/").text
    assert "Your last payout failed" in page and "no account with these details" in page
    assert "You are ready for payouts" not in page
    answer = browser(ben).post("/payouts/setup/", {"country": "US"})
    assert answer.status_code == 303
    changed = sandbox.session.post(answer["Location"], data={"account_number": GOOD_BANK})
    assert changed.status_code == 200
    play_on(sandbox)

    payouts.retry_payout(payout_id=payout.pk, by=ben)
    assert (available(ben), leaving(payout)) == (0, 97_000)
    arrive(sandbox)

    assert now_of(payout).status == "paid"
    assert len(transfers_at(sandbox)) == 1
    assert sorted(one["status"] for one in payouts_at(sandbox)) == ["failed", "paid"]
    the_books_agree(sandbox)


def test_paid_may_still_turn_into_failed(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=SENDS_BACK_LATER)
    play_on(sandbox)
    days_pass(A_WHILE)  # paid now, sent back after as long again
    play_on(sandbox)
    assert now_of(payout).status == "paid"

    days_pass(A_WHILE)
    play_on(sandbox)

    assert (now_of(payout).status, payout.failure_code) == ("failed", "account_frozen")
    assert available(ben) == 97_000
    the_books_agree(sandbox)


def test_one_that_comes_back_beside_another_under_way_is_booked_all_the_same(ada, ben):
    party_id = ready_without_provider(ada, ben)
    first = payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)
    first.attempts.create(number=1, destination="acct_ben")
    Payout.objects.update(status="sending")
    told = RemotePayout("po_1", "acct_ben", first.public_id, 1, State.DONE, 97_000, "USD")
    record_payout(remote=told)
    escrows.release(escrow_id=held(ada, ben, amount=50_000).pk)
    Earning.objects.update(clears_at=now())
    second = payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)

    record_payout(remote=replace(told, state=State.FAILED))

    assert (now_of(first).status, now_of(second).status) == ("failed", "scheduled")
    assert (available(ben), leaving(first), leaving(second)) == (97_000, 0, 48_500)
    with pytest.raises(WrongState, match="Another payout is under way"):
        payouts.retry_payout(payout_id=first.pk, by=ben)
    call_command("check_ledger")


def test_a_failed_one_is_in_the_way_of_the_next(ada, ben, sandbox):
    scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    earned(ada, ben, sandbox)
    days_pass(8)
    play_on(sandbox)

    assert Payout.objects.count() == 1
    with pytest.raises(WrongState, match="Try it again or cancel it"):
        payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="USD", by=ben)


def test_an_account_restricted_between_schedule_and_transfer_holds_it(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox)
    account = ConnectedAccount.objects.get()
    sandbox.ask("POST", f"/accounts/{account.remote_id}/restrict")

    send_payout(payout_id=payout.pk)
    assert (now_of(payout).status, payout.failure_code) == ("scheduled", "account_not_ready")
    assert payout.attempts.count() == 0
    assert transfers_at(sandbox) == []

    sandbox.ask("POST", f"/accounts/{account.remote_id}/restore")
    days_pass(0.1)
    arrive(sandbox)
    assert now_of(payout).status == "paid"
    the_books_agree(sandbox)


# --- Eight at once -------------------------------------------------------------------------------


def ask(party_id: int, ben):
    return lambda _: payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)


@pytest.mark.django_db(transaction=True)
def test_eight_requests_at_once_make_one_payout(ada, ben):
    party_id = ready_without_provider(ada, ben)

    outcomes = at_once(ask(party_id, ben))

    assert outcomes == {"done": 1, "WrongState": 7}
    assert leaving(Payout.objects.get()) == 97_000


@pytest.mark.django_db(transaction=True)
def test_without_the_payees_gate_the_constraint_keeps_one_under_way(ada, ben, monkeypatch):
    party_id = ready_without_provider(ada, ben)
    ungated = ConnectedAccount.objects.select_related("party").get()
    monkeypatch.setattr(payouts, "lock_payee", lambda party_id: ungated)
    monkeypatch.setattr(payouts, "_refuse_if_in_the_way", lambda party, currency: None)
    everything = list(Earning.objects.all())

    class Unlocked:
        def select_for_update(self):
            return self

        def order_by(self, _):
            return everything

    monkeypatch.setattr(payouts, "cleared", lambda party, currency, at: Unlocked())

    outcomes = at_once(ask(party_id, ben))

    assert outcomes == {"done": 1, "IntegrityError": 7}  # the money is safe, the answers are not
    assert leaving(Payout.objects.get()) == 97_000
    assert available(ben) == 0


@pytest.mark.django_db(transaction=True)
def test_eight_retries_at_once_set_aside_once(ada, ben):
    party_id = ready_without_provider(ada, ben)
    payout = payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)
    payout.attempts.create(number=1, destination="acct_ben", remote_id="po_remote")
    record_payout(
        remote=RemotePayout("po_remote", "", payout.public_id, 1, State.FAILED, 97_000, "USD")
    )
    assert available(ben) == 97_000

    outcomes = at_once(lambda _: payouts.retry_payout(payout_id=payout.pk, by=ben))

    assert outcomes == {"done": 1, "WrongState": 7}
    assert (available(ben), leaving(payout)) == (0, 97_000)


# --- What the payee sees -------------------------------------------------------------------------


def test_what_somebody_earned_in_is_told_once_for_all_of_their_parties(ada, ben, cleo):
    for who, currency in [(ben, "USD"), (ben, "USD"), (ben, "EUR"), (cleo, "GBP"), (cleo, "EUR")]:
        escrows.release(escrow_id=held(ada, who, currency=currency).pk)

    assert currencies_of([own_party_of(ben)]) == ["EUR", "USD"]
    assert currencies_of([own_party_of(ben).pk, own_party_of(cleo)]) == ["EUR", "GBP", "USD"]
    assert currencies_of([own_party_of(ada)]) == currencies_of([]) == []


def test_the_summary_puts_each_unit_in_one_place(ada, ben, sandbox):
    with_account(sandbox, ben)
    earned(ada, ben, sandbox, amount=10_000)
    assert summaries_of(ben)[0].clearing == 9_700
    days_pass(7.1)
    earned(ada, ben, sandbox, amount=20_000)
    play_on(sandbox)
    summary = summaries_of(ben)[0]
    assert (summary.clearing, summary.available) == (19_400, 0)
    assert summary.on_its_way + summary.paid == 9_700
    arrive(sandbox)
    assert summaries_of(ben)[0].paid == 9_700
