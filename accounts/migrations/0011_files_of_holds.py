"""Files that show why something is held; nobody changes what came with a hold."""

import django.db.models.deletion
from django.db import migrations, models

FINAL = """
CREATE FUNCTION accounts_hold_files_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the evidence of a hold is final: % is refused', TG_OP;
END
$$;

CREATE TRIGGER hold_files_are_final BEFORE UPDATE OR DELETE ON accounts_holdfile
    FOR EACH ROW EXECUTE FUNCTION accounts_hold_files_are_final();
CREATE TRIGGER hold_files_stay BEFORE TRUNCATE ON accounts_holdfile
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_hold_files_are_final();
"""

# Its triggers go with their table.
UNDO = "DROP FUNCTION accounts_hold_files_are_final CASCADE;"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_saved_filters"),
        ("marketplace", "0008_files_are_final"),
    ]

    operations = [
        migrations.CreateModel(
            name="HoldFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "hold",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="accounts.hold",
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
