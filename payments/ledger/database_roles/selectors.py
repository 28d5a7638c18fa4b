"""What a role of PostgreSQL may do here, held against what the application needs."""

from django.db import connection

# Read by everybody, written by the function that moves money.
BOOKS = ("payments_transfer", "payments_ledgeraccount", "payments_book")
WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
# Of the present schema, and no part of an extension.
OWN_TABLES = """
    SELECT c.oid, c.relname, c.relkind, c.relowner FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
OWN_FUNCTIONS = """
    SELECT p.oid, p.proname, p.proowner, p.prosecdef FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


def current_role() -> str:
    return _column("SELECT current_user")[0]


def excess_of(role: str) -> list[str]:
    """What the role may do that the application must not, as sentences; [] is as it should be.

    With such a right a mistake in any query, or somebody who found a hole in one, could change
    the books past the function that moves money.
    """
    if _column("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolsuper", role):
        return [f"{role} is a superuser: no rule of the books holds for it."]
    found = [
        f"{role} may {kinds} on {table}."
        for table, kinds in _rows(
            f"SELECT relname, string_agg(lower(k), ', ') FROM ({OWN_TABLES}) o, unnest(%s) k"  # noqa: S608
            " WHERE relname = ANY (%s) AND CASE WHEN k IN ('INSERT', 'UPDATE', 'REFERENCES')"
            " THEN has_any_column_privilege(%s, o.oid, k)"
            " ELSE has_table_privilege(%s, o.oid, k) END GROUP BY 1 ORDER BY 1",
            *(list(WRITES), list(BOOKS), role, role),
        )
    ]
    for what, objects, name, owner in (
        ("table", OWN_TABLES, "relname", "relowner"),
        ("function", OWN_FUNCTIONS, "proname", "proowner"),
    ):
        owned = _column(
            f"SELECT {name} FROM ({objects}) o WHERE pg_has_role(%s, {owner}, 'MEMBER')"  # noqa: S608
            " ORDER BY 1",
            role,
        )
        if owned:
            found.append(f"{role} owns, or may become the owner of, {_count(owned, what)}.")
    if _column("SELECT 1 WHERE has_schema_privilege(%s, current_schema(), 'CREATE')", role):
        found.append(f"{role} may create in the schema of the tables.")
    if _column("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolcreaterole", role):
        found.append(f"{role} may make roles, and so give itself others.")
    return found


def lack_of(role: str) -> list[str]:
    """What the application needs and the role may not, as sentences."""
    tables = _column(
        f"SELECT relname FROM ({OWN_TABLES}) o WHERE NOT has_table_privilege(%s, o.oid, 'SELECT')"  # noqa: S608
        " OR relname <> ALL (%s) AND relkind IN ('r', 'p')"
        " AND NOT (has_table_privilege(%s, o.oid, 'INSERT')"
        " AND has_table_privilege(%s, o.oid, 'UPDATE')"
        " AND has_table_privilege(%s, o.oid, 'DELETE')) ORDER BY 1",
        *(role, list(BOOKS), role, role, role),
    )
    functions = _column(
        f"SELECT proname FROM ({OWN_FUNCTIONS}) o WHERE prosecdef"  # noqa: S608
        " AND NOT has_function_privilege(%s, o.oid, 'EXECUTE') ORDER BY 1",
        role,
    )
    found = [f"{role} cannot use {_count(tables, 'table')}."] if tables else []
    return found + ([f"{role} may not call {', '.join(functions)}."] if functions else [])


def exists(role: str) -> bool:
    return bool(_column("SELECT 1 FROM pg_roles WHERE rolname = %s", role))


def is_mighty(role: str) -> bool:
    """May do more than any role of ours should: everything, or give itself everything."""
    return bool(
        _column(
            "SELECT 1 FROM pg_roles WHERE rolname = %s"
            " AND (rolsuper OR rolcreaterole OR rolbypassrls OR rolreplication)",
            role,
        )
    )


def _count(names: list[str], what: str) -> str:
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{len(names)} {what}{'' if len(names) == 1 else 's'} ({shown})"


def _column(sql: str, *parameters: str | list[str]) -> list[str]:
    return [row[0] for row in _rows(sql, *parameters)]


def _rows(sql: str, *parameters: str | list[str]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
