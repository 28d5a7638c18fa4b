"""From now on nobody changes or forgets a decision; when it was carried out is added to it once."""

from django.db import migrations

FINAL = """
CREATE FUNCTION projects_rulings_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.carried_out_at IS NULL
            AND to_jsonb(NEW) - 'carried_out_at' = to_jsonb(OLD) - 'carried_out_at' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a decision is final: % is refused', TG_OP;
END
$$;

CREATE TRIGGER rulings_are_final BEFORE UPDATE OR DELETE ON projects_ruling
    FOR EACH ROW EXECUTE FUNCTION projects_rulings_are_final();
CREATE TRIGGER rulings_stay BEFORE TRUNCATE ON projects_ruling
    FOR EACH STATEMENT EXECUTE FUNCTION projects_rulings_are_final();
"""

UNDO = "DROP FUNCTION projects_rulings_are_final CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("projects", "0065_a_timeline_has_one_index")]

    operations = [migrations.RunSQL(FINAL, UNDO)]
