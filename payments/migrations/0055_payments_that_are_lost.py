"""Whether a bank has won a payment: its card pays for nobody then."""

from django.db import migrations, models
from django.db.models import Q


def note_what_is_lost(apps, schema_editor) -> None:
    payments = apps.get_model("payments", "Payment")
    # A debit that its bank returned for want of funds was disputed by nobody.
    chargebacks = apps.get_model("payments", "Chargeback").objects.exclude(reason="returned_debit")
    lost = chargebacks.filter(status="lost", payment__charged_back_at__isnull=False)
    payments.objects.filter(pk__in=lost.values("payment")).update(is_lost=True)


class Migration(migrations.Migration):
    dependencies = [("payments", "0054_answers_that_are_due_soon")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="is_lost",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(note_what_is_lost, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=Q(
                    ("is_lost", False), ("charged_back_at__isnull", False), _connector="OR"
                ),
                name="what_is_lost_is_charged_back",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=Q(("charged_back_at__isnull", False)),
                fields=["card"],
                name="cards_that_took_money_back",
            ),
        ),
    ]
