"""What happened to a payout, as the lines and steps that a page shows."""

from dataclasses import dataclass
from datetime import datetime

from payments.payouts.models import Payout, PayoutAttempt
from payments.payouts.words import reason_in_words, reversal_reason_in_words

S = Payout.Status


@dataclass(frozen=True)
class Moment:
    at: datetime | None
    text: str
    icon: str
    tone: str


def story_of(payout: Payout) -> list[Moment]:
    """From its beginning to now."""
    moments = [Moment(payout.created_at, "Set aside for you", "calendar-clock", "info")]
    moments += _holding(payout)
    for attempt in payout.attempts.all():
        again = "" if attempt.number == 1 else f" (attempt {attempt.number})"
        moments.append(Moment(attempt.started_at, f"Sent off{again}", "send", "info"))
        if attempt.failure_code:
            moments.append(_trouble(attempt))
    if refused := reversal_reason_in_words(payout):
        text = f"Could not be cancelled. {refused}"
        moments.append(Moment(payout.reversal_refused_at, text, "undo-2", "warn"))
    moments.sort(key=_when)
    if payout.status == S.PAID:
        moments.append(Moment(payout.closed_at, "Paid to your bank", "circle-check", "good"))
    elif payout.status == S.CANCELLED:
        text = _with_reason("Cancelled", payout)
        moments.append(Moment(payout.closed_at, text, "circle-x", "neutral"))
    elif payout.cancel_wished_at:
        text = _with_reason("Being cancelled", payout)
        moments.append(Moment(payout.cancel_wished_at, text, "undo-2", "warn"))
    return moments


def _holding(payout: Payout) -> list[Moment]:
    """It may have left before its hold was over: the provider held the money not much longer."""
    if payout.hold is None:
        return []
    held_from = max(payout.created_at, payout.hold.created_at)
    begun = [attempt.started_at for attempt in payout.attempts.all()]
    ends = [payout.hold.closed_at, *(at for at in begun if at >= held_from)]
    let_go = min((at for at in ends if at is not None), default=None)
    held = [Moment(held_from, "Held", "pause", "warn")]
    return [*held, Moment(let_go, "No longer held", "play", "info")] if let_go else held


def _with_reason(said: str, payout: Payout) -> str:
    """Why, where finance did it."""
    return f"{said} by us: {payout.cancel_reason}" if payout.cancel_reason else said


def _when(moment: Moment) -> datetime:
    assert moment.at is not None
    return moment.at


def _trouble(attempt: PayoutAttempt) -> Moment:
    return Moment(attempt.closed_at, reason_in_words(attempt.failure_code), "triangle-alert", "bad")


_ROAD = [("Set aside", S.SCHEDULED), ("Sent", S.SENDING), ("On its way", S.IN_TRANSIT)]
_HELD = [_ROAD[0], ("Held", S.HELD), *_ROAD[1:]]


def steps_of(payout: Payout) -> list[dict[str, str]]:
    """The stepper: done, now, next or stopped."""
    way = _HELD if payout.status == S.HELD else _ROAD
    road = [status for _, status in way] + [S.PAID]
    labels = [label for label, _ in way] + ["Paid"]
    if payout.status not in road:
        word = payout.get_status_display()
        return [{"label": "Set aside", "state": "done"}, {"label": word, "state": "stopped"}]
    here = road.index(S(payout.status))
    return [
        {"label": label, "state": _state(place, here, last=payout.status == S.PAID)}
        for place, label in enumerate(labels)
    ]


def _state(place: int, here: int, *, last: bool) -> str:
    if place < here or last:
        return "done"
    return "now" if place == here else "next"
