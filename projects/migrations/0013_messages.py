"""Conversations of bids and contracts; what was written stays as it was written."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import marketplace.common.clock
import marketplace.common.public_ids
from django.conf import settings
from django.db import migrations, models

FINAL = """
CREATE FUNCTION projects_messages_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Transactional tests flush their tables; nothing else has such a name.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'messages are final: % is refused', TG_OP;
END
$$;

CREATE TRIGGER messages_are_final BEFORE UPDATE OR DELETE ON projects_message
    FOR EACH ROW EXECUTE FUNCTION projects_messages_are_final();
CREATE TRIGGER messages_stay BEFORE TRUNCATE ON projects_message
    FOR EACH STATEMENT EXECUTE FUNCTION projects_messages_are_final();
CREATE TRIGGER message_files_are_final BEFORE UPDATE OR DELETE ON projects_messagefile
    FOR EACH ROW EXECUTE FUNCTION projects_messages_are_final();
CREATE TRIGGER message_files_stay BEFORE TRUNCATE ON projects_messagefile
    FOR EACH STATEMENT EXECUTE FUNCTION projects_messages_are_final();
"""

# The triggers go with their tables.
UNDO = "DROP FUNCTION projects_messages_are_final CASCADE;"


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0006_audit_log"),
        ("projects", "0012_givebacks_are_read_at_the_desk"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("length", models.PositiveIntegerField(default=0)),
                ("client_read", models.PositiveIntegerField(default=0)),
                ("freelancer_read", models.PositiveIntegerField(default=0)),
                (
                    "bid",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversation",
                        to="projects.bid",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", marketplace.common.public_ids.PublicIdField(prefix="mg")),
                ("number", models.PositiveIntegerField()),
                ("role", models.CharField(max_length=12)),
                ("text", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=marketplace.common.clock.now)),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector(
                            "text", config="english"
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="projects.conversation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MessageFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="projects.message",
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
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("client_read__lte", models.F("length")),
                    ("freelancer_read__lte", models.F("length")),
                ),
                name="nobody_reads_what_is_not_written",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search"], name="messages_in_words"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                fields=("conversation", "number"), name="messages_are_numbered"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["client", "freelancer"])),
                name="a_side_writes_a_message",
            ),
        ),
        migrations.RunSQL(FINAL, UNDO),
    ]
