"""The record of a dispute as plain data: what is on file, and of when it is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.conf import settings

from marketplace.common.models import StoredFile
from payments.statements.models import Scope
from projects.agreements.selectors import files_offered, files_wanted
from projects.contracts.models import Agreement
from projects.contracts.sentences import sentence_of
from projects.disputes.models import Dispute, Ruling, Statement
from projects.evidence.naming import path_in
from projects.evidence.proposed import ids_of, proposed_on
from projects.evidence.selectors import (
    agreements_until,
    money_until,
    read_until,
    timeline_until,
)
from projects.messages.models import Conversation, Message
from projects.messages.selectors import conversation_about, files_sent_on, messages_on
from projects.milestones.models import Submission
from projects.milestones.selectors import deliveries_on

FORMAT = "milepost-evidence/1"


@dataclass(frozen=True)
class PlacedFile:
    """A file with the place that it has in the bundle."""

    path: str
    stored: StoredFile

    def as_data(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "name": self.stored.name,
            "size": self.stored.size,
            "sha256": self.stored.sha256,
            "sent_at": self.stored.created_at,
        }


@dataclass(frozen=True)
class Record:
    """All that a bundle is made of. ``data`` is what it says, with times as they are.

    ``conversation`` is None where its reader may not have the messages. ``as_of`` is when anything
    was last added: nothing of when it is read is in it, so the same record is the same bundle.
    """

    dispute: Dispute
    agreements: Sequence[Agreement]
    conversation: Conversation | None
    money: Scope
    files: Sequence[PlacedFile]
    as_of: datetime
    data: dict[str, Any]


def record_for(dispute: Dispute, *, with_messages: bool) -> Record:
    """Read it, in a number of queries that does not depend on how much there is."""
    milestone, contract = dispute.milestone, dispute.milestone.contract
    until = None if with_messages else read_until(dispute)
    agreements = list(agreements_until(dispute, until))
    deliveries = list(deliveries_on(milestone))
    conversation = conversation_about(contract.bid) if with_messages else None
    wanted = _placed("agreement/posting", [f.stored for f in files_wanted(agreements[-1])])
    offered = _placed("agreement/files", [f.stored for f in files_offered(agreements[-1])])
    delivered = {
        one.pk: _placed(f"deliveries/{one.version}", [f.stored for f in one.files.all()])
        for one in deliveries
    }
    exhibits = _exhibits(dispute)
    # No key where nothing was proposed: a record of before such a thing keeps its bytes.
    proposed = {name: rows for name, rows in proposed_on(dispute, until=until).items() if rows}
    happened = timeline_until(dispute, until, own=ids_of(proposed))
    sent = _files_sent(conversation)
    data = {
        "dispute": _dispute(dispute),
        "parties": {side: _party(getattr(contract, side)) for side in ("client", "freelancer")},
        "milestone_in_dispute": _milestone(dispute),
        "agreements": [_agreement(one) for one in agreements],
        "files_of_the_posting": [file.as_data() for file in wanted],
        "files_of_the_bid": [file.as_data() for file in offered],
        "deliveries": [_delivery(one, delivered[one.pk]) for one in deliveries],
        "statements": [_statement(one, exhibits[one.pk]) for one in dispute.statements.all()],
        **proposed,
        "messages": conversation and _messages(conversation, sent),
        "timeline": [
            {
                "at": event.created_at,
                "role": event.role,
                "kind": event.kind,
                "text": sentence_of(event).text,
            }
            for event in happened
        ],
    }
    as_of = max(_times_in(data))
    head = {
        "format": FORMAT,
        "site": settings.SITE_URL,
        "as_of": as_of,
        "redacted": False,
        "left_out": [] if with_messages else [_WITHOUT_MESSAGES],
    }
    return Record(
        dispute=dispute,
        agreements=agreements,
        conversation=conversation,
        money=money_until(dispute, until, agreement=agreements[-1], as_of=as_of),
        files=[
            *wanted,
            *offered,
            *chain(*delivered.values()),
            *chain(*exhibits.values()),
            *sent,
        ],
        as_of=as_of,
        data=head | data,
    )


_WITHOUT_MESSAGES = (
    "What both sides wrote to each other, and what they proposed, agreed and did after the end: "
    "staff read it for a decision, and the dispute has ended."
)
# Due times lie ahead: they do not say when something was added.
_AHEAD = ("due_at", "ends_at", "expected_at", "_until")


def _times_in(value: Any, name: str = "") -> list[datetime]:
    if isinstance(value, dict):
        return [at for key, one in value.items() for at in _times_in(one, key)]
    if isinstance(value, list):
        return [at for one in value for at in _times_in(one, name)]
    is_past = isinstance(value, datetime) and not name.endswith(_AHEAD)
    return [value] if is_past else []


def _party(party: Any) -> dict[str, Any]:
    return {"party": party.public_id, "name": party.name}


def _dispute(dispute: Dispute) -> dict[str, Any]:
    rulings = list(dispute.rulings.all())
    is_carried_out = any(ruling.carried_out_at for ruling in rulings)
    # No key where there is none: a record of before such a thing keeps its bytes.
    more = {
        "ruling_missed_at": dispute.ruling_missed_at,
        "held_until": dispute.milestone.escrow.limit_at if dispute.is_open else None,
    }
    return {name: at for name, at in more.items() if at} | {
        "id": dispute.public_id,
        "contract": dispute.milestone.contract.public_id,
        "status": dispute.state.value,
        "opened_at": dispute.created_at,
        "opened_by_role": dispute.opened_by_role,
        "reason": dispute.reason,
        "criteria_not_met": list(dispute.not_met),
        "asked_for": dispute.asked_for,
        "answer_due_at": dispute.answer_due_at,
        "negotiation_ends_at": dispute.negotiation_ends_at,
        "ruling_expected_at": dispute.ruling_expected_at,
        "ruling_late_at": dispute.ruling_late_at,
        "ruling_due_at": dispute.ruling_due_at,
        "appeal_ends_at": dispute.appeal_ends_at,
        "reply_until": dispute.reply_until,
        "appealed_by": dispute.appealed_by,
        "rulings": [_ruling(ruling) for ruling in rulings],
        "carried_out_to_freelancer": dispute.to_freelancer if is_carried_out else None,
        "settled_at_to_freelancer": None if is_carried_out else dispute.to_freelancer,
        "closed_at": dispute.closed_at,
    }


def _ruling(ruling: Ruling) -> dict[str, Any]:
    # No key where there was no second mediator: a record of before such a thing keeps its bytes.
    second = {"confirmed_by": ruling.confirmed_by.name} if ruling.confirmed_by else {}
    return second | {
        "number": ruling.number,
        "at": ruling.created_at,
        "by": ruling.by.name if ruling.by else "rule",
        "facts": ruling.facts,
        "rule": ruling.rule,
        "reasons": ruling.reasons,
        "to_freelancer": ruling.to_freelancer,
        "held": ruling.held,
        "carried_out_at": ruling.carried_out_at,
    }


def _milestone(dispute: Dispute) -> dict[str, Any]:
    milestone = dispute.milestone
    return {
        "id": milestone.public_id,
        "position": milestone.position,
        "title": milestone.title,
        "price": milestone.amount,
        "currency": milestone.currency,
        "criteria": list(milestone.criteria),
        "status": milestone.status,
        "revisions_used": milestone.revisions_used,
        "due_at": milestone.due_at,
        "started_at": milestone.started_at,
        "submitted_at": milestone.submitted_at,
        "review_ends_at": milestone.review_ends_at,
        "closed_at": milestone.closed_at,
    }


def _agreement(agreement: Agreement) -> dict[str, Any]:
    wording = json.loads(agreement.body)
    return {
        "version": agreement.version,
        "sha256": agreement.sha256,
        "accepted_by_client_at": agreement.signed_by_client_at,
        "accepted_by_freelancer_at": agreement.signed_by_freelancer_at,
        "price": wording["price"],
        "currency": wording["currency"],
        "review_days": wording["review_days"],
        "milestones": [
            {name: part.get(name) for name in ("position", "title", "amount", "criteria")}
            for part in wording["milestones"]
        ],
    }


def _delivery(one: Submission, files: list[PlacedFile]) -> dict[str, Any]:
    return {
        "version": one.version,
        "at": one.created_at,
        "note": one.note,
        "links": list(one.links),
        "answers": [
            {
                "criterion": answer["criterion"],
                "met": answer.get("met"),
                "how": answer.get("how"),
                "found_not_met": answer["is_refused"],
            }
            for answer in one.answers
        ],
        "files": [file.as_data() for file in files],
        "returned_at": one.returned_at,
        "answer_of_the_client": one.answer,
    }


def _statement(one: Statement, files: list[PlacedFile]) -> dict[str, Any]:
    # No key where no file came with it: a record of before such a thing keeps its bytes.
    with_it = {"files": [file.as_data() for file in files]} if files else {}
    return {"at": one.created_at, "role": one.role, "by": one.by.name, "text": one.text} | with_it


def _exhibits(dispute: Dispute) -> dict[int, list[PlacedFile]]:
    """What came with each statement, by its primary key; the folders are numbered as they are."""
    return {
        one.pk: _placed(f"statements/{number}", [f.stored for f in one.exhibits.all()])
        for number, one in enumerate(dispute.statements.all(), start=1)
    }


def _files_sent(conversation: Conversation | None) -> list[PlacedFile]:
    """Those that came with a message, the oldest first, up to the newest that is counted."""
    if conversation is None:
        return []
    sent = files_sent_on(conversation.bid).filter(message__number__lte=conversation.length)
    return _placed("messages", [f.stored for f in sent.order_by("message__number", "pk")])


def _messages(conversation: Conversation, sent: list[PlacedFile]) -> dict[str, Any]:
    newest: Message | None = messages_on(conversation.bid).order_by("-number").first()
    return {
        "count": conversation.length,
        "read_by_client": conversation.client_read,
        "read_by_freelancer": conversation.freelancer_read,
        "newest_at": newest and newest.created_at,
        "files": [file.as_data() for file in sent],
    }


def _placed(folder: str, files: Sequence[StoredFile]) -> list[PlacedFile]:
    return [
        PlacedFile(path_in(folder, number, stored.name), stored)
        for number, stored in enumerate(files, start=1)
    ]
