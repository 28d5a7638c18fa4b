"""What is suspended today gets its hold: with the moderator of the audit log, and with an end."""

from datetime import timedelta

from django.db import migrations

from marketplace.common.clock import now

_LONGEST, _APPEAL = timedelta(days=30), timedelta(days=3)


def hold_the_suspended(apps, schema_editor) -> None:
    """One whose moderator is not known stays as it is: a moderator restores it."""
    entries = apps.get_model("marketplace", "AuditEntry").objects.filter(deed="suspend posting")
    at = now()
    for posting in apps.get_model("projects", "Posting").objects.filter(status="suspended"):
        found = entries.filter(subject=posting.public_id, by__isnull=False)
        entry = found.order_by("-number").first()
        if entry is None:
            continue
        apps.get_model("accounts", "Hold").objects.create(
            kind="posting",
            party_id=posting.client_id,
            subject=posting.public_id,
            title=posting.title,
            reason=posting.status_reason or "No reason was written down.",
            evidence="It was suspended before evidence was asked for.",
            placed_by_id=entry.by_id,
            created_at=at,
            ends_at=at + _LONGEST,
            closes_at=at + _LONGEST,
            appeal_until=at + _APPEAL,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_holds"),
        ("marketplace", "0006_audit_log"),
        ("projects", "0041_disputes_are_negotiated"),
    ]

    operations = [migrations.RunPython(hold_the_suspended, migrations.RunPython.noop)]
