"""What happens to a milestone next, and when, if nobody acts. Pure: it reads what it is given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.money import in_words
from payments.escrow.facts import MoneyFacts
from projects.contracts.models import Contract
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of, idle_from, late_from, open_steps, part_of_time

S = Milestone.Status


# From so long before the provider's limit on, both sides hear of it.
FIRST_WARNING = timedelta(days=14)


# The steps that end it by themselves, or decide for good how what is held is divided.
_ENDS = {"release_silent", "carry_out", "decide_by_rule"}


@dataclass(frozen=True)
class Stop:
    """Somebody of this role stops a clock by this step of the lifecycle table."""

    role: str
    step: str


@dataclass(frozen=True)
class Strike:
    """One thing that time will do.

    ``at`` is when its clock strikes; None where no clock runs. ``by_itself``: it then happens
    without anybody; otherwise somebody may do it from then on. ``step`` names what happens as its
    lifecycle table does, and ``by`` whose step that is; empty where the moment changes nothing that
    a table knows. ``stops`` says how it can be stopped, and ``stopped_by`` the same for programs:
    what is open right now. The amounts are what it brings each side, in minor units of the
    contract's currency.
    ``put_off`` says why it comes later than was agreed: the house was down. ``title`` names what
    it is of, where that is no milestone; ``seen_by`` the one side that may read it, where that is
    not both. ``about`` tells clocks of one kind apart where several of them may run.
    """

    kind: str
    at: datetime | None
    text: str
    by_itself: bool = True
    step: str = ""
    by: str = ""
    stops: str = ""
    stopped_by: tuple[Stop, ...] = ()
    to_freelancer: int = 0
    fee: int = 0
    to_client: int = 0
    put_off: str = ""
    title: str = ""
    seen_by: str = ""
    about: str = ""

    @property
    def has_struck(self) -> bool:
        return self.at is not None and self.at <= now()


@dataclass(frozen=True)
class Outlook:
    """All the clocks of one milestone, the next first.

    ``end`` is where its money goes if nobody ever acts, and when; None while nothing is held, and
    after its end.
    """

    milestone: Milestone
    strikes: tuple[Strike, ...]
    end: Strike | None = None

    @property
    def next_strike(self) -> Strike | None:
        """The first that is still to come, or else the last that has come."""
        coming = [strike for strike in self.strikes if not strike.has_struck]
        return next(iter(coming or self.strikes[-1:]), None)


def outlook_of(
    milestone: Milestone,
    facts: MoneyFacts,
    *,
    from_above: Sequence[Strike] = (),
    is_contested: bool = False,
) -> Outlook:
    """What time will do to the milestone.

    ``from_above`` are the clocks that other rooms know: of its dispute, of its payout.
    ``is_contested``: a bank wants money of it back, and has not decided.
    """
    strikes = [*_strikes_of(milestone, facts, is_contested), *from_above]
    strikes.sort(key=lambda strike: (strike.at is None, strike.at))
    end = next((strike for strike in strikes if strike.step in _ENDS), None)
    if end is None:
        return Outlook(milestone, tuple(strikes), _at_limit(milestone, facts))
    coming = tuple(strike for strike in strikes if not _is_overtaken(strike, end))
    if end.step == "decide_by_rule":
        end = _unappealed(milestone, end)
    return Outlook(milestone, coming, end)


def _is_overtaken(strike: Strike, end: Strike) -> bool:
    """Whether it is the refund at the provider's limit, and the money is gone before. A decision
    that is made is carried out at the limit at the latest (decision 40).
    """
    if strike.step != "refund_limit" or strike.at is None:
        return False
    return end.step == "carry_out" or (end.at is not None and end.at < strike.at)


def _unappealed(milestone: Milestone, decided: Strike) -> Strike:
    """What a rule decides moves its money only once the time to appeal is over."""
    assert decided.at
    policy = milestone.contract.policy
    return replace(
        decided,
        at=part_of_time(milestone, policy.appeal_days, before=policy.ruling_days, at=decided.at),
        text=f"{decided.text} Where nobody appeals, it is carried out then.",
        step="carry_out",
    )


def stops_among(
    milestone: Milestone, facts: MoneyFacts, *steps: tuple[str, str]
) -> tuple[Stop, ...]:
    """Those (role, step) that can be made right now."""
    open_to = {role: open_steps(milestone, role, facts) for role, _ in steps}
    return tuple(Stop(role, step) for role, step in steps if step in open_to[role])


def _strikes_of(milestone: Milestone, facts: MoneyFacts, is_contested: bool) -> list[Strike]:
    if milestone.contract.status != Contract.Status.ACTIVE or milestone.closed_at is not None:
        return []
    if milestone.status == S.SUBMITTED and (is_contested or not facts.is_fully_held):
        return [_no_approval(milestone, facts, is_contested), *_limit(milestone, facts)]
    if milestone.status == S.SUBMITTED:
        return [_approval(milestone, facts)]
    near = _limit(milestone, facts)
    if milestone.status not in {S.PLANNED, S.RETURNED}:
        return near
    if not facts.is_fully_held:
        return [_unfunded(milestone, facts), *near]
    strikes = [*near, _lateness(milestone, facts), _late_refund(milestone, facts)]
    idle_at = idle_from(milestone)
    if idle_at is not None and milestone.status == S.PLANNED:
        strikes.append(_idle_refund(milestone, facts, idle_at))
    return strikes


def _unfunded(milestone: Milestone, facts: MoneyFacts) -> Strike:
    client, freelancer = _names(milestone)
    what = f"the missing {in_words(facts.to_fund, milestone.currency)}" if facts.held else "it"
    return Strike(
        "unfunded",
        None,
        f"Nothing happens until {client} funds {what}. {freelancer} need not start before.",
        by_itself=False,
        stopped_by=stops_among(milestone, facts, (CLIENT, "fund")),
    )


def _limit(milestone: Milestone, facts: MoneyFacts) -> list[Strike]:
    """Said from its first warning on: before that, everything else comes first."""
    strike = _at_limit(milestone, facts)
    if strike is None or strike.at is None or strike.at - FIRST_WARNING > now():
        return []
    return [strike]


def _at_limit(milestone: Milestone, facts: MoneyFacts) -> Strike | None:
    """What the provider's limit makes of what is held."""
    if not facts.held or milestone.closed_at is not None:
        return None
    limit_at = milestone.escrow.limit_at
    if limit_at is None:
        return None
    client, _ = _names(milestone)
    stops = f"{client} can release it before"
    # Submitted work is reviewed: this is said of it only where its review approves nothing.
    can_be_submitted = milestone.status in {S.PLANNED, S.RETURNED}
    stops += ", and submitted work is reviewed before." if can_be_submitted else "."
    return Strike(
        "holding_limit",
        limit_at,
        f"The payment provider holds the money no longer: {_back(milestone, facts)} goes back "
        f"to {client}.",
        step="refund_limit",
        by=SYSTEM,
        stops=stops,
        stopped_by=stops_among(milestone, facts, (CLIENT, "release"), (FREELANCER, "submit")),
        to_client=facts.held,
    )


def _approval(milestone: Milestone, facts: MoneyFacts) -> Strike:
    client, freelancer = _names(milestone)
    net = in_words(facts.payee_still_gets, milestone.currency)
    stopped_by: tuple[Stop, ...] = ()
    if milestone.review_ends_at and milestone.review_ends_at > now():
        ways = (CLIENT, "return"), (CLIENT, "dispute"), (FREELANCER, "dispute")
        stopped_by = stops_among(milestone, facts, *ways)
    stops = "Either side can open a dispute before."
    if Stop(CLIENT, "return") in stopped_by:
        stops = f"{client} can ask for changes before, and either side can open a dispute."
    if stopped_by == (Stop(CLIENT, "dispute"),):  # past the provider's limit
        stops = f"{client} can open a dispute before, by which all of it goes back to them."
    return Strike(
        "approved",
        milestone.review_ends_at,
        f"It is approved by itself and {net} goes to {freelancer}.",
        step="release_silent",
        by=SYSTEM,
        stops=stops if stopped_by else "",
        stopped_by=stopped_by,
        to_freelancer=facts.payee_still_gets,
        fee=facts.fees_left,
    )


def _no_approval(milestone: Milestone, facts: MoneyFacts, is_contested: bool) -> Strike:
    client, freelancer = _names(milestone)
    ways, stops = [(CLIENT, "fund"), (CLIENT, "release")], ""
    if is_contested:
        text = f"Silence approves nothing: {client}’s bank wants money of it back."
    else:
        missing = in_words(facts.to_fund, milestone.currency)
        text = f"Silence approves nothing until {client} funds the missing {missing}."
        ways += [(FREELANCER, "dispute"), (FREELANCER, "propose_ending")]
        if facts.held:
            stops = (
                f"{freelancer} can open a dispute, propose an ending, or propose a change back to "
                "what is held."
            )
    stopped_by = stops_among(milestone, facts, *ways)
    return Strike("not_approved", None, text, by_itself=False, stops=stops, stopped_by=stopped_by)


def _lateness(milestone: Milestone, facts: MoneyFacts) -> Strike:
    _, freelancer = _names(milestone)
    due_at = due_of(milestone)
    return Strike(
        "late",
        due_at,
        "The delivery is late." if due_at <= now() else "The delivery becomes late.",
        stops=f"{freelancer} can submit the work before.",
        stopped_by=stops_among(milestone, facts, (FREELANCER, "submit")),
    )


def _late_refund(milestone: Milestone, facts: MoneyFacts) -> Strike:
    client, freelancer = _names(milestone)
    return Strike(
        "may_cancel_late",
        late_from(milestone),
        f"{client} may cancel for lateness and get {_back(milestone, facts)} back.",
        by_itself=False,
        step="cancel_late",
        by=CLIENT,
        stops=f"{freelancer} can submit the work before.",
        stopped_by=stops_among(milestone, facts, (FREELANCER, "submit")),
        to_client=facts.held,
    )


def _idle_refund(milestone: Milestone, facts: MoneyFacts, idle_at: datetime) -> Strike:
    client, freelancer = _names(milestone)
    return Strike(
        "may_cancel_idle",
        idle_at,
        f"{client} may cancel because the work was never started, and get "
        f"{_back(milestone, facts)} back.",
        by_itself=False,
        step="cancel_idle",
        by=CLIENT,
        stops=f"{freelancer} can start the work before.",
        stopped_by=stops_among(milestone, facts, (FREELANCER, "start"), (FREELANCER, "submit")),
        to_client=facts.held,
    )


def _back(milestone: Milestone, facts: MoneyFacts) -> str:
    return in_words(facts.held, milestone.currency)


def _names(milestone: Milestone) -> tuple[str, str]:
    return milestone.contract.client.name, milestone.contract.freelancer.name
