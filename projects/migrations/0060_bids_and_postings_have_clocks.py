from django.db import migrations, models

_OF_NO_CONTRACT = ["counter", "hold", "bidding", "choice", "bid"]


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0059_days_of_a_plan_end"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="putoff",
            name="a_clock_is_of_a_contract_or_of_what_has_none",
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
                    ("talks", "the time to settle the dispute"),
                    ("appeal", "the time to appeal"),
                    ("hearing", "the time to decide on the appeal"),
                    ("giveback", "the time to answer whether money goes back"),
                    ("counter", "the time to answer the other terms"),
                    ("hold", "the time to appeal against the hold"),
                    ("reply", "the time to reply to the appeal"),
                    ("bidding", "the time to bid"),
                    ("choice", "the time to choose a bid"),
                    ("bid", "the time for which the bid is valid"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="putoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("clock__in", _OF_NO_CONTRACT), ("contract__isnull", True)),
                    models.Q(
                        models.Q(("clock__in", _OF_NO_CONTRACT), _negated=True),
                        ("contract__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="a_clock_is_of_a_contract_or_of_what_has_none",
            ),
        ),
        # Those that earlier rules do not know.
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "DELETE FROM projects_putoff WHERE clock IN ('bidding', 'choice', 'bid')",
        ),
    ]
