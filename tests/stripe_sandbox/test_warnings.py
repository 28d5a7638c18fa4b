"""Early fraud warnings: nothing moves, but somebody may still act."""

import pytest
import requests
import stripe

from tests.stripe_sandbox.play import Play


def warned(play: Play, **fields) -> tuple[stripe.Charge, dict]:
    charge = play.funded(10_000)
    return charge, play.control("/early_fraud_warnings", {"charge": charge.id, **fields})


def retrieve(play: Play, id: str):
    return play.stripe.v1.radar.early_fraud_warnings.retrieve(id)


def test_a_warning_is_told_and_moves_nothing(play: Play):
    charge, warning = warned(play, fraud_type="made_with_stolen_card")
    play.deliver()

    (found,) = play.stripe.v1.radar.early_fraud_warnings.list({"charge": charge.id}).data
    assert (found.id, found.fraud_type, found.actionable) == (
        warning["id"], "made_with_stolen_card", True,
    )  # fmt: skip
    assert found.payment_intent == charge.payment_intent
    assert play.webhook.types[-1] == "radar.early_fraud_warning.created"
    assert play.available() == 9_680
    other = play.stripe.v1.radar.early_fraud_warnings.list({"payment_intent": "pi_other"})
    assert other.data == []


def test_a_suspected_card_brings_its_own_warning(play: Play):
    charge = play.paid(card="4000000000005423")

    (warning,) = play.stripe.v1.radar.early_fraud_warnings.list({"expand": ["data.charge"]}).data

    assert (warning.charge.id, warning.charge.status) == (charge.id, "succeeded")


def test_a_whole_refund_settles_it_and_a_part_does_not(play: Play):
    play.funded(10_000)
    charge, warning = warned(play)

    play.stripe.v1.refunds.create({"charge": charge.id, "amount": 4_000})
    assert retrieve(play, warning["id"]).actionable is True
    play.stripe.v1.refunds.create({"charge": charge.id})

    assert retrieve(play, warning["id"]).actionable is False
    play.deliver()
    assert play.webhook.types.count("radar.early_fraud_warning.updated") == 1


@pytest.mark.parametrize("inquiry", [True, False])
def test_it_is_too_late_once_there_is_a_dispute(play: Play, inquiry):
    charge, warning = warned(play)

    play.control("/disputes", {"charge": charge.id, "inquiry": inquiry})

    assert retrieve(play, warning["id"]).actionable is False
    play.deliver()
    last = play.webhook.letters[-1].event
    assert last["type"] == "radar.early_fraud_warning.updated"
    assert last["data"]["previous_attributes"] == {"actionable": True}


def test_what_did_not_succeed_is_nobodys_fraud(play: Play):
    session = play.session()
    play.submit(session.url, card_number="4000000000000002")
    failed, charge = play.stripe.v1.charges.list().data[0], play.funded()

    for wish in ({"charge": failed.id}, {"charge": charge.id, "fraud_type": "bad luck"}):
        url = f"{play.url}/_sandbox/early_fraud_warnings"
        assert requests.post(url, json=wish, timeout=5).status_code == 400
