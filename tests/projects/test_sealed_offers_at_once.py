"""Figures that meet at the same moment as each other, as a ruling, or as a release: one end."""

import pytest

from accounts.notifications.models import Notification
from accounts.people.models import User
from projects.contracts.models import Event
from projects.disputes import services as disputes
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import accept_ruling, decide_dispute
from projects.disputes.sealed import services as sealed
from projects.disputes.sealed.models import SealedOffer
from projects.disputes.sealed.services import seal_figure, withdraw_figure
from projects.milestones.models import Milestone
from projects.milestones.services import release_milestone
from tests.projects.dispute_world import IN_HALVES, books_of
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after, outcomes_at_once, overtaken_after
from tests.world import opened_dispute, reviewed_dispute, why

pytestmark = pytest.mark.django_db(transaction=True)


def seal(dispute: Dispute, by: User, amount: int) -> None:
    seal_figure(dispute_id=dispute.pk, by=by, amount=amount)


def test_eight_at_once_settle_it_once(ada, ben):
    dispute = opened_dispute(ada, ben)

    outcomes = at_once(
        *[lambda: seal(dispute, ada, 60_000), lambda: seal(dispute, ben, 40_000)] * 4
    )

    # The same figure again changes nothing, until the other side's meets it.
    assert set(outcomes) <= {"done", "wrong_state"} and outcomes.count("done") >= 2
    dispute.refresh_from_db()
    assert (dispute.status, dispute.to_freelancer) == ("closed", 50_000)
    assert books_of(dispute) == IN_HALVES
    assert Event.objects.filter(kind="dispute_settled").count() == 1
    assert Notification.objects.filter(kind="dispute_settled").count() == 2
    assert not SealedOffer.objects.exists()


def test_without_the_lock_two_figures_miss_each_other(ada, ben, monkeypatch):
    dispute = opened_dispute(ada, ben)

    def read_only(dispute_id: int) -> Dispute:
        return Dispute.objects.select_related("milestone__contract", "milestone__escrow").get(
            pk=dispute_id
        )

    def nobody_waits(escrow_ids: list[int]) -> dict:
        escrow = Milestone.objects.select_related("escrow__policy").get(escrow=escrow_ids[0]).escrow
        return {escrow.pk: escrow}

    monkeypatch.setattr(sealed, "lock_dispute", read_only)
    monkeypatch.setattr(disputes, "lock_all", nobody_waits)
    # Each has looked for the other's figure before either commits its own.
    meet_after(monkeypatch, sealed, "crossing_of", people=2)

    at_once(lambda: seal(dispute, ada, 60_000), lambda: seal(dispute, ben, 40_000))

    dispute.refresh_from_db()
    assert dispute.status == "opened", "with the lock the second would have seen the first"
    assert books_of(dispute)["held"] == 103_000


def test_a_ruling_and_the_last_figure_at_once_are_one_end(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=20_000, **why("A part."))
    seal(dispute, ada, 60_000)
    accept_ruling(dispute_id=dispute.pk, by=ada)

    outcomes = at_once(
        *[
            lambda: seal(dispute, ben, 40_000),
            lambda: accept_ruling(dispute_id=dispute.pk, by=ben),
        ]
        * 4
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    dispute.refresh_from_db()
    ruled = dispute.rulings.get().carried_out_at is not None
    assert books_of(dispute) == (
        {"held": 0, "ben": 19_400, "ada": 82_400, "us": 1_200} if ruled else IN_HALVES
    )
    assert dispute.to_freelancer == (20_000 if ruled else 50_000)
    assert not SealedOffer.objects.exists()


def test_a_release_and_the_last_figure_at_once_are_one_end(ada, ben):
    dispute = opened_dispute(ada, ben)
    seal(dispute, ada, 60_000)

    outcomes = at_once(
        *[
            lambda: seal(dispute, ben, 40_000),
            lambda: release_milestone(milestone_id=dispute.milestone_id, by=ada),
        ]
        * 4
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    dispute.milestone.refresh_from_db()
    released = dispute.milestone.status == "released"
    assert books_of(dispute) == (
        {"held": 0, "ben": 97_000, "ada": 0, "us": 6_000} if released else IN_HALVES
    )


def test_a_figure_that_is_withdrawn_at_the_last_moment_settles_or_is_gone(ada, ben):
    dispute = opened_dispute(ada, ben)
    seal(dispute, ada, 60_000)

    settles, withdraws = outcomes_at_once(
        lambda: seal(dispute, ben, 40_000),
        lambda: withdraw_figure(dispute_id=dispute.pk, by=ada),
    )

    dispute.refresh_from_db()
    assert settles is None
    if dispute.status == "closed":
        assert getattr(withdraws, "code", "") == "wrong_state"
        assert books_of(dispute) == IN_HALVES
    else:
        assert SealedOffer.objects.get(role="client").amount is None
        assert books_of(dispute)["held"] == 103_000


def test_without_the_lock_it_settles_at_a_figure_that_seven_heard_was_withdrawn(
    ada, ben, monkeypatch
):
    dispute = opened_dispute(ada, ben)
    seal(dispute, ada, 60_000)
    without_locks(monkeypatch)
    # It was looked for the other side's figure, and found.
    overtaken_after(
        monkeypatch,
        sealed,
        "crossing_of",
        *[lambda: withdraw_figure(dispute_id=dispute.pk, by=ada)] * 7,
    )

    assert at_once(lambda: seal(dispute, ben, 40_000)) == ["done"]

    dispute.refresh_from_db()
    assert (dispute.status, books_of(dispute)) == ("closed", IN_HALVES)


def test_without_the_lock_eight_hear_that_a_figure_is_withdrawn_which_has_settled(
    ada, ben, monkeypatch
):
    dispute = opened_dispute(ada, ben)
    seal(dispute, ada, 60_000)
    without_locks(monkeypatch)
    meet_after(monkeypatch, sealed, "judge_step", then=lambda: seal(dispute, ben, 40_000))

    assert at_once(*[lambda: withdraw_figure(dispute_id=dispute.pk, by=ada)] * 8) == ["done"] * 8

    dispute.refresh_from_db()
    assert (dispute.status, books_of(dispute)) == ("closed", IN_HALVES)
