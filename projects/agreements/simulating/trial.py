"""A milestone that is never saved, judged and divided by what judges and divides real ones.

Nothing here decides: may a step be made (the lifecycle table and ``milestones/rules.py``), when a
clock strikes (``milestones/outlook.py``, ``agreements/strikes.py``), who gets what
(``escrow/division.py``), what ends with a contract (``agreements/leaving``). Nothing is written.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.parties.models import Party
from marketplace.common.clock import after_days, imagined, now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.chargebacks.selectors import look_for_open_chargebacks
from payments.escrow.division import cost_of, price_held, shares_of
from payments.escrow.facts import MoneyFacts, facts_of
from payments.escrow.models import LIFECYCLE as ESCROW
from payments.escrow.models import Escrow
from payments.payouts.earning.services import clears_within
from payments.policies.models import Policy
from projects.agreements.leaving.rules import Ended, judged_leaving
from projects.agreements.strikes import funding_strikes
from projects.contracts.models import Contract
from projects.milestones.deliveries import due_after_return
from projects.milestones.models import LIFECYCLE, Milestone
from projects.milestones.outlook import Strike, outlook_of
from projects.milestones.rules import refusal_of, review_end_of


@dataclass(frozen=True)
class Line:
    """What happened, when, and by whose step of the lifecycle table."""

    at: datetime
    step: str
    by: str
    text: str


class LimitReached(Exception):
    """The provider holds the money no longer: whatever else was to happen comes too late."""


def signed_now(*, currency: str, review_days: int, policy: Policy) -> Contract:
    """A contract that both have signed just now, under these rules, and that is never saved."""
    return Contract(
        client=Party(name="the client"),
        freelancer=Party(name="the freelancer"),
        currency=currency,
        policy=policy,
        review_days=review_days,
        status=Contract.Status.ACTIVE,
        accepted_at=now(),
        funding_due_at=policy.funding_due_at(now()),
    )


class Trial:
    """The milestone in its life so far; each deed is refused in the words of the real one."""

    def __init__(
        self, contract: Contract, *, price: int, days: int, country: str = "", position: int = 1
    ) -> None:
        assert contract.accepted_at
        policy, currency, at = contract.policy, contract.currency, contract.accepted_at
        # Who tries it signs for themselves: a day ends where they live.
        zone = timezone.get_current_timezone_name()
        escrow = Escrow(
            pk=position,  # what is asked by the key of an escrow tells two of them apart
            payer=contract.client,
            payee=contract.freelancer,
            currency=currency,
            amount=price,
            policy=policy,
        )
        look_for_open_chargebacks([escrow])
        self.milestone = Milestone(
            contract=contract,
            escrow=escrow,
            position=position,
            place=position,
            title="This milestone" if position == 1 else "The other milestone",
            amount=price,
            currency=currency,
            allowance=timedelta(days=days),
            days_end_in=zone,
            due_at=after_days(at, timedelta(days=days * position), zone),
        )
        self.contract, self.days, self.country = contract, days, country
        self.escrow, self.policy, self.at = escrow, policy, at
        self.held = self.to_freelancer = self.to_client = 0
        self.freelancer_fee = self.client_fee = 0
        self.bank_at: datetime | None = None
        self.lines: list[Line] = []
        self.whole = [self]

    def beside(self, price: int) -> "Trial":
        """Another milestone of the same contract, whose time follows on this one's."""
        other = Trial(
            self.contract,
            price=price,
            days=self.days,
            country=self.country,
            position=len(self.whole) + 1,
        )
        other.lines = self.lines
        self.whole.append(other)
        other.whole = self.whole
        return other

    @property
    def facts(self) -> MoneyFacts:
        return facts_of(self.escrow, held=self.held)

    def strike(self, kind: str) -> Strike:
        """That clock as it runs now. Raises WrongState where these rules know none."""
        with imagined(self.at):
            outlook = outlook_of(self.milestone, self.facts)
            awaited = funding_strikes(self.contract, [one.milestone for one in self.whole])
        strikes = [*outlook.strikes, *([outlook.end] if outlook.end else []), *awaited]
        found = next((strike for strike in strikes if strike.kind == kind), None)
        if found is None:
            raise WrongState("By these rules no such clock runs.")
        return found

    def leaving(self, role: str) -> list[tuple["Trial", Ended]]:
        """What ends if this side leaves the contract now. Raises WrongState as leaving does."""
        facts = {one.escrow.pk: one.facts for one in self.whole}
        with imagined(self.at):
            leaving = judged_leaving([one.milestone for one in self.whole], facts, role)
        return [(self.whole[ended.milestone.position - 1], ended) for ended in leaving.ended]

    def wait(self, until: datetime) -> None:
        """Nothing happens until then. Raises LimitReached where money has gone back before."""
        for one in self.whole:
            limit_at = one.escrow.limit_at
            if one.held and limit_at is not None and limit_at < until:
                raise LimitReached
        for one in self.whole:
            one.at = max(one.at, until)

    def note(self, step: str, by: str, text: str) -> None:
        self.lines.append(Line(self.at, step, by, text))

    def fund(self, by: str) -> None:
        self._judge("fund", by)
        ESCROW.advance(self.escrow, "hold", role=SYSTEM)
        self.held = cost_of(self.escrow.amount, self.escrow)
        self.escrow.held_at = self.escrow.untold_since = self.at
        self.escrow.limit_at = self.at + timedelta(days=self.policy.holding_days_in(self.country))

    def start(self, by: str) -> None:
        self._judge("start", by)
        self.milestone.started_at = self.at

    def submit(self, by: str) -> None:
        self._advance("submit", by)
        self.milestone.submitted_at = self.at
        self.milestone.review_ends_at = review_end_of(self.milestone, self.at)

    def give_back_work(self, by: str) -> None:
        self._advance("return", by)
        self.milestone.due_at = due_after_return(self.milestone, self.at)
        self.milestone.review_ends_at = None

    def dispute(self, by: str) -> None:
        self._advance("dispute", by)
        self.milestone.review_ends_at = None

    def release_part(self, by: str, part: int) -> None:
        """So much of the price goes out while the rest stays held."""
        self._judge("release_part", by)
        after = cost_of(self.escrow.released + part, self.escrow)
        self._pay(part, of=after - cost_of(self.escrow.released, self.escrow))

    def end(self, step: str, by: str, *, to_payee: int | None = None, to: str = "") -> None:
        """Divide what is held: ``to_payee`` of the price (None: all of it), and the rest back."""
        if to_payee is None:
            to_payee = price_held(self.escrow, held=self.held)
        self._advance(step, by, to=to)
        self._pay(to_payee, of=self.held)
        self.milestone.closed_at, self.milestone.review_ends_at = self.at, None

    def _pay(self, to_payee: int, *, of: int) -> None:
        shares = shares_of(self.escrow, held=of, to_payee=to_payee)
        self.escrow.released += to_payee
        self.held -= of
        self.to_freelancer += shares.payee
        self.freelancer_fee += shares.payee_fee
        self.client_fee += shares.payer_fee
        self.to_client += shares.payer
        if shares.payee:
            rested = self.policy.clears_at(self.at, was_paid_before=False)
            assert self.escrow.limit_at, "what is paid was funded"
            self.bank_at = clears_within(rested, self.escrow.limit_at, at=self.at)

    def _judge(self, step: str, by: str) -> None:
        """Raises NotAllowed or WrongState."""
        with imagined(self.at):
            LIFECYCLE.judge(self.milestone, step, role=by)
            if refusal := refusal_of(self.milestone, step, self.facts):
                raise WrongState(refusal)

    def _advance(self, step: str, by: str, *, to: str = "") -> None:
        self._judge(step, by)
        LIFECYCLE.advance(self.milestone, step, role=by, to=to)
