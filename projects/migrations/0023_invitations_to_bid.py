"""Whom the owner of a posting asks to bid, and what they answered."""

import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.public_ids
from django.db import migrations, models

from marketplace.common.lifecycle_sql import keep_lifecycle

# Who was asked, and in which words, is what they answer to; an address gets its person once.
KEEP_WORDS = """
CREATE FUNCTION projects_keep_invitation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an invitation stays as it was sent';
END $$;
CREATE TRIGGER invitations_keep_their_words BEFORE UPDATE ON projects_invitation
    FOR EACH ROW WHEN (
        NEW.note <> OLD.note OR NEW.posting_id <> OLD.posting_id OR NEW.email <> OLD.email
        OR (OLD.freelancer_id IS NOT NULL AND NEW.freelancer_id IS DISTINCT FROM OLD.freelancer_id)
    ) EXECUTE FUNCTION projects_keep_invitation();
"""
FORGET = """
DROP TRIGGER invitations_keep_their_words ON projects_invitation;
DROP FUNCTION projects_keep_invitation();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_digests"),
        ("projects", "0022_disputes_name_criteria"),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="iv")),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("note", models.TextField(blank=True, max_length=1000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("invited", "Invited"),
                            ("accepted", "Has bid"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Lapsed"),
                        ],
                        default="invited",
                        max_length=9,
                    ),
                ),
                ("status_reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "freelancer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="accounts.party",
                    ),
                ),
                (
                    "posting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="projects.posting",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["posting", "-created_at", "-id"], name="invitations_to_a_posting"
                    ),
                    models.Index(
                        fields=["freelancer", "-created_at", "-id"], name="invitations_of_a_person"
                    ),
                    models.Index(
                        condition=models.Q(("email", ""), _negated=True),
                        fields=["email", "-created_at", "-id"],
                        name="invitations_of_an_address",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("email", ""), _negated=True),
                            ("freelancer__isnull", False),
                            _connector="OR",
                        ),
                        name="an_invitation_is_for_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ["accepted", "declined"]), _negated=True),
                            ("freelancer__isnull", False),
                            _connector="OR",
                        ),
                        name="whoever_answers_an_invitation_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("status", "invited")),
                            models.Q(
                                models.Q(("status", "invited"), _negated=True),
                                ("closed_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="an_answered_invitation_has_its_time",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("email", ""), models.Q(("status", "withdrawn"), _negated=True)
                        ),
                        fields=("posting", "freelancer"),
                        name="one_invitation_of_a_person",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            models.Q(("email", ""), _negated=True),
                            models.Q(("status", "withdrawn"), _negated=True),
                        ),
                        fields=("posting", "email"),
                        name="one_invitation_of_an_address",
                    ),
                ],
            },
        ),
        keep_lifecycle(
            "projects_invitation",
            begins=("invited",),
            moves={
                "declined": ("accepted",),
                "invited": ("accepted", "declined", "lapsed", "withdrawn"),
            },
        ),
        migrations.RunSQL(KEEP_WORDS, FORGET),
    ]
