"""How two sides end a milestone by consent: one proposes, the other answers."""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from accounts.people.models import User
from marketplace.common.answers import judge_answer
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.outages.rules import judge_struck
from marketplace.common.text import checked_text
from marketplace.common.words import Words
from payments.escrow.adjusting.services import lock_all
from projects.agreements.amending.services import amend
from projects.agreements.models import LIFECYCLE, Proposal
from projects.agreements.proposals.words import money_in_words, name_of, terms_of
from projects.agreements.rules import judge_room
from projects.agreements.selectors import as_they_stand
from projects.agreements.signing import Signature, signature_of
from projects.contracts.models import Contract
from projects.contracts.roles import Actor, role_in
from projects.contracts.services import record, tell_other_side, tell_side
from projects.disputes.rules import OTHER
from projects.milestones.amounts import checked_ending
from projects.milestones.endings import services as endings
from projects.milestones.endings.services import lock_milestones
from projects.milestones.models import Milestone
from projects.milestones.rolling import checked_roll, judge_roll, limit_of_roll
from projects.milestones.services import advance_milestone

S = Proposal.Status

LONGEST_NOTE = 2_000
# Of one side on one milestone: each is a mail to the other.
MOST_PROPOSALS = 20
MEANWHILE = "The other side has proposed something else meanwhile: read that first."
_PROPOSED = Words("%(who)s proposes to end “%(title)s”.")
_COUNTERED = Words("%(who)s proposes something else instead, to end “%(title)s”.")
_LAPSED = Words("The proposal to end “%(title)s” has lapsed. Nothing has changed.")
_DECIDED = Words(
    "The dispute about “%(title)s” was decided: the proposal from before to end it has lapsed. "
    "Either side can make another."
)
_PAID = Words(
    "A part of the price of “%(title)s” was released: the proposal from before to end it has "
    "lapsed. Either side can make another."
)


@transaction.atomic
def propose_ending(
    *,
    milestone_id: int,
    by: Actor,
    to_freelancer: int,
    into_id: int | None = None,
    note: str = "",
    confirmed_with: str = "",
    counters: str | None = None,
) -> Proposal:
    """Propose to end a milestone: ``to_freelancer`` of its price, in minor units, the rest back.

    Or the rest goes into another milestone of the contract, which is agreed at so much more. The
    other side has the policy's days to answer; until then everything goes on. What that side has
    proposed is answered by it, and off: only what was seen, where ``counters`` says which that was
    ("": none). Accepted, the latter is signed by both: ``confirmed_with`` is how each showed at the
    door that it is they. Raises InvalidInput for a part that cannot be agreed on, WrongState while
    one of the same side is open, or another of the other side than was seen, or one may be put off.
    """
    milestone = advance_milestone(milestone_id, "propose_ending", by=by)
    into, rolled, limit_at = None, None, None
    if into_id is None:
        checked_ending(to_freelancer, milestone)
    else:
        into = Milestone.objects.select_related("contract", "escrow__policy").get(pk=into_id)
        judge_roll(milestone, into)
        rolled = checked_roll(to_freelancer, milestone, into, param="to_freelancer").price
        limit_at = limit_of_roll(milestone, into).at
    note = checked_text(note, param="note", longest=LONGEST_NOTE)
    # The milestone knows only people who act for a side as proposers.
    assert isinstance(by, User)
    contract, moment = milestone.contract, now()
    role = role_in(contract, by) or ""
    is_answer = _make_room(milestone, role, counters)
    proposal = Proposal.objects.create(
        milestone=milestone,
        proposed_by=by,
        proposed_by_role=role,
        confirmed_with=confirmed_with,
        to_freelancer=to_freelancer,
        into=into,
        rolled=rolled,
        limit_at=limit_at,
        note=note,
        created_at=moment,
        answer_due_at=moment + timedelta(days=contract.policy.proposal_answer_days),
    )

    kind, text = ("ending_countered", _COUNTERED) if is_answer else ("ending_proposed", _PROPOSED)
    record(contract, kind, by=by, about=proposal, **terms_of(proposal))
    _tell(
        proposal,
        OTHER[role],
        kind,
        _filled(text, proposal, role)
        + money_in_words(proposal, OTHER[role])
        + Words("Answer by %(due)s; after that the proposal lapses.", due=proposal.answer_due_at),
    )
    return proposal


@transaction.atomic
def accept_proposal(*, proposal_id: int, by: Actor, confirmed_with: str = "") -> Proposal:
    """Agree as the other side: the milestone ends and the money moves, to the cent as proposed.

    Where the rest goes into another milestone, both have signed the next version of the agreement.
    """
    proposal, role = _advance(proposal_id, "accept", by=by)
    _close(proposal)
    if proposal.into_id is None:
        # The money too, before anything is judged or said of it: banks come from below.
        lock_all([proposal.milestone.escrow_id])
    text = Words("%(who)s has accepted: “%(title)s” has ended.")
    text = _filled(text, proposal, role) + money_in_words(proposal, OTHER[role])
    terms, contract = terms_of(proposal), proposal.milestone.contract
    if proposal.into_id is not None:
        # Before any book, as whoever gives money back on this contract.
        Contract.objects.select_for_update(no_key=True).get(pk=contract.pk)
    if proposal.into_id is not None and proposal.rolled is not None:
        endings.roll_rest(
            milestone_id=proposal.milestone_id,
            into_id=proposal.into_id,
            to_freelancer=proposal.to_freelancer,
            rolled=proposal.rolled,
            limit_at=proposal.limit_at,
        )
        assert isinstance(by, User)  # only people act for a side
        assert proposal.closed_at is not None
        _amend(proposal, role, Signature(by, proposal.closed_at, confirmed_with))
        drop_what_it_overtakes(proposal.into_id)
    else:
        endings.cancel_by_agreement(
            milestone_id=proposal.milestone_id, to_freelancer=proposal.to_freelancer
        )

    record(contract, "ending_accepted", by=by, about=proposal, **terms)
    _tell(proposal, OTHER[role], "ending_accepted", text)
    return proposal


@transaction.atomic
def decline_proposal(*, proposal_id: int, by: Actor) -> Proposal:
    """Say no as the other side: nothing changes."""
    proposal, role = _advance(proposal_id, "decline", by=by)
    _close(proposal)

    record(proposal.milestone.contract, "ending_declined", by=by, about=proposal)
    text = Words("%(who)s has declined your proposal to end “%(title)s”. Nothing has changed.")
    _tell(proposal, OTHER[role], "ending_declined", _filled(text, proposal, role))
    return proposal


@transaction.atomic
def withdraw_proposal(*, proposal_id: int, by: Actor) -> Proposal:
    """Take one's own proposal back while it is not answered."""
    proposal, role = _advance(proposal_id, "withdraw", by=by)
    _close(proposal)

    record(proposal.milestone.contract, "ending_withdrawn", by=by, about=proposal)
    text = Words("%(who)s has withdrawn the proposal to end “%(title)s”. Nothing has changed.")
    _tell(proposal, OTHER[role], "ending_withdrawn", _filled(text, proposal, role))
    return proposal


@transaction.atomic
def lapse_proposal(*, proposal_id: int) -> Proposal:
    """Write down that nobody answered in time, that the milestone ended by other means, or that a
    decision or a released part has overtaken it.

    It is seen so from that moment on. Safe to call too early or again.
    """
    proposal = _lock(proposal_id)
    if proposal.status == S.PROPOSED and proposal.state == S.LAPSED:
        _lapse(proposal)
    return proposal


def drop_what_it_overtakes(milestone_id: int) -> None:
    """Whatever was proposed about the milestone was about other money; its lock is held."""
    waiting = _locked().filter(milestone=milestone_id, status=S.PROPOSED)
    for proposal in waiting.select_related("milestone__contract"):
        _lapse(proposal)


def _lapse(proposal: Proposal) -> None:
    milestone = proposal.milestone
    step = "drop" if proposal.is_moot else "overtake" if proposal.is_overtaken else "lapse"
    LIFECYCLE.advance(proposal, step, role=SYSTEM)
    _close(proposal)

    kind = LIFECYCLE.steps[step].tells
    detail, text = {}, _LAPSED
    if step == "overtake":
        is_paid = bool(proposal.__dict__.get("was_paid"))
        since = "a part of the price was released" if is_paid else "the dispute was decided"
        detail, text = {"reason": since}, _PAID if is_paid else _DECIDED
    record(milestone.contract, kind, by=SYSTEM, about=proposal, **detail)
    if step != "drop":  # of the milestone's end both have heard
        text = text.filled(title=milestone.title)
        tell_other_side(milestone.contract, kind, text, by=SYSTEM)


def _amend(proposal: Proposal, accepted_by: str, acceptance: Signature) -> None:
    """Both milestones are agreed at other amounts now: the wording of that, signed by both."""
    milestone, into, rolled = proposal.milestone, proposal.into, proposal.rolled
    assert into is not None and rolled is not None
    amounts = [(milestone, milestone.amount - rolled), (into, into.amount + rolled)]
    agreed = {"proposal": proposal.public_id, "released": proposal.to_freelancer, "rolled": rolled}
    if proposal.limit_at is not None:
        agreed["limit_at"] = proposal.limit_at.isoformat()
    amend(
        contract=milestone.contract,
        changes=[
            {"position": one.position, "amount": {"from": one.amount, "to": amount}}
            for one, amount in amounts
        ],
        by=agreed,
        signatures={
            proposal.proposed_by_role: signature_of(proposal),
            accepted_by: acceptance,
        },
    )


def _make_room(milestone: Milestone, role: str, counters: str | None) -> bool:
    """One proposal at a time; the caller holds the milestone's lock. Whether the one that makes way
    is answered by the one that comes.
    """
    waiting, is_answer = _locked().filter(milestone=milestone, status=S.PROPOSED), False
    for standing in waiting:
        standing.milestone = milestone
        judge_room(standing, role)
        if standing.state == S.PROPOSED:
            if counters not in (None, standing.public_id):
                raise WrongState(MEANWHILE, param="counters", code="proposed_meanwhile")
            LIFECYCLE.advance(standing, "counter", role=role)
            _close(standing)
            is_answer = True
        else:
            if not (standing.is_moot or standing.is_overtaken):
                judge_struck()
            _lapse(standing)
    if milestone.proposals.filter(proposed_by_role=role).count() >= MOST_PROPOSALS:
        raise WrongState(
            f"You have made {MOST_PROPOSALS} proposals on this milestone: more will not help."
        )
    return is_answer


def _advance(proposal_id: int, step: str, *, by: Actor) -> tuple[Proposal, str]:
    """Lock the rows first, judge them second; the caller saves. Also which side ``by`` is."""
    proposal = _lock(proposal_id)
    role = role_in(proposal.milestone.contract, by)
    judge_answer(LIFECYCLE, proposal, step, role)
    LIFECYCLE.advance(proposal, step, role=role)
    return proposal, role or ""


def _lock(proposal_id: int) -> Proposal:
    """The milestone first, then its proposal, in every deed: nobody waits in a circle."""
    milestone_id, into_id = Proposal.objects.values_list("milestone_id", "into_id").get(
        pk=proposal_id
    )
    milestone, into = lock_milestones(milestone_id, into_id or milestone_id)
    proposal = _locked().get(pk=proposal_id)
    proposal.milestone = milestone
    if into_id is not None:
        proposal.into = into
    return proposal


def _locked() -> QuerySet[Proposal]:
    return as_they_stand(Proposal.objects.select_for_update(of=("self",)).order_by("pk"))


def _close(proposal: Proposal) -> None:
    proposal.closed_at = now()
    proposal.save(update_fields=["status", "closed_at"])


def _filled(text: Words, proposal: Proposal, role: str) -> Words:
    """Of what the side of this role did."""
    return text.filled(who=name_of(proposal, role), title=proposal.milestone.title)


def _tell(proposal: Proposal, role: str, kind: str, text: Words) -> None:
    tell_side(proposal.milestone.contract, role, kind, text, about=proposal.public_id)
