"""What a lifecycle table says, said again to PostgreSQL: it refuses every move that is not listed.

Services judge who may make a move and when. This holds whatever they forget, and whoever writes:
a shell, a console, a stale object that is saved once more.

A migration says the table as it stood then, in plain words (``keep_lifecycle``). When a table has
changed since, ``operation_for`` prints what the next migration has to say.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, models
from django.db.migrations.operations import RunSQL

from marketplace.common.lifecycle import Lifecycle

BEGINS, MOVES = "lifecycle_begins", "lifecycle_moves"


@dataclass(frozen=True)
class Law:
    """The states in which a thing may be made, and the pairs (from, to) that it may go."""

    begins: frozenset[str]
    moves: frozenset[tuple[str, str]]


def keep_lifecycle(
    table: str, *, begins: Iterable[str], moves: Mapping[str, Iterable[str]]
) -> RunSQL:
    """The operation of a migration; ``moves`` gives for each state those that may follow it.

    Also for a table that has a guard: the new one takes its place. Undone, the table has none.
    """
    first = ", ".join(f"'{state}'" for state in sorted(begins))
    pairs = ", ".join(f"'{old}>{new}'" for old in sorted(moves) for new in sorted(moves[old]))
    return RunSQL(
        f"""
        CREATE OR REPLACE TRIGGER {BEGINS} BEFORE INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION marketplace_keep_lifecycle({first});
        CREATE OR REPLACE TRIGGER {MOVES} BEFORE UPDATE ON {table}
            FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
            EXECUTE FUNCTION marketplace_keep_lifecycle({pairs});
        """,
        f"DROP TRIGGER {BEGINS} ON {table}; DROP TRIGGER {MOVES} ON {table};",
    )


def lifecycles() -> Iterator[tuple[type[models.Model], Lifecycle]]:
    """Every model with its table: they stand in one module, and the table's noun is the model's."""
    for model in apps.get_models():
        for found in vars(sys.modules[model.__module__]).values():
            if isinstance(found, Lifecycle) and found.noun == model._meta.verbose_name:
                yield model, found


def law_of(model: type[models.Model], lifecycle: Lifecycle) -> Law:
    """What the Python table says today."""
    status = model._meta.get_field("status")
    assert isinstance(status, models.Field)
    return Law(
        begins=lifecycle.begins or frozenset([str(status.get_default())]),
        moves=frozenset(
            (old, new)
            for step in lifecycle.steps.values()
            for old in step.source
            for new in step.targets(old)
            if old != new
        ),
    )


def installed_laws() -> dict[str, Law]:
    """What PostgreSQL keeps at present, by table; a guard that is switched off counts for none."""
    found: dict[str, dict[str, list[str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname, tgargs FROM pg_trigger"
            " WHERE tgname IN (%s, %s) AND tgenabled IN ('O', 'A')",
            [BEGINS, MOVES],
        )
        for table, name, arguments in cursor.fetchall():
            found.setdefault(table, {})[name] = bytes(arguments).decode().split("\0")[:-1]
    return {
        table: Law(
            begins=frozenset(said.get(BEGINS, [])),
            moves=frozenset(
                (old, new) for old, _, new in (move.partition(">") for move in said.get(MOVES, []))
            ),
        )
        for table, said in found.items()
    }


def lifecycles_are_kept_by_the_database() -> list[str]:
    """For the proof of the books: a guard that was lost or switched off, as sentences."""
    installed = installed_laws()
    return [
        f"PostgreSQL does not keep the lifecycle of a {lifecycle.noun} as its table says."
        for model, lifecycle in lifecycles()
        if installed.get(model._meta.db_table) != law_of(model, lifecycle)
    ]


def operation_for(table: str, law: Law) -> str:
    """The source of the operation that would make PostgreSQL keep ``law``, to be copied."""
    follow: dict[str, list[str]] = {}
    for old, new in sorted(law.moves):
        follow.setdefault(old, []).append(new)
    lines = [f'        "{old}": {_tuple(news)},' for old, news in follow.items()]
    return "\n".join(
        [
            "keep_lifecycle(",
            f'    "{table}",',
            f"    begins={_tuple(sorted(law.begins))},",
            "    moves={",
            *lines,
            "    },",
            "),",
        ]
    )


def _tuple(states: Iterable[str]) -> str:
    listed = [f'"{state}"' for state in states]
    return f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"
