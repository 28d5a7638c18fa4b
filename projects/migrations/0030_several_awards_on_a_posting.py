"""A posting may announce several awards, and PostgreSQL keeps what is offered and accepted to them."""

from django.db import migrations, models

# Of a posting's columns and of rows of another table: no constraint can say it. Whoever offers or
# accepts waits here for whoever does on the same posting, and counts what they have committed.
KEEP = """
CREATE FUNCTION projects_bids_keep_awards() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    posting record;
    taken integer;
BEGIN
    SELECT awards, status INTO posting FROM projects_posting WHERE id = NEW.posting_id
        FOR NO KEY UPDATE;
    IF posting.status <> 'open' THEN
        RAISE EXCEPTION 'a posting that is % makes no awards', posting.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'awards_are_of_open_postings';
    END IF;
    SELECT count(*) INTO taken FROM projects_bid
        WHERE posting_id = NEW.posting_id AND status IN ('offered', 'accepted');
    IF taken > posting.awards THEN
        RAISE EXCEPTION 'a posting of % awards has % made or offered', posting.awards, taken
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_awards_than_announced';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER awards_are_announced AFTER UPDATE OF status ON projects_bid
    FOR EACH ROW WHEN (NEW.status <> OLD.status AND NEW.status IN ('offered', 'accepted'))
    EXECUTE FUNCTION projects_bids_keep_awards();

CREATE FUNCTION projects_postings_keep_awards() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    made integer;
    taken integer;
BEGIN
    SELECT count(*), count(*) FILTER (WHERE status = 'accepted') INTO taken, made
        FROM projects_bid WHERE posting_id = NEW.id AND status IN ('offered', 'accepted');
    IF taken > NEW.awards THEN
        RAISE EXCEPTION 'a posting of % awards has % made or offered', NEW.awards, taken
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_awards_than_announced';
    END IF;
    IF made > 0 AND NEW.status IN ('closed', 'expired') THEN
        RAISE EXCEPTION 'a posting with an award ends as awarded, and not as %', NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_posting_with_an_award_is_awarded';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER awards_stay_announced AFTER UPDATE OF awards, status ON projects_posting
    FOR EACH ROW WHEN (NEW.awards < OLD.awards OR NEW.status <> OLD.status)
    EXECUTE FUNCTION projects_postings_keep_awards();
"""
FORGET = """
DROP FUNCTION projects_bids_keep_awards() CASCADE;
DROP FUNCTION projects_postings_keep_awards() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0029_another_bid_was_chosen"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="contract",
            name="one_live_contract_per_posting",
        ),
        migrations.AddField(
            model_name="posting",
            name="awards",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(("awards__gte", 1), ("awards__lte", 20)),
                name="a_posting_announces_some_awards",
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                models.OrderBy(models.F("published_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("awards__gt", 1), ("status", "open")),
                name="open_postings_for_several",
            ),
        ),
        migrations.AddIndex(
            model_name="bid",
            index=models.Index(
                condition=models.Q(("status__in", ["offered", "accepted"])),
                fields=["posting"],
                name="bids_that_take_an_award",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="bid",
            name="a_declined_bid_has_its_reason",
        ),
        migrations.AlterField(
            model_name="bid",
            name="declined_for",
            field=models.CharField(
                blank=True,
                choices=[
                    ("price", "The price does not fit"),
                    ("timing", "The time does not fit"),
                    ("experience", "Other experience is needed"),
                    ("plan", "The plan does not fit"),
                    ("other_chosen", "Another bid was chosen"),
                    ("posting_changed", "What is wanted has changed"),
                    ("other", "Another reason"),
                    ("enough_found", "The client has found enough"),
                    ("no_more_hired", "The time to choose is over, and nobody more was hired"),
                    ("nobody_hired", "The posting has ended, and nobody was hired"),
                ],
                max_length=15,
            ),
        ),
        migrations.AddConstraint(
            model_name="bid",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
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
                                "enough_found",
                                "no_more_hired",
                                "nobody_hired",
                            ],
                        ),
                        ("status", "declined"),
                    ),
                    models.Q(models.Q(("status", "declined"), _negated=True), ("declined_for", "")),
                    _connector="OR",
                ),
                name="a_declined_bid_has_its_reason",
            ),
        ),
        migrations.RunSQL(KEEP, FORGET),
    ]
