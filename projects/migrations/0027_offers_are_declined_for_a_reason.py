from django.db import migrations, models

SAY_WHY = """
    UPDATE projects_contract
        SET declined_for = CASE WHEN status_reason = '' THEN 'unsaid' ELSE 'other' END
        WHERE status = 'declined';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0026_sealed_offers"),
    ]

    operations = [
        migrations.AddField(
            model_name="contract",
            name="declined_for",
            field=models.CharField(
                blank=True,
                choices=[
                    ("price", "The price does not fit"),
                    ("timing", "The time does not fit"),
                    ("terms", "The terms of the contract do not fit"),
                    ("unavailable", "No longer available"),
                    ("other", "Another reason"),
                    ("unsaid", "No reason was given"),
                ],
                max_length=11,
            ),
        ),
        migrations.RunSQL(SAY_WHY, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "declined_for__in",
                        ["price", "timing", "terms", "unavailable", "other", "unsaid"],
                    ),
                    ("status", "declined"),
                )
                | models.Q(
                    models.Q(("status", "declined"), _negated=True),
                    ("declined_for", ""),
                ),
                name="a_declined_offer_has_its_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(("declined_for", "other"), ("status_reason", ""), _negated=True),
                name="another_reason_of_an_answer_is_a_sentence",
            ),
        ),
    ]
