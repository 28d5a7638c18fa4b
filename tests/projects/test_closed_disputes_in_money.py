"""What a closed dispute shows is what the deed that closed it has divided, whatever came before."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.clock import now
from payments.escrow.selectors import held_in
from payments.refunds.models import Refund
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.agreements.selectors import division_of
from projects.disputes.models import Dispute
from projects.disputes.selectors import effect_of, outcome_of, stake_of
from projects.disputes.services import answer_dispute, open_dispute
from projects.milestones.adjusting.services import adjust_milestone
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import release_milestone
from projects.tasks import close_moot_disputes
from tests.against_the_rules import force
from tests.projects.dispute_world import seen
from tests.world import (
    api_of,
    browser,
    fund,
    funded_milestone,
    planned_milestone,
    ruled,
    to_mediator,
)

pytestmark = pytest.mark.django_db


def disputed(ada: User, ben: User, milestone: Milestone) -> Dispute:
    """The client disputes it as it is now; both have asked for a mediator."""
    dispute = open_dispute(
        milestone_id=milestone.pk, by=ada, reason="late", statement="It is late.", asked_for=0
    )
    answer_dispute(dispute_id=dispute.pk, by=ben, statement="It was the weather.")
    return to_mediator(dispute, ada, ben)


def pages_of(dispute: Dispute, ada: User, ben: User, dora: User) -> list[tuple[User, str]]:
    """The page of each side, and the desk's."""
    case = f"/desk/disputes/{dispute.public_id}/"
    return [(ada, dispute.path), (ben, dispute.path), (dora, case)]


def test_what_a_lower_price_returned_is_no_part_of_the_decision(ada, ben, dora):
    milestone = funded_milestone(ada, ben)
    adjust_milestone(milestone_id=milestone.pk, amount=60_000)
    dispute = ruled(disputed(ada, ben, milestone), dora, 30_000)

    assert Refund.objects.filter(amount=41_200).exists(), "the lower price has returned that"
    outcome = api_of(ada).get(f"/api/v1/disputes/{dispute.public_id}/").json()["outcome"]
    assert outcome == {
        "freelancer_gets": 29_100,
        "freelancer_fee": 900,
        "client_fee": 900,
        "client_gets_back": 30_900,
    }
    for reader, path in pages_of(dispute, ada, ben, dora):
        page = browser(reader).get(path).text
        assert "$309.00" in page and "$618.00" in page, path
        assert "$721.00" not in page and "$1,030.00" not in page, path


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), is_decided=st.booleans(), amount=st.integers(5_000, 500_000))
def test_it_shows_what_was_promised_after_any_price_and_part(
    ada, ben, dora, data, is_decided, amount
):
    ada, ben = (User.objects.get(pk=someone.pk) for someone in (ada, ben))
    milestone = funded_milestone(ada, ben, amount)
    price = data.draw(st.integers(1_000, amount))
    if price != amount:
        adjust_milestone(milestone_id=milestone.pk, amount=price)
    before = data.draw(st.integers(0, price - 1))
    if before:
        release_part(milestone_id=milestone.pk, by=ada, amount=before)
    to_freelancer = data.draw(st.integers(0, price - before - 1))
    milestone = Milestone.objects.select_related("escrow__policy", "contract").get(pk=milestone.pk)
    held, promised = held_in(milestone.escrow), effect_of(milestone, to_freelancer)

    if is_decided:
        shown = outcome_of(seen(ruled(disputed(ada, ben, milestone), dora, to_freelancer)))
    else:
        proposal = propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=to_freelancer)
        accept_proposal(proposal_id=proposal.pk, by=ben)
        accepted = Proposal.objects.select_related("milestone__escrow__policy")
        shown = division_of(accepted.get(pk=proposal.pk))

    assert shown == promised and shown.total == held


def test_an_accepted_proposal_shows_who_got_what(ada, ben, dora):
    dispute = disputed(ada, ben, funded_milestone(ada, ben))
    proposal = propose_ending(milestone_id=dispute.milestone_id, by=ada, to_freelancer=40_000)
    accept_proposal(proposal_id=proposal.pk, by=ben)

    close_moot_disputes()
    for reader, path in pages_of(dispute, ada, ben, dora):
        page = browser(reader).get(path).text
        assert "an open proposal was accepted" in page, path
        assert all(amount in page for amount in ("$400.00", "$388.00", "$618.00", "$1,030.00"))
        assert "without a ruling</" not in page and "left to decide" not in page, path
    shown = api_of(ben).get(f"/api/v1/disputes/{dispute.public_id}/").json()
    assert (shown["to_freelancer"], shown["outcome"]["client_gets_back"]) == (None, 61_800)
    told = {one.recipient: one.text for one in Notification.objects.filter(kind="dispute_closed")}
    assert "You get back $618.00" in told[ada] and "You get $388.00" in told[ben]


def test_of_what_was_never_funded_nothing_was_divided(ada, ben, dora):
    milestone = fund(planned_milestone(ada, ben), 60_000)
    dispute = ruled(disputed(ada, ben, milestone), dora, 30_000)

    stake = stake_of(seen(dispute))
    assert stake and (stake.held, stake.price) == (61_800, 60_000)
    for reader, path in pages_of(dispute, ada, ben, dora):
        page = browser(reader).get(path).text
        assert "Of it was held" in page and "$600.00" in page, path
        assert "the rest goes back" not in page, path


def test_what_was_approved_after_all_says_so(ada, ben, dora):
    dispute = disputed(ada, ben, funded_milestone(ada, ben))
    release_milestone(milestone_id=dispute.milestone_id, by=ada)

    for reader, path in pages_of(dispute, ada, ben, dora):
        page = browser(reader).get(path).text
        assert "Closed without a ruling" in page and "$970.00" in page, path


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("requested", "it is sent next"),
        ("sending", "has not confirmed it yet"),
        ("succeeded", "has given it back on"),
        ("failed", "It was refused on"),
    ],
)
def test_both_see_how_far_the_refund_is(ada, ben, dora, state, words):
    milestone = funded_milestone(ada, ben)
    adjust_milestone(milestone_id=milestone.pk, amount=60_000)
    dispute = ruled(disputed(ada, ben, milestone), dora, 30_000)
    refund = Refund.objects.get(amount=30_900)
    at = None if state == "requested" else now()
    # As the provider's word leaves it: how it comes there the refunds' own tests show.
    force(Refund.objects.filter(pk=refund.pk), status=state, sent_at=at, closed_at=at)

    for reader, path in pages_of(dispute, ada, ben, dora):
        page = browser(reader).get(path).text
        assert "On its way back to Ada" in page and words in page, path
    for side in (ada, ben):
        shown = api_of(side).get(f"/api/v1/disputes/{dispute.public_id}/").json()["refunds"]
        assert [(one["id"], one["amount"], one["status"]) for one in shown] == [
            (refund.public_id, 30_900, state)
        ], "and not what the lower price returned"
        assert (shown[0]["sent_at"] is None) == (state == "requested")
