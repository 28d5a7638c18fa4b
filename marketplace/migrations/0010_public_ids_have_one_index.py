"""Nobody looks for a public id by a part of it: the index by patterns that Django made beside the
unique one goes, from every table of the house. A new house never had one.

It needs each table for a moment, to itself: where somebody reads one for long it fails after five
seconds, with nothing done, rather than have everybody wait behind it. Then it is tried again.
"""

from django.db import migrations

DROP_THEM = r"""
SET LOCAL lock_timeout = '5s';
DO $$
DECLARE
    v_index text;
BEGIN
    FOR v_index IN
        SELECT indexname FROM pg_indexes
        WHERE schemaname = current_schema() AND indexname ~ '_public_id_[0-9a-f]{8}_like$'
    LOOP
        EXECUTE format('DROP INDEX %I', v_index);
    END LOOP;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0009_the_audit_log_is_read_by_days")]

    operations = [migrations.RunSQL(DROP_THEM, migrations.RunSQL.noop)]
