import pytest
import stripe

from tests.stripe_sandbox.play import DAY, Play


def send(play: Play, to: str, amount: int, **fields):
    return play.stripe.v1.transfers.create(
        {"amount": amount, "currency": "usd", "destination": to, **fields}
    )


def test_only_available_money_can_be_transferred(play: Play):
    ben = play.freelancer()
    play.paid(10_000)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        send(play, ben, 9_680)
    assert (refused.value.http_status, refused.value.code) == (400, "balance_insufficient")
    assert (play.pending(), play.available(ben)) == (9_680, 0)

    play.advance(2 * DAY)
    send(play, ben, 9_680)
    assert (play.available(), play.available(ben)) == (0, 9_680)


def test_a_transfer_from_a_charge_need_not_wait_but_its_money_does(play: Play):
    ben = play.freelancer()
    charge = play.paid(10_000, payment_intent_data={"transfer_group": "es_9"})

    transfer = send(play, ben, 8_000, source_transaction=charge.id)

    assert transfer.transfer_group == "es_9"
    assert (play.available(ben), play.pending(ben)) == (0, 8_000)
    assert play.pending() == 9_680 - 8_000
    with pytest.raises(stripe.InvalidRequestError, match=r"20\.00 USD"):
        send(play, ben, 2_001, source_transaction=charge.id)
    play.advance(2 * DAY)
    assert (play.available(ben), play.available()) == (8_000, 1_680)


def test_the_money_arrives_as_a_payment(play: Play):
    ben = play.freelancer()
    play.funded()

    transfer = play.stripe.v1.transfers.create(
        {
            "amount": 1_000,
            "currency": "usd",
            "destination": ben,
            "metadata": {"payout": "po_1"},
            "expand": ["destination_payment", "balance_transaction"],
        }
    )

    assert transfer.destination_payment.source_transfer == transfer.id
    assert (transfer.balance_transaction.type, transfer.balance_transaction.net) == (
        "transfer",
        -1_000,
    )
    there = play.stripe.v1.balance_transactions.list(None, {"stripe_account": ben}).data
    assert [(one.type, one.net) for one in there] == [("payment", 1_000)]


@pytest.mark.parametrize("state", ["not set up", "restricted", "closed", "unknown"])
def test_only_an_active_account_receives(play: Play, state):
    play.funded()
    ben = {"not set up": lambda: play.account().id, "unknown": lambda: "acct_nobody"}.get(
        state, play.freelancer
    )()
    if state == "restricted":
        play.control(f"/accounts/{ben}/restrict", {})
    elif state == "closed":
        play.stripe.v2.core.accounts.close(ben)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        send(play, ben, 1_000)

    known = state in ("not set up", "restricted")
    code = "insufficient_capabilities_for_transfer" if known else "resource_missing"
    assert (refused.value.http_status, refused.value.code) == (400, code)
    assert play.available() == 9_680


def test_a_reversal_brings_back_a_part_and_then_the_rest(play: Play):
    ben = play.freelancer()
    play.funded()
    transfer = send(play, ben, 5_000)

    reversal = play.stripe.v1.transfers.reversals.create(transfer.id, {"amount": 2_000})
    partly = play.stripe.v1.transfers.retrieve(transfer.id)
    assert (partly.amount_reversed, partly.reversed) == (2_000, False)
    assert partly.reversals.data[0].id == reversal.id

    with pytest.raises(stripe.InvalidRequestError, match="greater than the amount left"):
        play.stripe.v1.transfers.reversals.create(transfer.id, {"amount": 3_001})
    play.stripe.v1.transfers.reversals.create(transfer.id)
    wholly = play.stripe.v1.transfers.retrieve(transfer.id)
    assert (wholly.amount_reversed, wholly.reversed) == (5_000, True)
    assert (play.available(), play.available(ben)) == (9_680, 0)
    noted = play.stripe.v1.transfers.reversals.update(
        transfer.id, reversal.id, {"metadata": {"for": "es_9"}}
    )
    assert (noted.id, noted.metadata.to_dict()) == (reversal.id, {"for": "es_9"})
    shown = play.stripe.v1.transfers.retrieve(transfer.id).reversals.data
    assert [one.metadata.to_dict() for one in shown] == [{}, {"for": "es_9"}]
    listed = play.stripe.v1.transfers.reversals.list(transfer.id).data
    assert [one.amount for one in listed] == [3_000, 2_000]
    with pytest.raises(stripe.InvalidRequestError, match="already fully reversed"):
        play.stripe.v1.transfers.reversals.create(transfer.id)


def test_money_that_was_paid_out_cannot_be_reversed(play: Play):
    ben = play.freelancer()
    play.funded()
    transfer = send(play, ben, 5_000)
    play.stripe.v1.payouts.create({"amount": 4_000, "currency": "usd"}, {"stripe_account": ben})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        play.stripe.v1.transfers.reversals.create(transfer.id, {"amount": 1_001})

    assert refused.value.code == "balance_insufficient"
    play.stripe.v1.transfers.reversals.create(transfer.id, {"amount": 1_000})
    assert play.available(ben) == 0
