"""What the stories are told with: where a milestone stands, and how it came to stand there."""

from dataclasses import dataclass
from datetime import timedelta

from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.money import in_words
from payments.escrow import division
from payments.policies.models import Policy
from projects.agreements.simulating.trial import Trial
from projects.milestones.rules import due_of

STAGES = {
    "unfunded": "Before it is funded",
    "funded": "Funded, not delivered",
    "submitted": "Delivered, under review",
    "returned": "Changes were asked for",
}


@dataclass(frozen=True)
class Wish:
    """What is tried. ``price`` and ``part`` (of the price) are minor units; ``days`` the time to
    deliver, ``review_days`` the time to review; ``second`` the price of another milestone, where
    the whole contract ends; ``country`` that of the freelancer ("" where unknown), by which the
    provider holds money for longer or less long.
    """

    story: str
    price: int
    currency: str
    days: int
    review_days: int
    policy: Policy
    stage: str = "funded"
    part: int = 0
    second: int = 0
    country: str = ""


def bring_to(stage: str, trial: Trial) -> None:
    """Bring it there: funded at once, delivered on its day, changes asked for a day later."""
    if stage == "unfunded":
        return
    trial.fund(CLIENT)
    trial.note("fund", CLIENT, f"The client funds it: {worded(trial, trial.held)} is held.")
    if stage == "funded":
        return
    deliver(trial)
    if stage == "returned":
        trial.wait(trial.at + timedelta(hours=12))
        trial.give_back_work(CLIENT)
        trial.note("return", CLIENT, "The client asks for changes: the review clock stops.")


def deliver(trial: Trial) -> None:
    trial.start(FREELANCER)
    trial.wait(due_of(trial.milestone))
    trial.submit(FREELANCER)
    trial.note("submit", FREELANCER, "The freelancer delivers on the due date; the review begins.")


def let_strike(trial: Trial, kind: str, *, to_payee: int | None) -> None:
    strike = trial.strike(kind)
    assert strike.at is not None
    trial.wait(strike.at)
    trial.end(strike.step, strike.by, to_payee=to_payee)
    trial.note(strike.step, strike.by, strike.text[:1].upper() + strike.text[1:])


def division_of(trial: Trial, wish: Wish) -> int:
    return division.checked_division(wish.part, trial.escrow, held=trial.held, param="part")


def worded(trial: Trial, amount: int) -> str:
    return in_words(amount, trial.milestone.currency)
