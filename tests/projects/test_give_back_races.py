"""Released money goes back in the same moment in which a bank takes it, or a payout sets it aside.

Each with eight behind a barrier, and once with the guard removed: then it goes wrong.
"""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db.models import QuerySet

from accounts.people.models import User
from marketplace.common.errors import WrongState
from payments.escrow.clawback import cost, net
from payments.escrow.givebacks import services as escrow_givebacks
from payments.escrow.models import Escrow
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payouts.models import Payout
from payments.payouts.recovering import services as recovering
from payments.payouts.services import schedule_payout
from payments.refunds.models import Refund
from projects.givebacks.models import GiveBack
from projects.givebacks.services import accept_giveback, ask_back
from projects.milestones.models import Milestone
from tests.projects.giveback_world import PRICE, on, payable, released
from tests.projects.test_roll_races import bank_on
from tests.races import at_once, overtaken_after

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[], object]


@pytest.fixture(autouse=True)
def nobody_rings_and_the_books_are_clean_in_the_end(bells):
    yield
    call_command("check_ledger")


def asked(ada: User, ben: User, amount: int = 60_000) -> tuple[Milestone, Act]:
    milestone = released(ada, ben)
    giveback = ask_back(**on(milestone), by=ada, amount=amount)
    return milestone, lambda: accept_giveback(giveback_id=giveback.pk, by=ben)


def payout_of(milestone: Milestone, ben: User) -> Act:
    party_id = payable(milestone)
    return lambda: schedule_payout(party_id=party_id, currency="USD", by=ben)


def now_of(milestone: Milestone) -> Escrow:
    return Escrow.objects.select_related("policy", "payee").get(pk=milestone.escrow_id)


def is_bens(milestone: Milestone) -> int:
    """What Ben can have, and what is set aside for him."""
    payouts = Payout.objects.filter(status="scheduled").values_list("amount", flat=True)
    return balance_of(chart.available(now_of(milestone).payee, "USD")) + sum(payouts)


def unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())


# --- A bank --------------------------------------------------------------------------------------


def test_it_goes_back_or_the_bank_has_it_and_nothing_twice(ada, ben):
    milestone, accept = asked(ada, ben)
    policy = milestone.escrow.policy
    bank = bank_on(milestone, cost(PRICE, policy))

    outcomes = at_once(*[accept] * 4, *[bank] * 4)

    assert outcomes[4:] == ["done"] * 4, "a bank is never refused"
    assert set(outcomes[:4]) <= {"done", "wrong_state", "charge_disputed"}
    assert outcomes[:4].count("done") == GiveBack.objects.filter(status="done").count() <= 1
    covered = sum(refund.amount for refund in Refund.objects.filter(status="covered"))
    assert now_of(milestone).clawed_back + covered == cost(PRICE, policy)
    assert is_bens(milestone) == 0
    assert not Refund.objects.exclude(status="covered").exists()


def test_without_the_locks_it_is_refunded_beside_the_bank(ada, ben, monkeypatch):
    milestone, accept = asked(ada, ben)
    unlock(monkeypatch)
    overtaken_after(monkeypatch, escrow_givebacks, "judge_giving_back", bank_on(milestone, 10_000))

    accept()

    monkeypatch.undo()
    refund = Refund.objects.select_related("payment").get()
    assert refund.status == "requested"
    assert refund.payment.charged_back_at < refund.created_at, "of a payment that a bank disputes"


# --- A payout ------------------------------------------------------------------------------------


def test_it_goes_back_and_what_is_left_is_paid_out(ada, ben):
    milestone, accept = asked(ada, ben)
    policy = milestone.escrow.policy
    payout = payout_of(milestone, ben)

    outcomes = at_once(*[accept] * 4, *[payout] * 4)

    assert outcomes[:4].count("done") == 1, "what is set aside and not begun is called back"
    assert set(outcomes) <= {"done", "wrong_state", "invalid_input"}
    assert Refund.objects.get().amount == cost(PRICE, policy) - cost(PRICE - 60_000, policy)
    assert is_bens(milestone) == net(PRICE - 60_000, policy)
    assert Payout.objects.filter(status="scheduled").count() <= 1


def test_without_the_payees_lock_its_money_is_gone_when_it_is_looked_for(ada, ben, monkeypatch):
    milestone, accept = asked(ada, ben)
    payout = payout_of(milestone, ben)
    unlock(monkeypatch)
    overtaken_after(monkeypatch, recovering, "_call_back", payout)

    with pytest.raises(WrongState) as refusal:
        accept()

    monkeypatch.undo()
    assert refusal.value.code == "paid_out_already", "of a payout that nobody has begun"
    assert is_bens(milestone) == net(PRICE, milestone.escrow.policy)
    assert not Refund.objects.exists()
