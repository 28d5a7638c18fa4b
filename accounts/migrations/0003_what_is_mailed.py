"""What each person wants to be mailed, and why a mail failed."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def say_that_the_reason_is_lost(apps, schema_editor):
    """The desk lists given-up mails by their reason, and those of before have none."""
    notice = apps.get_model("accounts", "Notification")
    given_up = notice.objects.filter(mailed_at=None, mail_due_at=None, mail_attempts__gte=5)
    given_up.update(mail_failure="The reason was not noted then.")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_staff_groups"),
    ]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="mail_failure",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.RunPython(say_that_the_reason_is_lost, migrations.RunPython.noop),
        migrations.CreateModel(
            name="MailPreferences",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="mail_preferences",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "muted",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("quiet_from", models.TimeField(null=True)),
                ("quiet_to", models.TimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("quiet_from__isnull", True), ("quiet_to__isnull", True)),
                            models.Q(
                                ("quiet_from__isnull", False),
                                ("quiet_to__isnull", False),
                                models.Q(("quiet_from", models.F("quiet_to")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="quiet_hours_begin_and_end",
                    )
                ],
            },
        ),
    ]
