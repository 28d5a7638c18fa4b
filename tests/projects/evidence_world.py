"""A dispute with something of everything on file, and its bundle as a program reads it."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.people.models import User
from projects.agreements.sealing.selectors import published_keys
from projects.disputes.models import Dispute
from projects.disputes.selectors import disputes_of
from projects.disputes.services import answer_dispute, open_dispute
from projects.evidence import verify_evidence
from projects.evidence.bundle import bundle_of
from projects.messages.services import write_message
from projects.milestones.models import Milestone
from projects.milestones.services import return_work, submit_work
from tests.world import active_contract, answers_to, fund, plan_of, to_mediator

# Each stands in one place of the record, and nowhere in what outsiders get.
WORDS = {
    "title": "Zanzibar shop",
    "criterion": "Quetzal loads",
    "note": "Here is the <b>Xylophone</b>.",
    "answer": "The Yurt is missing.",
    "statement": "The Wombat eats what is put into it.",
    "reply": "No Vicuña was agreed on.",
    "message": "Call me: udo@example.org, said the <i>Tapir</i>.",
    "file": "Rückgabe Ibex.txt",
}


def upload(name: str = WORDS["file"], content: bytes = b"It is here.") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def rich_dispute(client: User, freelancer: User) -> Dispute:
    """Delivered twice, written about, opened, answered; two files of one name in one delivery."""
    plan = plan_of(50_000, criteria=[WORDS["criterion"]])
    plan[0]["title"] = WORDS["title"]
    contract = active_contract(client, freelancer, plan=plan)
    milestone = fund(contract.milestones.get())
    _submit(milestone, freelancer, [upload()])
    return_work(milestone_id=milestone.pk, by=client, answer=WORDS["answer"], not_met=[1])
    _submit(milestone, freelancer, [upload(), upload(content=b"Another one.")])
    write_message(bid_id=contract.bid_id, by=client, text=WORDS["message"], files=[upload()])
    dispute = open_dispute(
        milestone_id=milestone.pk,
        by=client,
        reason="not_as_agreed",
        not_met=[1],
        statement=WORDS["statement"],
        asked_for=10_000,
    )
    answer_dispute(dispute_id=dispute.pk, by=freelancer, statement=WORDS["reply"])
    to_mediator(dispute, client, freelancer)
    return seen(dispute, client)


def _submit(milestone: Milestone, by: User, files: list[SimpleUploadedFile]) -> None:
    submit_work(
        milestone_id=milestone.pk,
        by=by,
        note=WORDS["note"],
        files=files,
        criteria=answers_to(milestone),
    )


def seen(dispute: Dispute, by: User) -> Dispute:
    """As a door reads it."""
    return disputes_of(by).get(pk=dispute.pk)


def bundled(dispute: Dispute, *, with_messages: bool = True, redacted: bool = False) -> bytes:
    parts = bundle_of(dispute, with_messages=with_messages, is_redacted=redacted)
    return b"".join(parts)


def contents(archive: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def verify(folder: Path, archive: bytes, keys: Any = None) -> tuple[int, str]:
    """As its reader runs the program: alone, without our packages."""
    bundle, known = folder / "evidence.zip", folder / "keys.json"
    bundle.write_bytes(archive)
    known.write_text(json.dumps(keys or published_keys()))
    done = subprocess.run(
        [sys.executable, "-I", verify_evidence.__file__, str(bundle), str(known)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout
