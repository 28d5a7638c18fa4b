"""The tables of this app live in ``common``; Django looks for them here."""

from marketplace.common.models import (
    AuditEntry,
    ClockOffset,
    Heartbeat,
    IdempotencyRecord,
    Outage,
    StoredFile,
)

__all__ = ["AuditEntry", "ClockOffset", "Heartbeat", "IdempotencyRecord", "Outage", "StoredFile"]
