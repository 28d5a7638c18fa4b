"""The only place that remembers: objects as JSON in SQLite, in a file or in memory.

One connection under one lock. A request is one transaction, so that an error
halfway leaves nothing behind.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Obj = dict[str, Any]

# What is looked up by its value, so that thousands of objects do not slow a request.
LOOKED_UP = (
    "charge",
    "destination",
    "payment_intent",
    "pending_reason",
    "source",
    "source_transaction",
    "transfer",
    "transfer_group",
)
INDEXES = "".join(
    f"CREATE INDEX IF NOT EXISTS objects_by_{field}"
    f" ON objects (kind, account, json_extract(body, '$.{field}'), seq);\n"
    for field in LOOKED_UP
)
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_of ON objects (kind, account, seq);
{INDEXES}
CREATE TABLE IF NOT EXISTS movements (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    available_on INTEGER NOT NULL,
    net INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS movements_of ON movements (account, currency, available_on, net);
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    args TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due_at, seq);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL,
    event TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    fault TEXT,
    state TEXT NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    outcome TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at, seq);
CREATE INDEX IF NOT EXISTS deliveries_of ON deliveries (event, state);
CREATE TABLE IF NOT EXISTS answers (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    def __init__(self, path: str | None = None) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)
        self._carry_over()

    def _carry_over(self) -> None:
        """A file from before knows one address only, and calls what paid a charge a card."""
        self.run(
            "UPDATE objects SET body = replace(body, '\"_card\":', '\"_instrument\":')"
            " WHERE kind = 'charge' AND body LIKE '%\"_card\":%'"
        )
        if "endpoint" not in {row[1] for row in self.run("PRAGMA table_info(deliveries)")}:
            self.run(
                "ALTER TABLE deliveries ADD COLUMN endpoint TEXT NOT NULL DEFAULT 'we_configured'"
            )

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside or nothing; inner ones are part of the outer one."""
        with self.lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    # -- objects ----------------------------------------------------------

    def save(self, obj: Obj) -> Obj:
        """Insert or replace. Keys with a leading line are ours and never leave the house."""
        self.run(
            "INSERT INTO objects (id, kind, account, created, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            obj.get("id", obj.get("_id")),
            obj["object"],
            obj.get("_account", ""),
            obj.get("_created", obj.get("created")),
            json.dumps(obj, separators=(",", ":")),
        )
        return obj

    def remove(self, id: str) -> None:
        self.run("DELETE FROM objects WHERE id = ?", id)

    def get(self, id: str) -> Obj | None:
        rows = self.run("SELECT body FROM objects WHERE id = ?", id)
        return json.loads(rows[0][0]) if rows else None

    def position(self, kind: str, account: str, id: str) -> int | None:
        rows = self.run(
            "SELECT seq FROM objects WHERE id = ? AND kind = ? AND account = ?", id, kind, account
        )
        return rows[0][0] if rows else None

    def find(
        self,
        kind: str,
        account: str | None = "",
        *,
        where: dict[str, Any] | None = None,
        clauses: tuple[tuple[str, Any], ...] = (),
        newest_first: bool = True,
        limit: int = -1,
    ) -> list[Obj]:
        """Objects with the fields of ``where``, of which each clause (``created < ?``) is true."""
        # Paths, clauses and order are ours; only values come from outside, and those are bound.
        sql, values = ["kind = ?"], [kind]
        if account is not None:
            sql.append("account = ?")
            values.append(account)
        for path, value in (where or {}).items():
            sql.append(f"json_extract(body, '$.{path}') = ?")
            values.append(value)
        for clause, value in clauses:
            sql.append(clause)
            values.append(value)
        order = "DESC" if newest_first else "ASC"
        rows = self.run(
            "SELECT body FROM objects WHERE "  # noqa: S608
            f"{' AND '.join(sql)} ORDER BY seq {order} LIMIT ?",
            *values,
            limit,
        )
        return [json.loads(body) for (body,) in rows]

    # -- small facts ------------------------------------------------------

    def fact(self, name: str, default: str) -> str:
        rows = self.run("SELECT value FROM meta WHERE name = ?", name)
        return rows[0][0] if rows else default

    def note(self, name: str, value: str) -> None:
        self.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, value)


ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_id(prefix: str, length: int = 24) -> str:
    return prefix + "".join(ALPHABET[byte % 62] for byte in secrets.token_bytes(length))
