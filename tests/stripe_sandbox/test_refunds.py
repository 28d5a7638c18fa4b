import pytest
import stripe

from tests.stripe_sandbox.play import DAY, Play


def test_a_refund_comes_from_the_platforms_available_balance(play: Play):
    charge = play.funded(10_000)

    refund = play.stripe.v1.refunds.create(
        {"payment_intent": charge.payment_intent, "amount": 4_000, "metadata": {"refund": "rf_1"}}
    )

    assert (refund.status, refund.charge) == ("succeeded", charge.id)
    assert play.available() == 9_680 - 4_000  # the card fee does not come back
    charge = play.stripe.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (4_000, False)
    assert charge.refunds.data[0].metadata.refund == "rf_1"
    assert [one.id for one in play.stripe.v1.refunds.list({"charge": charge.id})] == [refund.id]


def test_no_more_is_refunded_than_was_paid(play: Play):
    charge = play.funded(10_000)
    play.funded(10_000)
    play.stripe.v1.refunds.create({"charge": charge.id, "amount": 6_000})

    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        play.stripe.v1.refunds.create({"charge": charge.id, "amount": 4_001})
    play.stripe.v1.refunds.create({"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.refunds.create({"charge": charge.id})

    assert refused.value.code == "charge_already_refunded"
    assert play.stripe.v1.charges.retrieve(charge.id).refunded is True


def test_a_refund_without_cover_waits_for_it(play: Play):
    charge = play.paid(10_000)

    refund = play.stripe.v1.refunds.create({"charge": charge.id, "amount": 9_000})
    assert (refund.status, refund.pending_reason) == ("pending", "insufficient_funds")
    assert refund.balance_transaction is None
    assert play.pending() == 9_680

    play.advance(2 * DAY)
    refund = play.stripe.v1.refunds.retrieve(refund.id)
    assert (refund.status, play.available()) == ("succeeded", 680)
    assert "pending_reason" not in refund
    play.deliver()
    assert play.webhook.types[-2:] == ["charge.refund.updated", "refund.updated"]


def test_a_refund_may_fail_after_it_succeeded(play: Play):
    charge = play.paid(10_000, card="4000000000005126")
    play.advance(2 * DAY)
    refund = play.stripe.v1.refunds.create({"charge": charge.id})
    assert (refund.status, play.available()) == ("pending", 9_680)  # the fee is not covered

    play.control("/topups", {"amount": 320, "currency": "usd"})
    play.advance(0)
    assert play.stripe.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert play.available() == 0

    play.advance(5)
    refund = play.stripe.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert (refund.status, refund.failure_reason) == ("failed", "expired_or_canceled_card")
    back = refund.failure_balance_transaction
    assert (back.type, back.net, play.available()) == ("refund_failure", 10_000, 10_000)
    assert play.stripe.v1.charges.retrieve(charge.id).amount_refunded == 0
    play.deliver()
    assert play.webhook.types[-1] == "refund.failed"


def test_a_refund_may_be_pending_at_the_bank_at_first(play: Play):
    charge = play.paid(10_000, card="4000000000007726")
    play.advance(2 * DAY)

    refund = play.stripe.v1.refunds.create({"charge": charge.id, "amount": 100})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    play.advance(5)

    assert play.stripe.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert play.available() == 9_580


def test_a_refund_does_not_touch_the_transfer(play: Play):
    ben = play.freelancer()
    charge = play.funded(10_000)
    play.funded(10_000)
    transfer = play.stripe.v1.transfers.create(
        {"amount": 5_000, "currency": "usd", "destination": ben}
    )

    play.stripe.v1.refunds.create({"charge": charge.id})

    assert play.available(ben) == 5_000
    assert play.stripe.v1.transfers.retrieve(transfer.id).amount_reversed == 0


def test_what_did_not_succeed_cannot_be_refunded(play: Play):
    session = play.session()
    play.submit(session.url, card_number="4000000000000002")
    failed = play.stripe.v1.charges.list().data[0]

    with pytest.raises(stripe.InvalidRequestError, match="has not succeeded"):
        play.stripe.v1.refunds.create({"charge": failed.id})
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        play.stripe.v1.refunds.create({"payment_intent": failed.payment_intent})
    with pytest.raises(stripe.InvalidRequestError) as missing:
        play.stripe.v1.refunds.create({"amount": 1})
    assert missing.value.code == "parameter_missing"
