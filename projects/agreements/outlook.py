"""A contract as its two sides need it: the money, the clocks, and whose turn it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from payments.chargebacks.models import CONTESTED, Chargeback
from payments.chargebacks.selectors import chargebacks_of_each, look_for_open_chargebacks
from payments.escrow.facts import MoneyFacts, facts_of_each
from payments.escrow.models import Escrow
from payments.escrow.rolling.rules import LimitThen
from payments.escrow.selectors import earnings_of_each, open_payments_of_each
from payments.fundings.models import Payment
from payments.payouts.models import Earning
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.selectors import effect_now, standing_on
from projects.agreements.dispute_strikes import dispute_strikes
from projects.agreements.downtime.selectors import Reasons, reasons_on, with_reason, with_reasons
from projects.agreements.leaving.rules import Leaving, judged_leaving
from projects.agreements.models import Proposal
from projects.agreements.rules import why_not_accepted
from projects.agreements.strikes import (
    bonus_strikes,
    change_strikes,
    funding_strikes,
    giveback_strikes,
    offer_strikes,
    payment_strikes,
    payout_strikes,
    proposal_strikes,
)
from projects.agreements.waiting import limit_then, open_disputes, open_proposals
from projects.bonuses.models import Bonus
from projects.bonuses.selectors import unpaid_on
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.silence.selectors import Verdict, verdicts_on
from projects.givebacks.models import GiveBack
from projects.givebacks.selectors import asked_on
from projects.milestones.models import Milestone
from projects.milestones.outlook import Outlook, Strike, outlook_of
from projects.milestones.rules import open_steps


@dataclass(frozen=True)
class Prospect:
    """One milestone with its money, its clocks, and what is open: payment, dispute, proposal.

    ``chargebacks`` are all that ever concerned it, decided ones too; inquiries are out.
    ``limit_then``: what accepting the proposal makes of the other milestone's time at the provider.
    """

    milestone: Milestone
    facts: MoneyFacts
    outlook: Outlook
    payment: Payment | None
    dispute: Dispute | None
    proposal: Proposal | None
    earnings: list[Earning]
    verdict: Verdict | None = None
    chargebacks: list[Chargeback] = field(default_factory=list)
    limit_then: LimitThen | None = None
    # Why the proposal cannot be accepted as things are; asked by ``prospects_of`` alone.
    refusal: str = ""
    # Whether money for any milestone of its contract that is open has come in, or is on its way.
    is_paid_for: bool = False

    def open_to(self, role: str | None) -> list[str]:
        """What somebody of this role can do with the milestone right now, in the table's order."""
        # One proposal at a time, which the other side may answer by another; nobody pays twice.
        is_own = self.proposal is not None and self.proposal.proposed_by_role == role
        taken = {"propose_ending"} if is_own else set()
        if self.is_with_a_bank:
            taken.add("fund")
        if self.is_paid_for:
            taken.add("cancel_unfunded")
        steps = open_steps(self.milestone, role, self.facts)
        return [step for step in steps if step not in taken]

    @property
    def is_with_a_bank(self) -> bool:
        """Whether the client has paid, and their bank takes days to bring it."""
        return self.payment is not None and self.payment.sent_at is not None


@dataclass(frozen=True)
class Prospects:
    """A whole contract. ``strikes`` are the clocks of what is no milestone: an open offer, a change
    of the agreement, released money that is asked back, and bonuses that wait to be paid, each with
    its payment if it has one.
    """

    contract: Contract
    milestones: list[Prospect]
    strikes: tuple[Strike, ...] = ()
    givebacks: list[GiveBack] = field(default_factory=list)
    bonuses: list[tuple[Bonus, Payment | None]] = field(default_factory=list)
    change: ChangeOrder | None = None
    total: MoneyFacts = field(default_factory=MoneyFacts)

    def strikes_for(self, role: str) -> list[Strike]:
        """Those that this side may read of."""
        return [strike for strike in self.strikes if strike.seen_by in {"", role}]

    def leaving_of(self, role: str) -> Leaving | None:
        """What would end if this side left the contract now; None where it cannot."""
        facts = {one.milestone.escrow_id: one.facts for one in self.milestones}
        try:
            return judged_leaving([one.milestone for one in self.milestones], facts, role)
        except WrongState:
            return None

    @property
    def ends(self) -> list[Strike]:
        """Where the held money of each milestone goes if nobody ever acts, the soonest first."""
        ends = [one.outlook.end for one in self.milestones if one.outlook.end is not None]
        return sorted(ends, key=lambda end: end.at or now())

    @property
    def silence(self) -> Strike | None:
        """All of that in one, as its last; None while nothing is held."""
        return (
            Strike(
                "silence",
                self.ends[-1].at,
                "",
                to_freelancer=sum(end.to_freelancer for end in self.ends),
                fee=sum(end.fee for end in self.ends),
                to_client=sum(end.to_client for end in self.ends),
            )
            if self.ends
            else None
        )

    def of(self, milestone: Milestone) -> Prospect:
        return next(p for p in self.milestones if p.milestone.pk == milestone.pk)


def prospects_of(contract: Contract) -> Prospects:
    """The contract in a constant number of queries, however many milestones it has.

    Whether a change or a proposal that waits can still be accepted is asked here alone: it takes
    looks into the books that many contracts would each need for themselves.
    """
    found = _with_refusals(prospects_of_each([contract])[contract.pk])
    if found.change is None or not effect_now(found.change)[1]:
        return found
    (stuck,) = change_strikes(found.change, can_accept=False)
    strikes = [
        replace(one, stops=stuck.stops, stopped_by=stuck.stopped_by)
        if one.kind == stuck.kind
        else one
        for one in found.strikes
    ]
    return replace(found, strikes=tuple(strikes))


def _with_refusals(found: Prospects) -> Prospects:
    """No clock of theirs says that a proposal can be accepted where that would be refused."""
    if not any(one.proposal for one in found.milestones):
        return found
    look_for_open_chargebacks([one.milestone.escrow for one in found.milestones])
    facts = {one.milestone.escrow_id: one.facts for one in found.milestones}
    milestones = []
    for one in found.milestones:
        if one.proposal and (refusal := why_not_accepted(one.proposal, facts)):
            milestones.append(_stuck(one, refusal))
        else:
            milestones.append(one)
    return replace(found, milestones=milestones)


def _stuck(prospect: Prospect, refusal: str) -> Prospect:
    (lapses,) = proposal_strikes(prospect.proposal, can_accept=False)

    def without_it(strike: Strike) -> Strike:
        stops = lapses.stops if strike.kind == lapses.kind else strike.stops
        left = tuple(stop for stop in strike.stopped_by if stop.step != "accept")
        return replace(strike, stops=stops, stopped_by=left)

    told = prospect.outlook
    strikes, end = tuple(map(without_it, told.strikes)), told.end and without_it(told.end)
    return replace(prospect, refusal=refusal, outlook=replace(told, strikes=strikes, end=end))


def prospects_of_each(contracts: Iterable[Contract]) -> dict[int, Prospects]:
    """Many contracts at once, by primary key, in as many queries as one."""
    contracts = list(contracts)
    milestones = list(
        Milestone.objects.filter(contract__in=contracts)
        .select_related("escrow__policy")
        .order_by("contract_id", "place")
    )
    known = {contract.pk: contract for contract in contracts}
    for milestone in milestones:
        milestone.contract = known[milestone.contract_id]
    escrows = [milestone.escrow for milestone in milestones]
    facts = facts_of_each(escrows)
    asked, unpaid, changes = asked_on(known), unpaid_on(known), standing_on(known)
    bonus_escrows = [bonus.escrow for bonuses in unpaid.values() for bonus in bonuses]
    payments = open_payments_of_each([*escrows, *bonus_escrows])
    earnings = earnings_of_each(escrows)
    chargebacks = chargebacks_of_each(escrows)
    disputes, proposals = open_disputes(milestones), open_proposals(milestones)
    verdicts = verdicts_on(disputes.values())
    reasons = reasons_on(contracts)
    found: dict[int, list[Prospect]] = {contract.pk: [] for contract in contracts}
    paid_for = {
        one.contract_id
        for one in milestones
        if one.closed_at is None and _is_paid_for(one, payments.get(one.escrow.public_id))
    }
    for milestone in milestones:
        escrow = milestone.escrow
        dispute, earned = disputes.get(milestone.pk), earnings.get(escrow.public_id, [])
        verdict = verdicts.get(dispute.pk) if dispute else None
        proposal = proposals.get(milestone.pk)
        charged_back, money = chargebacks.get(escrow.public_id, []), facts[escrow.pk]
        is_contested = any(one.status in CONTESTED for one in charged_back)
        above = [
            *dispute_strikes(dispute, verdict, proposal, facts=money, is_contested=is_contested),
            *proposal_strikes(proposal),
            *payment_strikes(payments.get(escrow.public_id), payer=milestone.contract.client.name),
            *payout_strikes(milestone, earned),
        ]
        found[milestone.contract_id].append(
            Prospect(
                milestone=milestone,
                facts=money,
                outlook=with_reasons(
                    outlook_of(milestone, money, from_above=above, is_contested=is_contested),
                    reasons,
                ),
                payment=payments.get(escrow.public_id),
                dispute=dispute,
                verdict=verdict,
                proposal=proposal,
                earnings=earned,
                chargebacks=charged_back,
                limit_then=limit_then(proposal, facts),
                is_paid_for=milestone.contract_id in paid_for,
            )
        )
    return {
        contract.pk: _prospects(
            contract,
            found[contract.pk],
            asked.get(contract.pk, []),
            [(one, payments.get(one.escrow.public_id)) for one in unpaid.get(contract.pk, [])],
            changes.get(contract.pk),
            reasons,
        )
        for contract in contracts
    }


def _prospects(
    contract: Contract,
    milestones: list[Prospect],
    givebacks: list[GiveBack],
    bonuses: list[tuple[Bonus, Payment | None]],
    change: ChangeOrder | None,
    reasons: Reasons,
) -> Prospects:
    strikes = [
        *offer_strikes(contract),
        *funding_strikes(contract, [prospect.milestone for prospect in milestones]),
        *change_strikes(change),
        *(strike for one in givebacks for strike in giveback_strikes(one, contract)),
        *(strike for _, paid in bonuses for strike in bonus_strikes(paid, contract)),
    ]
    return Prospects(
        contract=contract,
        milestones=milestones,
        strikes=tuple(with_reason(strike, contract, reasons) for strike in strikes),
        givebacks=givebacks,
        bonuses=bonuses,
        change=change,
        total=sum((prospect.facts for prospect in milestones), MoneyFacts()),
    )


def _is_paid_for(milestone: Milestone, payment: Payment | None) -> bool:
    """What ``is_funded`` and ``is_being_funded`` ask, of rows that are at hand."""
    is_awaited = milestone.escrow.status == Escrow.Status.AWAITING
    return not is_awaited or (payment is not None and payment.sent_at is not None)
