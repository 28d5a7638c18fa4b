"""The record of a dispute in the order in which it was made: what was said, what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from payments.chargebacks.selectors import chargebacks_of_each
from projects.contracts.models import Event
from projects.contracts.sentences import sentence_of
from projects.disputes.exhibits.models import Exhibit
from projects.disputes.models import Dispute, Ruling

# What the statements do not tell by themselves.
_MARKS = {
    "dispute_escalated": ("The time to answer is over: a mediator takes over", "clock", "warn"),
    "mediator_asked": ("Asked for a mediator", "scale", "neutral"),
    "dispute_handed_over": ("The negotiation is over: a mediator takes over", "scale", "warn"),
    "ruling_late": ("The ruling takes longer: every mediator was told", "clock", "warn"),
    "ruling_overdue": (
        "Nobody has decided in time: every mediator was told again",
        "clock",
        "bad",
    ),
    "dispute_settled": ("Settled: both sealed figures have met", "handshake", "good"),
    "ruling_accepted": ("Accepted the decision", "check", "good"),
    "dispute_appealed": ("Appealed: another mediator takes over", "scale", "warn"),
    "ruling_carried_out": ("The decision was carried out", "check", "good"),
    "dispute_closed": ("Closed: the milestone has ended", "flag", "neutral"),
}


@dataclass(frozen=True)
class Entry:
    """One line of the record; ``words`` are a statement or the reasons of a ruling, and ``files``
    came with a statement.
    """

    at: datetime
    who: str
    role: str
    title: str
    icon: str
    tone: str = "neutral"
    words: str = ""
    files: Sequence[Exhibit] = ()


def record_of(dispute: Dispute) -> list[Entry]:
    """Everything that both sides and the mediator put on file, the oldest first."""
    entries = [_said(dispute, number) for number in range(len(dispute.statements.all()))]
    events = Event.objects.filter(
        Q(about=dispute.public_id, kind__in=_MARKS) | _of_banks(dispute),
        contract=dispute.milestone.contract_id,
    ).select_related("by")
    for event in events:
        said = sentence_of(event)  # of a bank, in the words of the contract's own timeline
        title, icon, tone = _MARKS.get(event.kind, (said.text, said.icon, said.tone))
        who = event.by.name if event.by else "Milepost"
        entries.append(Entry(event.created_at, who, event.role, title, icon, tone))
    entries += [_decided(ruling) for ruling in dispute.rulings.all()]
    return sorted(entries, key=lambda entry: entry.at)


def _of_banks(dispute: Dispute) -> Q:
    """What banks did about the money of its milestone while it was open."""
    escrow = dispute.milestone.escrow
    demands = chargebacks_of_each([escrow]).get(escrow.public_id, [])
    meanwhile = Q(created_at__gte=dispute.created_at)
    if dispute.closed_at:
        meanwhile &= Q(created_at__lte=dispute.closed_at)
    return meanwhile & Q(about__in=[one.public_id for one in demands])


def _decided(ruling: Ruling) -> Entry:
    words = ruling.reasons
    if ruling.facts:
        words = f"Found: {ruling.facts}\n\nRule: {ruling.rule}\n\nWhy: {ruling.reasons}"
    return Entry(
        at=ruling.created_at,
        who=ruling.by.name if ruling.by else "Milepost",
        role="mediator" if ruling.by else "system",
        title="Decided" if ruling.number == 1 else "Decided on appeal",
        icon="gavel",
        tone="good",
        words=words,
    )


def _said(dispute: Dispute, number: int) -> Entry:
    statements = list(dispute.statements.all())
    statement = statements[number]
    is_first = all(statement.role != earlier.role for earlier in statements[:number])
    if number == 0:
        title, icon, tone = "Opened the dispute", "scale", "bad"
    elif is_first:
        title, icon, tone = "Answered", "message-square-reply", "info"
    else:
        title, icon, tone = "Added", "message-square", "neutral"
    return Entry(
        at=statement.created_at,
        who=statement.by.name,
        role=statement.role,
        title=title,
        icon=icon,
        tone=tone,
        words=statement.text,
        files=list(statement.exhibits.all()),
    )
