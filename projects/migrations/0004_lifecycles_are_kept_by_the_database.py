"""PostgreSQL refuses the moves that no lifecycle lists: the tables as they stand today."""

from django.db import migrations

from marketplace.common.lifecycle_sql import keep_lifecycle


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0003_lifecycles_are_kept_by_the_database"),
        ("projects", "0003_bids_return_to_where_they_stood"),
    ]

    operations = [
        keep_lifecycle(
            "projects_posting",
            begins=("draft", "open"),
            moves={
                "draft": ("closed", "open"),
                "open": ("awarded", "closed", "expired", "suspended"),
                "suspended": ("open",),
            },
        ),
        keep_lifecycle(
            "projects_bid",
            begins=("submitted",),
            moves={
                "offered": ("accepted", "shortlisted", "submitted"),
                "shortlisted": ("declined", "lapsed", "offered", "submitted", "withdrawn"),
                "submitted": ("declined", "lapsed", "offered", "shortlisted", "withdrawn"),
            },
        ),
        keep_lifecycle(
            "projects_contract",
            begins=("offered",),
            moves={
                "active": ("cancelled", "completed"),
                "offered": ("active", "declined", "lapsed", "withdrawn"),
            },
        ),
        keep_lifecycle(
            "projects_milestone",
            begins=("planned",),
            moves={
                "disputed": ("cancelled", "refunded", "released", "split"),
                "planned": ("cancelled", "disputed", "released", "split", "submitted"),
                "returned": ("cancelled", "disputed", "released", "split", "submitted"),
                "submitted": ("cancelled", "disputed", "released", "returned", "split"),
            },
        ),
        keep_lifecycle(
            "projects_proposal",
            begins=("proposed",),
            moves={
                "proposed": ("accepted", "declined", "lapsed", "withdrawn"),
            },
        ),
        keep_lifecycle(
            "projects_dispute",
            begins=("opened",),
            moves={
                "opened": ("closed", "under_review"),
                "under_review": ("closed", "decided"),
            },
        ),
    ]
