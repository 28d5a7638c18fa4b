"""What can be tried before signing: each story is a list of deeds and of silences."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from marketplace.common.errors import InvalidInput
from marketplace.common.lifecycle import BOTH, CLIENT, FREELANCER
from marketplace.common.money import known_currency
from payments.escrow import division
from payments.payees.selectors import COUNTRIES
from payments.policies.fees import Quote, quote
from projects.agreements.simulating import disputes
from projects.agreements.simulating.scenes import (
    STAGES,
    Wish,
    bring_to,
    division_of,
    let_strike,
    worded,
)
from projects.agreements.simulating.trial import LimitReached, Line, Trial, signed_now
from projects.agreements.simulating.whole import (
    agreed,
    left_by_client,
    left_by_freelancer,
    never_funded,
)
from projects.bids.terms import checked_milestone_amount, checked_milestone_days
from projects.milestones.amounts import refused_whole_ending
from projects.milestones.models import Milestone

S = Milestone.Status


@dataclass(frozen=True)
class Ended:
    """One milestone in the end; the amounts are minor units, the fees those of both sides."""

    position: int
    price: int
    status: str
    to_freelancer: int
    to_client: int
    fees: int


@dataclass(frozen=True)
class Foretold:
    """How it ends, and when. The four amounts sum to what the client paid in, in minor units;
    ``status`` is that of the first milestone, and ``milestones`` are all that the story has.
    """

    wish: Wish
    quote: Quote
    lines: list[Line]
    status: str
    milestones: list[Ended]
    to_freelancer: int
    to_client: int
    client_fee: int
    freelancer_fee: int
    still_held: int
    bank_at: datetime | None


def _approved(trial: Trial, wish: Wish) -> None:
    bring_to("submitted", trial)
    trial.end("release", CLIENT)
    trial.note("release", CLIENT, "The client approves it: all of the price is released.")


def _silence(trial: Trial, wish: Wish) -> None:
    bring_to("submitted", trial)
    let_strike(trial, "approved", to_payee=None)


def _late(trial: Trial, wish: Wish) -> None:
    bring_to("funded", trial)
    trial.start(FREELANCER)
    trial.note("start", FREELANCER, "The freelancer starts, and never delivers.")
    let_strike(trial, "may_cancel_late", to_payee=0)


def _never_started(trial: Trial, wish: Wish) -> None:
    bring_to("funded", trial)
    let_strike(trial, "may_cancel_idle", to_payee=0)


def _abandoned(trial: Trial, wish: Wish) -> None:
    bring_to("funded", trial)
    let_strike(trial, "holding_limit", to_payee=0)


def _partial(trial: Trial, wish: Wish) -> None:
    bring_to("funded", trial)
    part = division.checked_part(wish.part, trial.escrow, held=trial.held, param="part")
    trial.release_part(CLIENT, part)
    trial.note("release_part", CLIENT, f"The client releases {worded(trial, part)} of the price.")
    trial.end("cancel", FREELANCER, to_payee=0)
    trial.note("cancel", FREELANCER, "The freelancer cancels the rest: it goes back to the client.")


def _cancelled(trial: Trial, wish: Wish) -> None:
    bring_to(wish.stage, trial)
    trial.end("cancel", FREELANCER, to_payee=0)
    trial.note("cancel", FREELANCER, "The freelancer cancels: all that is held goes back.")


def _agreed(trial: Trial, wish: Wish) -> None:
    bring_to(wish.stage, trial)
    part = division_of(trial, wish)
    refused_whole_ending(part, trial.escrow, held=trial.held, param="part")
    trial.end("cancel_agreed", BOTH, to_payee=part, to=S.SPLIT if part else S.CANCELLED)
    text = f"Both agree to end it: {worded(trial, part)} is released, the rest goes back."
    trial.note("cancel_agreed", BOTH, text)


@dataclass(frozen=True)
class Story:
    title: str
    text: str
    play: Callable[[Trial, Wish], None]
    asks_part: bool = False
    asks_stage: bool = False
    is_whole: bool = False


STORIES = {
    "approved": Story("All goes well", "Delivered on time and approved.", _approved),
    "silence": Story("The client is silent", "Delivered; nobody answers.", _silence),
    "late": Story("The work is late", "Started and never delivered; the client cancels.", _late),
    "never_started": Story("Nobody starts", "Funded; the client cancels.", _never_started),
    "abandoned": Story("Both are silent", "Funded, and nobody ever acts.", _abandoned),
    "partial": Story("Part of the work", "A part is released, the rest cancelled.", _partial, True),
    "cancelled": Story(
        "The freelancer cancels", "At any stage: all goes back.", _cancelled, asks_stage=True
    ),
    "agreed": Story("Both end it", "At any stage, with a part as agreed.", _agreed, True, True),
    "never_funded": Story(
        "The client never funds",
        "The freelancer ends the contract for that.",
        never_funded,
        is_whole=True,
    ),
    "contract_agreed": Story(
        "Both end the contract",
        "All of it in one step, with a part as agreed.",
        agreed,
        True,
        True,
        True,
    ),
    "contract_left": Story(
        "The freelancer leaves",
        "Alone, at any stage: what is delivered is still reviewed.",
        left_by_freelancer,
        asks_stage=True,
        is_whole=True,
    ),
    "contract_left_by_client": Story(
        "The client leaves",
        "Alone, once everything is late or was never started.",
        left_by_client,
        is_whole=True,
    ),
    "disputed": Story("A dispute", "A mediator decides on a split.", disputes.answered, True, True),
    "unanswered_by_freelancer": Story(
        "The client disputes, the freelancer is silent",
        "The part is what the client asks for; the rules for silence judge it.",
        disputes.unanswered_by_freelancer,
        True,
        True,
    ),
    "unanswered_by_client": Story(
        "The freelancer disputes, the client is silent",
        "The part is what the freelancer asks for; the rules for silence judge it.",
        disputes.unanswered_by_client,
        True,
        True,
    ),
}


def foretell(wish: Wish) -> Foretold:
    """Play it from now on. Writes nothing.

    Raises InvalidInput (a figure that no milestone could have, an unknown story or stage) and
    WrongState where the rules refuse a deed of the story, in their words.
    """
    if wish.story not in STORIES:
        raise InvalidInput("Choose what is to happen.", param="story")
    if wish.stage not in STAGES:
        raise InvalidInput("Choose one of the stages.", param="stage")
    if wish.country and wish.country not in COUNTRIES:
        raise InvalidInput("Choose a country of the list.", param="country")
    policy, currency = wish.policy, known_currency(wish.currency)
    price = checked_milestone_amount(wish.price, "price", policy, currency)
    days = checked_milestone_days(wish.days, param="days")
    least, most = policy.review_period_least_days, policy.review_period_most_days
    if not least <= wish.review_days <= most:
        raise InvalidInput(f"A review takes {least} to {most} days.", param="review_days")
    story = STORIES[wish.story]
    if story.is_whole:
        second = checked_milestone_amount(wish.second or price, "second", policy, currency)
        wish = replace(wish, second=second)
    contract = signed_now(currency=currency, review_days=wish.review_days, policy=policy)
    trial = Trial(contract, price=price, days=days, country=wish.country)
    try:
        story.play(trial, wish)
    except LimitReached:
        for one in trial.whole:
            if one.held:
                let_strike(one, "holding_limit", to_payee=0)
    return _told(wish, trial.whole)


def _told(wish: Wish, whole: list[Trial]) -> Foretold:
    first = whole[0]
    return Foretold(
        wish=wish,
        quote=quote([one.escrow.amount for one in whole], wish.policy),
        lines=first.lines,
        status=first.milestone.status,
        milestones=[
            Ended(
                position=one.milestone.position,
                price=one.escrow.amount,
                status=one.milestone.status,
                to_freelancer=one.to_freelancer,
                to_client=one.to_client,
                fees=one.client_fee + one.freelancer_fee,
            )
            for one in whole
        ],
        to_freelancer=sum(one.to_freelancer for one in whole),
        to_client=sum(one.to_client for one in whole),
        client_fee=sum(one.client_fee for one in whole),
        freelancer_fee=sum(one.freelancer_fee for one in whole),
        still_held=sum(one.held for one in whole),
        bank_at=max((one.bank_at for one in whole if one.bank_at), default=None),
    )
