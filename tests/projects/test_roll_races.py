"""A rest goes on in the same moment in which something else happens to its milestone or its money.

Each with eight behind a barrier, and once with the guard removed: then it goes wrong.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import QuerySet

from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from payments.chargebacks import services as chargebacks
from payments.chargebacks.limits.services import note_country
from payments.chargebacks.models import Chargeback
from payments.escrow.models import Roll
from payments.escrow.rolling import services as rolling
from payments.escrow.selectors import held_in
from payments.gateway.chargebacks import ChargebackState
from payments.payees.models import ConnectedAccount
from payments.refunds.models import Refund
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import accept_proposal
from projects.contracts.models import Agreement
from projects.disputes.models import Dispute
from projects.disputes.services import open_dispute
from projects.milestones.endings import services as endings
from projects.milestones.limits.services import refund_at_limit
from projects.milestones.models import Milestone
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.test_roll_rest import books_are_whole, fresh, propose, two
from tests.races import at_once, overtaken_after

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[], object]
# Whatever becomes of it, so much was paid for both.
PAID = 154_500


@pytest.fixture(autouse=True)
def nobody_rings(bells):
    return bells


def proposed(ada: User, ben: User) -> tuple[Milestone, Milestone, Act]:
    first, second = two(ada, ben)
    proposal = propose(first, second, ada)
    return first, second, lambda: accept_proposal(proposal_id=proposal.pk, by=ben)


def dispute_on(milestone: Milestone, by: User) -> Act:
    return lambda: open_dispute(
        milestone_id=milestone.pk, by=by, reason="late", statement="Late.", asked_for=0
    )


def limit_on(milestone: Milestone, ben: User, later) -> Act:
    """Ben's bank turns out to be where money is held for ten days: these are over for it."""
    later(days=11)
    Milestone.objects.update(due_at=now() + timedelta(days=1))
    Proposal.objects.update(answer_due_at=now() + timedelta(days=1))
    ConnectedAccount.objects.create(party=own_party_of(ben), country="TH", country_due_at=now())

    def act() -> object:
        note_country(party_id=own_party_of(ben).pk)
        return refund_at_limit(milestone_id=milestone.pk)

    return act


def bank_on(milestone: Milestone, amount: int) -> Act:
    bank = Bank(payment_of(milestone.escrow), amount)
    bank.takes_unheard()
    word = bank.word(ChargebackState.OPEN)
    return lambda: chargebacks.record_chargeback(remote=word)


def unlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())


def every_cent_is_somewhere(first: Milestone, second: Milestone) -> None:
    """Held, released with both fees, on its way back, or with the bank."""
    one, other = fresh(first).escrow, fresh(second).escrow
    held = held_in(one) + held_in(other)
    spent = sum(round(escrow.released * 1.03) for escrow in (one, other))
    back = sum(Refund.objects.values_list("amount", flat=True))
    with_bank = one.taken_back + other.taken_back
    assert held + spent + back + with_bank == PAID
    books_are_whole()


# --- Eight at once -------------------------------------------------------------------------------


def test_a_rest_goes_on_or_a_dispute_stands_and_never_both(ada, ben):
    first, second, accept = proposed(ada, ben)

    outcomes = at_once(*[accept] * 4, *[dispute_on(first, ada)] * 4)

    assert sorted(outcomes) == ["done", *["wrong_state"] * 7]
    is_rolled = outcomes[:4].count("done") == 1
    assert (Roll.objects.count(), Agreement.objects.count()) == (is_rolled, 1 + is_rolled)
    assert Dispute.objects.count() == (not is_rolled)
    assert fresh(first).status == ("released" if is_rolled else "disputed")
    every_cent_is_somewhere(first, second)


def test_a_rest_goes_on_or_back_at_the_limit_and_never_both(ada, ben, later):
    first, second, accept = proposed(ada, ben)
    strike = limit_on(first, ben, later)

    outcomes = at_once(*[accept] * 4, *[strike] * 4)

    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", "wrong_state", "held_too_short"}
    is_rolled = "done" in outcomes[:4]
    assert (Roll.objects.count(), Refund.objects.count()) == (is_rolled, not is_rolled)
    every_cent_is_somewhere(first, second)


@pytest.mark.parametrize("whose", ["first", "second"])
def test_a_rest_goes_on_before_the_bank_wants_it_or_not_at_all(ada, ben, whose):
    first, second, accept = proposed(ada, ben)
    bank = bank_on(first if whose == "first" else second, 10_000)

    outcomes = at_once(*[accept] * 4, *[bank] * 4)

    assert outcomes[4:] == ["done"] * 4, "a bank is never refused"
    assert Chargeback.objects.get().movements.count() == 1
    assert outcomes[:4].count("done") == Roll.objects.count() <= 1
    for roll in Roll.objects.all():
        assert roll.created_at < Chargeback.objects.get().opened_at
    every_cent_is_somewhere(first, second)


# --- Without their guards ------------------------------------------------------------------------


def test_without_the_milestones_lock_both_happen_to_one_milestone(ada, ben, monkeypatch):
    first, _second, accept = proposed(ada, ben)
    unlock(monkeypatch)
    overtaken_after(monkeypatch, endings, "judge_agreed_roll", dispute_on(first, ada))

    accept()

    assert (Roll.objects.count(), Dispute.objects.get().status) == (1, "opened")
    assert fresh(first).status == "released", "and its dispute is about nothing"


def test_without_the_locks_the_row_keeps_a_rest_that_went_back(ada, ben, monkeypatch, later):
    first, second, accept = proposed(ada, ben)
    strike = limit_on(first, ben, later)
    unlock(monkeypatch)
    overtaken_after(monkeypatch, rolling, "checked_rest", strike)

    with pytest.raises(WrongState, match="decided just now"):
        accept()

    monkeypatch.undo()
    assert Roll.objects.count() == 0
    every_cent_is_somewhere(first, second)


def test_without_the_locks_a_rest_goes_on_while_a_bank_wants_its_money(ada, ben, monkeypatch):
    _first, second, accept = proposed(ada, ben)
    unlock(monkeypatch)
    overtaken_after(monkeypatch, endings, "judge_agreed_roll", bank_on(second, 10_000))

    accept()

    assert Roll.objects.get().created_at > Chargeback.objects.get().opened_at
