"""Whose turn it is at the work itself: to deliver it, to review it, to pay for it."""

from marketplace.common.clock import now
from marketplace.common.money import in_words
from projects.agreements.outlook import Prospect, Prospects
from projects.agreements.turn import Turn
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of, unfunded_from

S = Milestone.Status


# --- The client, the most urgent first -----------------------------------------------------------


def _why_not_approved(prospect: Prospect) -> str:
    """Why silence does not approve what was delivered, or nothing."""
    strikes = prospect.outlook.strikes
    return next((strike.text for strike in strikes if strike.kind == "not_approved"), "")


def review(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status != S.SUBMITTED or not prospect.facts.held:
        return None
    name = milestone.contract.freelancer.name
    net = in_words(prospect.facts.payee_still_gets, milestone.currency)
    why_not = _why_not_approved(prospect)
    text = f"Without an answer it is approved by itself and {net} goes to {name}."
    return Turn(
        f"Review “{milestone.title}”",
        f"{name} has delivered. {why_not or text}",
        when="" if why_not else "Answer by",
        at=None if why_not else milestone.review_ends_at,
        step="release",
        prospect=prospect,
    )


def finish_payment(prospect: Prospect) -> Turn | None:
    if prospect.payment is None or prospect.is_with_a_bank:
        return None
    milestone = prospect.milestone
    cost = in_words(prospect.payment.amount, milestone.currency)
    return Turn(
        f"Finish the payment of “{milestone.title}”",
        f"{cost} is not paid yet. The work begins once it is held.",
        when="The pay page closes",
        at=prospect.payment.expires_at,
        step="fund",
        prospect=prospect,
    )


def await_bank(prospect: Prospect) -> Turn | None:
    if prospect.payment is None or not prospect.is_with_a_bank:
        return None
    cost = in_words(prospect.payment.amount, prospect.milestone.currency)
    return Turn(
        f"Your bank is bringing the money for “{prospect.milestone.title}”",
        f"{cost} is on its way, which takes some days. The work begins once it is held.",
        waits=True,
        prospect=prospect,
    )


def finish_bonus(prospects: Prospects) -> Turn | None:
    """Only its giver knows of a bonus that is not paid."""
    unpaid = next(iter(prospects.bonuses), None)
    if unpaid is None:
        return None
    bonus, payment = unpaid
    amount = in_words(bonus.escrow.amount, bonus.escrow.currency)
    if payment and payment.sent_at is not None:
        text = "It takes some days, and then goes on at once; until then only you read of it."
        return Turn(f"Your bank is bringing your bonus of {amount}", text, waits=True)
    return Turn(
        f"Finish the payment of your bonus of {amount}",
        f"It goes to {prospects.contract.freelancer.name} at once when it is paid; until then only "
        "you read of it.",
        when="The pay page closes",
        at=payment.expires_at if payment else None,
        step="give_bonus",
        about=bonus.public_id,
    )


def wait_for_work(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status not in {S.PLANNED, S.RETURNED} or not prospect.facts.is_fully_held:
        return None
    name = milestone.contract.freelancer.name
    text = {
        S.RETURNED: "Your changes are being made.",
        S.PLANNED: "The work is under way." if milestone.started_at else "The funds are held.",
    }[S(milestone.status)]
    return Turn(
        f"{name} delivers “{milestone.title}”",
        text,
        waits=True,
        when="Due",
        at=due_of(milestone),
        prospect=prospect,
    )


def fund(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    done = milestone.closed_at is not None or prospect.facts.is_fully_held
    if done or prospect.is_with_a_bank:
        return None
    cost = in_words(prospect.facts.to_fund, milestone.currency)
    what = "the rest of " if prospect.facts.held else ""
    due_at, text = (
        unfunded_from(milestone),
        f"You pay {cost}. It is held until you approve the work.",
    )
    if due_at is not None:
        name = milestone.contract.freelancer.name
        may = "may end the contract now" if due_at <= now() else "may end the contract after that"
        text += f" While nothing is funded, {name} {may}."
    return Turn(
        f"Fund {what}“{milestone.title}”",
        text,
        when="To be funded by" if due_at else "",
        at=due_at,
        step="fund",
        prospect=prospect,
    )


# --- The freelancer, the most urgent first -------------------------------------------------------


def make_changes(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status != S.RETURNED or not prospect.facts.is_fully_held:
        return None
    return Turn(
        f"Make the changes to “{milestone.title}”",
        f"{milestone.contract.client.name} asked for changes. Submit it again when they are made.",
        when="Due",
        at=due_of(milestone),
        step="submit",
        prospect=prospect,
    )


def work(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status != S.PLANNED or not prospect.facts.is_fully_held:
        return None
    if milestone.started_at is None:
        return Turn(
            f"Start “{milestone.title}”",
            "The funds are held. Say that you have started, then submit the work.",
            when="Due",
            at=due_of(milestone),
            step="start",
            prospect=prospect,
        )
    return Turn(
        f"Submit “{milestone.title}”",
        "The funds are held until your work is approved.",
        when="Due",
        at=due_of(milestone),
        step="submit",
        prospect=prospect,
    )


def wait_for_review(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status != S.SUBMITTED:
        return None
    net = in_words(prospect.facts.payee_still_gets, milestone.currency)
    why_not = _why_not_approved(prospect)
    return Turn(
        f"{milestone.contract.client.name} reviews “{milestone.title}”",
        why_not or f"Without an answer it is approved by itself and {net} is yours.",
        waits=True,
        when="" if why_not else "Approved by itself",
        at=None if why_not else milestone.review_ends_at,
        prospect=prospect,
    )


def end_unfunded(prospects: Prospects) -> Turn | None:
    """The client's time to fund the contract is over: nobody need wait on."""
    strike = next((one for one in prospects.strikes if one.kind == "may_leave_unfunded"), None)
    if strike is None or not strike.has_struck:
        return None
    return Turn(
        f"{prospects.contract.client.name} has not funded the contract in time",
        "You may end it for that, or wait on. Nothing is held, so no money moves.",
        when="Was to be funded by",
        at=strike.at,
        step="leave",
    )


def wait_for_funds(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.closed_at is not None or prospect.facts.is_fully_held:
        return None
    due_at = unfunded_from(milestone)
    return Turn(
        f"{milestone.contract.client.name} funds “{milestone.title}”",
        "You need not start before the money is held.",
        waits=True,
        when="To be funded by" if due_at else "",
        at=due_at,
        prospect=prospect,
    )
