"""The one function behind every lifecycle's triggers (marketplace/common/lifecycle_sql.py)."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION marketplace_keep_lifecycle() RETURNS trigger LANGUAGE plpgsql AS $$
-- The arguments are all that is allowed: for INSERT the states in which a thing may be made, for
-- UPDATE the moves as "from>to".
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status = ANY (TG_ARGV) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '%: nothing is made as %', TG_TABLE_NAME, NEW.status USING ERRCODE = 'MP010';
    END IF;
    IF OLD.status || '>' || NEW.status = ANY (TG_ARGV) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '%: no move leads from % to %', TG_TABLE_NAME, OLD.status, NEW.status
        USING ERRCODE = 'MP010';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0002_idempotency_records_by_age")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION marketplace_keep_lifecycle()")]
