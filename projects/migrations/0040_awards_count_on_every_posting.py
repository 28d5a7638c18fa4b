from django.db import migrations

# A bid that is moved to another posting takes an award there, like one that becomes so. One that is
# made as offered or accepted is none: the lifecycle refuses that for every role.
MOVED_TOO = """
DROP TRIGGER awards_are_announced ON projects_bid;
CREATE TRIGGER awards_are_announced AFTER UPDATE OF status, posting_id ON projects_bid
    FOR EACH ROW WHEN (
        NEW.status IN ('offered', 'accepted')
        AND (NEW.status <> OLD.status OR NEW.posting_id <> OLD.posting_id)
    ) EXECUTE FUNCTION projects_bids_keep_awards();
"""
CHANGED_ALONE = """
DROP TRIGGER awards_are_announced ON projects_bid;
CREATE TRIGGER awards_are_announced AFTER UPDATE OF status ON projects_bid
    FOR EACH ROW WHEN (NEW.status <> OLD.status AND NEW.status IN ('offered', 'accepted'))
    EXECUTE FUNCTION projects_bids_keep_awards();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0039_other_terms_wait_for_us"),
    ]

    operations = [
        migrations.RunSQL(MOVED_TOO, CHANGED_ALONE),
    ]
