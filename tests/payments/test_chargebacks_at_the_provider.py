"""Chargebacks as the provider tells of them: by letters, in any order, or by none at all."""

import pytest

from accounts.notifications.models import Notification
from accounts.parties.selectors import own_party_of
from marketplace.common.errors import ProviderUnreachable, WrongState
from payments.chargebacks.answering.services import look_after_chargeback, send_evidence
from payments.chargebacks.models import Chargeback
from payments.chargebacks.selectors import has_open_chargeback, to_be_answered
from payments.escrow import services as escrows
from payments.fundings.models import Payment
from payments.gateway.chargebacks import ChargebackState
from payments.incoming.selectors import unexplained_events
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payouts.models import Payout
from payments.payouts.recovering.selectors import owed_by
from payments.refunds.models import Refund
from tests.payments.chargeback_world import Bank
from tests.payments.payout_world import arrive, available, due
from tests.payments.reconciling import all_agrees, reconciled
from tests.payments.world import A_WHILE, days_pass, opened, paid_at
from tests.sandbox import AVAILABLE_AT_ONCE, GOOD_CARD, Sandbox, play_on

pytestmark = pytest.mark.django_db

DISPUTED_CARD = "4000000000000259"


def funded(ada, ben, sandbox: Sandbox, **how):
    """Paid and booked; the platform has something of its own at the provider for what costs."""
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    escrow = opened(ada, ben, **how)
    payment = paid_at(sandbox, escrow)
    days_pass(A_WHILE)
    play_on(sandbox)
    return escrow, payment


def stands(escrow) -> int:
    return balance_of(chart.escrow(escrow.public_id))


def test_a_card_that_takes_its_money_back_is_heard_of_and_booked(ada, ben, sandbox):
    escrow = opened(ada, ben)
    paid_at(sandbox, escrow, card=DISPUTED_CARD)
    days_pass(A_WHILE)
    play_on(sandbox)

    chargeback = Chargeback.objects.get()
    assert (chargeback.status, chargeback.reason) == ("open", "fraudulent")
    assert chargeback.due_at is not None
    assert stands(escrow) == 0
    assert not unexplained_events().exists()
    all_agrees()


@pytest.mark.parametrize(("outcome", "held"), [("won", 103_000), ("lost", 0)])
def test_the_ruling_is_booked_as_the_money_moved(ada, ben, sandbox, outcome, held):
    escrow, payment = funded(ada, ben, sandbox)
    demand = sandbox.ask("POST", "/disputes", charge=payment.charge_id)
    play_on(sandbox)
    assert has_open_chargeback(escrow)

    sandbox.ask("POST", f"/disputes/{demand['id']}/close", outcome=outcome)
    play_on(sandbox)

    assert Chargeback.objects.get().status == outcome
    assert stands(escrow) == held
    assert not has_open_chargeback(escrow)
    all_agrees()


def test_while_it_stands_nothing_is_refunded_and_when_it_is_won_the_rest_goes_out(
    ada, ben, sandbox
):
    escrow, payment = funded(ada, ben, sandbox)
    demand = sandbox.ask("POST", "/disputes", charge=payment.charge_id, amount=50_000)
    play_on(sandbox)

    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    play_on(sandbox)
    refund = Refund.objects.get()
    assert (refund.status, refund.amount, refund.attempt) == ("requested", 53_000, 1)
    assert refund.failure_code == "charge_disputed"

    sandbox.ask("POST", f"/disputes/{demand['id']}/close", outcome="won")
    play_on(sandbox)
    days_pass(1)
    play_on(sandbox)

    assert sorted(Refund.objects.values_list("status", "amount")) == [
        ("succeeded", 50_000),
        ("succeeded", 53_000),
    ]
    all_agrees()


def test_an_inquiry_becomes_a_demand(ada, ben, sandbox):
    escrow, payment = funded(ada, ben, sandbox)
    asked = sandbox.ask("POST", "/disputes", charge=payment.charge_id, inquiry=True)
    play_on(sandbox)
    assert (Chargeback.objects.get().status, stands(escrow)) == ("inquiry", 103_000)

    sandbox.ask("POST", f"/disputes/{asked['id']}/escalate")
    play_on(sandbox)

    assert (Chargeback.objects.get().status, stands(escrow)) == ("open", 0)
    all_agrees()


def test_an_inquiry_that_was_answered_and_becomes_a_demand_is_answered_anew(
    ada, ben, dora, sandbox
):
    """What the bank was told of the inquiry is no answer to what it demands."""
    _, payment = funded(ada, ben, sandbox)
    asked = sandbox.ask("POST", "/disputes", charge=payment.charge_id, inquiry=True)
    play_on(sandbox)
    chargeback = Chargeback.objects.get()
    send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done.")
    assert not to_be_answered().exists()

    sandbox.ask("POST", f"/disputes/{asked['id']}/escalate")
    play_on(sandbox)

    assert to_be_answered().get() == chargeback
    send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done, and approved.")
    chargeback.refresh_from_db()
    assert (chargeback.status, to_be_answered().exists()) == ("review", False)
    with pytest.raises(WrongState):
        send_evidence(chargeback_id=chargeback.pk, by=dora, text="And more.")
    all_agrees()


def test_an_answer_whose_answer_was_lost_is_given_once(ada, ben, dora, sandbox):
    _, payment = funded(ada, ben, sandbox)
    demand = sandbox.ask("POST", "/disputes", charge=payment.charge_id)
    play_on(sandbox)
    chargeback = Chargeback.objects.get()
    lost = {"fault": "timeout_after", "method": "POST", "path": "/v1/disputes/.*", "seconds": 0.05}
    sandbox.trouble(lost | {"times": None})
    with pytest.raises(ProviderUnreachable):
        send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done.")
    sandbox.trouble()
    sandbox.letters.clear()

    days_pass(1.1)  # by then its key may be forgotten
    look_after_chargeback(chargeback_id=chargeback.pk)

    told = sandbox.api("GET", f"/v1/disputes/{demand['id']}")["evidence_details"]
    chargeback.refresh_from_db()
    assert (told["submission_count"], chargeback.status, chargeback.answer) == (1, "review", "")
    assert (chargeback.evidence, chargeback.failure_code) == ("It was done.", "")


def test_an_answer_at_the_providers_own_desk_is_the_one_that_the_bank_has(ada, ben, dora, sandbox):
    _, payment = funded(ada, ben, sandbox)
    demand = sandbox.ask("POST", "/disputes", charge=payment.charge_id)
    play_on(sandbox)
    chargeback = Chargeback.objects.get()
    sandbox.trouble({"fault": "error_503", "path": "/v1/disputes/.*", "times": None})
    with pytest.raises(ProviderUnreachable):
        send_evidence(chargeback_id=chargeback.pk, by=dora, text="It was done.")
    sandbox.trouble()

    words = {"evidence[uncategorized_text]": "Ask our lawyer.", "submit": "true"}
    sandbox.api("POST", f"/v1/disputes/{demand['id']}", **words)
    look_after_chargeback(chargeback_id=chargeback.pk)

    told = sandbox.api("GET", f"/v1/disputes/{demand['id']}")
    chargeback.refresh_from_db()
    assert told["evidence_details"]["submission_count"] == 1
    assert (chargeback.evidence, chargeback.answer) == ("Ask our lawyer.", "")
    assert chargeback.failure_code == "answered_elsewhere"


def test_several_on_one_payment(ada, ben, sandbox):
    escrow, payment = funded(ada, ben, sandbox)
    for amount in (20_000, 30_000):
        sandbox.ask("POST", "/disputes", charge=payment.charge_id, amount=amount)
    play_on(sandbox)

    assert Chargeback.objects.count() == 2
    assert stands(escrow) == 53_000
    all_agrees()


def test_letters_in_reverse_and_twice_say_the_same(ada, ben, sandbox):
    escrow, payment = funded(ada, ben, sandbox)
    demand = sandbox.ask("POST", "/disputes", charge=payment.charge_id)
    sandbox.ask("POST", f"/disputes/{demand['id']}/close", outcome="won")
    sandbox.collect()
    letters = list(sandbox.letters)
    sandbox.letters.clear()
    sandbox.letters.extend(reversed(letters + letters))

    play_on(sandbox)

    assert (Chargeback.objects.get().status, stands(escrow)) == ("won", 103_000)
    all_agrees()


def test_a_lost_letter_is_made_good_by_asking(ada, ben, sandbox):
    escrow, payment = funded(ada, ben, sandbox)
    demand = sandbox.ask("POST", "/disputes", charge=payment.charge_id)
    play_on(sandbox)
    sandbox.ask("POST", f"/disputes/{demand['id']}/close", outcome="won")
    sandbox.collect()
    sandbox.letters.clear()

    days_pass(1)
    play_on(sandbox)

    assert stands(escrow) == 103_000


def test_after_the_payout_it_is_owed_and_taken_from_the_next_earnings(ada, ben, sandbox):
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    due(ada, ben, sandbox)
    play_on(sandbox)
    payout = Payout.objects.get()
    arrive(sandbox)
    payout.refresh_from_db()
    assert payout.status == "paid"
    charge_id = Payment.objects.get().charge_id
    sandbox.ask("POST", "/disputes", charge=charge_id)
    play_on(sandbox)
    assert (owed_by(own_party_of(ben), "USD"), available(ben)) == (97_000, 0)

    escrow = opened(ada, ben, amount=200_000)
    again(sandbox, escrow, GOOD_CARD)
    escrows.release(escrow_id=escrow.pk)
    play_on(sandbox)

    assert (owed_by(own_party_of(ben), "USD"), available(ben)) == (0, 97_000)
    days_pass(3)
    arrive(sandbox)
    assert sorted(Payout.objects.values_list("status", "amount")) == [
        ("paid", 97_000),
        ("paid", 97_000),
    ]
    all_agrees()


def test_one_of_which_no_letter_ever_came_is_found_by_the_reconciliation(ada, ben, sandbox):
    escrow, payment = funded(ada, ben, sandbox)
    sandbox.ask("POST", "/disputes", charge=payment.charge_id)
    sandbox.collect()
    sandbox.letters.clear()
    assert not Chargeback.objects.exists()

    days_pass(1)
    run = reconciled()

    assert (run.healed, run.still_open) == (1, 0)

    assert (Chargeback.objects.get().status, stands(escrow)) == ("open", 0)


# --- The same card again -------------------------------------------------------------------------


def again(sandbox: Sandbox, escrow, card: str) -> Payment:
    payment = paid_at(sandbox, escrow, card=card)
    days_pass(A_WHILE)
    play_on(sandbox)
    payment.refresh_from_db()
    return payment


def test_a_card_whose_bank_took_money_back_pays_nothing_more(ada, ben, sandbox, client):
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    escrow = opened(ada, ben)
    again(sandbox, escrow, DISPUTED_CARD)
    assert stands(escrow) == 0

    second = again(sandbox, escrow, DISPUTED_CARD)

    assert (second.status, stands(escrow)) == ("refunded", 0)
    assert Refund.objects.get().reason == "disputed_card"
    (told,) = Notification.objects.filter(kind="card_refused")
    assert told.recipient == ada and "Please use another card" in told.text
    client.force_login(ada)
    shown = client.get(f"/payments/{second.public_id}/").content.decode()
    assert "it pays nothing more here" in shown and "held until you release" not in shown

    third = again(sandbox, escrow, AVAILABLE_AT_ONCE)
    assert (third.status, stands(escrow)) == ("succeeded", 103_000)
    all_agrees()


def test_after_the_bank_gave_it_back_the_card_pays_again(ada, ben, sandbox):
    _, payment = funded(ada, ben, sandbox)
    demand = sandbox.ask("POST", "/disputes", charge=payment.charge_id)
    play_on(sandbox)
    sandbox.ask("POST", f"/disputes/{demand['id']}/close", outcome="won")
    play_on(sandbox)

    other = again(sandbox, opened(ada, ben), AVAILABLE_AT_ONCE)

    assert (payment.card != "", other.card, other.status) == (True, payment.card, "succeeded")


def test_somebody_elses_card_of_the_same_number_is_theirs(ada, ben, cleo, sandbox):
    again(sandbox, opened(ada, ben), DISPUTED_CARD)
    assert again(sandbox, opened(cleo, ben), DISPUTED_CARD).refunded == 0


def test_until_its_bank_has_won_then_it_pays_for_nobody(ada, ben, cleo, sandbox, client):
    _, payment = funded(ada, ben, sandbox)
    demand = sandbox.ask("POST", "/disputes", charge=payment.charge_id)
    play_on(sandbox)
    sandbox.ask("POST", f"/disputes/{demand['id']}/close", outcome="lost")
    play_on(sandbox)
    escrow = opened(cleo, ben)

    refused = again(sandbox, escrow, AVAILABLE_AT_ONCE)

    assert (refused.card, refused.status, stands(escrow)) == (payment.card, "refunded", 0)
    assert Refund.objects.get(payment=refused).reason == "unusable_card"
    (told,) = Notification.objects.filter(kind="card_refused")
    assert told.recipient == cleo
    assert "this card cannot be used here. Please use another." in str(told.text)
    client.force_login(cleo)
    shown = client.get(f"/payments/{refused.public_id}/").content.decode()
    assert "This card cannot be used here" in shown
    assert "earlier payment" not in f"{shown}{told.text}", "it is nobody's to know"
    escrows.take_in(
        payment_id=refused.pk,
        intent_id=refused.intent_id,
        charge_id=refused.charge_id,
        card=refused.card,
    )
    assert Refund.objects.filter(payment=refused).count() == 1
    all_agrees()


def test_after_an_appeal_was_won_it_pays_for_others_again(ada, ben, cleo, sandbox):
    _, payment = funded(ada, ben, sandbox)
    bank = Bank(payment)
    for outcome, refunded in (("lost", 103_000), ("won", 0)):
        bank.says(ChargebackState(outcome))
        paid = again(sandbox, opened(cleo, ben), AVAILABLE_AT_ONCE)
        assert (paid.card, paid.refunded) == (payment.card, refunded)
