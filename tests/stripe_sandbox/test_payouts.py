import pytest
import stripe

from tests.stripe_sandbox.play import DAY, Play


def paid_freelancer(play: Play, bank: str = "000123456789", amount: int = 5_000, **options) -> str:
    ben = play.freelancer(bank, **options)
    play.funded(10_000)
    play.stripe.v1.transfers.create({"amount": amount, "currency": "usd", "destination": ben})
    return ben


def pay_out(play: Play, ben: str, amount: int = 5_000):
    return play.stripe.v1.payouts.create(
        {"amount": amount, "currency": "usd"}, {"stripe_account": ben}
    )


def retrieve(play: Play, ben: str, id: str):
    return play.stripe.v1.payouts.retrieve(
        id,
        {"expand": ["destination", "failure_balance_transaction"]},
        {"stripe_account": ben},
    )


def test_no_more_is_paid_out_than_is_available(play: Play):
    ben = paid_freelancer(play)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay_out(play, ben, 5_001)

    assert refused.value.code == "balance_insufficient"
    assert play.available(ben) == 5_000


@pytest.mark.parametrize(
    ("bank", "code"), [("000111111116", "no_account"), ("000111111113", "account_closed")]
)
def test_a_bad_account_sends_the_money_back(play: Play, bank, code):
    ben = paid_freelancer(play, bank)
    payout = pay_out(play, ben)
    play.advance(5)

    failed = retrieve(play, ben, payout.id)
    assert (failed.status, failed.failure_code) == ("failed", code)
    back = failed.failure_balance_transaction
    assert (back.type, back.net, play.available(ben)) == ("payout_failure", 5_000, 5_000)
    assert failed.destination.status == "errored"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay_out(play, ben)
    assert refused.value.code == "bank_account_unusable"


def test_a_payout_may_fail_after_it_was_paid(play: Play):
    ben = paid_freelancer(play, "000777777777")
    payout = pay_out(play, ben)
    play.advance(5)
    assert retrieve(play, ben, payout.id).status == "paid"

    play.advance(5)

    assert retrieve(play, ben, payout.id).status == "failed"
    assert play.available(ben) == 5_000
    play.deliver()
    told = [letter for letter in play.webhook.letters if letter.type.startswith("payout.")]
    assert [letter.type for letter in told][-2:] == ["payout.paid", "payout.failed"]
    assert told[-1].event["account"] == ben


def test_a_new_bank_account_makes_payouts_work_again(play: Play):
    ben = paid_freelancer(play, "000111111116")
    pay_out(play, ben)
    play.advance(5)

    link = play.stripe.v1.accounts.login_links.create(ben)
    play.submit(link.url, account_number="000123456789")
    payout = pay_out(play, ben)
    play.advance(5)

    assert retrieve(play, ben, payout.id).status == "paid"


def test_a_payout_can_be_canceled_while_it_is_pending(play: Play):
    ben = paid_freelancer(play)
    payout = pay_out(play, ben)

    canceled = play.stripe.v1.payouts.cancel(payout.id, None, {"stripe_account": ben})
    assert (canceled.status, play.available(ben)) == ("canceled", 5_000)
    play.advance(5)
    assert retrieve(play, ben, payout.id).status == "canceled"

    second = pay_out(play, ben)
    play.advance(2)
    with pytest.raises(stripe.InvalidRequestError, match="in_transit"):
        play.stripe.v1.payouts.cancel(second.id, None, {"stripe_account": ben})


def test_a_payout_can_be_made_to_fail_by_hand(play: Play):
    ben = paid_freelancer(play)
    payout = pay_out(play, ben)

    play.control(f"/payouts/{payout.id}/fail", {"failure_code": "debit_not_authorized"})

    assert retrieve(play, ben, payout.id).failure_code == "debit_not_authorized"
    assert play.available(ben) == 5_000


def test_an_account_without_a_bank_is_paid_nothing(play: Play):
    ben = paid_freelancer(play)
    play.control(f"/accounts/{ben}/restrict", {})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        pay_out(play, ben)

    assert refused.value.code == "payouts_not_allowed"


def test_payouts_of_one_account_are_not_seen_by_another(play: Play):
    ben = paid_freelancer(play)
    payout = pay_out(play, ben)

    assert play.stripe.v1.payouts.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as hidden:
        play.stripe.v1.payouts.retrieve(payout.id)
    assert hidden.value.http_status == 404


def test_an_account_pays_out_by_itself_until_it_is_told_not_to(play: Play):
    ben = paid_freelancer(play, manual=False)
    settings = play.stripe.v1.balance_settings.retrieve(None, {"stripe_account": ben})
    assert settings.payments.payouts.schedule.interval == "daily"

    play.advance(DAY)

    options = {"stripe_account": ben}
    (payout,) = play.stripe.v1.payouts.list(None, options).data
    assert (payout.automatic, payout.amount, play.available(ben)) == (True, 5_000, 0)
    explained = play.stripe.v1.balance_transactions.list({"payout": payout.id}, options).data
    assert [one.type for one in explained] == ["payout", "payment"]


def test_a_manual_account_keeps_its_money(play: Play):
    ben = paid_freelancer(play)

    play.advance(3 * DAY)

    assert play.available(ben) == 5_000
    assert play.stripe.v1.balance_settings.retrieve().payments.payouts.schedule.interval == (
        "manual"
    )


def test_the_platform_pays_itself_out_by_hand(play: Play):
    play.funded(10_000)

    payout = play.stripe.v1.payouts.create({"amount": 9_000, "currency": "usd"})
    play.advance(5)

    assert play.stripe.v1.payouts.retrieve(payout.id).status == "paid"
    assert play.available() == 680
