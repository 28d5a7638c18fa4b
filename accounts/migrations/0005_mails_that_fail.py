"""Since when a mail fails, to which address it went, and how often it was tried again by hand."""

from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery


def tell_what_is_known(apps, schema_editor):
    """Of mails that failed before: the earliest that it can be, and the address of today."""
    notice, user = apps.get_model("accounts", "Notification"), apps.get_model("accounts", "User")
    notice.objects.filter(mailed_at__isnull=False).exclude(
        mail_failure="", mail_due_at=None
    ).update(mail_failure="", mail_due_at=None)
    address = user.objects.filter(pk=OuterRef("recipient_id")).values("email")
    notice.objects.exclude(mail_failure="").update(
        mail_failed_at=F("created_at"), mail_to=Subquery(address)
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_calendar_feeds"),
    ]

    operations = [
        migrations.AddField("notification", "mail_failed_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "notification", "mail_retries", models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddField(
            "notification", "mail_to", models.EmailField(blank=True, max_length=254)
        ),
        migrations.RunPython(tell_what_is_known, migrations.RunPython.noop),
        migrations.AddIndex(
            "notification",
            models.Index(
                condition=models.Q(("mail_failure", ""), _negated=True),
                fields=["-created_at", "-id"],
                name="mails_that_fail",
            ),
        ),
        migrations.AddIndex(
            "notification",
            models.Index(
                condition=models.Q(("mail_failure", ""), _negated=True),
                fields=["recipient"],
                name="mails_that_fail_of_a_person",
            ),
        ),
        migrations.AddConstraint(
            "notification",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("mail_failed_at__isnull", True), ("mail_failure", "")),
                    models.Q(
                        models.Q(("mail_failure", ""), _negated=True),
                        ("mail_failed_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="a_failure_of_a_mail_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            "notification",
            models.CheckConstraint(
                condition=models.Q(
                    ("mailed_at__isnull", True),
                    models.Q(("mail_due_at__isnull", True), ("mail_failure", "")),
                    _connector="OR",
                ),
                name="a_mail_that_left_is_not_tried_again",
            ),
        ),
    ]
