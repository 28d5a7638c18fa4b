"""What staff do is written down once: PostgreSQL numbers and links each entry, and keeps it.

One entry waits for the one before it to commit, so that the numbers have no gaps and each link
names the entry that stands before it. Staff act rarely; nobody else waits here.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CHAIN = """
CREATE FUNCTION marketplace_link_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_last record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('marketplace_auditentry'));
    SELECT number, hash INTO v_last FROM marketplace_auditentry ORDER BY number DESC LIMIT 1;
    NEW.number := coalesce(v_last.number, 0) + 1;
    NEW.previous_hash := coalesce(v_last.hash, '');
    -- The text of a jsonb list is what Python's json.dumps makes of the same list.
    NEW.hash := encode(sha256(convert_to(jsonb_build_array(
        NEW.previous_hash, NEW.number, (extract(epoch FROM NEW.at) * 1000000)::bigint, NEW.by_id,
        NEW.role, NEW.deed, NEW.subject, NEW.text, NEW.reason, to_jsonb(NEW.about)
    )::text, 'UTF8')), 'hex');
    RETURN NEW;
END
$$;

CREATE FUNCTION marketplace_audit_log_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the audit log is final: % is refused', TG_OP;
END
$$;

CREATE TRIGGER audit_entries_are_linked BEFORE INSERT ON marketplace_auditentry
    FOR EACH ROW EXECUTE FUNCTION marketplace_link_audit_entry();
CREATE TRIGGER audit_entries_are_final BEFORE UPDATE OR DELETE ON marketplace_auditentry
    FOR EACH ROW EXECUTE FUNCTION marketplace_audit_log_is_final();
CREATE TRIGGER audit_entries_stay BEFORE TRUNCATE ON marketplace_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_audit_log_is_final();
"""

# The triggers go with their table.
UNDO = """
DROP FUNCTION marketplace_link_audit_entry CASCADE;
DROP FUNCTION marketplace_audit_log_is_final CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0005_a_key_stands_for_a_deed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField(default=0, unique=True)),
                ("previous_hash", models.CharField(default="", max_length=64)),
                ("hash", models.CharField(default="", max_length=64)),
                ("at", models.DateTimeField()),
                ("role", models.CharField(max_length=12)),
                ("deed", models.CharField(max_length=60)),
                ("subject", models.CharField(max_length=60)),
                ("text", models.TextField()),
                ("reason", models.TextField(blank=True)),
                (
                    "about",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector(
                            "text", "reason", config="simple"
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["deed", "-number"], name="audit_entries_by_deed"),
                    models.Index(fields=["subject", "-number"], name="audit_entries_by_subject"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["about"], name="audit_entries_about"
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["search"], name="audit_entries_in_words"
                    ),
                ],
            },
        ),
        migrations.RunSQL(CHAIN, UNDO),
    ]
