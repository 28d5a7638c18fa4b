"""The audit log: what staff did, in one chain, of which nothing can be taken out or changed.

PostgreSQL numbers and links the entries itself (``marketplace/migrations/0006_audit_log.py``).
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.models import AuditEntry

LONGEST_TEXT = 1_000


def log_deed(
    deed: str,
    subject: str,
    text: str,
    *,
    by,
    role: str,
    about: Iterable[int] = (),
    reason: str = "",
) -> AuditEntry:
    """Write down a deed of staff, in the transaction that does it, as its last step: whoever is
    next waits here until this one commits.

    ``deed`` names it as the tables do ("decide dispute"), ``subject`` is the public id of what it
    was done to, ``about`` are the people (their keys) who read it on their account page, ``by`` a
    person or the house, ``role`` what they did it as. ``text`` and ``reason`` are read by them too.
    """
    return AuditEntry.objects.create(
        at=now(),
        by=None if isinstance(by, str) else by,
        role=role,
        deed=deed,
        subject=subject,
        text=text[:LONGEST_TEXT],
        reason=reason,
        about=sorted(set(about)),
    )


def entries_about(user) -> QuerySet[AuditEntry]:
    """What staff did that concerns this person, the newest first."""
    return AuditEntry.objects.filter(about__contains=[user.pk]).order_by("-number")


def search_entries(
    *,
    reader,
    words: str = "",
    deed: str = "",
    subject: str = "",
    by: Collection[int] | None = None,
    about: Collection[int] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditEntry]:
    """All of them, or those that fit, with who did them; for whoever is of the staff. Not what
    others did about the reader, who has that on their account page, as everybody: without a name.

    ``by`` one of these people, ``about`` any of those (their keys), from the day ``since`` to the
    day ``until``, both in UTC. Raises InvalidInput (``until``) for days that end before they begin.
    """
    if since and until and until < since:
        raise InvalidInput("It ends before it begins.", param="until")
    about_them = Q(about__contains=[reader.pk]) & ~Q(by=reader.pk)
    entries = AuditEntry.objects.exclude(about_them).select_related("by").order_by("-number")
    if subject:
        entries = entries.filter(subject=subject)
    if deed:
        entries = entries.filter(deed=deed)
    if by is not None:
        entries = entries.filter(by__in=by)
    if about is not None:
        entries = entries.filter(about__overlap=list(about))
    if since:
        entries = entries.filter(at__gte=datetime.combine(since, time.min, tzinfo=UTC))
    if until:
        entries = entries.filter(at__lte=datetime.combine(until, time.max, tzinfo=UTC))
    if words:
        query = SearchQuery(words, config="simple", search_type="websearch")
        entries = entries.filter(search=query)
    return entries


def known_deeds() -> list[str]:
    """What has been done so far, each once, in the order of the alphabet."""
    return list(AuditEntry.objects.order_by("deed").values_list("deed", flat=True).distinct())


def link_of(entry: AuditEntry, previous_hash: str) -> str:
    """The hash of the entry behind that one, as PostgreSQL makes it: SHA-256 of a JSON list."""
    said: list[Any] = [
        previous_hash,
        entry.number,
        int(entry.at.timestamp()) * 1_000_000 + entry.at.microsecond,
        entry.by_id,
        entry.role,
        entry.deed,
        entry.subject,
        entry.text,
        entry.reason,
        entry.about,
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def the_audit_log_is_whole() -> list[str]:
    """Each place where the chain does not hold, as a sentence; [] where nothing was touched."""
    found = []
    number, previous_hash = 0, ""
    for entry in AuditEntry.objects.order_by("number").iterator(chunk_size=2_000):
        if entry.number != number + 1:
            found.append(f"The audit log lacks what stood between {number} and {entry.number}.")
        elif entry.previous_hash != previous_hash or entry.hash != link_of(entry, previous_hash):
            found.append(f"Entry {entry.number} of the audit log is not what was written.")
        number, previous_hash = entry.number, entry.hash
    return found


def head_of_the_audit_log() -> str:
    """Number and hash of its newest entry, "17:3fa9…", to be noted where whoever runs the database
    writes nothing; "" where nothing was done yet.
    """
    newest = AuditEntry.objects.order_by("-number").first()
    return f"{newest.number}:{newest.hash}" if newest else ""


def the_audit_log_still_has(head: str) -> list[str]:
    """Nothing, or a sentence, where what was once its head stands there no more: a chain whose end
    was cut off is a chain.
    """
    number, _, link = head.strip().partition(":")
    noted = AuditEntry.objects.filter(number=int(number), hash=link) if number.isdecimal() else None
    if noted is not None and noted.exists():
        return []
    return [f"The audit log has no entry {head}: its end was cut off, or made anew."]
