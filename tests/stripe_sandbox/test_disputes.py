import pytest
import stripe

from tests.stripe_sandbox.play import DAY, Play


def test_a_card_takes_its_money_back(play: Play):
    charge = play.paid(10_000, card="4000000000000259")

    (dispute,) = play.stripe.v1.disputes.list({"charge": charge.id}).data

    assert (dispute.status, dispute.reason, dispute.amount) == (
        "needs_response",
        "fraudulent",
        10_000,
    )
    assert dispute.is_charge_refundable is False
    (taken,) = dispute.balance_transactions
    assert (taken.amount, taken.fee, taken.net) == (-10_000, 1_500, -11_500)
    assert (play.available(), play.pending()) == (-11_500, 9_680)
    assert play.stripe.v1.charges.retrieve(charge.id).disputed is True
    play.deliver()
    assert play.webhook.types[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_a_disputed_charge_is_not_refunded(play: Play):
    charge = play.paid(10_000, card="4000000000000259")

    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.refunds.create({"charge": charge.id})

    assert refused.value.code == "charge_disputed"


@pytest.mark.parametrize(("outcome", "left"), [("won", 8_180), ("lost", -1_820)])
def test_a_ruling_brings_the_money_back_or_not(play: Play, outcome, left):
    charge = play.funded(10_000)
    dispute = play.control("/disputes", {"charge": charge.id})

    play.control(f"/disputes/{dispute['id']}/close", {"outcome": outcome})

    assert play.stripe.v1.disputes.retrieve(dispute["id"]).status == outcome
    assert play.available() == left
    play.deliver()
    told = [one for one in play.webhook.types if one.startswith("charge.dispute")][2:]
    reinstated = ["charge.dispute.funds_reinstated"] if outcome == "won" else []
    assert told == [*reinstated, "charge.dispute.closed"]


def test_a_dispute_may_come_long_after_the_money_has_left_and_be_partial(play: Play):
    ben = play.freelancer()
    charge = play.funded(10_000)
    play.stripe.v1.transfers.create({"amount": 9_000, "currency": "usd", "destination": ben})
    play.advance(40 * DAY)

    play.control("/disputes", {"charge": charge.id, "amount": 2_500, "reason": "duplicate"})

    (dispute,) = play.stripe.v1.disputes.list().data
    assert (dispute.amount, dispute.reason) == (2_500, "duplicate")
    assert play.available() == 680 - 2_500 - 1_500
    assert play.available(ben) == 9_000


def test_evidence_is_sent_and_a_dispute_can_be_given_up(play: Play):
    charge = play.funded(10_000)
    id = play.control("/disputes", {"charge": charge.id})["id"]

    answered = play.stripe.v1.disputes.update(
        id, {"evidence": {"uncategorized_text": "The work was accepted."}}
    )
    assert answered.status == "under_review"
    assert answered.evidence.uncategorized_text == "The work was accepted."
    assert answered.evidence_details.submission_count == 1

    assert play.stripe.v1.disputes.close(id).status == "lost"
    with pytest.raises(stripe.StripeError, match="closed"):
        play.stripe.v1.disputes.close(id)


def test_an_inquiry_takes_nothing(play: Play):
    charge = play.funded(10_000)

    dispute = play.control("/disputes", {"charge": charge.id, "inquiry": True})

    assert dispute["status"] == "warning_needs_response"
    assert play.available() == 9_680
    closed = play.control(f"/disputes/{dispute['id']}/close", {"outcome": "won"})
    assert (closed["status"], play.available()) == ("warning_closed", 9_680)


def test_an_inquiry_blocks_no_refund(play: Play):
    charge = play.funded(10_000)
    play.control("/disputes", {"charge": charge.id, "inquiry": True})

    assert play.stripe.v1.refunds.create({"charge": charge.id, "amount": 100}).amount == 100


def test_an_inquiry_may_become_a_chargeback(play: Play):
    charge = play.funded(10_000)
    id = play.control("/disputes", {"charge": charge.id, "inquiry": True, "amount": 4_000})["id"]

    demanded = play.control(f"/disputes/{id}/escalate", {})

    assert demanded["status"] == "needs_response"
    assert [one["amount"] for one in demanded["balance_transactions"]] == [-4_000]
    assert play.available() == 9_680 - 4_000 - 1_500
    with pytest.raises(stripe.InvalidRequestError):
        play.stripe.v1.refunds.create({"charge": charge.id, "amount": 100})


def test_a_charge_meets_several_as_far_as_it_goes(play: Play):
    charge = play.funded(10_000)
    first = play.control("/disputes", {"charge": charge.id, "amount": 6_000})["id"]
    play.control("/disputes", {"charge": charge.id, "amount": 4_000})

    play.control(f"/disputes/{first}/close", {"outcome": "won"})

    with pytest.raises(stripe.InvalidRequestError):  # the other one still stands
        play.stripe.v1.refunds.create({"charge": charge.id, "amount": 100})
