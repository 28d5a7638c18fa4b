from django.db import migrations, models

# What declined a bid by itself was a sentence among those of people; theirs stay as another reason.
SAY_WHY = """
    UPDATE projects_bid SET declined_for = 'other_chosen', status_reason = ''
        WHERE status = 'declined' AND status_reason = 'The client has agreed with somebody else.';
    UPDATE projects_bid AS bid SET declined_for = 'nobody_hired', status_reason = posting.status_reason
        FROM projects_posting AS posting
        WHERE posting.id = bid.posting_id AND posting.status = 'closed'
            AND bid.status = 'declined' AND bid.declined_for = ''
            AND bid.status_reason IN (posting.status_reason, 'The client has closed the posting.');
    UPDATE projects_bid SET declined_for = 'other'
        WHERE status = 'declined' AND declined_for = '';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0023_invitations_to_bid"),
    ]

    operations = [
        migrations.AddField(
            model_name="bid",
            name="declined_for",
            field=models.CharField(
                blank=True,
                choices=[
                    ("price", "The price does not fit"),
                    ("timing", "The time does not fit"),
                    ("experience", "Other experience is needed"),
                    ("plan", "The plan does not fit"),
                    ("other_chosen", "The client went with another bid"),
                    ("posting_changed", "What is wanted has changed"),
                    ("other", "Another reason"),
                    ("nobody_hired", "The posting has ended, and nobody was hired"),
                ],
                max_length=15,
            ),
        ),
        migrations.RunSQL(SAY_WHY, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="bid",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "declined_for__in",
                        [
                            "price",
                            "timing",
                            "experience",
                            "plan",
                            "other_chosen",
                            "posting_changed",
                            "other",
                            "nobody_hired",
                        ],
                    ),
                    ("status", "declined"),
                )
                | models.Q(
                    models.Q(("status", "declined"), _negated=True),
                    ("declined_for", ""),
                ),
                name="a_declined_bid_has_its_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="bid",
            constraint=models.CheckConstraint(
                condition=models.Q(("declined_for", "other"), ("status_reason", ""), _negated=True),
                name="another_reason_of_a_decline_is_a_sentence",
            ),
        ),
    ]
