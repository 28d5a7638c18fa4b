"""Files on the record of a dispute; from now on nobody changes what was said there."""

import django.db.models.deletion
from django.db import migrations, models

FINAL = """
CREATE FUNCTION projects_records_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the record of a dispute is final: % is refused', TG_OP;
END
$$;

CREATE TRIGGER statements_are_final BEFORE UPDATE OR DELETE ON projects_statement
    FOR EACH ROW EXECUTE FUNCTION projects_records_are_final();
CREATE TRIGGER statements_stay BEFORE TRUNCATE ON projects_statement
    FOR EACH STATEMENT EXECUTE FUNCTION projects_records_are_final();
CREATE TRIGGER exhibits_are_final BEFORE UPDATE OR DELETE ON projects_exhibit
    FOR EACH ROW EXECUTE FUNCTION projects_records_are_final();
CREATE TRIGGER exhibits_stay BEFORE TRUNCATE ON projects_exhibit
    FOR EACH STATEMENT EXECUTE FUNCTION projects_records_are_final();
"""

# Two of the four go with their table; the others stand on one that stays.
UNDO = "DROP FUNCTION projects_records_are_final CASCADE;"


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0008_files_are_final"),
        ("projects", "0051_appeals_that_nobody_hears"),
    ]

    operations = [
        migrations.CreateModel(
            name="Exhibit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exhibits",
                        to="projects.statement",
                    ),
                ),
                (
                    "stored",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.storedfile",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(FINAL, UNDO),
    ]
