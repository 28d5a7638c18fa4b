"""A debit that its bank returned after it had paid is a difference of a kind of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0044_a_closed_chargeback_may_be_decided"),
    ]

    operations = [
        migrations.AlterField(
            model_name="difference",
            name="kind",
            field=models.CharField(
                choices=[
                    ("payment_unnoted", "Payment we were not told of"),
                    ("charge_twice", "Second charge for one payment"),
                    ("charge_foreign", "Charge that is not ours"),
                    ("charge_amount", "Charge of another amount"),
                    ("fee", "Fee that differs"),
                    ("refund_foreign", "Refund nobody here asked for"),
                    ("refund_twice", "Second refund of one request"),
                    ("refund_amount", "Refund of another amount"),
                    ("refund_state", "Refund that stands differently"),
                    ("transfer_unnoted", "Transfer we were not told of"),
                    ("transfer_foreign", "Transfer nobody here asked for"),
                    ("transfer_amount", "Transfer of another amount"),
                    ("transfer_reversed", "Transfer taken back behind our back"),
                    ("payout_foreign", "Bank payout nobody here asked for"),
                    ("payout_amount", "Bank payout of another amount"),
                    ("payout_state", "Bank payout that stands differently"),
                    ("chargeback_unnoted", "Chargeback we were not told of"),
                    ("debit_returned", "Debit that its bank returned"),
                    ("movement", "Movement that is in no book of ours"),
                    ("missing", "Something the provider does not know"),
                    ("silent", "Account of which the provider says nothing"),
                    ("sum", "Sum that no line explains"),
                ],
                max_length=20,
            ),
        ),
    ]
