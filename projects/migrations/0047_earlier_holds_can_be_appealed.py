"""Holds from before there were appeals get a full time to appeal, and whom they concern is told."""

from datetime import timedelta

from django.db import migrations
from django.db.migrations.recorder import MigrationRecorder

from marketplace.common.clock import now
from marketplace.common.public_ids import new_public_id
from marketplace.common.words import Words

_APPEAL = timedelta(days=3)
# As payments.0040 and projects.0042 moved them here: of the first kind it is known by their date.
_MOVED_BY = ("payments", "0040_holds")
_POSTING_BEFORE = "It was suspended before evidence was asked for."


def let_them_appeal(apps, schema_editor) -> None:
    """Their three days were counted from before anybody could use them."""
    moved = MigrationRecorder(schema_editor.connection).migration_qs.filter(
        app=_MOVED_BY[0], name=_MOVED_BY[1]
    )
    moved_at, at = moved.values_list("applied", flat=True).first(), now()
    holds = apps.get_model("accounts", "Hold").objects.filter(status="placed", closes_at__gt=at)
    for hold in holds.select_related("party").order_by("pk"):
        is_posting = hold.kind == "posting" and hold.evidence == _POSTING_BEFORE
        if is_posting or (hold.kind == "payouts" and moved_at and hold.created_at < moved_at):
            hold.appeal_until = max(hold.appeal_until, min(at + _APPEAL, hold.closes_at))
            hold.save(update_fields=["appeal_until"])
            _tell(apps, hold)


def _tell(apps, hold) -> None:
    """In the words of the deed itself, which lead to where they appeal."""
    kind, text = (
        "payouts_held",
        Words("Your payouts are held until %(until)s at the latest. Read why.", until=hold.ends_at),
    )
    if hold.kind == "posting":
        kind, text = (
            "posting_suspended",
            Words("“%(title)s” was suspended: %(reason)s", title=hold.title, reason=hold.reason),
        )
    people = apps.get_model("accounts", "Membership").objects.filter(
        party=hold.party_id, user__is_active=True
    )
    for person_id in people.order_by("pk").values_list("user_id", flat=True):
        apps.get_model("accounts", "Notification").objects.create(
            recipient_id=person_id,
            kind=kind,
            key=new_public_id("ke"),
            said=text.as_json(),
            path=f"/account/holds/#{hold.public_id}",
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_holds"),
        ("payments", "0040_holds"),
        ("projects", "0046_who_looks_after_a_case"),
    ]

    # Backwards nothing is done: a time that somebody was given, and told of, is not taken away.
    operations = [migrations.RunPython(let_them_appeal, migrations.RunPython.noop)]
