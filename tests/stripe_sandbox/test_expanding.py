"""An object within an object, and what of it has changed."""

import pytest
import stripe

from tests.stripe_sandbox.play import Play


def test_lists_within_an_object_are_expanded_in_turn(play: Play):
    ben = play.freelancer()
    charge = play.funded()
    play.stripe.v1.refunds.create({"charge": charge.id, "amount": 1_000})
    transfer = play.stripe.v1.transfers.create(
        {"amount": 1_000, "currency": "usd", "destination": ben}
    )
    play.stripe.v1.transfers.reversals.create(transfer.id, {"amount": 400})

    charge = play.stripe.v1.charges.retrieve(
        charge.id,
        {"expand": ["refunds.data.balance_transaction", "refunds.data.payment_intent"]},
    )
    (refund,) = charge.refunds.data
    assert (refund.balance_transaction.net, refund.payment_intent.id) == (
        -1_000, charge.payment_intent,
    )  # fmt: skip
    (listed,) = play.stripe.v1.transfers.list(
        {"expand": ["data.reversals.data.balance_transaction"]}
    ).data
    assert listed.reversals.data[0].balance_transaction.net == 400


def test_pages_are_expanded_four_levels_deep_and_no_deeper(play: Play):
    charge = play.funded()
    four, five = "data.charge.payment_intent.latest_charge", "data.charge.payment_intent.a.b"
    play.stripe.v1.refunds.create({"charge": charge.id, "amount": 1_000})

    (refund,) = play.stripe.v1.refunds.list({"expand": [four]}).data

    assert refund.charge.payment_intent.latest_charge.id == charge.id
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        play.stripe.v1.refunds.list({"expand": [five]})


def test_the_account_of_a_transfer_is_shown_as_v1_knows_it(play: Play):
    ben = play.freelancer()
    play.funded()
    transfer = play.stripe.v1.transfers.create(
        {"amount": 1_000, "currency": "usd", "destination": ben, "expand": ["destination"]}
    )

    account = transfer.destination
    assert (account.object, account.id, account.type) == ("account", ben, "express")
    assert (account.payouts_enabled, account.charges_enabled) == (True, False)
    play.control(f"/accounts/{ben}/restrict", {})
    again = play.stripe.v1.transfers.retrieve(transfer.id, {"expand": ["destination"]})
    assert again.destination.payouts_enabled is False


def test_an_event_says_what_was_otherwise_before(play: Play):
    ben = play.freelancer()
    charge = play.funded()
    at = {"stripe_account": ben}
    transfer = play.stripe.v1.transfers.create(
        {"amount": 1_000, "currency": "usd", "destination": ben, "metadata": {"a": "1"}}
    )
    play.stripe.v1.transfers.update(transfer.id, {"metadata": {"a": "2", "b": "3"}})
    payout = play.stripe.v1.payouts.create({"amount": 500, "currency": "usd"}, at)
    play.stripe.v1.payouts.update(payout.id, {"metadata": {"c": "4"}}, at)
    dispute = play.control("/disputes", {"charge": charge.id})["id"]
    play.stripe.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": "Accepted."}})

    told = {
        event["type"]: event["data"].get("previous_attributes")
        for event in play.events()
        if event["object"] == "event"
    }
    assert told["transfer.updated"] == {"metadata": {"a": "1", "b": None}}
    assert told["payout.updated"] == {"metadata": {"c": None}}
    assert told["charge.dispute.updated"] == {
        "evidence": {"uncategorized_text": None},
        "evidence_details": {
            "has_evidence": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "status": "needs_response",
    }
    assert told["balance_settings.updated"] == {
        "payments": {"payouts": {"schedule": {"interval": "daily"}}}
    }
