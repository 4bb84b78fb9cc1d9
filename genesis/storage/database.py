"""What the store's code asks of a database: the little in which SQLite and PostgreSQL differ, and nothing that runs per entry.

Statements are written once, with ``?`` for values, in the words that both understand. What they do not say alike is here.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from genesis.storage.bulk import put_values

# "GENS": SQLite's header says which program a file belongs to, and PostgreSQL's advisory locks are told apart by it.
APPLICATION_ID = 0x47454E53


class Rows(Protocol):
    """What a statement found: tuples."""

    @property
    def description(self) -> Any:
        """One sequence a column, whose first item is its name."""
        ...

    def fetchone(self) -> Any:
        """The next row, or ``None``."""
        ...

    def fetchall(self) -> list[Any]:
        """What is left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Row after row."""
        ...

    def __next__(self) -> Any:
        """The next row."""
        ...


class Database(Protocol):
    """A connection without a transaction of its own making: each begins with `begin` or `begin_view`."""

    @property
    def contains(self) -> str:
        """The condition that the column ``bytes`` holds the bytes of the next ``?``."""
        ...

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name for this database and its driver."""
        ...

    @property
    def in_transaction(self) -> bool:
        """Whether one is open, sound or failed."""
        ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows:
        """Run one statement."""
        ...

    def repeat(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each of several rows of values."""
        ...

    def begin(self) -> None:
        """Begin a transaction that writes: the only one, until it ends.

        Raises:
            StorageError: another engine has taken the store over.
        """
        ...

    def begin_view(self) -> None:
        """Begin a transaction that reads what is committed now, whatever is committed meanwhile."""
        ...

    def put(self, table: str, columns: int, values: list[object]) -> None:
        """Put rows of ``columns`` values each, one after another in ``values``, into the caller's transaction."""
        ...

    def kept(self, value: object) -> object:
        """What becomes of a value of a projection that is kept here."""
        ...

    def ddl(self, statement: str) -> str:
        """A statement that makes a table, in this database's types."""
        ...

    def reclaim(self) -> None:
        """Give room back that rows no longer take; outside a transaction."""
        ...

    def is_empty(self) -> bool:
        """Whether nothing is in it yet."""
        ...

    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name."""
        ...

    def lend(self) -> AbstractContextManager[Any]:
        """The driver's own connection, for who brings statements of its own into the caller's transaction; what the driver raises inside is told as by `execute`."""
        ...

    def is_ours(self) -> bool:
        """Whether `mark_as_ours` was called on it."""
        ...

    def mark_as_ours(self) -> None:
        """Say that it is a store, in the caller's transaction."""
        ...

    def layout_problems(self, fresh: sqlite3.Connection) -> Iterator[str]:
        """How its tables differ from those of ``fresh``, an empty store, and what the database itself finds damaged."""
        ...

    def close(self) -> None:
        """Let it go; what was not committed is not kept."""
        ...


class SqliteDatabase(sqlite3.Connection):
    """SQLite's own connection, which adds nothing to a statement.

    Attributes:
        gate: who holds it lets no transaction that writes begin here.
    """

    contains = "instr(bytes, ?)"
    dialect = "sqlite"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gate = threading.Lock()

    def begin(self) -> None:
        """Begin a transaction that writes."""
        with self.gate:
            self.execute("BEGIN IMMEDIATE")

    def begin_view(self) -> None:
        """Begin a transaction that reads."""
        self.execute("BEGIN")

    def repeat(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """One after another, which takes less than `executemany`."""
        for row in rows:
            self.execute(sql, row)

    def put(self, table: str, columns: int, values: list[object]) -> None:
        """A hundred rows a statement."""
        put_values(self, table, columns, values)

    def kept(self, value: object) -> object:
        """Itself."""
        return value

    def ddl(self, statement: str) -> str:
        """As it is: tables are written in SQLite's types."""
        return statement

    def reclaim(self) -> None:
        """Write the file anew without what is free in it, and fold the log that this took."""
        self.execute("VACUUM")
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def is_empty(self) -> bool:
        """Whether there is no table."""
        return not self.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]

    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name."""
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
        return bool(self.execute(query, (name,)).fetchone()[0])

    def lend(self) -> AbstractContextManager[sqlite3.Connection]:
        """Itself."""
        return nullcontext(self)

    def is_ours(self) -> bool:
        """Whether the header says so."""
        return bool(self.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)

    def mark_as_ours(self) -> None:
        """Say so in the header."""
        self.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    def layout_problems(self, fresh: sqlite3.Connection) -> Iterator[str]:
        """What SQLite finds wrong with pages and indices, and every table or index that was made otherwise."""
        for (found_by_sqlite,) in self.execute("PRAGMA integrity_check"):
            if found_by_sqlite != "ok":
                yield f"file: {found_by_sqlite}"
        query = "SELECT name, type, sql, tbl_name FROM sqlite_master"
        expected, there = ({row[0]: row[1:] for row in db.execute(query)} for db in (fresh, self))
        for name in sorted(expected.keys() | there.keys(), key=str):
            if expected.get(name) != there.get(name):
                yield f"layout: {name}: expected {_made(expected.get(name))}, found {_made(there.get(name))}"


def _made(row: tuple[object, ...] | None) -> str:
    return "none" if row is None else " ".join(str(row[1]).split())
