"""A payee whose account was closed at the provider may open another."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_payment_asked_at")]

    operations = [
        migrations.AddField(
            model_name="connectedaccount",
            name="generation",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="connectedaccount",
            name="past_remote_ids",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="connectedaccount",
            name="failure_code",
            field=models.CharField(blank=True, max_length=80),
        ),
    ]
