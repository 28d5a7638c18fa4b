"""A bank wants its money back in the very moment in which a dispute is decided, or carried out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command

from marketplace.common.clock import now
from payments.chargebacks import services as chargebacks
from payments.chargebacks.models import Chargeback
from payments.gateway.chargebacks import ChargebackState
from projects.disputes.models import Dispute, Ruling
from projects.disputes.rulings import services
from projects.disputes.rulings.services import accept_ruling, carry_out_ruling, decide_dispute
from tests.payments.chargeback_world import Bank, payment_of
from tests.races import at_once, meet_after
from tests.world import reviewed_dispute, why

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[], object]


@pytest.fixture(autouse=True)
def nobody_rings(bells):
    return bells


@pytest.fixture
def dispute(ada, ben) -> Dispute:
    return reviewed_dispute(ada, ben)


def bank_on(dispute: Dispute) -> Act:
    """Its letter: half of what was paid."""
    bank = Bank(payment_of(dispute.milestone.escrow), 51_500)
    bank.takes_unheard()
    word = bank.word(ChargebackState.OPEN)
    return lambda: chargebacks.record_chargeback(remote=word)


def decided_by(dispute: Dispute, dora) -> Act:
    return lambda: decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=40_000, **why())


def nothing_is_carried_out_that_a_bank_disputes(dispute: Dispute) -> bool:
    """Whether the money moved; never after the bank wanted it."""
    opened_at = Chargeback.objects.get().opened_at
    ruling = Ruling.objects.filter(dispute=dispute).first()
    was_carried_out = ruling is not None and ruling.carried_out_at is not None
    assert not was_carried_out or ruling.carried_out_at < opened_at
    dispute.refresh_from_db()
    assert (dispute.status == "closed") == was_carried_out
    call_command("check_ledger")
    return was_carried_out


@pytest.mark.parametrize("by", ["both", "time"])
def test_a_decision_is_carried_out_before_a_bank_wants_the_money_or_waits(
    dispute, ada, ben, dora, by
):
    decided_by(dispute, dora)()
    accept_ruling(dispute_id=dispute.pk, by=ada)
    acts: dict[str, Act] = {
        "both": lambda: accept_ruling(dispute_id=dispute.pk, by=ben),
        "time": lambda: carry_out_ruling(dispute_id=dispute.pk),
    }
    if by == "time":
        Dispute.objects.update(appeal_ends_at=now() - timedelta(minutes=1))

    outcomes = at_once(*[acts[by]] * 4, *[bank_on(dispute)] * 4)

    assert outcomes[4:] == ["done"] * 4, "a bank is never refused"
    assert Chargeback.objects.get().movements.count() == 1
    if by == "both":
        assert outcomes[:4].count("done") == 1, "accepted once, whether it is carried out or waits"
    is_done = nothing_is_carried_out_that_a_bank_disputes(dispute)
    assert is_done or dispute.status == "decided"


def test_a_case_is_decided_before_a_bank_wants_the_money_or_not_yet(dispute, dora):
    outcomes = at_once(*[decided_by(dispute, dora)] * 4, *[bank_on(dispute)] * 4)

    assert outcomes[4:] == ["done"] * 4
    decided = Ruling.objects.filter(dispute=dispute)
    assert outcomes[:4].count("done") == decided.count() <= 1
    for ruling in decided:
        assert ruling.created_at < Chargeback.objects.get().opened_at
    assert not nothing_is_carried_out_that_a_bank_disputes(dispute)


def test_without_the_lock_of_the_money_it_is_carried_out_against_the_bank(
    dispute, ada, ben, dora, monkeypatch
):
    decided_by(dispute, dora)()
    accept_ruling(dispute_id=dispute.pk, by=ada)
    monkeypatch.setattr(services, "lock_money", lambda dispute: None)
    meet_after(monkeypatch, services, "waits_for_bank", then=bank_on(dispute), people=1)

    accept_ruling(dispute_id=dispute.pk, by=ben)

    ruling = Ruling.objects.get()
    assert ruling.carried_out_at > Chargeback.objects.get().opened_at
