"""A refund made at the provider's own desk: the work goes on, and the statement proves it."""

import pytest
from django.core.management import call_command

from payments.escrow.outside.services import note_refunded
from payments.escrow.selectors import held_in
from payments.fundings.models import Payment
from payments.gateway.base import RemoteRefund, State
from payments.refunds.models import Refund
from payments.refunds.services import adopt_refund
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import release_milestone
from tests.projects.statement_world import checked, lively_contract, saved, statement_of, table_of
from tests.world import fund

pytestmark = pytest.mark.django_db


def remote(refund: Refund) -> RemoteRefund:
    return RemoteRefund(
        remote_id=f"re_{refund.pk}_of_the_desk",
        refund="",
        attempt=0,
        charge_id=refund.payment.charge_id,
        state=State.DONE,
        amount=refund.amount,
        currency=refund.currency,
        booked=True,
    )


def payment_of(milestone: Milestone) -> Payment:
    return Payment.objects.get(paid_for=milestone.escrow.public_id)


def test_less_is_held_it_can_be_paid_in_again_and_is_released(ada, ben, tmp_path):
    contract = lively_contract(ada, ben)
    kept = contract.milestones.get(position=3)
    refund = note_refunded(payment_id=payment_of(kept).pk, amount=10_000)
    adopt_refund(refund_id=refund.pk, remote=remote(refund))

    assert held_in(kept.escrow) == 77_770 + 2_333 - 10_000
    call_command("check_ledger")
    assert checked(saved(tmp_path, statement_of(contract), table_of(contract)))[0] == 0

    fund(kept)
    release_milestone(milestone_id=kept.pk, by=ada)

    kept.escrow.refresh_from_db()
    assert (kept.escrow.released, kept.escrow.refunded) == (77_770, 10_000)
    call_command("check_ledger")
    assert checked(saved(tmp_path, statement_of(contract), table_of(contract)))[0] == 0


def test_a_refund_that_the_platform_bears_takes_nothing_from_anybody(ada, ben, tmp_path):
    contract = lively_contract(ada, ben)
    released = payment_of(contract.milestones.get(position=1))
    refund = note_refunded(payment_id=released.pk, amount=500, borne=500)
    adopt_refund(refund_id=refund.pk, remote=remote(refund))

    call_command("check_ledger")
    code, said = checked(saved(tmp_path, statement_of(contract), table_of(contract)))
    assert code == 0, said
    assert "at the platform’s cost" in table_of(contract)


def test_a_refund_of_more_than_is_held_is_proven_in_both_its_parts(ada, ben, tmp_path):
    contract = lively_contract(ada, ben)
    kept = contract.milestones.get(position=3)
    release_part(milestone_id=kept.pk, by=ada, amount=40_000)
    borne = 2_000

    refund = note_refunded(
        payment_id=payment_of(kept).pk, amount=held_in(kept.escrow) + borne, borne=borne
    )
    adopt_refund(refund_id=refund.pk, remote=remote(refund))

    assert held_in(kept.escrow) == 0
    call_command("check_ledger")
    code, said = checked(saved(tmp_path, statement_of(contract), table_of(contract)))
    assert code == 0, said
