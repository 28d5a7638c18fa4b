"""Whatever the silent side has on file, of each kind: the table never rules against it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from accounts.people.models import User
from projects.agreements.proposals.services import decline_proposal, propose_ending
from projects.disputes.models import Dispute, Statement
from projects.disputes.silence.services import judge_silence
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import return_work, submit_work
from tests.projects.evidence_world import upload
from tests.projects.test_silence_facts import CRITERIA, answers, dispute_on, say
from tests.world import funded_milestone, plan_of, submitted_milestone

pytestmark = pytest.mark.django_db

ASKED = 30_000


@dataclass(frozen=True)
class Case:
    """Of one silence; ``dispute`` is None before it is opened."""

    milestone: Milestone
    silent: User
    opener: User
    dispute: Dispute | None = None


def delivers(case: Case) -> None:
    how = {"note": "Here it is.", "criteria": answers(True, True)}
    submit_work(milestone_id=case.milestone.pk, by=case.silent, **how)


def sends_a_file(case: Case) -> None:
    say(case.milestone, case.silent, [upload()])


def asks_for_changes(case: Case) -> None:
    how = {"answer": "Not yet.", "not_met": [2]}
    return_work(milestone_id=case.milestone.pk, by=case.silent, **how)
    delivers(Case(case.milestone, case.opener, case.silent))


def releases_a_part(case: Case) -> None:
    release_part(milestone_id=case.milestone.pk, by=case.silent, amount=40_000)


def states(case: Case) -> None:
    role = "client" if case.dispute.opened_by_role == "freelancer" else "freelancer"
    Statement.objects.create(dispute=case.dispute, by=case.silent, role=role, text="Wait.")


def writes(case: Case) -> None:
    say(case.milestone, case.silent)


def proposes(case: Case, by: User | None = None) -> int:
    by = by or case.silent
    terms = {"milestone_id": case.milestone.pk, "to_freelancer": 20_000}
    return propose_ending(by=by, **terms).pk


def answers_a_proposal(case: Case) -> None:
    decline_proposal(proposal_id=proposes(case, case.opener), by=case.silent)


Evidence = dict[str, Callable[[Case], object]]
# What can come before the dispute alone, and what while its answer is waited for.
BEFORE: dict[str, Evidence] = {
    "freelancer": {"a delivery": delivers, "a file": sends_a_file},
    "client": {"changes asked for": asks_for_changes, "a part released": releases_a_part},
}
MEANWHILE: Evidence = {
    "a statement": states,
    "a message": writes,
    "a file": sends_a_file,
    "a proposal": proposes,
    "an answer to one": answers_a_proposal,
}
CASES = [
    (silent, when, kind)
    for silent in BEFORE
    for when, kinds in (("before", BEFORE[silent]), ("meanwhile", MEANWHILE))
    for kind in kinds
]


def judged(silent: str, ada: User, ben: User, later, *, when: str = "", kind: str = "") -> Dispute:
    """A case in which a row would rule, had the silent side nothing on file. Its opener has the
    last word: what is there counts as what it is, and not for waiting for a reply.
    """
    plan = plan_of(100_000, criteria=CRITERIA)
    if silent == "freelancer":
        milestone, sides = funded_milestone(ada, ben, plan=plan), (ben, ada)
        later(days=23.5)  # three and a half days over
    else:
        milestone, sides = submitted_milestone(ada, ben, plan=plan), (ada, ben)
        later(days=1)
    if when == "before":
        BEFORE[silent][kind](Case(milestone, *sides))
        later(days=0.1)
    say(milestone, sides[1])
    dispute = dispute_on(milestone, sides[1], ASKED)
    if when == "meanwhile":
        later(days=1)
        MEANWHILE[kind](Case(milestone, *sides, dispute))
        later(days=0.1)
        say(milestone, sides[1])
    later(days=7)
    judge_silence(dispute_id=dispute.pk)
    dispute.refresh_from_db()
    return dispute


@pytest.mark.parametrize(("silent", "row"), [("freelancer", 9), ("client", 13)])
def test_who_has_nothing_on_file_is_ruled_against(ada, ben, later, silent, row):
    dispute = judged(silent, ada, ben, later)
    ruling = dispute.rulings.get()
    assert (dispute.state, ruling.ground, ruling.to_freelancer) == (
        "decided",
        f"silence_{row}",
        ASKED,
    )


@pytest.mark.parametrize(("silent", "when", "kind"), CASES)
def test_who_has_anything_is_not(ada, ben, later, silent, when, kind):
    dispute = judged(silent, ada, ben, later, when=when, kind=kind)
    assert (dispute.state, dispute.rulings.count()) == ("under_review", 0)
