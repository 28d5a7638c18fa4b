"""A bank takes a payment back: from what is held first, then from what was released."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from payments.chargebacks.models import Chargeback, ChargebackMovement
from payments.chargebacks.selectors import (
    booked_withdrawals,
    contested_ids,
    has_open_chargeback,
    standing_of,
)
from payments.escrow import services as escrows
from payments.escrow.clawback import Taken, owed_for
from payments.escrow.selectors import limit_of
from payments.fundings.models import Payment
from payments.gateway.chargebacks import ChargebackState, RemoteWithdrawal
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.payouts.models import Earning
from payments.payouts.recovering.services import recover
from payments.refunds.models import Refund
from payments.refunds.selectors import failed_refunds
from tests.payments.chargeback_world import (
    FEE,
    Bank,
    findings,
    has,
    ours,
    owes,
    payment_of,
    stands,
)
from tests.payments.world import held, paid_out

pytestmark = pytest.mark.django_db


# --- Before release ------------------------------------------------------------------------------


def test_before_release_it_takes_what_is_held_and_nobody_owes_anything(ada, ben):
    escrow = held(ada, ben)

    chargeback = Bank(payment_of(escrow)).takes()

    assert stands(escrow) == 0 and owes(ben) == 0
    assert standing_of(chargeback) == Taken(held=103_000)
    assert balance_of(chart.provider_costs("USD")) == -FEE
    assert has_open_chargeback(escrow) and list(contested_ids()) == [escrow.public_id]
    assert findings() == []


def test_a_part_of_it_leaves_the_rest_held(ada, ben):
    escrow = held(ada, ben)

    Bank(payment_of(escrow), 51_500).takes()

    assert stands(escrow) == 51_500
    assert findings() == []


def test_won_it_is_held_again(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow))
    bank.takes()

    chargeback = bank.gives_back()

    assert stands(escrow) == 103_000
    assert standing_of(chargeback) == Taken()
    assert not has_open_chargeback(escrow)
    assert findings() == []
    escrows.release(escrow_id=escrow.pk)
    assert has(ben) == 97_000


def test_lost_it_stays_away_and_nothing_more_moves(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow))
    bank.takes()
    moved = Transfer.objects.count()

    chargeback = bank.keeps()

    assert chargeback.status == "lost" and chargeback.closed_at is not None
    assert Transfer.objects.count() == moved
    assert not has_open_chargeback(escrow)
    assert payment_of(escrow).charged_back_at is not None  # and stays frozen
    assert findings() == []


def test_the_client_may_fund_it_anew_and_a_won_one_goes_back_to_them_then(ada, ben):
    escrow = held(ada, ben)
    first = payment_of(escrow)
    bank = Bank(first)
    bank.takes()
    again = escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/")
    assert again.amount == 103_000
    escrows.take_in(payment_id=again.pk, intent_id="pi_again", charge_id="ch_again")

    bank.gives_back()

    assert stands(escrow) == 103_000
    assert sum(Refund.objects.values_list("amount", flat=True)) == 103_000
    assert findings() == []


def test_what_comes_back_is_held_no_longer_than_the_provider_may(ada, ben):
    """What was funded anew goes back, so what is held was paid as long ago as before."""
    escrow, long_ago = held(ada, ben), now() - timedelta(days=20)
    Payment.objects.update(paid_at=long_ago)
    bank = Bank(payment_of(escrow))
    bank.takes()
    again = escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/")
    escrows.take_in(payment_id=again.pk, intent_id="pi_again", charge_id="ch_again")
    escrow.refresh_from_db()
    assert escrow.limit_at > limit_of(escrow, paid_at=long_ago) + timedelta(days=19)

    bank.gives_back()

    escrow.refresh_from_db()
    assert Refund.objects.get().payment == again
    assert escrow.limit_at == limit_of(escrow, paid_at=long_ago)


def test_ended_meanwhile_what_comes_back_goes_to_the_client(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow))
    bank.takes()
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    assert findings() == []

    bank.gives_back()

    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (103_000, "not_wanted")
    assert findings() == []


def test_approved_meanwhile_what_comes_back_goes_to_the_payee(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow), 51_500)
    bank.takes()
    escrows.release(escrow_id=escrow.pk)
    assert has(ben) == 48_500

    bank.gives_back()

    assert has(ben) == 97_000 and stands(escrow) == 0
    assert ours() == 6_000
    assert findings() == []


# --- After release -------------------------------------------------------------------------------


def test_after_release_the_payee_owes_the_net_and_what_they_have_is_taken_at_once(ada, ben):
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)

    chargeback = Bank(payment_of(escrow)).takes()

    assert standing_of(chargeback) == Taken(released=103_000, owed=97_000)
    assert (owes(ben), has(ben), ours()) == (0, 0, 0)
    assert findings() == []


def test_what_they_do_not_have_any_more_is_owed_and_recovered_from_what_they_earn(ada, ben):
    spent, later = held(ada, ben), held(ada, ben, amount=200_000)
    escrows.release(escrow_id=spent.pk)
    paid_out(ben)
    Bank(payment_of(spent)).takes()
    assert owes(ben) == 97_000
    assert findings() == []

    escrows.release(escrow_id=later.pk)
    recovery = recover(party_id=own_party_of(ben).pk, currency="USD")

    assert recovery.amount == 97_000
    assert (owes(ben), has(ben)) == (0, 97_000)
    assert Earning.objects.filter(recovery=recovery).count() == 1
    assert recover(party_id=own_party_of(ben).pk, currency="USD") is None
    assert findings() == []


def test_half_of_it_leaves_both_fees_as_if_half_had_been_released(ada, ben):
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    paid_out(ben)

    Bank(payment_of(escrow), 51_500).takes()

    assert (owes(ben), ours()) == (48_500, 3_000)
    assert findings() == []


def test_partly_released_what_is_held_is_taken_first(ada, ben):
    escrow = held(ada, ben)
    escrows.split(escrow_id=escrow.pk, to_payee=40_000, reason="ruling")
    # The part that goes back to the client waits to be sent: it is the first to be taken.
    chargeback = Bank(payment_of(escrow)).takes()

    assert standing_of(chargeback) == Taken(refunds=61_800, released=41_200, owed=38_800)
    assert Refund.objects.get().status == "covered"
    assert findings() == []


def test_of_a_part_that_was_released_only_what_is_no_longer_held_is_owed(ada, ben):
    escrow = held(ada, ben)
    escrows.release_part(escrow_id=escrow.pk, amount=40_000)
    bank = Bank(payment_of(escrow), 82_400)

    chargeback = bank.takes()

    assert standing_of(chargeback) == Taken(held=61_800, released=20_600, owed=19_400)
    assert (has(ben), stands(escrow), ours()) == (19_400, 0, 1_200)
    assert findings() == []
    bank.gives_back()
    escrows.release(escrow_id=escrow.pk)
    assert (has(ben), stands(escrow), ours()) == (97_000, 0, 6_000)
    assert findings() == []


def test_won_after_release_everything_is_as_it_was(ada, ben):
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    bank = Bank(payment_of(escrow))
    bank.takes()

    bank.gives_back()

    assert (owes(ben), has(ben), ours()) == (0, 97_000, 6_000)
    again = Earning.objects.get(recovery=None)
    assert (again.amount, again.title) == (97_000, f"Chargeback won: {escrow.title}")
    assert findings() == []


def test_won_while_it_is_still_owed_the_debt_is_forgiven(ada, ben):
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    paid_out(ben)
    bank = Bank(payment_of(escrow))
    bank.takes()

    bank.gives_back()

    assert (owes(ben), has(ben), ours()) == (0, 0, 6_000)
    assert findings() == []


def test_a_refund_that_the_bank_had_covered_goes_out_after_all_when_it_is_won(ada, ben):
    escrow = held(ada, ben)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    bank = Bank(payment_of(escrow), 50_000)
    bank.takes()
    assert sorted(Refund.objects.values_list("status", "amount")) == [
        ("covered", 50_000),
        ("requested", 53_000),
    ]
    assert findings() == []

    bank.gives_back()

    assert set(Refund.objects.values_list("status", flat=True)) == {"requested"}
    assert findings() == []


def test_what_was_given_back_before_and_is_taken_as_well_is_our_loss(ada, ben):
    escrow = held(ada, ben)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    Refund.objects.update(status="sending")

    chargeback = Bank(payment_of(escrow)).takes()

    assert standing_of(chargeback) == Taken(lost=103_000)
    assert balance_of(chart.losses("USD")) == -103_000
    assert owes(ben) == 0
    assert findings() == []


def test_a_refund_refused_since_then_stands_in_for_our_loss(ada, ben):
    escrow = held(ada, ben)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    Refund.objects.update(status="sending")
    bank = Bank(payment_of(escrow))
    bank.takes()
    Refund.objects.update(status="requested")  # the provider has refused it: charge_disputed

    chargeback = bank.keeps()

    assert standing_of(chargeback) == Taken(refunds=103_000)
    assert (Refund.objects.get().status, balance_of(chart.losses("USD"))) == ("covered", 0)
    assert findings() == []
    bank.gives_back()
    assert Refund.objects.get().status == "requested"
    assert findings() == []


def test_a_refund_refused_since_then_stands_in_for_what_the_payee_owes(ada, ben):
    escrow = held(ada, ben)
    escrows.split(escrow_id=escrow.pk, to_payee=60_000, reason="ruling")
    paid_out(ben)
    Refund.objects.update(status="sending")
    bank = Bank(payment_of(escrow), 50_000)
    bank.takes()
    assert owes(ben) > 0
    Refund.objects.update(status="requested")

    chargeback = bank.says(ChargebackState.REVIEW)

    has_now = standing_of(chargeback)
    assert (has_now.refunds, has_now.released) == (41_200, 8_800)
    assert owes(ben) == has_now.owed == owed_for(60_000, 8_800, escrow.policy)
    assert findings() == []


def test_what_a_bank_holds_up_is_listed_for_finance(ada, ben):
    escrow = held(ada, ben)
    Bank(payment_of(escrow), 50_000).takes()
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")

    assert [refund.amount for refund in failed_refunds()] == [53_000]


# --- Several, inquiries, letters in any order ----------------------------------------------------


def test_several_on_one_payment_never_take_more_than_there_is(ada, ben):
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    one, other = (Bank(payment_of(escrow), n) for n in (30_001, 72_999))
    one.takes()
    other.takes()
    assert (has(ben), owes(ben), ours()) == (0, 0, 0)
    one.gives_back()
    assert findings() == []
    other.gives_back()
    assert (has(ben), owes(ben), ours()) == (97_000, 0, 6_000)
    assert findings() == []


def test_an_inquiry_blocks_nothing_and_moves_nothing(ada, ben):
    escrow = held(ada, ben)
    moved = Transfer.objects.count()

    chargeback = Bank(payment_of(escrow)).asks()

    assert chargeback.status == "inquiry" and Transfer.objects.count() == moved
    assert not has_open_chargeback(escrow)
    assert payment_of(escrow).charged_back_at is None
    assert Notification.objects.filter(kind__startswith="chargeback").count() == 0
    assert findings() == []


def test_an_inquiry_may_become_a_demand_or_end(ada, ben):
    escrow = held(ada, ben)
    bank, other = Bank(payment_of(escrow), 10_000), Bank(payment_of(escrow), 10_000)
    bank.asks()
    other.asks()

    assert bank.takes().status == "open"
    assert other.says(ChargebackState.CLOSED).status == "closed"
    assert stands(escrow) == 93_000
    assert findings() == []


@pytest.mark.parametrize(
    ("state", "held_now", "is_frozen"),
    [
        (ChargebackState.OPEN, 0, True),
        (ChargebackState.REVIEW, 0, True),
        (ChargebackState.LOST, 0, True),
        (ChargebackState.WON, 103_000, False),
    ],
)
def test_a_closed_inquiry_may_be_heard_of_again_at_any_later_word(
    ada, ben, state, held_now, is_frozen
):
    """The letters were late: the demand that came after it was never read as such."""
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow))
    bank.asks()
    bank.says(ChargebackState.CLOSED)
    bank.takes_unheard()

    chargeback = bank.gives_back() if state == ChargebackState.WON else bank.says(state)

    assert chargeback.status == state
    assert (stands(escrow), payment_of(escrow).charged_back_at is not None) == (held_now, is_frozen)
    assert balance_of(chart.provider_costs("USD")) == -FEE
    assert Notification.objects.filter(kind__startswith="chargeback").count() == 2
    assert findings() == []


def test_the_same_word_twice_moves_nothing_twice(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow))
    bank.takes()
    moved = Transfer.objects.count()

    bank.says(ChargebackState.OPEN)
    bank.says(ChargebackState.REVIEW)

    assert Transfer.objects.count() == moved
    assert ChargebackMovement.objects.count() == Chargeback.objects.count() == 1
    told = Notification.objects.filter(kind="chargeback_opened")
    assert sorted(notice.recipient.name for notice in told) == ["Ada", "Ben"]


def test_only_its_last_word_was_heard(ada, ben):
    """All letters but the last were lost: both movements are in the object."""
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    bank = Bank(payment_of(escrow))
    bank.takes_unheard()

    assert bank.gives_back().status == "won"
    assert (has(ben), owes(ben), ours()) == (97_000, 0, 6_000)
    assert findings() == []


def test_an_appeal_takes_and_gives_once_more(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow))
    bank.takes()
    bank.gives_back()
    assert bank.takes().status == "open"
    assert stands(escrow) == 0
    bank.keeps()
    assert bank.gives_back().status == "won"
    assert stands(escrow) == 103_000
    assert findings() == []


def test_more_than_was_taken_is_not_booked(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow), 10_000)
    bank.takes()
    bank.amount = 20_000

    with pytest.raises(InvalidInput, match="more than the bank has"):
        bank.gives_back()


def test_what_moves_in_another_currency_than_was_paid_is_not_booked(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow))
    bank.withdrawals.append(RemoteWithdrawal("txn_euros", 95_000, "EUR", 0))

    chargeback = bank.says(ChargebackState.OPEN)

    assert stands(escrow) == 103_000 and not chargeback.movements.exists()
    assert booked_withdrawals(["txn_euros"]) == set()
    assert findings() == []


def test_yet_its_demand_is_noted_and_told_and_freezes_the_payment(ada, ben):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow))
    bank.withdrawals.append(RemoteWithdrawal("txn_euros", 95_000, "EUR", 0))

    chargeback = bank.says(ChargebackState.OPEN)

    assert payment_of(escrow).charged_back_at is not None and has_open_chargeback(escrow)
    assert chargeback.due_at is not None and chargeback.news.get().status == "open"
    assert Notification.objects.filter(kind="chargeback_opened").count() == 2
    bank.withdrawals.append(RemoteWithdrawal("txn_back", -95_000, "EUR", 0))
    assert bank.says(ChargebackState.WON).status == "won"
    assert payment_of(escrow).charged_back_at is None and stands(escrow) == 103_000
    assert findings() == []


# --- Frozen --------------------------------------------------------------------------------------


def test_a_refund_takes_from_other_payments_first(ada, ben):
    escrow = held(ada, ben)
    first = payment_of(escrow)
    Bank(first, 51_500).takes()
    again = escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/")
    escrows.take_in(payment_id=again.pk, intent_id="pi_again", charge_id="ch_again")
    assert again.amount == 51_500

    escrows.refund(escrow_id=escrow.pk, reason="cancelled")

    of_each = dict(Refund.objects.order_by("pk").values_list("payment_id", "amount"))
    assert of_each == {again.pk: 51_500, first.pk: 51_500}
    assert findings() == []
