from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0050_overdue_rulings")]

    operations = [
        migrations.AlterField(
            model_name="putoff",
            name="clock",
            field=models.CharField(
                choices=[
                    ("review", "the time to review it"),
                    ("delivery", "the time to deliver it"),
                    ("grace", "the time before it can be cancelled for lateness"),
                    ("start", "the time to start it"),
                    ("funding", "the time to fund it"),
                    ("offer", "the time to accept the offer"),
                    ("proposal", "the time to answer the proposal"),
                    ("change", "the time to answer the change"),
                    ("dispute", "the time to answer the dispute"),
                    ("talks", "the time to settle the dispute"),
                    ("appeal", "the time to appeal"),
                    ("hearing", "the time to decide on the appeal"),
                    ("giveback", "the time to answer whether money goes back"),
                    ("counter", "the time to answer the other terms"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(("status", "appealed")),
                fields=["ruling_due_at"],
                name="appeals_that_are_over",
            ),
        ),
    ]
