"""A file is its bytes: its hash stands in agreements and on record, so nobody changes its row."""

from django.db import migrations

FINAL = """
CREATE FUNCTION marketplace_files_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'files are final: % is refused', TG_OP;
END
$$;

CREATE TRIGGER files_are_final BEFORE UPDATE OR DELETE ON marketplace_storedfile
    FOR EACH ROW EXECUTE FUNCTION marketplace_files_are_final();
CREATE TRIGGER files_stay BEFORE TRUNCATE ON marketplace_storedfile
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_files_are_final();
"""

UNDO = "DROP FUNCTION marketplace_files_are_final CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0007_outages_are_made_up_for")]

    operations = [migrations.RunSQL(FINAL, UNDO)]
