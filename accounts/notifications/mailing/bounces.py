"""What comes back to the address that our mails are sent from: delivery reports (RFC 3464)."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import default

# As message_id_of writes it; whatever else stands in a report is not believed.
_OURS = re.compile(r"<((?:no|dg)_[0-9A-Za-z]{1,40})\.([0-9]{1,4})@[^<>\s]{1,255}>")
_HEAD = {"message/rfc822", "text/rfc822-headers"}


@dataclass(frozen=True)
class Bounce:
    """Which notice's or day's mail came back, after how many tries by hand, and why."""

    public_id: str
    retries: int
    reason: str


def bounce_of(report: bytes) -> Bounce | None:
    """What this mail reports to be undeliverable for good.

    None for everything else: a delay, a delivery, somebody's out-of-office reply, junk.
    """
    mail = message_from_bytes(report, policy=default)
    parts = list(mail.walk())
    said = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    reason = next((words for part in said if (words := _failure_in(part))), "")
    name = next((name for part in parts if (name := _name_in(part))), None)
    if not reason or name is None:
        return None
    return Bounce(public_id=name[1], retries=int(name[2]), reason=reason)


def _failure_in(status: Message) -> str:
    """What the other server said of the first address that it failed for; '' for none."""
    for block in status.walk():
        if str(block.get("Action", "")).strip().lower() != "failed":
            continue
        code = str(block.get("Status", "")).strip()
        if code.startswith("5"):
            answer = str(block.get("Diagnostic-Code", "")).partition(";")[2].strip()
            return answer or f"Undeliverable ({code})."
    return ""


def _name_in(part: Message) -> re.Match[str] | None:
    """The Message-ID of the mail that a part of the report gives back."""
    if part.get_content_type() not in _HEAD:
        return None
    given = part.get_payload()
    if isinstance(given, list):
        mails = (mail for mail in given if isinstance(mail, Message))
        return next((n for m in mails if (n := _OURS.search(str(m.get("Message-ID", ""))))), None)
    lines = str(given).splitlines()
    ids = (line for line in lines if line.lower().startswith("message-id:"))
    return next((found for line in ids if (found := _OURS.search(line))), None)
