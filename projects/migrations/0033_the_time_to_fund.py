from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0037_a_time_to_fund"),
        ("projects", "0032_screening_questions"),
    ]

    operations = [
        migrations.AddField(
            model_name="contract",
            name="funding_due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="putoff",
            name="clock",
            field=models.CharField(
                choices=[
                    ("review", "the time to review it"),
                    ("delivery", "the time to deliver it"),
                    ("grace", "the time before it can be cancelled for lateness"),
                    ("start", "the time to start it"),
                    ("funding", "the time to fund it"),
                    ("offer", "the time to accept the offer"),
                    ("proposal", "the time to answer the proposal"),
                    ("change", "the time to answer the change"),
                    ("dispute", "the time to answer the dispute"),
                    ("giveback", "the time to answer whether money goes back"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="contract",
            index=models.Index(
                condition=models.Q(("funding_due_at__isnull", False)),
                fields=["funding_due_at"],
                name="contracts_to_be_funded",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "active"), ("funding_due_at__isnull", True), _connector="OR"
                ),
                name="only_an_active_contract_waits_for_money",
            ),
        ),
    ]
