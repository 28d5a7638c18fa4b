"""A milestone's money from the client's card to the freelancer's bank."""

from tests.stripe_sandbox.play import DAY, Play


def test_a_milestone_is_paid_held_transferred_and_paid_out(play: Play):
    ben = play.freelancer()
    session = play.session(
        100_000,
        client_reference_id="es_1",
        payment_intent_data={"transfer_group": "es_1", "metadata": {"escrow": "es_1"}},
        metadata={"escrow": "es_1"},
    )
    assert (session.status, session.payment_status, session.payment_intent) == (
        "open",
        "unpaid",
        None,
    )

    answer = play.submit(session.url, card_number="4242 4242 4242 4242")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://platform.test/ok?session={session.id}"

    session = play.stripe.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge"]}
    )
    intent = session.payment_intent
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    assert (intent.status, intent.amount_received) == ("succeeded", 100_000)
    assert intent.metadata.escrow == intent.latest_charge.metadata.escrow == "es_1"
    assert intent.latest_charge.transfer_group == "es_1"
    assert intent.latest_charge.balance_transaction is None  # automatic_async: a moment later

    play.advance(1)
    charge = play.stripe.v1.charges.retrieve(
        intent.latest_charge.id, {"expand": ["balance_transaction"]}
    )
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (2_930, 97_070)
    assert (play.available(), play.pending()) == (0, 97_070)

    play.advance(2 * DAY)
    assert (play.available(), play.pending()) == (97_070, 0)

    transfer = play.stripe.v1.transfers.create(
        {"amount": 97_000, "currency": "usd", "destination": ben, "transfer_group": "po_1"}
    )
    assert (play.available(), play.available(ben)) == (70, 97_000)
    listed = play.stripe.v1.transfers.list({"transfer_group": "po_1"})
    assert [one.id for one in listed.data] == [transfer.id]

    payout = play.stripe.v1.payouts.create(
        {"amount": 97_000, "currency": "usd", "metadata": {"payout": "po_1"}},
        {"stripe_account": ben},
    )
    assert (payout.status, play.available(ben)) == ("pending", 0)
    play.advance(2)
    assert play.stripe.v1.payouts.retrieve(payout.id, None, {"stripe_account": ben}).status == (
        "in_transit"
    )
    play.advance(3)
    paid = play.stripe.v1.payouts.retrieve(payout.id, None, {"stripe_account": ben})
    assert (paid.status, paid.reconciliation_status, paid.metadata.payout) == (
        "paid",
        "not_applicable",
        "po_1",
    )


def test_every_step_is_told_in_order(play: Play):
    ben = play.freelancer()
    play.paid(5_000)
    play.funded(5_000)
    transfer = play.stripe.v1.transfers.create(
        {"amount": 1_000, "currency": "usd", "destination": ben}
    )
    play.stripe.v1.transfers.reversals.create(transfer.id, {"amount": 400})
    play.stripe.v1.payouts.create({"amount": 600, "currency": "usd"}, {"stripe_account": ben})
    play.advance(5)
    play.deliver()

    payment = [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.updated",
    ]
    assert play.webhook.types == [
        "v2.core.account.created",
        "v2.core.account[requirements].updated",
        "v2.core.account[requirements].updated",
        "v2.core.account[configuration.recipient].capability_status_updated",
        "balance_settings.updated",
        *payment,
        *payment,
        "transfer.created",
        "transfer.reversed",
        "payout.created",
        "payout.updated",
        "payout.paid",
    ]
    accounts = {letter.type: letter.event.get("account") for letter in play.webhook.letters}
    assert accounts["payout.paid"] == accounts["balance_settings.updated"] == ben
    assert accounts["transfer.created"] is None


def test_a_session_and_its_intent_can_be_expanded_in_one_call(play: Play):
    charge = play.paid(5_000)

    session = play.stripe.v1.checkout.sessions.list(
        {"expand": ["data.payment_intent.latest_charge.balance_transaction", "data.line_items"]}
    ).data[0]

    assert session.payment_intent.latest_charge.id == charge.id
    assert session.payment_intent.latest_charge.balance_transaction.amount == 5_000
    assert session.line_items.data[0].description == "Milestone 1"


def test_the_customer_of_a_session_is_the_customer_of_its_charge(play: Play):
    customer = play.stripe.v1.customers.create({"email": "ada@example.com", "metadata": {"a": "1"}})

    charge = play.paid(customer=customer.id)

    assert charge.customer == customer.id
    assert play.stripe.v1.customers.retrieve(customer.id).email == "ada@example.com"
    assert play.stripe.v1.charges.list({"customer": customer.id}).data[0].id == charge.id
