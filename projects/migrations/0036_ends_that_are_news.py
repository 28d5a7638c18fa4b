from django.db import migrations, models

# Whatever a bell has lost before this: looked at once, by the next sweep.
UNSEEN = """
UPDATE projects_milestone SET end_is_news = TRUE FROM projects_contract
WHERE projects_contract.id = contract_id AND projects_contract.status = 'active'
  AND projects_milestone.closed_at IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0035_bids_have_files"),
    ]

    operations = [
        migrations.AddField(
            model_name="milestone",
            name="end_is_news",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="milestone",
            index=models.Index(
                condition=models.Q(("end_is_news", True)),
                fields=["closed_at"],
                name="ends_that_are_news",
            ),
        ),
        migrations.RunSQL(UNSEEN, migrations.RunSQL.noop),
    ]
