"""The trade's main road in a browser that runs no script: forms and links are enough."""

import pytest

from tests.browser import deeds

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.timeout(300)
def test_the_main_road_needs_no_script(visitors, market, members, brief):
    ada, ben = (visitors(name, has_script=False) for name in ("Ada", "Ben"))
    deeds.log_in(ada)
    deeds.log_in(ben)

    deeds.post_a_shop(ada)
    deeds.bid_in_two_parts(ben)
    deeds.award_the_only_bid(ada)
    deeds.accept(ben)
    deeds.fund_with_the_third_card(ada)
    deeds.deliver_with_a_file(ben, brief)
    deeds.approve(ada)

    assert visitors.complaints == []
    assert market.errors() == []
