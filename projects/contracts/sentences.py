"""The timeline in words: each kind of event is a sentence, and nothing that happened is hidden."""

from dataclasses import dataclass
from typing import Any

from projects.contracts.models import Event


@dataclass(frozen=True)
class Sentence:
    """How one event reads, and how its mark looks. ``text`` may name {title} and the detail."""

    text: str
    icon: str = "milestone"
    tone: str = "neutral"


# Every kind that any room records stands here: a test compares.
_SENTENCES = {
    "contract_offered": Sentence("Made the offer and signed it", "file-text", "info"),
    "contract_accepted": Sentence("Accepted: the agreement is signed by both", "handshake", "good"),
    "contract_declined": Sentence("Declined the offer", "x"),
    "contract_withdrawn": Sentence("Withdrew the offer", "undo-2"),
    "contract_lapsed": Sentence("The offer lapsed without an answer", "clock"),
    "contract_completed": Sentence("The contract is completed", "flag", "good"),
    "contract_cancelled": Sentence("The contract ended without paid work", "x"),
    "contract_left": Sentence(
        "Ended what is still to be worked on, without the other side", "x", "warn"
    ),
    "clock_put_off": Sentence("More time for “{title}”", "clock", "info"),
    "clock_pulled": Sentence("Less time for “{title}”", "clock", "warn"),
    "milestone_funded": Sentence("Funds are held for “{title}”", "lock", "good"),
    "part_funded": Sentence("A part of the money for “{title}” is held", "lock", "info"),
    "work_started": Sentence("Started work on “{title}”", "play", "info"),
    "work_submitted": Sentence("Submitted “{title}”", "send", "info"),
    "work_returned": Sentence("Asked for changes on “{title}”", "undo-2", "warn"),
    "milestone_released": Sentence("Approved “{title}” and released its funds", "check", "good"),
    "part_released": Sentence("Released a part of “{title}”", "check", "good"),
    "milestone_cancelled": Sentence("Cancelled “{title}”", "x"),
    "bonus_paid": Sentence("Paid a bonus", "badge-check", "good"),
    "giveback_asked": Sentence("Asked for money of “{title}” back", "undo-2", "info"),
    "giveback_done": Sentence("Gave money of “{title}” back", "undo-2", "good"),
    "giveback_declined": Sentence("Declined to give money of “{title}” back", "x"),
    "giveback_withdrawn": Sentence("No longer asks for money of “{title}” back", "undo-2"),
    "giveback_lapsed": Sentence("Nobody answered whether money of “{title}” goes back", "clock"),
    "milestone_refunded": Sentence(
        "“{title}” was refunded: the payment provider held its money no longer", "undo-2", "warn"
    ),
    "ending_proposed": Sentence("Proposed to end “{title}”", "handshake", "info"),
    "ending_countered": Sentence(
        "Proposed something else instead, to end “{title}”", "handshake", "info"
    ),
    "ending_accepted": Sentence("Accepted: “{title}” ended by consent", "handshake", "good"),
    "ending_declined": Sentence("Declined to end “{title}”", "x"),
    "ending_withdrawn": Sentence("Withdrew the proposal to end “{title}”", "undo-2"),
    "ending_lapsed": Sentence("The proposal to end “{title}” lapsed without an answer", "clock"),
    "ending_dropped": Sentence(
        "The proposal to end “{title}” has nothing left to end: the milestone has ended", "clock"
    ),
    "ending_overtaken": Sentence(
        "The proposal to end “{title}” was overtaken, and lapsed", "clock", "warn"
    ),
    "chargeback_inquiry": Sentence(
        "The client’s bank asks about the payment for “{title}”, and takes nothing", "landmark"
    ),
    "chargeback_open": Sentence(
        "The client’s bank wants the payment for “{title}” back", "landmark", "bad"
    ),
    "chargeback_review": Sentence(
        "The client’s bank decides about the payment for “{title}”", "landmark", "warn"
    ),
    "chargeback_won": Sentence(
        "The client’s bank has found for us: the payment for “{title}” stands", "landmark", "good"
    ),
    "chargeback_lost": Sentence(
        "The client’s bank has decided against us: it keeps what it took for “{title}”",
        "landmark",
        "bad",
    ),
    "chargeback_closed": Sentence(
        "The client’s bank has given up its demand for “{title}”", "landmark", "good"
    ),
    "chargeback_taken": Sentence("The client’s bank took money of “{title}”", "undo-2", "bad"),
    "chargeback_returned": Sentence(
        "The client’s bank gave money of “{title}” back", "undo-2", "good"
    ),
    "chargeback_shifted": Sentence(
        "What the client’s bank has of “{title}” was counted anew", "undo-2"
    ),
    "change_proposed": Sentence("Proposed to change the agreement", "file-text", "info"),
    "change_countered": Sentence("Proposed another change instead", "file-text", "info"),
    "change_accepted": Sentence("Accepted: the agreement has a new version", "handshake", "good"),
    "change_declined": Sentence("Declined to change the agreement", "x"),
    "change_withdrawn": Sentence("Withdrew the change of the agreement", "undo-2"),
    "change_lapsed": Sentence("The change of the agreement lapsed without an answer", "clock"),
    "change_overtaken": Sentence(
        "The change of the agreement lapsed with what it was about", "clock", "warn"
    ),
    "change_dropped": Sentence("The contract ended before the change was answered", "clock"),
    "dispute_opened": Sentence("Opened a dispute on “{title}”", "scale", "bad"),
    "dispute_answered": Sentence("Answered the dispute on “{title}”", "message-square", "info"),
    "dispute_statement": Sentence("Added a statement on “{title}”", "message-square"),
    "dispute_escalated": Sentence("A mediator now looks at “{title}”", "scale", "warn"),
    "mediator_asked": Sentence("Asked for a mediator on “{title}”", "scale"),
    "dispute_handed_over": Sentence(
        "The negotiation about “{title}” is over: a mediator now looks at it", "scale", "warn"
    ),
    "ruling_late": Sentence("The ruling on “{title}” takes longer than expected", "clock", "warn"),
    "ruling_overdue": Sentence("Nobody has decided on “{title}” in time", "clock", "bad"),
    "dispute_settled": Sentence(
        "Both sealed figures have met: “{title}” is settled", "handshake", "good"
    ),
    "dispute_decided": Sentence("The dispute on “{title}” is decided", "gavel", "good"),
    "ruling_accepted": Sentence("Accepted the decision on “{title}”", "check", "good"),
    "dispute_appealed": Sentence("Appealed against the decision on “{title}”", "scale", "warn"),
    "ruling_carried_out": Sentence("The decision on “{title}” is carried out", "check", "good"),
    "dispute_closed": Sentence("The dispute on “{title}” is closed", "scale"),
}
_SILENT_RELEASE = Sentence(
    "“{title}” was approved and released by itself: the review period was over", "check", "good"
)
_GROUNDS = {
    "drop": "it was not funded yet",
    "cancel_late": "the delivery was late",
    "cancel_idle": "the work was never started",
    "cancel_unfunded": "the client did not fund it in time",
}


def kinds() -> frozenset[str]:
    """The kinds of events that have a sentence of their own."""
    return frozenset(_SENTENCES)


def sentence_of(event: Event) -> Sentence:
    """The event as it is read. A kind that nobody has put into words yet names itself."""
    sentence = _SENTENCES.get(event.kind) or Sentence(event.kind.replace("_", " ").capitalize())
    if event.kind == "milestone_released" and event.detail.get("silent"):
        sentence = _SILENT_RELEASE
    text = sentence.text.format(title=event.title)
    version = event.detail.get("version")
    if isinstance(version, int) and version > 1:
        text += f", version {version}"
    text += in_numbers(event.detail.get("not_met"))
    text += why_cancelled(str(event.detail.get("ground", "")))
    if terms := event.detail.get("terms"):
        text += f": {terms}"
    if reason := event.detail.get("reason"):
        text += f": {reason}"
    return Sentence(text, sentence.icon, sentence.tone)


def why_cancelled(ground: str) -> str:
    """At the end of a sentence. Of the freelancer's right to cancel at any time nothing is said."""
    return f": {_GROUNDS[ground]}" if ground in _GROUNDS else ""


def in_numbers(not_met: Any) -> str:
    """Which criteria are not met, at the end of a sentence: “: criteria 1 and 3 are not met”."""
    if not not_met:
        return ""
    *others, last = map(str, not_met)
    if not others:
        return f": criterion {last} is not met"
    return f": criteria {', '.join(others)} and {last} are not met"


def who_of(event: Event, *, client: str, freelancer: str) -> str:
    """Who did it, by the name under which they stand in the contract."""
    return {"client": client, "freelancer": freelancer, "system": "Milepost"}.get(
        event.role, "A mediator" if event.role == "mediator" else ""
    )
