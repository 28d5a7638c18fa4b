from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_digests"),
    ]

    operations = [
        migrations.RenameField(model_name="notification", old_name="text", new_name="written"),
        migrations.AlterField(
            model_name="notification",
            name="written",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="notification",
            name="said",
            field=models.JSONField(null=True),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(("said__isnull", False), ("written", ""))
                | models.Q(("said__isnull", True), models.Q(("written", ""), _negated=True)),
                name="a_notice_says_something",
            ),
        ),
    ]
