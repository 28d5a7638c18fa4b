"""What can be tried before signing: each story is a list of deeds and of silences."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.lifecycle import BOTH, CLIENT, FREELANCER, MEDIATOR
from marketplace.common.money import in_words, known_currency
from payments.escrow import division
from payments.policies.fees import Quote, quote
from payments.policies.models import Policy
from projects.agreements.simulating.trial import LimitReached, Line, Trial
from projects.bids.terms import checked_milestone_amount, checked_milestone_days
from projects.milestones.amounts import refused_whole_ending
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of

S = Milestone.Status
STAGES = {
    "unfunded": "Before it is funded",
    "funded": "Funded, not delivered",
    "submitted": "Delivered, under review",
    "returned": "Changes were asked for",
}


@dataclass(frozen=True)
class Wish:
    """What is tried. ``price`` and ``part`` (of the price) are minor units; ``days`` the time to
    deliver, ``review_days`` the time to review.
    """

    story: str
    price: int
    currency: str
    days: int
    review_days: int
    policy: Policy
    stage: str = "funded"
    part: int = 0


@dataclass(frozen=True)
class Foretold:
    """How it ends, and when. The four amounts sum to what the client paid in, in minor units."""

    wish: Wish
    quote: Quote
    lines: list[Line]
    status: str
    to_freelancer: int
    to_client: int
    client_fee: int
    freelancer_fee: int
    still_held: int
    bank_at: datetime | None


def _to(stage: str, trial: Trial) -> None:
    """Bring it there: funded at once, delivered on its day, changes asked for a day later."""
    if stage == "unfunded":
        return
    trial.fund(CLIENT)
    trial.note("fund", CLIENT, f"The client funds it: {_words(trial, trial.held)} is held.")
    if stage == "funded":
        return
    _deliver(trial)
    if stage == "returned":
        trial.wait(trial.at + timedelta(hours=12))
        trial.give_back_work(CLIENT)
        trial.note("return", CLIENT, "The client asks for changes: the review clock stops.")


def _deliver(trial: Trial) -> None:
    trial.start(FREELANCER)
    trial.wait(due_of(trial.milestone))
    trial.submit(FREELANCER)
    trial.note("submit", FREELANCER, "The freelancer delivers on the due date; the review begins.")


def _approved(trial: Trial, wish: Wish) -> None:
    _to("submitted", trial)
    trial.end("release", CLIENT)
    trial.note("release", CLIENT, "The client approves it: all of the price is released.")


def _silence(trial: Trial, wish: Wish) -> None:
    _to("submitted", trial)
    _let_strike(trial, "approved", to_payee=None)


def _late(trial: Trial, wish: Wish) -> None:
    _to("funded", trial)
    trial.start(FREELANCER)
    trial.note("start", FREELANCER, "The freelancer starts, and never delivers.")
    _let_strike(trial, "may_cancel_late", to_payee=0)


def _never_started(trial: Trial, wish: Wish) -> None:
    _to("funded", trial)
    _let_strike(trial, "may_cancel_idle", to_payee=0)


def _abandoned(trial: Trial, wish: Wish) -> None:
    _to("funded", trial)
    _let_strike(trial, "holding_limit", to_payee=0)


def _let_strike(trial: Trial, kind: str, *, to_payee: int | None) -> None:
    strike = trial.strike(kind)
    assert strike.at is not None
    trial.wait(strike.at)
    trial.end(strike.step, strike.by, to_payee=to_payee)
    trial.note(strike.step, strike.by, strike.text[:1].upper() + strike.text[1:])


def _partial(trial: Trial, wish: Wish) -> None:
    _to("funded", trial)
    part = division.checked_part(wish.part, trial.escrow, held=trial.held, param="part")
    trial.release_part(CLIENT, part)
    trial.note("release_part", CLIENT, f"The client releases {_words(trial, part)} of the price.")
    trial.end("cancel", FREELANCER, to_payee=0)
    trial.note("cancel", FREELANCER, "The freelancer cancels the rest: it goes back to the client.")


def _cancelled(trial: Trial, wish: Wish) -> None:
    _to(wish.stage, trial)
    trial.end("cancel", FREELANCER, to_payee=0)
    trial.note("cancel", FREELANCER, "The freelancer cancels: all that is held goes back.")


def _agreed(trial: Trial, wish: Wish) -> None:
    _to(wish.stage, trial)
    part = _division(trial, wish)
    refused_whole_ending(part, trial.escrow, held=trial.held, param="part")
    trial.end("cancel_agreed", BOTH, to_payee=part, to=S.SPLIT if part else S.CANCELLED)
    text = f"Both agree to end it: {_words(trial, part)} is released, the rest goes back."
    trial.note("cancel_agreed", BOTH, text)


def _disputed(trial: Trial, wish: Wish) -> None:
    _to(wish.stage, trial)
    part = _division(trial, wish)
    trial.dispute(CLIENT)
    trial.note("dispute", CLIENT, "The client opens a dispute: the money stays held.")
    policy = trial.policy
    trial.wait(trial.at + timedelta(days=policy.dispute_answer_days + policy.ruling_days))
    is_all = part == division.price_held(trial.escrow, held=trial.held)
    trial.end(
        "resolve",
        MEDIATOR,
        to_payee=part,
        to=S.RELEASED if is_all else S.SPLIT if part else S.REFUNDED,
    )
    text = f"At the latest now a mediator decides: {_words(trial, part)} of the price is released."
    trial.note("resolve", MEDIATOR, text)


def _division(trial: Trial, wish: Wish) -> int:
    return division.checked_division(wish.part, trial.escrow, held=trial.held, param="part")


def _words(trial: Trial, amount: int) -> str:
    return in_words(amount, trial.milestone.currency)


@dataclass(frozen=True)
class Story:
    title: str
    text: str
    play: Callable[[Trial, Wish], None]
    asks_part: bool = False
    asks_stage: bool = False


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
    "disputed": Story("A dispute", "A mediator decides on a split.", _disputed, True, True),
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
    policy, currency = wish.policy, known_currency(wish.currency)
    price = checked_milestone_amount(wish.price, "price", policy, currency)
    days = checked_milestone_days(wish.days, param="days")
    least, most = policy.review_period_least_days, policy.review_period_most_days
    if not least <= wish.review_days <= most:
        raise InvalidInput(f"A review takes {least} to {most} days.", param="review_days")
    trial = Trial(
        price=price,
        currency=currency,
        days=days,
        review_days=wish.review_days,
        policy=policy,
        at=now(),
    )
    try:
        STORIES[wish.story].play(trial, wish)
    except LimitReached:
        _let_strike(trial, "holding_limit", to_payee=0)
    return Foretold(
        wish=wish,
        quote=quote([price], policy),
        lines=trial.lines,
        status=trial.milestone.status,
        to_freelancer=trial.to_freelancer,
        to_client=trial.to_client,
        client_fee=trial.client_fee,
        freelancer_fee=trial.freelancer_fee,
        still_held=trial.held,
        bank_at=trial.bank_at,
    )
