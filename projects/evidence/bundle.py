"""What stands in the bundle of a dispute, in its order, and what the platform signs of it."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings

from marketplace.common.models import StoredFile
from payments.statements.writing import document_of as statement_of
from projects.agreements.paper.writing import name_of_paper, paper_of
from projects.agreements.sealing.document import as_file, signed_document
from projects.agreements.sealing.keys import key_id_of, own_key, public_half
from projects.agreements.terms import canonical
from projects.disputes.models import Dispute
from projects.evidence.archive import Entry, archive_of
from projects.evidence.page import index_of, messages_page_of
from projects.evidence.record import Record, record_for
from projects.evidence.redacting import messages_without_words, money_without_names, redacted
from projects.messages.export import document_of as messages_of
from projects.messages.rules import Talk

SIGNATURE_FORMAT = "milepost-evidence-signature/1"


def bundle_of(dispute: Dispute, *, with_messages: bool, is_redacted: bool) -> Iterator[bytes]:
    """The ZIP, for a reader of the dispute. The record is read now; files while it is sent."""
    record = record_for(dispute, with_messages=with_messages)
    entries = _for_outsiders(redacted(record)) if is_redacted else _in_full(record)
    return archive_of(entries, sign=lambda sums: _signed(record, sums, is_redacted))


def name_of_bundle(dispute: Dispute, *, is_redacted: bool) -> str:
    """As it is saved."""
    return f"evidence-{dispute.public_id}{'-redacted' if is_redacted else ''}.zip"


def _in_full(record: Record) -> Iterator[Entry]:
    contract = record.dispute.milestone.contract
    signed = signed_document(contract, record.agreements)
    yield Entry("index.html", [index_of(record.data).encode()])
    yield Entry("record.json", [_json(record.data)])
    yield Entry(
        "agreement/signed-agreement.json",
        # Of the moment of the record: the file is the same whenever it is made.
        [as_file(signed | {"made_at": record.as_of.isoformat()}).encode()],
    )
    for agreement in record.agreements:
        yield Entry(f"agreement/{name_of_paper(agreement)}", [paper_of(agreement)])
    if record.conversation is not None:
        talk = Talk(contract.bid, contract)
        yield Entry("messages.html", _encoded(messages_page_of(record.conversation, record.data)))
        yield Entry("messages.json", _encoded(messages_of(talk, record.conversation)))
    yield Entry("money/statement.json", _encoded(statement_of(record.money, "json").parts))
    for file in record.files:
        yield Entry(file.path, _bytes_of(file.stored))


def _for_outsiders(record: Record) -> Iterator[Entry]:
    yield Entry("index.html", [index_of(record.data).encode()])
    yield Entry("record.json", [_json(record.data)])
    if record.conversation is not None:
        yield Entry("messages.json", _lines(messages_without_words(record.conversation)))
    yield Entry("money/lines.json", _lines(money_without_names(record.money)))


def _signed(record: Record, sums: str, is_redacted: bool) -> dict[str, str]:
    """By the key of the agreements, over which files the bundle holds, of what and of when."""
    key = own_key()
    key_id = key_id_of(public_half(key))
    text = canonical(
        {
            "evidence": 1,
            "site": settings.SITE_URL,
            "dispute": record.dispute.public_id,
            "contract": record.dispute.milestone.contract.public_id,
            "as_of": record.as_of.isoformat(),
            "redacted": is_redacted,
            "sha256": sums,
            "key": key_id,
        }
    )
    return {
        "format": SIGNATURE_FORMAT,
        "text": text,
        "key": key_id,
        "signature": key.sign(text.encode()).hex(),
    }


def _json(data: dict[str, Any]) -> bytes:
    said = json.dumps(data, indent=1, ensure_ascii=False, default=datetime.isoformat)
    return f"{said}\n".encode()


def _lines(some: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """A list in JSON, a line for each."""
    comma = ""
    for one in some:
        yield f"{comma or '['}\n{json.dumps(one, ensure_ascii=False)}".encode()
        comma = ","
    yield b"\n]\n" if comma else b"[]\n"


def _encoded(parts: Iterable[str]) -> Iterator[bytes]:
    return (part.encode() for part in parts)


def _bytes_of(stored: StoredFile) -> Iterator[bytes]:
    with stored.file.open("rb") as file:
        yield from file.chunks()
