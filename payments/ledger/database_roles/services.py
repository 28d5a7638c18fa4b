"""Two roles of PostgreSQL: one owns the tables and migrates, one serves people.

The second may read the books and call the function that moves money, which acts with the rights
of the first; it can neither write them nor switch a rule off.
"""

import re

from django.db import connection, transaction

from marketplace.common.errors import InvalidInput
from payments.ledger.database_roles.selectors import (
    BOOKS,
    OWN_FUNCTIONS,
    OWN_TABLES,
    WRITES,
    exists,
    is_mighty,
)

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_KINDS = {"r": "TABLE", "p": "TABLE", "v": "VIEW", "m": "MATERIALIZED VIEW"}


@transaction.atomic
def set_up_database_roles(
    *, owner: str, app: str, owner_password: str = "", app_password: str = ""
) -> list[str]:
    """Make both roles, or put them right; says what was done. May be run again at any time.

    For an empty database, too: what the owner makes in it later is given to ``app`` by default
    privileges, and the migrations take the books back. A password is set where one is given.

    Raises InvalidInput (``param`` is the role): a name that is none, one name for both, or a role
    that can do everything anyway.
    """
    for param, role in (("owner", owner), ("app", app)):
        if not _NAME.fullmatch(role):
            raise InvalidInput("A role is small letters, digits and lines.", param=param)
        if is_mighty(role):
            raise InvalidInput(f"{role} can give itself every right: name another.", param=param)
    if owner == app:
        raise InvalidInput("The application must not own the tables: name two roles.", param="app")
    said = [_make(owner, owner_password), _make(app, app_password)]
    _do(f"REVOKE {owner} FROM {app}")
    _open_the_schema(owner, app)
    said.append(f"{owner} owns {_give_everything_to(owner)} more tables and functions than before.")
    _let_use(app)
    _let_use_what_comes(owner, app)
    said += [
        f"{app} may read and write the tables, also those that {owner} will make.",
        f"{app} may read {', '.join(BOOKS)}, and write them by payments_move_money alone.",
    ]
    return said


def _make(role: str, password: str) -> str:
    said = f"{role} was there." if exists(role) else f"{role} was made."
    if not exists(role):
        _do(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB")
    if password:
        _do(f"ALTER ROLE {role} LOGIN PASSWORD %s", password)
    return said


def _open_the_schema(owner: str, app: str) -> None:
    schema = _quoted("SELECT quote_ident(current_schema())")
    database = _quoted("SELECT quote_ident(current_database())")
    _do(f"GRANT CONNECT ON DATABASE {database} TO {owner}, {app}")
    _do(f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {app}")
    _do(f"GRANT USAGE ON SCHEMA {schema} TO {app}")
    _do(f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {owner}")


def _give_everything_to(owner: str) -> int:
    """Tables take their sequences and indexes along. How many things had another owner."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.oid::regclass::text, relkind FROM ({OWN_TABLES}) o"  # noqa: S608
            " WHERE relowner <> %s::regrole",
            [owner],
        )
        tables = [(_KINDS[kind], name) for name, kind in cursor.fetchall()]
        cursor.execute(
            f"SELECT o.oid::regprocedure::text FROM ({OWN_FUNCTIONS}) o"  # noqa: S608
            " WHERE proowner <> %s::regrole",
            [owner],
        )
        functions = [("ROUTINE", name) for (name,) in cursor.fetchall()]
        cursor.execute(
            "SELECT format('%%I.%%I', stxnamespace::regnamespace, stxname) FROM pg_statistic_ext"
            " WHERE stxnamespace = current_schema()::regnamespace AND stxowner <> %s::regrole",
            [owner],
        )
        statistics = [("STATISTICS", name) for (name,) in cursor.fetchall()]
    for kind, name in [*tables, *functions, *statistics]:
        _do(f"ALTER {kind} {name} OWNER TO {owner}")
    return len(tables) + len(functions)


def _let_use(app: str) -> None:
    schema = _quoted("SELECT quote_ident(current_schema())")
    _do(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {app}")
    _do(f"REVOKE TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA {schema} FROM {app}")
    _do(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {app}")
    _do(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {app}")
    for table in BOOKS:
        if _quoted("SELECT to_regclass(%s)::text", table):
            _do(f"REVOKE {', '.join(WRITES)} ON {table} FROM {app}, PUBLIC")


def _let_use_what_comes(owner: str, app: str) -> None:
    schema = _quoted("SELECT quote_ident(current_schema())")
    for rights in (
        "SELECT, INSERT, UPDATE, DELETE ON TABLES",
        "USAGE, SELECT ON SEQUENCES",
        "EXECUTE ON FUNCTIONS",
    ):
        _do(f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT {rights} TO {app}")


def _quoted(sql: str, *parameters: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


def _do(statement: str, *parameters: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
