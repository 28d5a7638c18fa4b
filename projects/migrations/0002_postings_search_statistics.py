"""How common each word is, in detail.

The planner reads the newest first where a word is common, and the index of words where it is rare.
With the usual 100 entries it takes rare words for common ones and is ten times slower.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE projects_posting ALTER COLUMN search SET STATISTICS 1000",
            "ALTER TABLE projects_posting ALTER COLUMN search SET STATISTICS -1",
        )
    ]
