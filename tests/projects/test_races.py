"""Two deeds that must not pass each other, by several people at the same moment.

Each race is run once more with its guard taken away: then people pass the judgement together, and
only what lies below it, down to PostgreSQL's own rules, keeps the money right.
"""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.db.models import QuerySet

from accounts.people.services import grant_staff_roles
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM, Lifecycle
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.escrow.selectors import held_in
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.policies.fees import quote
from payments.policies.selectors import policy_in_force
from payments.policies.services import add_version
from payments.refunds.models import Refund
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.disputes.models import Dispute, Ruling
from projects.disputes.rulings.services import decide_dispute
from projects.disputes.services import open_dispute
from projects.milestones import services as milestones
from projects.milestones.endings.services import cancel_by_agreement
from projects.milestones.models import Milestone
from projects.milestones.services import (
    cancel_milestone,
    fund_milestone,
    release_milestone,
    release_unreviewed,
)
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import (
    funded_milestone,
    person,
    planned_milestone,
    reviewed_dispute,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db(transaction=True)


def dispute_over(milestone: Milestone, by) -> Dispute:
    return open_dispute(
        milestone_id=milestone.pk,
        by=by,
        reason="not_as_agreed",
        statement="It is not what we agreed on.",
        asked_for=50_000,
    )


def without_locks(monkeypatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())


def stopped_by_the_database(outcome: object, words: str) -> bool:
    """By the last guard of all, which knows no manners: an error, and not a refusal."""
    return isinstance(outcome, DatabaseError) and words in str(outcome)


# --- Release and dispute -------------------------------------------------------------------------


def test_release_and_dispute_at_once_pay_once_and_leave_no_open_case(ada, ben, bells):
    for _ in range(3):
        milestone = submitted_milestone(ada, ben)
        before = balance_of(chart.available(milestone.contract.freelancer, "USD"))

        outcomes = at_once(
            *[lambda it=milestone: release_milestone(milestone_id=it.pk, by=ada)] * 4,
            *[lambda it=milestone: dispute_over(it, ben)] * 4,
        )

        # A dispute that came first is ended by the approval; none can come after it.
        assert outcomes[:4].count("done") == 1
        assert outcomes[4:].count("done") <= 1
        milestone.refresh_from_db()
        assert milestone.status == "released"
        after = balance_of(chart.available(milestone.contract.freelancer, "USD"))
        assert after - before == 97_000
        cases = Dispute.objects.select_related("milestone").filter(milestone=milestone)
        assert [case.state for case in cases] == ["closed"] * outcomes[4:].count("done")


def test_without_the_lock_only_the_database_keeps_a_dispute_from_money_that_has_left(
    ada, ben, bells, monkeypatch
):
    milestone = submitted_milestone(ada, ben)
    without_locks(monkeypatch)
    meet_after(
        monkeypatch,
        Lifecycle,
        "advance",
        then=lambda: release_milestone(milestone_id=milestone.pk, by=ada),
    )

    outcomes = outcomes_at_once(*[lambda: dispute_over(milestone, ben)] * 8)

    words = "no move leads from released to disputed"
    assert all(stopped_by_the_database(one, words) for one in outcomes), outcomes


def test_without_the_lock_releases_and_disputes_pass_the_first_judgement_together(
    ada, ben, bells, monkeypatch
):
    milestone = submitted_milestone(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance")

    outcomes = outcomes_at_once(
        *[lambda: release_milestone(milestone_id=milestone.pk, by=ada)] * 4,
        *[lambda: dispute_over(milestone, ben)] * 4,
    )

    released, disputed = outcomes[:4], outcomes[4:]
    assert got_past_the_first_judgement(released), released
    stopped = [one for one in disputed if not isinstance(one, Dispute)]
    assert len(stopped) >= 3
    assert all(isinstance(one, DatabaseError) for one in stopped), stopped
    assert Transfer.objects.filter(kind="release").count() == 1
    assert held_in(milestone.escrow) == 0


# --- Cancel while somebody pays ------------------------------------------------------------------


def take_in(payment: Payment) -> Escrow:
    return escrows.take_in(
        payment_id=payment.pk,
        intent_id=f"pi_{payment.public_id}",
        charge_id=f"ch_{payment.public_id}",
    )


def test_cancelling_while_it_is_being_paid_holds_all_or_gives_all_back(ada, ben, bells):
    for _ in range(3):
        milestone = planned_milestone(ada, ben)
        payment = fund_milestone(milestone_id=milestone.pk, by=ada)

        outcomes = at_once(
            *[lambda it=payment: take_in(it)] * 4,
            *[lambda it=milestone: cancel_milestone(milestone_id=it.pk, by=ada, step="drop")] * 4,
        )

        assert outcomes[:4] == ["done"] * 4
        milestone.refresh_from_db()
        milestone.escrow.refresh_from_db()
        going_back = sum(it.amount for it in Refund.objects.filter(payment=payment))
        cancelled = outcomes[4:].count("done")
        assert cancelled <= 1
        if cancelled:
            assert milestone.status == "cancelled"
            assert milestone.escrow.status in ("dropped", "refunded")
            assert (held_in(milestone.escrow), going_back) == (0, 103_000)
        else:
            assert (milestone.status, milestone.escrow.status) == ("planned", "held")
            assert (held_in(milestone.escrow), going_back) == (103_000, 0)


@pytest.fixture
def half_paid(ada, ben, bells) -> Payment:
    """Its payer is on the pay page."""
    return fund_milestone(milestone_id=planned_milestone(ada, ben).pk, by=ada)


def test_without_the_locks_what_is_held_goes_back_to_whoever_drops_it(half_paid, ada, monkeypatch):
    milestone = Milestone.objects.get()
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance", then=lambda: take_in(half_paid))

    outcomes = outcomes_at_once(
        *[lambda: cancel_milestone(milestone_id=milestone.pk, by=ada, step="drop")] * 8
    )

    # With the lock the money would have been there before: it is not the client's to take back.
    assert got_past_the_first_judgement(outcomes), outcomes
    assert Escrow.objects.get().status == "refunded"
    assert Refund.objects.get().amount == 103_000


def test_without_the_lock_the_row_itself_keeps_money_from_what_was_cancelled(
    half_paid, monkeypatch
):
    escrow = Escrow.objects.get()
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance", then=lambda: take_in(half_paid))

    outcomes = outcomes_at_once(*[lambda: escrows.drop(escrow_id=escrow.pk)] * 8)

    assert all(isinstance(one, WrongState) for one in outcomes), outcomes
    assert all("decided just now" in str(one) for one in outcomes)
    assert held_in(escrow) == 103_000


def test_without_the_lock_the_database_keeps_money_out_of_what_was_cancelled(
    half_paid, ada, monkeypatch
):
    milestone = Milestone.objects.get()
    without_locks(monkeypatch)
    meet_after(
        monkeypatch,
        escrows,
        "_lock_paid_for",
        then=lambda: cancel_milestone(milestone_id=milestone.pk, by=ada, step="drop"),
    )

    outcomes = outcomes_at_once(*[lambda: take_in(half_paid)] * 8)

    words = "no move leads from dropped to held"
    assert all(stopped_by_the_database(one, words) for one in outcomes), outcomes
    assert held_in(milestone.escrow) == 0


# --- Release and top up --------------------------------------------------------------------------


@pytest.fixture
def topped_up(ada, ben, bells) -> tuple[Milestone, Payment]:
    """Some of its price is held, and its payer is on the pay page for the rest."""
    milestone = planned_milestone(ada, ben)
    take_in(fund_milestone(milestone_id=milestone.pk, by=ada, amount=40_000))
    return milestone, fund_milestone(milestone_id=milestone.pk, by=ada)


def test_without_the_lock_what_was_topped_up_meanwhile_stays_where_all_is_released(
    topped_up, ada, monkeypatch
):
    milestone, top_up = topped_up
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance", then=lambda: take_in(top_up))

    outcomes = outcomes_at_once(*[lambda: release_milestone(milestone_id=milestone.pk, by=ada)] * 8)

    assert got_past_the_first_judgement(outcomes), outcomes
    escrow = Escrow.objects.get()
    assert (escrow.status, escrow.released, held_in(escrow)) == ("released", 40_000, 61_800)
    with pytest.raises(CommandError):
        call_command("check_ledger")


def test_without_the_lock_the_database_keeps_a_top_up_out_of_what_was_released(
    topped_up, ada, monkeypatch
):
    milestone, top_up = topped_up
    without_locks(monkeypatch)
    meet_after(
        monkeypatch,
        escrows,
        "_lock_paid_for",
        then=lambda: release_milestone(milestone_id=milestone.pk, by=ada),
    )

    outcomes = outcomes_at_once(*[lambda: take_in(top_up)] * 8)

    words = "no move leads from released to held"
    assert all(stopped_by_the_database(one, words) for one in outcomes), outcomes
    assert held_in(milestone.escrow) == 0


# --- The clock, and two of the staff -------------------------------------------------------------


def got_past_the_first_judgement(outcomes: list[object]) -> bool:
    """One has done it; the others were stopped further down, where they wrote or below."""
    others = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(others) == len(outcomes) - 1, outcomes
    return all(isinstance(it, DatabaseError) or "has ended just now" in str(it) for it in others)


def test_without_the_lock_the_client_and_the_clock_pass_the_first_judgement_together(
    ada, ben, bells, later, monkeypatch
):
    milestone = submitted_milestone(ada, ben)
    later(days=8)
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance")

    outcomes = outcomes_at_once(
        *[lambda: release_milestone(milestone_id=milestone.pk, by=ada)] * 4,
        *[lambda: release_unreviewed(milestone_ids=[milestone.pk])] * 4,
    )

    assert got_past_the_first_judgement(outcomes), outcomes
    assert Transfer.objects.filter(kind="release").count() == 1


def test_without_the_lock_two_of_the_staff_pass_the_first_judgement_together(
    ada, ben, dora, bells, monkeypatch
):
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"mediator"}, by=SYSTEM)
    dispute = reviewed_dispute(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance")

    def decide(by, part: int):
        return lambda: decide_dispute(
            dispute_id=dispute.pk, by=by, to_freelancer=part, **why("Three of five are met.")
        )

    outcomes = outcomes_at_once(
        *[
            decide(by, part)
            for by, part in zip((dora, emil) * 4, range(10_000, 90_000, 10_000), strict=True)
        ]
    )

    assert got_past_the_first_judgement(outcomes), outcomes
    assert Ruling.objects.count() == 1


def test_without_the_lock_a_split_and_an_approval_pass_the_first_judgement_together(
    ada, ben, bells, monkeypatch
):
    milestone = submitted_milestone(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance")

    outcomes = outcomes_at_once(
        *[lambda: release_milestone(milestone_id=milestone.pk, by=ada)] * 4,
        *[lambda: cancel_by_agreement(milestone_id=milestone.pk, to_freelancer=40_000)] * 4,
    )

    assert got_past_the_first_judgement(outcomes), outcomes
    assert held_in(milestone.escrow) == 0
    assert Transfer.objects.filter(kind="release").count() == 1


# --- The same deed by eight ----------------------------------------------------------------------


def cancelling(ada, ben) -> Callable[[], object]:
    milestone = funded_milestone(ada, ben)
    return lambda: cancel_milestone(milestone_id=milestone.pk, by=ben)


def accepting(ada, ben) -> Callable[[], object]:
    milestone = funded_milestone(ada, ben)
    proposal = propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=40_000)
    return lambda: accept_proposal(proposal_id=proposal.pk, by=ben)


# What the first judgement says to whoever comes too late.
TOO_LATE = {cancelling: "This milestone is", accepting: "This proposal is"}


@pytest.mark.parametrize("deed", TOO_LATE, ids=lambda deed: deed.__name__)
def test_without_the_lock_eight_pass_the_first_judgement_together(
    ada, ben, bells, monkeypatch, deed
):
    act = deed(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance")

    outcomes = outcomes_at_once(*[act] * 8)

    stopped = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(stopped) == 7
    assert all(isinstance(it, WrongState | DatabaseError) for it in stopped), outcomes
    assert not [it for it in stopped if str(it).startswith(TOO_LATE[deed])], outcomes
    assert held_in(Escrow.objects.get()) == 0
    assert Refund.objects.count() == 1


# --- A new policy while somebody funds -----------------------------------------------------------

# Three per cent of each is no whole unit.
PRICES = (100_017, 99_983, 50_050, 33_317, 20_049, 7_717, 500)
DEARER = {"client_fee_basis_points": 1_000, "freelancer_fee_basis_points": 1_000}


def funded_by(milestone: Milestone, ada) -> Callable[[], Escrow]:
    return lambda: take_in(fund_milestone(milestone_id=milestone.pk, by=ada))


@pytest.fixture
def signed(ada, ben, bells) -> list[Milestone]:
    """Each of a contract of its own, under the first policy."""
    return [planned_milestone(ada, ben, price) for price in PRICES]


def test_a_new_policy_changes_nothing_for_who_has_signed(signed, ada, ben):
    first = policy_in_force()

    outcomes = at_once(lambda: add_version(DEARER), *[funded_by(each, ada) for each in signed])

    assert outcomes == ["done"] * 8
    assert (policy_in_force().version, Refund.objects.count()) == (first.version + 1, 0)
    for milestone in signed:
        escrow = Escrow.objects.get(pk=milestone.escrow_id)
        assert (escrow.policy, milestone.contract.policy) == (first, first)
        assert held_in(escrow) == quote([milestone.amount], first).client_pays
        release_milestone(milestone_id=milestone.pk, by=ada)
    nets = [quote([price], first).freelancer_gets for price in PRICES]
    assert balance_of(chart.available(signed[0].contract.freelancer, "USD")) == sum(nets)
    assert take_in(fund_milestone(milestone_id=planned_milestone(ada, ben).pk, by=ada))
    assert Payment.objects.latest("pk").amount == 110_000, "whoever signs from now on"
    call_command("check_ledger")


def test_without_the_pin_who_has_signed_is_asked_for_the_new_fee(signed, ada, monkeypatch):
    """All seven have begun to pay when the policy is published."""
    monkeypatch.setattr(Escrow, "policy", property(lambda _: policy_in_force()))
    monkeypatch.setattr(QuerySet, "select_related", lambda self, *_: self)
    meet_after(monkeypatch, milestones, "judge_step", people=7, then=lambda: add_version(DEARER))

    assert at_once(*[funded_by(each, ada) for each in signed]) == ["done"] * 7

    dearer = policy_in_force()
    asked = list(Payment.objects.order_by("amount").values_list("amount", flat=True))
    assert asked == sorted(quote([price], dearer).client_pays for price in PRICES)
