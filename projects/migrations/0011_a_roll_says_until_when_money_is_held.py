"""A proposal that lets money go on says until when the provider holds it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0010_givebacks")]

    operations = [
        migrations.AddField("proposal", "limit_at", models.DateTimeField(null=True)),
    ]
