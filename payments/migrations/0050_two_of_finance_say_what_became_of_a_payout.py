"""Above the limit two of finance say what became of a payout to a closed account, too."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0049_what_was_earned_has_a_limit"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="proposeddeed",
            name="a_proposed_deed_is_of_one_thing",
        ),
        migrations.AddField(
            model_name="proposeddeed",
            name="bank_payout",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddField(
            model_name="proposeddeed",
            name="payout",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="proposed_deeds",
                to="payments.payout",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposeddeed",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "proposed")),
                fields=("payout",),
                name="one_proposed_deed_per_payout",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposeddeed",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("difference", None), ("payout", None), ("refund__isnull", False)),
                    models.Q(("difference__isnull", False), ("payout", None), ("refund", None)),
                    models.Q(("difference", None), ("payout__isnull", False), ("refund", None)),
                    _connector="OR",
                ),
                name="a_proposed_deed_is_of_one_thing",
            ),
        ),
    ]
