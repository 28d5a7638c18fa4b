"""PostgreSQL knows every lifecycle table, and refuses what it does not list, whoever writes."""

import re
from itertools import product

import pytest
from django.db import DatabaseError, connection, models, transaction

from marketplace.common.lifecycle import Lifecycle
from marketplace.common.lifecycle_sql import (
    Law,
    installed_laws,
    keep_lifecycle,
    law_of,
    lifecycles,
    operation_for,
)
from payments.escrow.models import Escrow
from projects.milestones.models import Milestone
from tests.against_the_rules import against_the_rules, force
from tests.test_house import SOURCES
from tests.world import funded_milestone

pytestmark = pytest.mark.django_db

TABLES = list(lifecycles())
NOUNS = [lifecycle.noun for _, lifecycle in TABLES]


def test_every_lifecycle_is_that_of_a_model():
    written = sum(len(re.findall(r"= Lifecycle\($", p.read_text(), re.MULTILINE)) for p in SOURCES)

    assert len(TABLES) == written == len(set(NOUNS))


@pytest.mark.parametrize(("model", "lifecycle"), TABLES, ids=NOUNS)
def test_the_database_keeps_todays_table(model: type[models.Model], lifecycle: Lifecycle):
    table, law = model._meta.db_table, law_of(model, lifecycle)

    assert installed_laws().get(table) == law, (
        f"PostgreSQL keeps another lifecycle of a {lifecycle.noun} than its table says today. "
        f"Write a migration of {model._meta.app_label} with this operation "
        f"(from marketplace.common.lifecycle_sql import keep_lifecycle):\n\n"
        f"{operation_for(table, law)}"
    )


def test_no_other_table_is_guarded():
    assert set(installed_laws()) == {model._meta.db_table for model, _ in TABLES}


# --- By raw SQL ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "lifecycle"), TABLES, ids=NOUNS)
def test_each_pair_is_allowed_or_refused_as_the_table_says(model, lifecycle):
    """The table's own triggers, on a copy without its other columns: every pair of states."""
    law, states = law_of(model, lifecycle), model.Status.values
    with connection.cursor() as cursor:
        _copy_with_triggers(cursor, model._meta.db_table)
        for state in states:
            assert _does(cursor, f"INSERT INTO copy VALUES ('{state}')") == (state in law.begins)
        for old, new in product(states, states):
            with against_the_rules():
                cursor.execute("DELETE FROM copy")
                cursor.execute("INSERT INTO copy VALUES (%s)", [old])
            moved = _does(cursor, f"UPDATE copy SET status = '{new}'")
            assert moved == (old == new or (old, new) in law.moves), (old, new)


def _copy_with_triggers(cursor, table: str) -> None:
    cursor.execute("CREATE TEMP TABLE copy (status text) ON COMMIT DROP")
    cursor.execute(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE tgrelid = %s::regclass AND tgname LIKE 'lifecycle\\_%%'",
        [table],
    )
    for (definition,) in cursor.fetchall():
        cursor.execute(definition.replace(f"public.{table}", "copy"))


def _does(cursor, sql: str) -> bool:
    try:
        with transaction.atomic():
            cursor.execute(sql)
    except DatabaseError as refusal:
        if refusal.__cause__.pgcode != "MP010":
            raise
        return False
    return True


def refused(sql: str) -> str:
    with (
        pytest.raises(DatabaseError) as refusal,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert refusal.value.__cause__.pgcode == "MP010"
    return str(refusal.value)


def test_released_money_is_not_held_again(ada, ben):
    milestone = funded_milestone(ada, ben)
    Escrow.objects.update(status="released")

    said = refused("UPDATE payments_escrow SET status = 'held'")

    assert "payments_escrow: no move leads from released to held" in said
    assert Escrow.objects.get(pk=milestone.escrow_id).status == "released"


def test_nothing_is_made_in_the_middle_of_its_life(ada, ben):
    funded_milestone(ada, ben)
    columns = [f.column for f in Milestone._meta.concrete_fields if f.name != "id"]
    said = [{"status": "'released'", "public_id": "'ms_x'"}.get(c, c) for c in columns]

    assert "nothing is made as released" in refused(
        f"INSERT INTO projects_milestone ({', '.join(columns)})"
        f" SELECT {', '.join(said)} FROM projects_milestone"
    )


def test_a_stale_object_that_is_saved_turns_nothing_back(ada, ben):
    stale = funded_milestone(ada, ben)
    force(Milestone, status="released")

    with pytest.raises(DatabaseError, match="no move leads from released to planned"):
        stale.save()


def test_the_guard_costs_nothing_where_no_state_changes():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = %s", ["lifecycle_moves"]
        )
        definitions = [definition for (definition,) in cursor.fetchall()]
    assert len(definitions) == len(TABLES)
    for definition in definitions:
        assert "WHEN (((old.status)::text IS DISTINCT FROM (new.status)::text))" in definition


# --- How the next migration is written -----------------------------------------------------------


def test_what_is_printed_is_what_a_migration_needs():
    law = Law(frozenset({"new"}), frozenset({("new", "done"), ("new", "gone"), ("gone", "new")}))
    printed = operation_for("copy", law)
    (operation,) = eval(printed, {"keep_lifecycle": keep_lifecycle})

    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copy (status text) ON COMMIT DROP")
        cursor.execute(operation.sql)
        assert installed_laws()["copy"] == law
        cursor.execute("ALTER TABLE copy DISABLE TRIGGER lifecycle_moves")
        assert installed_laws()["copy"] != law
        cursor.execute(operation.reverse_sql)
        assert "copy" not in installed_laws()
