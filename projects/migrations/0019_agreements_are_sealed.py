"""The platform signs what both sides accepted; from then on PostgreSQL lets nobody change it."""

import django.db.models.deletion
import marketplace.common.clock
from django.db import migrations, models


FINAL = """
CREATE FUNCTION projects_seals_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'what the platform has signed is final: % is refused', TG_OP;
END
$$;

CREATE TRIGGER seals_are_final BEFORE UPDATE OR DELETE ON projects_seal
    FOR EACH ROW EXECUTE FUNCTION projects_seals_are_final();
CREATE TRIGGER seals_stay BEFORE TRUNCATE ON projects_seal
    FOR EACH STATEMENT EXECUTE FUNCTION projects_seals_are_final();
CREATE TRIGGER signing_keys_are_final BEFORE UPDATE OR DELETE ON projects_signingkey
    FOR EACH ROW EXECUTE FUNCTION projects_seals_are_final();
CREATE TRIGGER signing_keys_stay BEFORE TRUNCATE ON projects_signingkey
    FOR EACH STATEMENT EXECUTE FUNCTION projects_seals_are_final();

CREATE FUNCTION projects_wordings_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        IF current_database() LIKE 'test\\_%' THEN
            RETURN NULL;
        END IF;
    ELSIF TG_OP = 'UPDATE'
        AND OLD.signed_by_freelancer_at IS NULL
        AND (NEW.contract_id, NEW.version, NEW.body, NEW.sha256, NEW.signed_by_client_at)
            IS NOT DISTINCT FROM
            (OLD.contract_id, OLD.version, OLD.body, OLD.sha256, OLD.signed_by_client_at) THEN
        RETURN NEW;  -- the second signature
    END IF;
    RAISE EXCEPTION 'an agreement is final: % is refused', TG_OP;
END
$$;

CREATE TRIGGER wordings_are_final BEFORE UPDATE OR DELETE ON projects_agreement
    FOR EACH ROW EXECUTE FUNCTION projects_wordings_are_final();
CREATE TRIGGER wordings_stay BEFORE TRUNCATE ON projects_agreement
    FOR EACH STATEMENT EXECUTE FUNCTION projects_wordings_are_final();
"""

UNDO = """
DROP FUNCTION projects_seals_are_final CASCADE;
DROP FUNCTION projects_wordings_are_final CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0018_signatures_are_confirmed"),
    ]

    operations = [
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("key_id", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("public_key", models.CharField(max_length=64)),
                ("first_used_at", models.DateTimeField(default=marketplace.common.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("body", models.TextField()),
                ("signature", models.CharField(max_length=128)),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                (
                    "agreement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seal",
                        to="projects.agreement",
                    ),
                ),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seals",
                        to="projects.signingkey",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(FINAL, UNDO),
    ]
