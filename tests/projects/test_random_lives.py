"""Whatever people do, and in whatever order: no dead end, and no money that belongs to nobody.

A life is a contract and a list of acts, each by somebody and at some time. What the rules refuse is
refused and changes nothing; anything else than a refusal is a defect. Then nobody acts any more but
the clock, and a mediator where a case waits for one: all that is held must find its way, and every
contract must come to an end.

``LIVES=2000 pytest tests/projects/test_random_lives.py`` plays more of them.
"""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, Phase, currently_in_test_context, event, given, settings
from hypothesis import strategies as st

import projects.tasks  # noqa: F401 - the timetable's tasks enter themselves
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common import clock
from marketplace.common.clock import now
from marketplace.common.errors import DomainError
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import Outage
from payments.chargebacks.models import Chargeback
from payments.escrow.selectors import held_in
from payments.escrow.services import take_in
from payments.fundings.models import Payment
from projects.agreements.changes.asking.services import propose_ending as propose_end_of_all
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.services import (
    accept_change,
    counter_change,
    decline_change,
    propose_change,
    withdraw_change,
)
from projects.agreements.leaving.services import leave_contract
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import (
    accept_proposal,
    decline_proposal,
    propose_ending,
    withdraw_proposal,
)
from projects.bonuses.services import give_bonus
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.disputes.models import JUDGED, Dispute
from projects.disputes.negotiating.services import ask_mediator
from projects.disputes.rulings.services import accept_ruling, appeal_ruling, decide_dispute
from projects.disputes.services import answer_dispute, open_dispute
from projects.givebacks.models import GiveBack
from projects.givebacks.services import accept_giveback, ask_back, decline_giveback
from projects.milestones.models import PARTIES, Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import (
    cancel_milestone,
    release_milestone,
    return_work,
    start_work,
    submit_work,
)
from tests.payments.chargeback_world import Bank
from tests.projects.ending_world import tag_for
from tests.projects.test_downtime import started_again, stopped
from tests.world import active_contract, answers_to, fund, person, why

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3_600)]

LIVES = int(os.environ.get("LIVES", "15"))
PRICES = {"JPY": 20_000, "USD": 100_001, "KWD": 100_000}
# With all of them over, no clock of any policy or of the provider can still be running.
LONG_AFTER = (8, 8, 15, 30, 60, 100)


@dataclass(frozen=True)
class Act:
    """``which`` picks among the milestones, ``part`` is of a thousand.

    It is mostly somebody who may: ``out_of_turn`` counts on from them.
    """

    deed: str
    which: int
    part: int
    out_of_turn: int = 0


@dataclass
class Scene:
    contract: Contract
    people: dict[str, User]
    later: Callable[..., None]
    # Those that have taken money back and have not decided yet.
    banks: list[Bank] = field(default_factory=list)

    def do(self, act: Act) -> None:
        milestones = list(self.contract.milestones.select_related("escrow", "contract"))
        milestone = milestones[act.which % len(milestones)]
        names = list(self.people)
        who = names[(names.index(WHO[act.deed][act.part % 2]) + act.out_of_turn) % len(names)]
        DEEDS[act.deed](self, milestone, self.people[who], act)


def _share(milestone: Milestone, act: Act) -> int:
    return milestone.amount * act.part // 1_000


def _funds(_scene: Scene, milestone: Milestone, by: User, _act: Act) -> None:
    if milestone.contract.client.members.get() == by:
        fund(milestone)


def _funds_a_part(_scene: Scene, milestone: Milestone, by: User, act: Act) -> None:
    if milestone.contract.client.members.get() == by:
        fund(milestone, _share(milestone, act))


def _gives_a_bonus(scene: Scene, milestone: Milestone, by: User, act: Act) -> None:
    _, payment = give_bonus(contract_id=scene.contract.pk, by=by, amount=milestone.amount // 10)
    if act.part % 4:
        take_in(payment_id=payment.pk, intent_id="", charge_id=f"ch_{payment.public_id}")


def _is_down(scene: Scene, _milestone: Milestone, _by: User, act: Act) -> None:
    """The house, so that nobody can do anything, and its clocks strike later."""
    lasted = timedelta(hours=1 + act.part % 100)
    scene.later(hours=lasted / timedelta(hours=1))
    stopped(lasted)
    started_again()
    the_clock_strikes()


def _meets_a_bank(scene: Scene, milestone: Milestone, _by: User, act: Act) -> None:
    """It takes back what was paid, or a part of it; one that has taken gives it back."""
    if scene.banks:
        scene.banks.pop().gives_back()
        return
    paid = Payment.objects.filter(paid_for=milestone.escrow.public_id).exclude(charge_id="")
    for payment in paid.order_by("pk")[:1]:
        bank = Bank(payment, max(1, payment.amount * (act.part % 10) // 10))
        bank.takes()
        scene.banks.append(bank)
        _note("a bank has taken money back")


def _disputes(_scene: Scene, milestone: Milestone, by: User, act: Act) -> None:
    words = {"reason": "not_as_agreed", "statement": "It loses things."}
    missed = [1] if milestone.criteria else []
    share = _share(milestone, act)
    open_dispute(milestone_id=milestone.pk, by=by, asked_for=share, not_met=missed, **words)


def _proposes(scene: Scene, milestone: Milestone, by: User, act: Act) -> None:
    others = [one.pk for one in scene.contract.milestones.all() if one.pk != milestone.pk]
    into = others[act.part % len(others)] if others and act.part % 3 == 0 else None
    part = _share(milestone, act)
    propose_ending(milestone_id=milestone.pk, by=by, to_freelancer=part, into_id=into)


def _leaves(scene: Scene, _milestone: Milestone, by: User, _act: Act) -> None:
    seen = tag_for(scene.contract, by) if role_in(scene.contract, by) in PARTIES else ""
    leave_contract(contract_id=scene.contract.pk, by=by, seen=seen)


def _ends_it_all(scene: Scene, milestone: Milestone, by: User, act: Act) -> None:
    parts = [(milestone.public_id, _share(milestone, act))]
    propose_end_of_all(contract_id=scene.contract.pk, by=by, parts=parts)


def _wishes(milestone: Milestone, act: Act) -> list[Wish]:
    """Of one milestone another price, date, place, other criteria or revisions; or it is dropped,
    or one is added, or both.
    """
    kind = act.part % 9
    if kind > 5:
        soon = now().replace(microsecond=0) + timedelta(days=act.part % 40 + 1)
        extra = Wish(
            title="Extra pages", amount=milestone.amount // 2, due_at=soon, criteria=["It runs."]
        )
        dropped = Wish(milestone=milestone.public_id, drop=True)
        return {6: [dropped], 7: [extra], 8: [dropped, extra]}[kind]
    wish: dict[str, Any] = {"milestone": milestone.public_id}
    if kind > 3:
        wish |= {"criteria": [f"There are {act.part} pages."], "revisions": act.part % 4}
    if act.part % 2:
        wish["amount"] = max(_share(milestone, act), milestone.amount // 2)
    else:
        wish["due_at"] = now().replace(microsecond=0) + timedelta(days=act.part % 40 + 1)
    if act.part % 3 == 0:
        wish["place"] = act.part % 4 + 1
    return [Wish(**wish)]


def _changes(scene: Scene, milestone: Milestone, by: User, act: Act) -> None:
    propose_change(contract_id=scene.contract.pk, by=by, wishes=_wishes(milestone, act))


def _withdraws_a_change(scene: Scene, milestone: Milestone, by: User, act: Act) -> None:
    """Or tries to: it may be the other side's, or open no longer. Where none is proposed, one that
    they have thought better of.
    """
    proposed = ChangeOrder.objects.filter(contract=scene.contract, closed_at=None)
    if not proposed.exists():
        _changes(scene, milestone, by, act)
    for order in proposed.all():
        withdraw_change(order_id=order.pk, by=by)
        _note("a change was withdrawn")


def _note(what: str) -> None:
    """For the statistics of the lives; one act alone has none."""
    if currently_in_test_context():
        event(what)


def _waits(scene: Scene, _milestone: Milestone, _by: User, act: Act) -> None:
    scene.later(hours=1 + act.part % 400)
    the_clock_strikes()


def _answers(scene: Scene, _milestone: Milestone, by: User, act: Act) -> None:
    """Whatever is open, yes or no, whoever it is for: the rules say whose answer it is."""
    is_yes = act.part % 2
    for order in ChangeOrder.objects.filter(contract=scene.contract, closed_at=None):
        if act.part % 5 == 0:
            wishes = _wishes(scene.contract.milestones.get(position=1), act)
            counter_change(order_id=order.pk, by=by, wishes=wishes)
        else:
            (accept_change if is_yes else decline_change)(order_id=order.pk, by=by)
    for proposal in Proposal.objects.filter(milestone__contract=scene.contract, closed_at=None):
        answer = accept_proposal if is_yes else decline_proposal
        (withdraw_proposal if act.part % 7 == 0 else answer)(proposal_id=proposal.pk, by=by)
    for dispute in Dispute.objects.filter(milestone__contract=scene.contract, closed_at=None):
        if dispute.status == "opened":
            answer_dispute(dispute_id=dispute.pk, by=by, statement="It is what we agreed on.")
        elif dispute.status == "decided":
            _answers_decision(dispute, by, is_accepted=bool(is_yes))
        elif is_yes:
            ask_mediator(dispute_id=dispute.pk, by=by)
    for giveback in GiveBack.objects.filter(contract=scene.contract, closed_at=None):
        (accept_giveback if is_yes else decline_giveback)(giveback_id=giveback.pk, by=by)


def _answers_decision(dispute: Dispute, by: User, *, is_accepted: bool) -> None:
    if is_accepted:
        accept_ruling(dispute_id=dispute.pk, by=by)
    else:
        appeal_ruling(dispute_id=dispute.pk, by=by, statement="That is not so.")


def _rules(scene: Scene, _milestone: Milestone, by: User, act: Act) -> None:
    for dispute in Dispute.objects.filter(milestone__contract=scene.contract, closed_at=None):
        share = dispute.milestone.amount * act.part // 1_000
        decide_dispute(dispute_id=dispute.pk, by=by, to_freelancer=share, **why("As agreed."))


def _asks_back(scene: Scene, milestone: Milestone, by: User, act: Act) -> None:
    ask_back(
        contract_id=scene.contract.pk,
        by=by,
        escrow_id=milestone.escrow_id,
        amount=_share(milestone, act),
    )


DEEDS: dict[str, Callable[[Scene, Milestone, User, Act], object]] = {
    "fund": _funds,
    "fund a part": _funds_a_part,
    "give a bonus": _gives_a_bonus,
    "start": lambda _s, it, by, _a: start_work(milestone_id=it.pk, by=by),
    "submit": lambda _s, it, by, _a: submit_work(
        milestone_id=it.pk, by=by, note="Here.", criteria=answers_to(it)
    ),
    "return": lambda _s, it, by, _a: return_work(
        milestone_id=it.pk, by=by, answer="Not yet.", not_met=[1] if it.criteria else []
    ),
    "release": lambda _s, it, by, _a: release_milestone(milestone_id=it.pk, by=by),
    "release a part": lambda _s, it, by, act: release_part(
        milestone_id=it.pk, by=by, amount=_share(it, act)
    ),
    "cancel": lambda _s, it, by, _a: cancel_milestone(milestone_id=it.pk, by=by),
    "cancel for lateness": lambda _s, it, by, _a: cancel_milestone(
        milestone_id=it.pk, by=by, step="cancel_late"
    ),
    "cancel as never started": lambda _s, it, by, _a: cancel_milestone(
        milestone_id=it.pk, by=by, step="cancel_idle"
    ),
    "drop": lambda _s, it, by, _a: cancel_milestone(milestone_id=it.pk, by=by, step="drop"),
    "dispute": _disputes,
    "propose an end": _proposes,
    "propose a change": _changes,
    "withdraw a change": _withdraws_a_change,
    "propose to end it all": _ends_it_all,
    "leave": _leaves,
    "answer": _answers,
    "ask back": _asks_back,
    "rule": _rules,
    "meet a bank": _meets_a_bank,
    "wait": _waits,
    "be down": _is_down,
}


WHO = dict.fromkeys(DEEDS, ("ada", "ben")) | {
    "fund": ("ada", "ada"),
    "fund a part": ("ada", "ada"),
    "give a bonus": ("ada", "ada"),
    "start": ("ben", "ben"),
    "submit": ("ben", "ben"),
    "return": ("ada", "ada"),
    "release": ("ada", "ada"),
    "release a part": ("ada", "ada"),
    "cancel": ("ben", "ben"),
    "cancel for lateness": ("ada", "ada"),
    "cancel as never started": ("ada", "ada"),
    "drop": ("ada", "ada"),
    "ask back": ("ada", "ada"),
    "rule": ("dora", "emil"),
}


def the_clock_strikes() -> None:
    """All that this floor does because time has passed."""
    for entry in current_app.conf.beat_schedule.values():
        if entry["task"].startswith("projects."):
            found = current_app.tasks[entry["task"]]()
            assert not (found or {}).get("failed"), entry["task"]


def _nobody_moves_but_who_must(scene: Scene) -> None:
    """The clock, the staff, and banks, whose card holders had no case."""
    while scene.banks:
        scene.banks.pop().gives_back()
    for days in LONG_AFTER:
        scene.later(days=days)
        the_clock_strikes()
        for dispute in Dispute.objects.filter(status__in=JUDGED):
            if dispute.waits_for_reply:
                continue
            by = scene.people["emil" if dispute.appealed_by else "dora"]
            if dispute.rulings.filter(by=by).exists():
                by = scene.people["dora"]
            half = dispute.milestone.amount // 2
            decide_dispute(dispute_id=dispute.pk, by=by, to_freelancer=half, **why("Half done."))


def _held(scene: Scene) -> list[int]:
    """For each milestone, and for each bonus, which is never held."""
    milestones, bonuses = scene.contract.milestones, scene.contract.bonuses
    rows = [*milestones.select_related("escrow"), *bonuses.select_related("escrow")]
    return [held_in(one.escrow) for one in rows]


def _the_client_ends_what_was_never_begun(scene: Scene, ada: User) -> None:
    for milestone in scene.contract.milestones.filter(closed_at=None):
        ground = "drop" if milestone.status == "planned" else "cancel_late"
        cancel_milestone(milestone_id=milestone.pk, by=ada, step=ground)
    the_clock_strikes()


ACTS = st.builds(
    Act,
    deed=st.sampled_from(sorted(DEEDS)),
    which=st.integers(0, 2),
    part=st.integers(0, 1_000),
    out_of_turn=st.sampled_from([0] * 6 + [1, 2]),
)


@settings(
    deadline=None,
    max_examples=LIVES,
    # What it would explain takes minutes here.
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    currency=st.sampled_from(sorted(PRICES)),
    many=st.integers(1, 3),
    begun=st.sampled_from([[], ["fund"], ["fund", "submit"]]),
    acts=st.lists(ACTS, min_size=4, max_size=25),
)
def test_every_life_comes_to_an_end_and_all_money_to_somebody(
    ada, ben, dora, later, currency, many, begun, acts
):
    emil = User.objects.filter(email="emil@example.com").first() or person("Emil")
    grant_staff_roles(user_id=emil.pk, roles={"mediator"}, by=SYSTEM)
    people = {"ada": ada, "ben": ben, "dora": dora, "emil": User.objects.get(pk=emil.pk)}
    with forgotten_afterwards(later):
        contract = active_contract(ada, ben, [PRICES[currency]] * many, currency=currency)
        scene = Scene(contract, people, later)
        for act in [Act(deed, 0, 0) for deed in begun] + acts:
            try:
                scene.do(act)
            except DomainError as refusal:
                event(f"{act.deed}: {refusal.code}")
            else:
                event(f"{act.deed}: done")

        _nobody_moves_but_who_must(scene)
        assert set(_held(scene)) == {0}, "held money belongs to nobody"
        _the_client_ends_what_was_never_begun(scene, ada)
        contract.refresh_from_db()
        assert contract.closed_at is not None, f"a dead end: {contract.status}"
        call_command("check_ledger", stdout=io.StringIO())


# --- That each act can be done --------------------------------------------------------------------

FUND, SUBMIT, RELEASE = Act("fund", 0, 0), Act("submit", 0, 0), Act("release", 0, 0)
SOME_DAYS = Act("wait", 0, 399)
DISPUTE, BEN_ANSWERS = Act("dispute", 0, 0), Act("answer", 0, 1)
ADA_ANSWERS = Act("answer", 0, 1, out_of_turn=3)
JUDGE = [FUND, SUBMIT, DISPUTE, BEN_ANSWERS, ADA_ANSWERS, BEN_ANSWERS]
# By each deed: what comes before it, by whose half of a thousand it then is, and what the timeline
# says of it.
LEGAL: dict[str, tuple[list[Act], int, str]] = {
    "fund": ([], 0, "milestone_funded"),
    "fund a part": ([], 500, "part_funded"),
    "start": ([FUND], 0, "work_started"),
    "submit": ([FUND], 0, "work_submitted"),
    "return": ([FUND, SUBMIT], 0, "work_returned"),
    "release": ([FUND, SUBMIT], 0, "milestone_released"),
    "release a part": ([FUND], 500, "part_released"),
    "cancel": ([FUND], 0, "milestone_cancelled"),
    "cancel for lateness": ([FUND, SOME_DAYS, SOME_DAYS], 0, "milestone_cancelled"),
    "cancel as never started": ([FUND, SOME_DAYS], 0, "milestone_cancelled"),
    "drop": ([], 0, "milestone_cancelled"),
    "dispute": ([FUND, SUBMIT], 500, "dispute_opened"),
    "propose an end": ([FUND], 500, "ending_proposed"),
    "propose a change": ([FUND], 500, "change_proposed"),
    "withdraw a change": ([FUND], 500, "change_withdrawn"),
    "propose to end it all": ([FUND], 500, "change_proposed"),
    "leave": ([FUND], 501, "contract_left"),
    "answer": ([FUND, SUBMIT, DISPUTE], 501, "dispute_answered"),
    "ask back": ([FUND, SUBMIT, RELEASE], 500, "giveback_asked"),
    "rule": (JUDGE, 500, "dispute_decided"),
    "meet a bank": ([FUND], 0, ""),
}
# What leaves no line there: it did this.
SILENT: dict[str, Callable[[Scene], bool]] = {
    "give a bonus": lambda scene: scene.contract.bonuses.exists(),
    "meet a bank": lambda scene: bool(scene.banks) and Chargeback.objects.exists(),
    "wait": lambda _: clock.offset() >= timedelta(hours=1),
    "be down": lambda _: Outage.objects.exists(),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_each_act_of_a_life_can_be_done(deed, ada, ben, dora, emil, later):
    """Otherwise the lives above are long, and nothing happens in them."""
    contract = active_contract(ada, ben, [PRICES["USD"]])
    scene = Scene(contract, {"ada": ada, "ben": ben, "dora": dora, "emil": emil}, later)
    before, part, kind = LEGAL.get(deed, ([], 0, ""))
    for act in before:
        scene.do(act)
    known = set(contract.events.values_list("pk", flat=True))

    scene.do(Act(deed, 0, part))

    said = contract.events.exclude(pk__in=known).values_list("kind", flat=True)
    assert SILENT[deed](scene) if deed in SILENT else kind in said, list(said)


@contextlib.contextmanager
def forgotten_afterwards(later: Callable[..., None]) -> Iterator[None]:
    """No life knows of another one, whatever hypothesis tries next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    clock.refresh()
