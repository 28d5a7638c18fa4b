"""What an owner asks everybody who bids, and the answers in each wording of a bid."""

import django.db.models.deletion
import marketplace.common.public_ids
from django.db import migrations, models

# All who bid answer the same: what was asked of the first is asked of everybody.
KEEP_QUESTIONS = """
CREATE FUNCTION projects_keep_screening_question() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a screening question is not changed: ask another one';
    END IF;
    IF EXISTS (
        SELECT FROM projects_bid WHERE posting_id = COALESCE(NEW.posting_id, OLD.posting_id)
    ) THEN
        RAISE EXCEPTION 'a posting with bids keeps its screening questions';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER screening_questions_stay BEFORE INSERT OR UPDATE OR DELETE
    ON projects_screeningquestion
    FOR EACH ROW EXECUTE FUNCTION projects_keep_screening_question();
"""
FORGET = """
DROP TRIGGER screening_questions_stay ON projects_screeningquestion;
DROP FUNCTION projects_keep_screening_question();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0031_the_time_to_choose_is_a_promise"),
    ]

    operations = [
        migrations.AddField(
            model_name="bid",
            name="answers",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="bidversion",
            name="answers",
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name="ScreeningQuestion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="sq")),
                ("place", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("short_text", "Short text"),
                            ("long_text", "Long text"),
                            ("yes_no", "Yes or no"),
                            ("whole_number", "Whole number"),
                            ("one_choice", "One of a list"),
                            ("several_choices", "Several of a list"),
                        ],
                        max_length=15,
                    ),
                ),
                ("text", models.CharField(max_length=300)),
                ("is_required", models.BooleanField(default=True)),
                ("unit", models.CharField(blank=True, max_length=20)),
                ("least", models.BigIntegerField(blank=True, null=True)),
                ("most", models.BigIntegerField(blank=True, null=True)),
                ("choices", models.JSONField(blank=True, default=list)),
                (
                    "posting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="screening_questions",
                        to="projects.posting",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("posting", "place"), name="screening_questions_stand_in_an_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "whole_number"),
                            models.Q(("least__isnull", True), ("most__isnull", True), ("unit", "")),
                            _connector="OR",
                        ),
                        name="only_numbers_have_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("least__isnull", True),
                            ("most__isnull", True),
                            ("most__gte", models.F("least")),
                            _connector="OR",
                        ),
                        name="bounds_of_a_number_are_a_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind__in", ["one_choice", "several_choices"]),
                                models.Q(("choices", []), _negated=True),
                            ),
                            models.Q(
                                models.Q(
                                    ("kind__in", ["one_choice", "several_choices"]), _negated=True
                                ),
                                ("choices", []),
                            ),
                            _connector="OR",
                        ),
                        name="lists_alone_have_choices",
                    ),
                ]
            },
        ),
        migrations.RunSQL(KEEP_QUESTIONS, FORGET),
    ]
