"""What somebody reads of theirs, page by page, each page at the cost of the first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0025_money_moves_in_one_pass")]

    operations = [
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                fields=["source", "created_at", "id"], name="transfers_out_of_by_time"
            ),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                fields=["target", "created_at", "id"], name="transfers_into_by_time"
            ),
        ),
    ]
