from django.db import migrations, models

# As the newest wording has them: until now by their number, and what was dropped behind them.
STANDING = """
UPDATE projects_milestone SET place = standing.place FROM (
    SELECT milestone.id, row_number() OVER (
        PARTITION BY milestone.contract_id
        ORDER BY NOT jsonb_path_exists(
            newest.body::jsonb, '$.milestones[*].position ? (@ == $number)',
            jsonb_build_object('number', milestone.position)
        ), milestone.position
    ) AS place
    FROM projects_milestone milestone
    JOIN (
        SELECT DISTINCT ON (contract_id) contract_id, body FROM projects_agreement
        ORDER BY contract_id, version DESC
    ) newest ON newest.contract_id = milestone.contract_id
) standing WHERE standing.id = projects_milestone.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0037_rulings_are_expected"),
    ]

    operations = [
        migrations.AddField(
            model_name="milestone",
            name="place",
            field=models.PositiveSmallIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunSQL(STANDING, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="milestone",
            constraint=models.UniqueConstraint(
                deferrable=models.Deferrable["DEFERRED"],
                fields=("contract", "place"),
                name="milestones_have_a_place_each",
            ),
        ),
    ]
