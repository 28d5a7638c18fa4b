"""Questions on a posting, asked by who thinks of bidding, answered in public."""

import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.public_ids
from django.db import migrations, models

from marketplace.common.lifecycle_sql import keep_lifecycle


# Whoever bid has relied on them: words that were sent stay, an answer is given once.
KEEP_WORDS = """
CREATE FUNCTION projects_keep_question() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a question and its answer stay as they were sent';
END $$;
CREATE TRIGGER questions_keep_their_words BEFORE UPDATE ON projects_question
    FOR EACH ROW WHEN (
        NEW.text <> OLD.text OR NEW.posting_id <> OLD.posting_id OR NEW.asker_id <> OLD.asker_id
        OR (NEW.answer <> OLD.answer AND OLD.status <> 'asked')
    ) EXECUTE FUNCTION projects_keep_question();
"""
FORGET = """
DROP TRIGGER questions_keep_their_words ON projects_question;
DROP FUNCTION projects_keep_question();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_staff_groups"),
        ("projects", "0014_change_orders"),
    ]

    operations = [
        migrations.CreateModel(
            name="Question",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="qn")),
                ("text", models.TextField(max_length=1000)),
                ("answer", models.TextField(blank=True, max_length=3000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("asked", "Waiting for an answer"),
                            ("answered", "Answered"),
                            ("declined", "Not answered"),
                            ("withdrawn", "Withdrawn"),
                            ("removed", "Removed"),
                        ],
                        default="asked",
                        max_length=9,
                    ),
                ),
                ("status_reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                ("answered_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "asker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="accounts.party",
                    ),
                ),
                (
                    "posting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="projects.posting",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["posting", "-created_at", "-id"], name="questions_on_a_posting"
                    ),
                    models.Index(fields=["asker", "-created_at"], name="questions_of_a_party"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answer", ""), ("answered_at__isnull", True)),
                            models.Q(
                                models.Q(("answer", ""), _negated=True),
                                ("answered_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="an_answer_has_its_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "answered"), _negated=True),
                            models.Q(("answer", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="what_is_answered_has_an_answer",
                    ),
                ],
            },
        ),
        keep_lifecycle(
            "projects_question",
            begins=("asked",),
            moves={
                "asked": ("answered", "declined", "removed", "withdrawn"),
                "answered": ("removed",),
            },
        ),
        migrations.RunSQL(KEEP_WORDS, FORGET),
    ]
