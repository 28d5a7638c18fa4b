"""Which offers and proposals wait for somebody: for a side, or for the house."""

import json
from dataclasses import replace

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.holds.selectors import suspensions_among
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.models import StoredFile
from payments.escrow.division import Shares, shares_of
from payments.escrow.models import Part
from payments.escrow.selectors import closing_of, held_in
from projects.agreements.changes.standing import waiting
from projects.agreements.models import Proposal
from projects.bids.files.models import BidFile
from projects.bids.files.selectors import files_as_of, with_files
from projects.contracts.models import LIFECYCLE, Agreement, Contract
from projects.contracts.selectors import agreement_of
from projects.disputes.models import Dispute, Ruling
from projects.milestones.models import Milestone
from projects.milestones.selectors import files_on, milestones_of
from projects.postings.models import Posting, PostingFile

# One change at a time, also where it is the end.
_PROPOSING = {"propose_change", "propose_ending"}


def lapsed_offer_ids(*, limit: int) -> list[int]:
    """Offers that nobody answered in time; none on a posting that is suspended."""
    due = Contract.objects.filter(status=Contract.Status.OFFERED, offer_lapses_at__lte=now())
    due = due.exclude(posting__status=Posting.Status.SUSPENDED).order_by("offer_lapses_at")
    return list(due.values_list("pk", flat=True)[:limit])


def open_steps(contract: Contract, role: str | None, *, may_leave: bool = False) -> list[str]:
    """What somebody of this role can do with the contract right now, in the table's order.

    Whether they can leave it, its milestones decide: who has them at hand says ``may_leave``.
    """
    steps = LIFECYCLE.open_to(role, contract.status)
    steps = [step for step in steps if step != "leave" or may_leave]
    if "accept" in steps and (contract.offer_lapses_at <= now() or _stands_still(contract)):
        steps.remove("accept")
    if _PROPOSING & set(steps) and _change_waits(contract):
        steps = [step for step in steps if step not in _PROPOSING]
    return steps


def with_waiting_changes(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """With what ``open_steps`` asks of each, in the query of their list."""
    return contracts.annotate(change_waits=Exists(waiting().filter(contract=OuterRef("pk"))))


def _stands_still(contract: Contract) -> bool:
    """Whether the posting or a side of an offer is suspended; of a list, the sides are read with
    it.
    """
    if contract.stands_still:
        return True
    known = [contract.__dict__.get(f"{side}_is_suspended") for side in (CLIENT, FREELANCER)]
    if None in known:
        return bool(suspensions_among([contract.client_id, contract.freelancer_id]))
    return any(known)


def _change_waits(contract: Contract) -> bool:
    """Whether another change waits for its answer, of a contract that is active."""
    known: bool | None = contract.__dict__.get("change_waits")
    return waiting().filter(contract=contract).exists() if known is None else known


def files_offered(agreement: Agreement) -> list[BidFile]:
    """The files of the bid that both have signed, to be fetched; by their names."""
    signed = json.loads(agreement.body)["bid"]
    bid = agreement.contract.bid
    with_files(bid)
    return files_as_of(bid, signed["version"])


def files_wanted(agreement: Agreement) -> QuerySet[PostingFile]:
    """The files of the posting that its wording names, to be fetched; by their names."""
    signed = json.loads(agreement.body)["posting"]["files"]
    if not signed:
        return PostingFile.objects.none()
    named = Q()
    for one in signed:
        named |= Q(stored__name=one["name"], stored__sha256=one["sha256"])
    files = PostingFile.objects.filter(named, posting=agreement.contract.posting_id)
    return files.select_related("stored").order_by("stored__name", "pk")


def files_signed(agreement: Agreement) -> QuerySet[PostingFile]:
    """The same, for both sides once both have signed: whatever becomes of the posting. Who is only
    offered a contract reads them there.
    """
    if agreement.contract.accepted_at is None:
        return PostingFile.objects.none()
    return files_wanted(agreement)


def case_files(milestone: Milestone, *, agreement: Agreement | None = None) -> QuerySet[StoredFile]:
    """What whoever decides about a milestone may fetch: what was delivered for it, and what the bid
    and the posting came with that both have signed. ``agreement`` where the caller has the wording
    in force at hand.
    """
    agreement = agreement or agreement_of(milestone.contract)
    offered = [file.stored_id for file in files_offered(agreement)]
    wanted, delivered = (
        files_wanted(agreement).values("stored"),
        files_on(milestone).values("stored"),
    )
    return StoredFile.objects.filter(
        Q(pk__in=delivered) | Q(pk__in=offered) | Q(pk__in=wanted.order_by())
    )


_WHILE_IT_WAITED = {
    "created_at__gt": OuterRef("created_at"),
    "created_at__lt": OuterRef("answer_due_at"),
}
# Nobody is held to what they offered before they knew the decision, or before another part of the
# price was released.
_DECIDED = Exists(
    Ruling.objects.filter(dispute__milestone=OuterRef("milestone"), **_WHILE_IT_WAITED)
)
_PAID = Exists(Part.objects.filter(escrow=OuterRef("milestone__escrow"), **_WHILE_IT_WAITED))


def as_they_stand(proposals: QuerySet[Proposal]) -> QuerySet[Proposal]:
    """With what has overtaken each while it waited, if anything: their ``state`` says it then."""
    return proposals.annotate(was_decided=_DECIDED, was_paid=_PAID)


def proposals_of(user: User | AnonymousUser) -> QuerySet[Proposal]:
    """Proposals to end milestones of this person's contracts, newest first."""
    return (
        as_they_stand(Proposal.objects.filter(milestone__in=milestones_of(user).order_by()))
        .select_related(
            "into",
            "milestone__contract__client",
            "milestone__contract__freelancer",
            "milestone__contract__policy",
            "milestone__escrow__policy",
        )
        .order_by("-created_at", "-id")
    )


def standing_proposal(milestone: Milestone) -> Proposal | None:
    """The one that nobody has answered yet; it may have lapsed by now."""
    found = Proposal.objects.filter(milestone=milestone, status=Proposal.Status.PROPOSED)
    return as_they_stand(found).select_related("milestone", "into").first()


def accepted_proposal(milestone: Milestone) -> Proposal | None:
    """The one by which both have ended it, if they have."""
    return Proposal.objects.filter(milestone=milestone, status=Proposal.Status.ACCEPTED).first()


def over_proposal_ids(*, limit: int) -> list[int]:
    """Proposals that nobody answered in time, whose milestone has ended by other means, or that a
    decision or a released part has overtaken.
    """
    over = Proposal.objects.filter(
        Q(answer_due_at__lte=now())
        | Q(milestone__closed_at__isnull=False)
        | Q(into__closed_at__isnull=False)
        | _DECIDED
        | _PAID,
        status=Proposal.Status.PROPOSED,
    ).order_by("answer_due_at")
    return list(over.values_list("pk", flat=True)[:limit])


def settlements_of(dispute: Dispute, user: User | AnonymousUser) -> QuerySet[Proposal]:
    """What this person's side and the other have proposed to settle it by, the newest first; one
    from before the dispute as long as it stands.
    """
    of_it = Q(created_at__gte=dispute.created_at) | Q(status=Proposal.Status.PROPOSED)
    return proposals_of(user).filter(of_it, milestone=dispute.milestone_id)


def division_of(proposal: Proposal, held: int | None = None) -> Shares | None:
    """Who would get what of the held money, or got it; None where no money moves by it.

    ``held`` where the caller has it at hand; without it the books are asked.
    """
    escrow, state = proposal.milestone.escrow, proposal.state
    if state == Proposal.Status.PROPOSED:
        held = held_in(escrow) if held is None else held
        shares = shares_of(escrow, held=held, to_payee=proposal.to_freelancer)
        # A rest that goes into another milestone goes to nobody.
        shares = shares if proposal.into_id is None else replace(shares, payer=0)
        return shares if held else None
    closing = closing_of(escrow) if state == Proposal.Status.ACCEPTED else None
    return closing.shares if closing else None
