"""A connection to a schema of a PostgreSQL database that speaks as `genesis.storage.database.Database`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from genesis.errors import ConfigError, StorageError
from genesis.storage.address import PostgresAddress
from genesis.storage.database import APPLICATION_ID, Rows
from genesis.storage.postgres_faults import translated

try:
    import psycopg
    from psycopg.adapt import Dumper
    from psycopg.pq import TransactionStatus
except ImportError as error:
    raise ConfigError(
        "postgresql: expected the package psycopg, found none that can be used; "
        f"pip install 'genesis-trading[postgres]' ({error})"
    ) from error

OLDEST = 14
_CONNECT_S, _WAIT_MS = 10, 5_000
# A server whose machine is gone answers nothing at all: its silence is taken for an end after some 30 s.
_ALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
# Two advisory locks a schema: the first is the engine's, the second that of whoever writes at this moment.
ENGINE, WRITER = (f"{APPLICATION_ID + n}, hashtext(current_schema())" for n in (0, 1))
# PostgreSQL keeps no zero byte in a text; what people query shows this sign in its place. The entries keep every byte.
_ZERO, ZERO_SIGN = "\0", "\N{SYMBOL FOR NULL}"
_TYPES = {
    "INTEGER PRIMARY KEY AUTOINCREMENT": "BIGINT PRIMARY KEY",
    "INTEGER": "BIGINT",
    "BLOB": "BYTEA",
    "REAL": "DOUBLE PRECISION",
}
_TYPE = re.compile("|".join(rf"\b{t}\b" for t in _TYPES))
_SETTINGS = (
    "SELECT set_config('search_path', %s, false), set_config('synchronous_commit', 'on', false), "
    "set_config('lock_timeout', %s, false), set_config('default_transaction_read_only', %s, false), "
    "current_setting('fsync'), current_setting('server_encoding')"
)
_LAYOUT = (
    "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
    "WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
)
_INDICES = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey'"
_FOUND_AS = {"INTEGER": "bigint", "BLOB": "bytea", "REAL": "double precision", "TEXT": "text"}


def _without_zero(text: str) -> str:
    return text.replace(_ZERO, ZERO_SIGN)


class _TruthDumper(Dumper):
    """True and false as 1 and 0, as SQLite keeps them."""

    oid = psycopg.postgres.types["int8"].oid

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"


class _TextDumper(Dumper):
    """Text, of which the server decides the type."""

    def dump(self, obj: str) -> bytes:
        return _without_zero(obj).encode()


class PostgresDatabase:
    """The connection. Every error of the server or of the way to it is a `StorageError` or an `IntegrityError` that names the address.

    Args:
        address: the schema; it need not exist yet.
        read_only: nothing can be written.

    Raises:
        StorageError: no server there, none that lets us in, or one that is too old or does not keep what it acknowledges.
    """

    contains = "position(? IN bytes) > 0"
    dialect = "postgresql+psycopg"

    def __init__(self, address: PostgresAddress, *, read_only: bool = False) -> None:
        self.address = address
        # The token of the lease under which this connection writes; without one it writes beside the engine.
        self.fence: int | None = None
        with self._told():
            keywords = {"connect_timeout": str(_CONNECT_S), "application_name": "genesis"} | address.keywords()
            self._db = psycopg.connect(autocommit=True, client_encoding="utf8", **_ALIVE, **keywords)  # type: ignore[arg-type]
        try:
            with self._told():
                self._prepare(read_only)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self, read_only: bool) -> None:
        found = self._db.info.server_version
        if found < OLDEST * 10_000:
            raise StorageError(
                f"{self.address}: expected PostgreSQL {OLDEST} or newer, found {found // 10_000}; upgrade the server"
            )
        self._db.adapters.register_dumper(bool, _TruthDumper)
        self._db.adapters.register_dumper(str, _TextDumper)
        values = (self.address.schema, str(_WAIT_MS), "on" if read_only else "off")
        fsync, encoding = self._db.execute(_SETTINGS, values).fetchall()[0][4:]
        if fsync != "on":
            raise StorageError(
                f"{self.address}: expected a server that syncs what it acknowledges, found fsync={fsync}; set fsync=on"
            )
        if encoding != "UTF8":
            raise StorageError(f"{self.address}: expected a database in UTF8, found {encoding}; create one in UTF8")

    @property
    def in_transaction(self) -> bool:
        """Whether one is open, sound or failed."""
        status = self._db.info.transaction_status
        return status in (TransactionStatus.INTRANS, TransactionStatus.INERROR, TransactionStatus.ACTIVE)

    @property
    def closed(self) -> bool:
        """Whether it is gone, by us or by the server."""
        return self._db.closed

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        """Run one statement; ``?`` are the values."""
        with self._told():
            cursor = self._db.execute(_native(sql), parameters, binary=True)
            # A server ends a transaction that failed by a rollback, whatever it was asked for, and calls that no error.
            if sql == "COMMIT" and cursor.statusmessage != "COMMIT":
                raise StorageError(f"{self.address}: expected a transaction that can be committed, found a failed one")
            return cursor

    def repeat(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """All of them on their way before the first answer is waited for."""
        if rows:
            with self._told(), self._db.cursor() as cursor:
                cursor.executemany(_native(sql), rows)

    def begin(self) -> None:
        """Begin a transaction that writes, wait until nobody else does, and see that the lease is still ours: one round trip."""
        try:
            with self._told():
                self._begin()
        except BaseException:
            if self.in_transaction:
                self.execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        fenced = "; SELECT token FROM lease" if self.fence is not None else ""
        cursor = self._db.execute(f"BEGIN; SELECT pg_advisory_xact_lock({WRITER}){fenced}")
        if self.fence is None:
            return
        cursor.set_result(-1)
        row = cursor.fetchone()
        if row is None or row[0] != self.fence:
            raise StorageError(
                f"{self.address}: expected lease {self.fence} to hold, found that another engine has taken this store over; "
                "nothing was written"
            )

    def begin_view(self) -> None:
        """Begin a transaction that reads what is committed now."""
        self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def put(self, table: str, columns: int, values: list[object]) -> None:
        """By COPY: one message for all of them."""
        with self._told(), self._db.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for start in range(0, len(values), columns):
                copy.write_row(values[start : start + columns])

    def kept(self, value: object) -> object:
        """Itself, but for a zero byte in a text."""
        return _without_zero(value) if isinstance(value, str) else value

    def ddl(self, statement: str) -> str:
        """A statement that makes a table in PostgreSQL's types."""
        return _TYPE.sub(lambda found: _TYPES[found[0]], statement)

    def reclaim(self) -> None:
        """Nothing: a server's own vacuum finds what is free."""

    def is_empty(self) -> bool:
        """Whether the schema has no table, or does not exist."""
        return not self.execute("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").fetchone()[0]

    def has_table(self, name: str) -> bool:
        """Whether the schema has a table of this name."""
        return bool(self.execute("SELECT to_regclass(?) IS NOT NULL", (name,)).fetchone()[0])

    @contextmanager
    def lend(self) -> Iterator[psycopg.Connection]:
        """The driver's connection."""
        with self._told():
            yield self._db

    def is_ours(self) -> bool:
        """Whether a store was made in this schema."""
        return bool(
            self.execute("SELECT to_regclass('versions') IS NOT NULL AND to_regclass('lease') IS NOT NULL").fetchone()[
                0
            ]
        )

    def mark_as_ours(self) -> None:
        """Make the table of the lease, without which no engine may write."""
        self.execute(
            "CREATE TABLE IF NOT EXISTS lease (only_one BIGINT PRIMARY KEY CHECK (only_one = 1), token BIGINT NOT NULL, "
            "holder TEXT NOT NULL, backend BIGINT NOT NULL, expires_at TIMESTAMPTZ NOT NULL)"
        )

    def layout_problems(self, fresh: sqlite3.Connection) -> Iterator[str]:
        """Tables, columns, types and indices that differ from those of ``fresh``; damaged pages are told when they are read."""
        there: dict[str, list[str]] = {}
        for table, column, kind, nullable in self.execute(_LAYOUT):
            there.setdefault(table, []).append(f"{column} {kind}{'' if nullable == 'YES' else ' not null'}")
        there.pop("lease", None)
        expected = _layout_of(fresh)
        for table in sorted(expected.keys() | there.keys()):
            wanted, found = (", ".join(t.get(table, ())) or "none" for t in (expected, there))
            if wanted != found:
                yield f"layout: {table}: expected {wanted}, found {found}"
        indices = {name for (name,) in self.execute(_INDICES)}
        made = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        for name in sorted(indices ^ {name for (name,) in fresh.execute(made)}):
            expectation = ("none", "one") if name in indices else ("one", "none")
            yield f"layout: {name}: expected {expectation[0]}, found {expectation[1]}"

    def create_schema(self) -> None:
        """Make the schema where there is none."""
        if self.execute("SELECT current_schema()").fetchone()[0] is None:
            self.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.address.schema}"')

    def close(self) -> None:
        """Let it go."""
        self._db.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            # Not from the error itself: what it carries could tell more than its words.
            raise translated(self.address, error) from None


def _layout_of(fresh: sqlite3.Connection) -> dict[str, list[str]]:
    tables = [
        t for (t,) in fresh.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    ]
    found: dict[str, list[str]] = {}
    for table in tables:
        for _, column, kind, not_null, _, key in fresh.execute(f"PRAGMA table_info({table})"):
            found.setdefault(table, []).append(f"{column} {_FOUND_AS[kind]}{' not null' if not_null or key else ''}")
    return found


@cache
def _native(sql: str) -> Any:
    return sql.replace("%", "%%").replace("?", "%s")
