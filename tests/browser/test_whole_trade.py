"""Ada has a shop built by Ben: from signing up to the money in his bank, as people click it."""

import time

import pytest

from tests.browser import deeds

FIVE_MINUTES = 300
SECONDS_A_CLICK = 3  # of a person who knows what they want

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.timeout(300)
def test_two_people_trade_and_a_third_settles_what_they_disagree_on(
    visitors, market, neighbours, brief
):
    began = time.monotonic()
    ada, ben, cleo, dora = map(visitors, ("Ada", "Ben", "Cleo", "Dora"))
    deeds.sign_up(ada)
    deeds.sign_up(ben)
    deeds.post_a_shop(ada)
    deeds.bid_in_two_parts(ben)
    deeds.bid_in_one_part(cleo)
    deeds.compare_and_award(ada)
    deeds.accept(ben)

    deeds.fund_with_the_third_card(ada)
    deeds.deliver_with_a_file(ben, brief)
    deeds.ask_for_changes(ada)
    deeds.deliver_again(ben)
    deeds.approve(ada)
    deeds.set_up_payouts(ben)
    deeds.wait_a_week_for_the_payout(ben)

    deeds.fund_the_second(ada)
    deeds.deliver_too_little(ben)
    deeds.open_a_dispute(ada)
    deeds.answer_it(ben)
    deeds.fail_to_settle(ben)
    deeds.decide(dora)
    deeds.let_it_stand(ada)
    deeds.see_how_it_ended(ada, ben)

    assert visitors.complaints == []
    assert market.errors() == []
    assert visitors.clicks * SECONDS_A_CLICK < FIVE_MINUTES
    assert time.monotonic() - began < FIVE_MINUTES
