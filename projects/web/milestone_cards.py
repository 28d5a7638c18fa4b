"""A milestone as one side of its contract sees it: where it stands, and what they can do."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from marketplace.common.clock import now
from marketplace.common.file_lists import shown_files
from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import in_words
from payments.chargebacks.models import CONTESTED
from payments.chargebacks.selectors import has_now
from payments.chargebacks.words import TITLES, story_of
from projects.agreements.outlook import Prospect
from projects.milestones.models import LIFECYCLE, Milestone, Submission
from projects.milestones.outlook import Strike
from projects.milestones.rules import due_if_held, due_of
from projects.milestones.selectors import submissions_on
from projects.milestones.services import GROUNDS
from projects.web.settlements import shown_proposal

S = Milestone.Status


@dataclass(frozen=True)
class Button:
    """One step as a button. A ``deed`` is sent at once; others lead to a page that asks first."""

    step: str
    label: str
    url: str
    variant: str
    icon: str
    is_deed: bool = False


@dataclass(frozen=True)
class Card:
    """``first`` are the buttons that the moment asks for, ``others`` what else may be done."""

    prospect: Prospect
    status: str
    label: str
    is_late: bool
    is_open: bool
    is_ahead: bool
    money: str
    steps: list[dict[str, str]]
    first: list[Button]
    others: list[Button]
    submissions: list[dict[str, Any]]
    proposal: dict[str, Any] | None
    chargebacks: list[dict[str, str]]

    @property
    def milestone(self) -> Milestone:
        return self.prospect.milestone

    @property
    def strikes(self) -> tuple[Strike, ...]:
        """What time does to it; the clock of a proposal stands with the proposal."""
        return tuple(s for s in self.prospect.outlook.strikes if s.kind != "proposal_lapses")

    @property
    def next_strike(self) -> Strike | None:
        return replace(self.prospect.outlook, strikes=self.strikes).next_strike

    @property
    def end(self) -> Strike | None:
        """Where its money goes if nobody ever acts."""
        return self.prospect.outlook.end

    @property
    def has_more_ahead(self) -> bool:
        """Whether time does more to it than its next strike, which stands by itself."""
        return len(self.strikes) > 1 or self.end is not None

    @property
    def due_at(self) -> Any:
        return due_of(self.milestone)

    @property
    def due_if_funded(self) -> Any:
        """When it is due if what is missing of its money comes in today; None where nothing is."""
        at_work = self.milestone.status in {S.PLANNED, S.RETURNED}
        is_held = not at_work or self.prospect.facts.is_fully_held
        return None if is_held else due_if_held(self.milestone, now())


# step: (route, icon, variant, sent at once)
_LOOKS = {
    "fund": ("milestone-fund", "lock", "primary", True),
    "start": ("milestone-start", "play", "primary", True),
    "submit": ("milestone-submit", "send", "primary", False),
    "return": ("milestone-return", "undo-2", "secondary", False),
    "release": ("milestone-release", "check", "primary", False),
    "release_part": ("milestone-release-part", "check", "quiet", False),
    "cancel": ("milestone-cancel", "x", "quiet", False),
    "cancel_unfunded": ("milestone-cancel", "x", "quiet", False),
    "drop": ("milestone-cancel", "x", "quiet", False),
    "cancel_late": ("milestone-cancel", "x", "danger", False),
    "cancel_idle": ("milestone-cancel", "x", "danger", False),
    "propose_ending": ("proposal-create", "handshake", "quiet", False),
    "dispute": ("dispute-create", "scale", "quiet", False),
}
# What the work waits for in each state; everything else that is open stands behind "More".
_FIRST = {
    S.PLANNED: ("fund", "start", "submit", "cancel_late", "cancel_idle"),
    S.SUBMITTED: ("release", "return"),
    S.RETURNED: ("submit", "cancel_late"),
}
# So many cards are unfolded at first, besides the one whose turn it is.
_UNFOLDED = 2


def cards_of(
    prospects: Iterable[Prospect], role: str, *, turn: Milestone | None, may_change: bool
) -> list[Card]:
    """The cards of a contract's milestones; two or three queries for all of them.

    ``turn`` is the one that the next step is about: its card is unfolded, and the next step
    carries its loud button. ``may_change``: a change of what was signed can be proposed now.
    """
    prospects = list(prospects)
    submissions = submissions_on(prospect.milestone for prospect in prospects)
    live = [p.milestone for p in prospects if p.facts.held]
    unfolded = [milestone.pk for milestone in live if milestone != turn][:_UNFOLDED]
    unfolded += [turn.pk] if turn else []
    return [
        _card(
            prospect,
            role,
            submissions.get(prospect.milestone.pk, []),
            is_open=prospect.milestone.pk in unfolded,
            may_change=may_change,
        )
        for prospect in prospects
    ]


def button_of(prospect: Prospect, step: str, *, variant: str = "") -> Button:
    milestone = prospect.milestone
    route, icon, usual, is_deed = _LOOKS[step]
    url = reverse(route, args=[milestone.public_id])
    if step in GROUNDS:
        url = f"{url}?ground={step}"
    label = LIFECYCLE.steps[step].label
    if step == "fund":
        cost = in_words(prospect.facts.to_fund, milestone.currency)
        label = f"{label} the rest with" if prospect.facts.held else f"{label} with"
        label = "Continue to pay" if prospect.payment else f"{label} {cost}"
    return Button(step, label, url, variant or usual, icon, is_deed)


def _part_button(milestone: Milestone) -> Button:
    """The same step, for who would rather pay in parts: its page asks how much."""
    url = reverse("milestone-fund", args=[milestone.public_id])
    return Button("fund", "Fund a part", url, "quiet", "lock")


def _card(
    prospect: Prospect,
    role: str,
    submissions: list[Submission],
    *,
    is_open: bool,
    may_change: bool,
) -> Card:
    milestone = prospect.milestone
    steps = prospect.open_to(role)
    first = [step for step in _FIRST.get(S(milestone.status), ()) if step in steps]
    held = prospect.facts.is_fully_held
    can_end_alone = not prospect.facts.held and set(GROUNDS) & set(steps)
    if "propose_ending" in steps and (can_end_alone or prospect.proposal):
        # Allowed, and of no use, or said by the proposal that it would answer.
        steps.remove("propose_ending")
    others = [button_of(prospect, step, variant="quiet") for step in steps if step not in first]
    if "fund" in steps and not prospect.payment:
        others.insert(0, _part_button(milestone))
    is_contested = any(one.status in CONTESTED for one in prospect.chargebacks)
    if may_change and not is_contested and milestone.status in {S.PLANNED, S.RETURNED}:
        url = reverse("extension-create", args=[milestone.public_id])
        others.append(Button("adjust", "Ask for another date", url, "quiet", "clock"))
    status, label = _state_of(prospect, held)
    proposal = prospect.proposal
    return Card(
        prospect=prospect,
        status=status,
        label=label,
        is_late=held and milestone.status in {S.PLANNED, S.RETURNED} and due_of(milestone) <= now(),
        is_open=is_open,
        is_ahead=milestone.escrow.held_at is None,
        money=_money_of(prospect, role),
        steps=_road_of(prospect),
        first=[_calm(button_of(prospect, step)) for step in first],
        others=others,
        submissions=[_shown(submission) for submission in submissions],
        proposal=proposal
        and shown_proposal(
            proposal,
            role,
            refusal=prospect.refusal,
            held=prospect.facts.held,
            limit=prospect.limit_then,
        ),
        chargebacks=[
            {"title": TITLES[one.status], "text": story_of(one, has_now(one)), "status": one.status}
            for one in prospect.chargebacks
        ],
    )


def _calm(button: Button) -> Button:
    """One button of a page is the loud one, and that is the next step's."""
    return replace(button, variant="secondary") if button.variant == "primary" else button


def _state_of(prospect: Prospect, held: bool) -> tuple[str, str]:
    """The state's tone by its name, and its words; of planned work, the state of its money."""
    milestone = prospect.milestone
    if milestone.status != S.PLANNED:
        return milestone.status, ""
    if held:
        return ("open", "In progress") if milestone.started_at else ("held_funds", "Funds held")
    if prospect.payment:
        label = "Waiting for the bank" if prospect.is_with_a_bank else "Payment started"
        return "requires_action", label
    if prospect.facts.held:
        return "requires_action", "Partly funded"
    return "planned", "Not funded"


def _money_of(prospect: Prospect, role: str) -> str:
    """What it costs this side or brings them; once it has ended, what it did."""
    facts, milestone = prospect.facts, prospect.milestone
    has_ended = milestone.closed_at is not None
    if role == CLIENT:
        words = [("you paid", facts.spent), ("back to you", facts.refunded)]
        ahead, moved = ("you pay", facts.payer_pays), "released"
    else:
        words = [("you got", facts.received)]
        ahead, moved = ("you get", facts.payee_gets), "you got"
    so_far = [(f"{moved} so far", words[0][1])] if words[0][1] else []
    shown = [pair for pair in words if pair[1]] if has_ended else [ahead, *so_far]
    said = [f"{word} {in_words(amount, milestone.currency)}" for word, amount in shown]
    return ", ".join(said) or "nothing was paid"


def _road_of(prospect: Prospect) -> list[dict[str, str]]:
    """Agreed, funded, delivered, released; a milestone that ended otherwise stops where it was."""
    milestone = prospect.milestone
    funded = milestone.escrow.held_at is not None
    if milestone.closed_at is None:  # a bank may have taken of it since
        funded = funded and prospect.facts.is_fully_held
    delivered = milestone.submitted_at is not None and milestone.status != S.RETURNED
    done = [True, funded, delivered, milestone.status in {S.RELEASED, S.SPLIT}]
    labels = ["Agreed", "Funded", "Delivered", "Released"]
    if milestone.status == S.SPLIT:
        labels[3] = "Split"
    if milestone.status == S.DISPUTED:
        done, labels = [*done[:2], False, False], [*labels[:2], "Disputed", "Released"]
    now_at = done.index(False) if False in done else len(done)
    states = ["done" if reached else "next" for reached in done]
    if now_at < len(done):
        stopped = milestone.status in {S.CANCELLED, S.REFUNDED, S.DISPUTED}
        states[now_at] = "stopped" if stopped else "now"
        if milestone.status in {S.CANCELLED, S.REFUNDED}:
            labels[now_at] = milestone.get_status_display()
    return [{"label": label, "state": state} for label, state in zip(labels, states, strict=True)]


def _shown(submission: Submission) -> dict[str, Any]:
    return {
        "submission": submission,
        "files": shown_files(submission.files.all(), "submission-file", submission.public_id),
    }
