"""What the tables of contracts and milestones come to: ends, and what is open to whom when."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from projects.agreements.models import LIFECYCLE as PROPOSAL
from projects.agreements.models import Proposal
from projects.contracts.models import LIFECYCLE as CONTRACT
from projects.contracts.models import Contract, Event
from projects.contracts.sentences import kinds, sentence_of, who_of
from projects.disputes.models import LIFECYCLE as DISPUTE
from projects.givebacks.models import LIFECYCLE as GIVEBACK
from projects.milestones.models import LIFECYCLE as MILESTONE
from projects.milestones.models import Milestone
from projects.milestones.rules import open_steps, refusal_of
from projects.milestones.services import GROUNDS, cancel_milestone, start_work
from tests.world import (
    active_contract,
    fund,
    funded_milestone,
    offered_contract,
    opened_dispute,
    planned_milestone,
    submitted_milestone,
)

TABLES = [(Contract, CONTRACT), (Milestone, MILESTONE), (Proposal, PROPOSAL)]
END = "propose_ending"


@pytest.mark.parametrize(("model", "table"), TABLES)
def test_every_state_is_reached_and_the_ends_are_ends(model, table):
    reached = {target for step in table.steps.values() for target in step.to} - {"same"}
    first = {model._meta.get_field("status").default}
    assert reached | first == set(model.Status.values)
    steps = table.steps.values()
    ends = {
        status
        for status in model.Status.values
        if all(step.targets(status) <= {status} for step in steps if status in step.source)
    }
    assert (
        ends
        == {
            Contract: {"completed", "cancelled", "declined", "withdrawn", "lapsed"},
            Milestone: {"released", "refunded", "split", "cancelled"},
            Proposal: {"accepted", "declined", "countered", "withdrawn", "lapsed"},
        }[model]
    )


def test_the_grounds_of_a_cancellation_are_steps_that_cancel():
    cancelling = {n for n, step in MILESTONE.steps.items() if step.to == {"cancelled"}}
    assert set(GROUNDS) == cancelling


# --- Which of the open steps the money and the clocks allow ---------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("made", "client", "freelancer"),
    [
        (planned_milestone, ["fund", "drop", END], ["cancel", END]),
        (
            funded_milestone,
            ["release", "release_part", END, "dispute"],
            ["start", "submit", "cancel", END, "dispute"],
        ),
        (
            submitted_milestone,
            ["return", "release", "release_part", END, "dispute"],
            ["cancel", END, "dispute"],
        ),
        (lambda a, b: opened_dispute(a, b).milestone, ["release", END], ["cancel", END]),
    ],
)
def test_what_each_side_can_do(ada, ben, made, client, freelancer):
    milestone = made(ada, ben)
    milestone.refresh_from_db()
    assert open_steps(milestone, "client") == client
    assert open_steps(milestone, "freelancer") == freelancer
    for role in ("mediator", "finance", "moderator", None):
        assert set(open_steps(milestone, role)) <= {"resolve"}
    by_one_accepted_proposal = set(open_steps(milestone, "both"))
    agreed = {"cancel_agreed", "adjust", "roll", "roll_in"}
    assert {"cancel_agreed"} <= by_one_accepted_proposal <= agreed


@pytest.mark.django_db
def test_time_opens_steps(ada, ben, later):
    milestone, started = funded_milestone(ada, ben), funded_milestone(ada, ben)
    start_work(milestone_id=started.pk, by=ben)
    later(days=15)
    assert open_steps(milestone, "client") == [
        "release",
        "release_part",
        "cancel_idle",
        END,
        "dispute",
    ]
    later(days=10)
    late = ["release", "release_part", "cancel_late", "cancel_idle", END, "dispute"]
    assert open_steps(milestone, "client") == late
    started.refresh_from_db()
    late.remove("cancel_idle")
    assert open_steps(started, "client") == late


@pytest.mark.django_db
def test_nothing_is_open_on_a_contract_that_has_ended(ada, ben):
    milestone = funded_milestone(ada, ben)
    milestone.contract.status = "completed"
    for role in ("client", "freelancer"):
        assert open_steps(milestone, role) == []
    assert refusal_of(milestone, "submit") == "The contract is completed."


# --- The timeline in words -----------------------------------------------------------------------


def test_every_kind_of_event_that_is_recorded_has_a_sentence():
    written = set()
    for path in (Path(settings.BASE_DIR) / "projects").rglob("*.py"):
        # Not past the end of the call: its kind may be a variable.
        call = r'\brecord\((?:(?!\)\n)[^"]){0,80}?"(\w+)"'
        written |= set(re.findall(call, path.read_text()))
    assert {"contract_offered", "work_submitted", "dispute_opened"} <= written
    tables = (CONTRACT, MILESTONE, DISPUTE, PROPOSAL, GIVEBACK)
    told = {step.tells for table in tables for step in table.steps.values()}
    assert (written | told) - {""} <= kinds()


@pytest.mark.django_db
def test_what_happened_reads_as_sentences(ada, ben):
    contract = active_contract(ada, ben, [10_000, 20_000])
    first, second = contract.milestones.order_by("position")
    fund(first)
    cancel_milestone(milestone_id=second.pk, by=ada, step="drop")
    lines = [
        (
            who_of(event, client="Ada", freelancer="Ben"),
            sentence_of(event).text,
        )
        for event in contract.events.order_by("pk")
    ]
    assert lines == [
        ("Ada", "Made the offer and signed it"),
        ("Ben", "Accepted: the agreement is signed by both"),
        ("Milepost", "Funds are held for “Part 1”"),
        ("Ada", "Cancelled “Part 2”: it was not funded yet"),
    ]


@pytest.mark.django_db
def test_a_kind_that_nobody_has_worded_names_itself_and_braces_are_letters(ada, ben):
    contract = offered_contract(ada, ben)
    strange = Event(contract=contract, kind="comet_seen", role="client", title="{0} {x}")
    assert sentence_of(strange).text == "Comet seen"
    named = Event(contract=contract, kind="work_started", role="freelancer", title="{0} {x}")
    assert sentence_of(named).text == "Started work on “{0} {x}”"
