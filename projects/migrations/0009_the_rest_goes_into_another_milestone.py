"""A proposal may let the rest of a milestone go into another one, instead of back."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

from marketplace.common.money import AmountField


class Migration(migrations.Migration):
    dependencies = [("projects", "0008_the_escrow_says_what_is_news")]

    operations = [
        migrations.AddField(
            "proposal",
            "into",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="projects.milestone",
            ),
        ),
        migrations.AddField("proposal", "rolled", AmountField(null=True)),
        migrations.AddConstraint(
            "proposal",
            models.CheckConstraint(
                condition=Q(into=None, rolled=None)
                | Q(into__isnull=False, rolled__gt=0) & ~Q(into=F("milestone")),
                name="a_rest_goes_elsewhere_or_back",
            ),
        ),
    ]
