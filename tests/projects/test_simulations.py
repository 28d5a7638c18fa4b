"""What the simulator foretells is what the real deeds and sweeps then do, to the unit."""

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from marketplace.common import clock
from marketplace.common.clock import after_days, imagined, now
from marketplace.common.errors import DomainError, InvalidInput, WrongState
from marketplace.common.lifecycle import CLIENT, FREELANCER
from payments.payouts.models import Earning
from payments.policies.selectors import policy_in_force
from payments.policies.services import add_version
from projects.agreements.changes.services import accept_change
from projects.agreements.leaving.services import leave_contract
from projects.agreements.outlook import prospects_of
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.agreements.simulating.scenes import STAGES, Wish, bring_to
from projects.agreements.simulating.stories import STORIES, Foretold, foretell
from projects.agreements.simulating.trial import Trial, signed_now
from projects.contracts.models import Contract
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.confirming.services import confirm_ruling
from projects.disputes.rulings.services import carry_out_ruling, decide_dispute
from projects.disputes.services import answer_dispute, open_dispute
from projects.disputes.silence.services import judge_silence
from projects.milestones.limits.services import refund_at_limit
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.rules import due_of
from projects.milestones.services import (
    cancel_milestone,
    release_milestone,
    release_unreviewed,
    return_work,
    start_work,
    submit_work,
)
from tests.projects.ending_world import tag_for, to_end
from tests.world import (
    active_contract,
    api_of,
    fund,
    funded_milestone,
    offered_contract,
    plan_of,
    to_mediator,
    why,
)

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

LIVES = int(os.environ.get("LIVES", "15"))
WORDS = {"reason": "not_as_agreed", "statement": "It loses things."}


def wish(story: str = "silence", **figures) -> Wish:
    known = {"price": 100_001, "currency": "USD", "days": 14, "review_days": 7}
    return Wish(story=story, policy=policy_in_force(), **known | figures)


class Life:
    """The same story, lived by people: each deed at the moment that was foretold for it."""

    def __init__(self, people, later, asked: Wish, foretold: Foretold) -> None:
        self.ada, self.ben, self.mediator, self.second = people
        self.later, self.asked, self.foretold = later, asked, foretold
        prices = [one.price for one in foretold.milestones]
        self.contract = active_contract(
            self.ada,
            self.ben,
            plan=plan_of(*prices, days=asked.days * len(prices)),
            currency=asked.currency,
            review_days=asked.review_days,
        )
        self.milestone, *self.others = self.contract.milestones.order_by("position")
        self.to_fund = [*self.others, self.milestone]
        self.began_at = now()

    def live(self) -> None:
        start = self.foretold.lines[0].at if self.foretold.lines else now()
        for number, line in enumerate(self.foretold.lines, start=1):
            # Each a minute later than the one before it was: then the clock that it set has struck.
            wait = self.began_at + (line.at - start) + timedelta(minutes=number) - now()
            self.later(days=max(wait, timedelta(0)) / timedelta(days=1))
            self.line = line
            getattr(self, line.step)()

    def fund(self) -> None:
        fund(self.to_fund.pop(0))

    def start(self) -> None:
        start_work(milestone_id=self.milestone.pk, by=self.ben)

    def submit(self) -> None:
        submit_work(milestone_id=self.milestone.pk, by=self.ben, note="Here it is.")

    def return_(self) -> None:
        return_work(milestone_id=self.milestone.pk, by=self.ada, answer="Not yet.")

    def release(self) -> None:
        release_milestone(milestone_id=self.milestone.pk, by=self.ada)

    def release_silent(self) -> None:
        assert release_unreviewed(milestone_ids=[self.milestone.pk]) == 1

    def cancel_late(self) -> None:
        cancel_milestone(milestone_id=self.milestone.pk, by=self.ada, step="cancel_late")

    def cancel_idle(self) -> None:
        cancel_milestone(milestone_id=self.milestone.pk, by=self.ada, step="cancel_idle")

    def refund_limit(self) -> None:
        refund_at_limit(milestone_id=self.milestone.pk)

    def release_part(self) -> None:
        release_part(milestone_id=self.milestone.pk, by=self.ada, amount=self.asked.part)

    def cancel(self) -> None:
        cancel_milestone(milestone_id=self.milestone.pk, by=self.ben)

    def leave(self) -> None:
        by_client = self.asked.story == "contract_left_by_client"
        leaver = self.ada if by_client else self.ben
        seen = tag_for(self.contract, leaver)
        leave_contract(contract_id=self.contract.pk, by=leaver, seen=seen)

    def cancel_agreed(self) -> None:
        if self.others:
            order = to_end(self.contract, self.ada, {1: self.asked.part})
            accept_change(order_id=order.pk, by=self.ben)
            return
        proposal = propose_ending(
            milestone_id=self.milestone.pk, by=self.ada, to_freelancer=self.asked.part
        )
        accept_proposal(proposal_id=proposal.pk, by=self.ben)

    def dispute(self) -> None:
        asked_for = 0 if self.asked.story == "disputed" else self.asked.part
        self.opened = open_dispute(
            milestone_id=self.milestone.pk,
            by=self.ada if self.line.by == CLIENT else self.ben,
            asked_for=asked_for,
            **WORDS,
        )
        if self.asked.story == "disputed":
            answer_dispute(dispute_id=self.opened.pk, by=self.ben, statement="It does not.")
            to_mediator(self.opened, self.ada, self.ben)

    def escalate(self) -> None:
        assert judge_silence(dispute_id=self.opened.pk).status == "under_review"

    def decide_by_rule(self) -> None:
        assert judge_silence(dispute_id=self.opened.pk).status == "decided"

    def decide(self) -> None:
        decide_dispute(
            dispute_id=self.opened.pk, by=self.mediator, to_freelancer=self.asked.part, **why()
        )
        # Above the limit of the rules another mediator has to confirm it.
        for proposed in ProposedRuling.objects.filter(dispute=self.opened, status="proposed"):
            confirm_ruling(proposed_id=proposed.pk, by=self.second)

    def resolve(self) -> None:
        carry_out_ruling(dispute_id=self.opened.pk)


setattr(Life, "return", Life.return_)


wishes = st.builds(
    dict,
    story=st.sampled_from(sorted(STORIES)),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
    price=st.integers(1_000, 3_000_000),
    days=st.sampled_from([1, 5, 14, 20, 66, 70, 85]),
    review_days=st.integers(1, 30),
    stage=st.sampled_from(sorted(STAGES)),
    per_mille=st.integers(0, 1_000),
)


@settings(
    max_examples=LIVES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(figures=wishes)
def test_what_is_foretold_comes_true_in_the_books(
    ada, ben, dora, emil, later, monkeypatch, figures
):
    share = figures.pop("per_mille")
    figures["price"] -= figures["price"] % 1_000 if figures["currency"] == "KWD" else 0
    figures["part"] = figures["price"] * share // 1_000
    if figures["currency"] == "KWD":
        figures["part"] -= figures["part"] % 1_000
    asked = wish(**figures)
    try:
        foretold = foretell(asked)
    except DomainError as refusal:
        event(f"refused: {type(refusal).__name__}")
        return
    event(asked.story)
    monkeypatch.setattr(clock, "_offset", timedelta(0))
    life = Life((ada, ben, dora, emil), later, asked, foretold)

    life.live()

    milestone = Milestone.objects.select_related("escrow", "contract").get(pk=life.milestone.pk)
    prospects = prospects_of(milestone.contract)
    assert milestone.status == foretold.status
    for prospect, one in zip(prospects.milestones, foretold.milestones, strict=True):
        assert prospect.milestone.status == one.status
        facts = prospect.facts
        assert (facts.received, facts.refunded) == (one.to_freelancer, one.to_client)
        assert facts.spent - facts.received == one.fees
    facts = prospects.total
    assert facts.held == foretold.still_held == 0
    assert facts.received == foretold.to_freelancer
    assert facts.refunded == foretold.to_client
    assert facts.spent - facts.received == foretold.client_fee + foretold.freelancer_fee
    if foretold.to_freelancer and asked.story != "partial":
        rests = Earning.objects.get(earned_by=milestone.escrow.public_id)
        foretold_rest = foretold.bank_at - foretold.lines[-1].at
        # Each step was lived some minutes late, and no rest goes beyond the provider's limit.
        minutes = timedelta(minutes=len(foretold.lines) + 1)
        assert abs(rests.clears_at - rests.earned_at - foretold_rest) < minutes


def test_silence_is_foretold_to_the_cent():
    found = foretell(wish("silence"))
    assert (found.to_freelancer, found.freelancer_fee, found.client_fee, found.to_client) == (
        97_001,
        3_000,
        3_000,
        0,
    )
    assert [line.step for line in found.lines] == ["fund", "submit", "release_silent"]
    delivered, released = found.lines[1].at, found.lines[2].at
    assert released - delivered == timedelta(days=7)
    assert found.bank_at == released + timedelta(days=7), "a first payout rests longer"


def test_lateness_goes_back_once_the_grace_is_over():
    found = foretell(wish("late"))
    assert (found.to_freelancer, found.to_client) == (0, 103_001)
    due_at = after_days(found.lines[0].at, timedelta(days=14), "UTC")
    assert found.lines[-1].at == due_at + timedelta(days=3)


def test_a_contract_that_nobody_funds_ends_without_a_cent():
    found = foretell(wish("never_funded"))
    assert [(one.status, one.to_freelancer, one.to_client) for one in found.milestones] == [
        ("cancelled", 0, 0)
    ] * 2
    (line,) = found.lines
    assert (line.step, line.by) == ("leave", "freelancer")
    assert line.at - now() - timedelta(days=14) < timedelta(minutes=1)
    assert line.text.startswith("The freelancer may end the contract")


def test_rules_without_a_time_to_fund_say_so():
    add_version({"funding_days": 0})
    with pytest.raises(WrongState, match="no such clock runs"):
        foretell(wish("never_funded"))


def test_both_end_the_contract_to_the_cent():
    found = foretell(wish("contract_agreed", part=33_333, second=50_000))
    first, second = found.milestones
    assert (first.status, first.to_freelancer, first.fees) == ("split", 32_333, 2_000)
    assert first.to_client == 103_001 - 32_333 - 2_000
    assert (second.status, second.to_freelancer, second.to_client) == ("cancelled", 0, 51_500)
    assert [line.step for line in found.lines] == ["fund", "fund", "cancel_agreed"]


def test_who_leaves_alone_leaves_what_is_delivered_to_its_review():
    found = foretell(wish("contract_left", stage="submitted", second=50_000))
    assert [one.status for one in found.milestones] == ["released", "cancelled"]
    assert (found.to_freelancer, found.to_client) == (97_001, 51_500)
    assert [line.step for line in found.lines][-2:] == ["leave", "release_silent"]


def test_a_client_leaves_when_everything_gives_a_reason():
    found = foretell(wish("contract_left_by_client", days=5))
    assert [one.status for one in found.milestones] == ["cancelled", "cancelled"]
    assert found.to_client == 2 * 103_001
    due_at = after_days(found.lines[0].at, timedelta(days=5 * 2), "UTC")
    assert found.lines[-1].at == due_at + timedelta(days=3), "the later is late"


def test_what_takes_longer_than_the_provider_holds_ends_at_its_limit():
    found = foretell(wish("late", days=200))
    assert (found.lines[-1].step, found.status, found.to_client) == (
        "refund_limit",
        "refunded",
        103_001,
    )


def test_a_dispute_ends_before_the_provider_holds_the_money_no_longer():
    found = foretell(wish("disputed", stage="submitted", days=70, part=50_000))
    assert [line.step for line in found.lines] == ["fund", "submit", "dispute", "decide", "resolve"]
    assert (found.status, found.to_freelancer) == ("split", 48_500)
    assert found.lines[-1].at - found.lines[0].at < timedelta(days=90)


def test_where_the_provider_holds_it_less_long_all_of_it_is_sooner():
    found = foretell(wish("abandoned", country="TH"))
    assert found.lines[-1].step == "refund_limit"
    assert found.lines[-1].at - found.lines[0].at == timedelta(days=10)
    longest = foretell(wish("abandoned", country="US"))
    assert longest.lines[-1].at - longest.lines[0].at == timedelta(days=730)


@pytest.mark.parametrize(
    ("story", "figures", "steps", "to_freelancer"),
    [
        # Row 9: nothing was delivered when it was due, and nobody says why.
        ("unanswered_by_freelancer", {"part": 0}, ["decide_by_rule", "resolve"], 0),
        # Row 6: a delivery is on file, so a person looks at it.
        (
            "unanswered_by_freelancer",
            {"part": 50_000, "stage": "submitted"},
            ["escalate", "decide", "resolve"],
            48_500,
        ),
        # Row 13: the client had the time to look, and said nothing.
        (
            "unanswered_by_client",
            {"part": 100_001, "stage": "submitted", "review_days": 4},
            ["decide_by_rule", "resolve"],
            97_001,
        ),
        # Row 14: the time to review is not over when the time to answer is.
        (
            "unanswered_by_client",
            {"part": 100_001, "stage": "submitted", "review_days": 30},
            ["escalate", "decide", "resolve"],
            97_001,
        ),
        # Row 11: what the client found not met is on file.
        (
            "unanswered_by_client",
            {"part": 100_001, "stage": "returned"},
            ["escalate", "decide", "resolve"],
            97_001,
        ),
    ],
)
def test_silence_in_a_dispute_is_judged_by_the_published_table(
    story, figures, steps, to_freelancer
):
    found = foretell(wish(story, **figures))
    told = [line.step for line in found.lines]
    assert told[told.index("dispute") + 1 :] == steps
    assert found.to_freelancer == to_freelancer


@pytest.mark.parametrize("story", sorted(STORIES))
def test_the_parts_sum_to_what_the_client_paid_in(story):
    found = foretell(wish(story, part=33_333))
    parts = found.to_freelancer, found.to_client, found.client_fee, found.freelancer_fee
    paid_in = 0 if story == "never_funded" else found.quote.client_pays
    assert sum(parts) == paid_in
    assert found.still_held == 0


@pytest.mark.parametrize(
    ("figures", "param"),
    [
        ({"story": "magic"}, "story"),
        ({"price": 1}, "price"),
        ({"price": True}, "price"),
        ({"currency": "XXX"}, "currency"),
        ({"days": 0}, "days"),
        ({"days": 731}, "days"),
        ({"country": "XX"}, "country"),
        ({"review_days": 31}, "review_days"),
        ({"stage": "nowhere", "story": "agreed"}, "stage"),
        ({"story": "agreed", "part": 100_001}, "part"),
        ({"story": "disputed", "part": 100_002}, "part"),
        ({"story": "partial", "part": 0}, "part"),
        ({"story": "contract_agreed", "part": 100_002}, "part"),
        ({"story": "contract_left", "second": 1}, "second"),
    ],
)
def test_figures_that_no_milestone_has_are_refused(figures, param):
    with pytest.raises(InvalidInput) as refused:
        foretell(wish(**figures))
    assert refused.value.param == param


def test_what_the_rules_refuse_is_refused_in_their_words():
    with pytest.raises(WrongState, match="No money is held"):
        foretell(wish("disputed", stage="unfunded"))


def test_an_imagined_moment_ends_with_its_block():
    before = now()
    with imagined(before + timedelta(days=9)):
        assert now() == before + timedelta(days=9)
    assert now() - before < timedelta(minutes=1)


# --- Doors ---------------------------------------------------------------------------------------


def test_programs_try_without_logging_in():
    answer = api_of().get("/api/v1/simulations/?story=late&price=100001&currency=USD")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["to_client"], told["to_freelancer"], told["status"]) == (103_001, 0, "cancelled")
    assert told["happens"][-1]["step"] == "cancel_late"
    assert told["happens"][-1]["by"] == "client"


def test_programs_read_what_becomes_of_each_milestone():
    query = "story=contract_agreed&price=100001&currency=USD&part=33333&second=50000"
    told = api_of().get(f"/api/v1/simulations/?{query}").json()
    assert [one["to_client"] for one in told["milestones"]] == [68_668, 51_500]
    assert told["to_client"] == 68_668 + 51_500


@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("", 400, "story"),
        ("story=contract_left&price=100001&currency=USD&second=1", 400, "second"),
        ("story=x&price=100&currency=USD", 400, "story"),
        ("story=late&price=x&currency=USD", 400, "price"),
        ("story=late&price=1000.5&currency=USD", 400, "price"),
        ("story=late&price=-5&currency=USD", 400, "price"),
        ("story=late&price=100001&currency=usd", 400, "currency"),
        ("story=late&price=100001&currency=USD&policy=99", 400, "policy"),
        ("story=disputed&stage=unfunded&price=100001&currency=USD", 409, None),
    ],
)
def test_programs_hear_what_is_wrong_and_where(query, status, param):
    answer = api_of().get(f"/api/v1/simulations/?{query}")
    assert answer.status_code == status
    assert answer.json()["error"]["param"] == param


def test_the_page_draws_who_gets_what(client):
    page = client.get("/rules/try/").content.decode()
    assert "To the freelancer: $970.00" in page
    page = client.get("/rules/try/?story=late&price=1,000.01").content.decode()
    assert "$1,030.01 goes back" in page or "$1,030.01 back" in page
    page = client.get("/rules/try/?story=contract_agreed&price=1,000&part=400&second=500").content
    assert "What becomes of each milestone" in page.decode()
    assert "$515.00" in page.decode()
    page = client.get("/rules/try/?story=never_funded&price=1,000").content.decode()
    assert "Nothing is held, so no money moves" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("price=x", "This cannot happen so"),
        ("policy=99999999999", "By version 1"),
        ("story=disputed&stage=unfunded", "No money is held"),
        ("review_days=31", "A review takes 1 to 30 days"),
    ],
)
def test_the_page_says_what_is_wrong(client, query, words):
    answer = client.get(f"/rules/try/?{query}")
    assert answer.status_code == 200
    assert words in answer.content.decode()


def test_it_is_reached_from_an_offer_with_its_figures(ada, ben, client):
    contract: Contract = offered_contract(ada, ben, [100_001])
    client.force_login(ben)
    page = client.get(f"/contracts/{contract.public_id}/").content.decode()
    assert "/rules/try/?story=silence&amp;price=1000.01&amp;currency=USD&amp;days=20" in page


def test_the_date_after_a_return_is_that_of_the_deed(ada, ben, later):
    real = funded_milestone(ada, ben)
    submit_work(milestone_id=real.pk, by=ben, note="Here it is.")
    later(hours=12)
    returned = return_work(milestone_id=real.pk, by=ada, answer="Not yet.")
    moved = returned.due_at - real.due_at
    assert timedelta(hours=12) <= moved < timedelta(hours=12, minutes=1)

    contract = signed_now(currency="USD", review_days=7, policy=policy_in_force())
    early, on_its_day = (Trial(contract, price=100_000, days=14) for _ in range(2))
    early.fund(CLIENT)
    was = due_of(early.milestone)
    early.submit(FREELANCER)
    early.wait(early.at + timedelta(hours=12))
    early.give_back_work(CLIENT)
    assert due_of(early.milestone) - was == timedelta(hours=12)
    bring_to("returned", on_its_day)
    assert due_of(on_its_day.milestone) == on_its_day.at
