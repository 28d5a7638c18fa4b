"""From the card to a bank that does not take it, and back to the card: every cent is somewhere."""

import pytest

from accounts.parties.selectors import own_party_of
from marketplace.common.errors import WrongState
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payees.models import ConnectedAccount
from payments.payouts.cancelling.services import cancel_payout
from payments.payouts.models import Payout
from payments.payouts.services import retry_payout
from payments.refunds.models import Refund
from projects.givebacks.models import GiveBack
from projects.givebacks.services import accept_giveback, ask_back
from projects.milestones.models import Milestone
from projects.milestones.services import release_milestone
from tests.crash.world import World
from tests.payments.payout_world import arrive, payouts_at, the_books_agree, transfers_at
from tests.payments.world import days_pass, with_account
from tests.projects.giveback_world import on
from tests.sandbox import GOOD_BANK, NO_SUCH_ACCOUNT, play_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(ada, ben, dora, sandbox) -> World:
    return World(sandbox=sandbox, ada=ada, ben=ben, dora=dora)


def failed_payout(world: World) -> tuple[Milestone, Payout]:
    """$1,000.00 released to Ben, whose bank knows no such account."""
    with_account(world.sandbox, world.ben, bank=NO_SUCH_ACCOUNT)
    milestone = released(world)
    days_pass(7.1)
    arrive(world.sandbox)
    payout = Payout.objects.get()
    assert (payout.status, payout.failure_code, payout.amount) == ("failed", "no_account", 97_000)
    return milestone, payout


def released(world: World) -> Milestone:
    milestone = world.funded()
    release_milestone(milestone_id=milestone.pk, by=world.ada)
    return Milestone.objects.select_related("contract", "escrow").get(pk=milestone.pk)


def asked(world: World, milestone: Milestone) -> GiveBack:
    return ask_back(**on(milestone), by=world.ada, amount=40_000)


def accounted(world: World) -> dict[str, int]:
    """Where all that Ada ever paid is, in cents."""
    ben = own_party_of(world.ben)
    standing = Payout.objects.exclude(status__in=["cancelled", "paid"])
    found = {
        "with Ada again": sum(
            Refund.objects.filter(status="succeeded").values_list("amount", flat=True)
        ),
        "on its way to Ada": sum(
            balance_of(chart.leaving(refund.public_id)) for refund in Refund.objects.all()
        ),
        "at Ben's bank": sum(Payout.objects.filter(status="paid").values_list("amount", flat=True)),
        "on its way to Ben": sum(balance_of(chart.leaving(one.public_id)) for one in standing),
        "Ben's": balance_of(chart.available(ben, "USD")),
        "ours": balance_of(chart.platform_fees("USD")),
    }
    assert balance_of(chart.owed(ben, "USD")) == 0
    assert sum(found.values()) == sum(Payment.objects.values_list("amount", flat=True))
    return {place: amount for place, amount in found.items() if amount}


def test_a_failed_payout_is_cancelled_and_its_money_goes_back_to_the_card(world):
    milestone, payout = failed_payout(world)
    question = asked(world, milestone)
    assert accounted(world) == {"Ben's": 97_000, "ours": 6_000}

    cancel_payout(payout_id=payout.pk, by=world.ben)
    assert transfers_at(world.sandbox)[0]["amount_reversed"] == 97_000
    accept_giveback(giveback_id=question.pk, by=world.ben)
    assert accounted(world) == {"on its way to Ada": 41_200, "Ben's": 58_200, "ours": 3_600}
    play_on(world.sandbox)

    assert accounted(world) == {"with Ada again": 41_200, "Ben's": 58_200, "ours": 3_600}
    (refund,) = world.sandbox.api("GET", "/v1/refunds")["data"]
    assert (refund["amount"], refund["status"]) == (41_200, "succeeded")
    the_books_agree(world.sandbox)


def test_a_failed_payout_that_is_kept_gives_nothing_until_there_is_money_again(world):
    """What Ben keeps stands with the provider in his name: it is not ours to give."""
    milestone, payout = failed_payout(world)
    question = asked(world, milestone)

    for _ in range(2):
        with pytest.raises(WrongState) as refusal:
            accept_giveback(giveback_id=question.pk, by=world.ben)
        assert refusal.value.code == "paid_out_already"
        assert "has failed, once it is cancelled" in refusal.value.message
    assert not Refund.objects.exists()
    the_books_agree(world.sandbox)

    world.sandbox.onboard(ConnectedAccount.objects.get().remote_id, bank=GOOD_BANK)
    play_on(world.sandbox)
    retry_payout(payout_id=payout.pk, by=world.ben)
    arrive(world.sandbox)
    assert accounted(world) == {"at Ben's bank": 97_000, "ours": 6_000}
    assert sorted(one["status"] for one in payouts_at(world.sandbox)) == ["failed", "paid"]

    released(world)
    days_pass(3.1)
    question.refresh_from_db()
    assert question.state == "lapsed"
    question = asked(world, milestone)
    accept_giveback(giveback_id=question.pk, by=world.ben)
    play_on(world.sandbox)

    assert accounted(world) == {
        "with Ada again": 41_200,
        "at Ben's bank": 97_000,
        "on its way to Ben": 97_000 - 38_800,
        "ours": 12_000 - 2_400,
    }
    the_books_agree(world.sandbox)
