"""What of a posting is confidential, and who has accepted which text: that is final."""

import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.public_ids
from django.conf import settings
from django.db import migrations, models

FINAL = """
ALTER TABLE projects_acceptance ADD CONSTRAINT an_acceptance_is_of_its_text
    CHECK (text_sha256 = encode(sha256(convert_to(text, 'UTF8')), 'hex'));
ALTER TABLE projects_confidentialpart ADD CONSTRAINT a_text_has_its_hash
    CHECK (text_sha256 = encode(sha256(convert_to(text, 'UTF8')), 'hex'));

CREATE FUNCTION projects_acceptances_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'an acceptance is final: % is refused', TG_OP;
END
$$;
CREATE TRIGGER acceptances_are_final BEFORE UPDATE OR DELETE ON projects_acceptance
    FOR EACH ROW EXECUTE FUNCTION projects_acceptances_are_final();
CREATE TRIGGER acceptances_stay BEFORE TRUNCATE ON projects_acceptance
    FOR EACH STATEMENT EXECUTE FUNCTION projects_acceptances_are_final();
"""
# The triggers go with their table.
FORGET = """
DROP FUNCTION projects_acceptances_are_final() CASCADE;
ALTER TABLE projects_acceptance DROP CONSTRAINT an_acceptance_is_of_its_text;
ALTER TABLE projects_confidentialpart DROP CONSTRAINT a_text_has_its_hash;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0033_the_time_to_fund"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConfidentialPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField(max_length=10000)),
                ("text_sha256", models.CharField(max_length=64)),
                ("details", models.TextField(blank=True, max_length=20000)),
                ("worded_at", models.DateTimeField(default=marketplace.common.clock.now)),
                (
                    "posting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="confidential_part",
                        to="projects.posting",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True),
                        name="what_is_confidential_has_its_text",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Acceptance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="ca")),
                ("text", models.TextField()),
                ("text_sha256", models.CharField(max_length=64)),
                ("confirmed_with", models.CharField(max_length=20)),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "posting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acceptances",
                        to="projects.posting",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["posting", "-created_at", "-id"], name="acceptances_on_a_posting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("posting", "person", "text_sha256"),
                        name="one_acceptance_of_a_text",
                    )
                ],
            },
        ),
        migrations.RunSQL(FINAL, FORGET),
    ]
