"""Whoever reads a page marks what leads to it, also what does not count as unread: the index of what
is unread holds that as well, and tells the two apart.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_what_counts_as_unread")]

    operations = [
        migrations.RemoveIndex(model_name="notification", name="notices_unread"),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                fields=["recipient", "is_counted"],
                condition=models.Q(("read_at__isnull", True)),
                name="notices_unread",
            ),
        ),
    ]
