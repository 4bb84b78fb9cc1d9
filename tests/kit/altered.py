"""A small signed store in memory, and everything a hand that can write it may do to it and undo again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from genesis.audit.chain import OPERATIONS_DOMAIN, RUN_DOMAIN, link
from genesis.clock import ManualClock
from genesis.storage.audit import Audit, Kept, audit
from genesis.storage.database import SqliteDatabase
from genesis.storage.sqlite import SqliteStore
from tests.kit.factories import T0, small_run
from tests.kit.signing import check_signature, key_of

RUN = small_run(1)
Row = tuple[int, bytes, bytes]


def signed_store(path: Path) -> Path:
    """A run of ``RUN``, signed twice and once more after its key was rotated, begun and ended in order."""
    half = len(RUN) // 2
    with SqliteStore.open(path, ManualClock(T0), "desk-1") as store:
        store.operation("start")
        for first, last in ((0, half), (half, half + 3), (half + 3, len(RUN))):
            store.journal.append(RUN[first:last])
            store.journal.commit()
            if last != len(RUN):
                store.sign("desk", key_of("desk"), check_signature)
        store.sign("desk", key_of("desk"), check_signature)
        store.operation("stop", complete=True)
    return path


class Altered:
    """The store, open; each method leaves it altered inside and whole after."""

    def __init__(self, db: SqliteDatabase) -> None:
        self.db = db

    @classmethod
    @contextmanager
    def of(cls, path: Path) -> Iterator[Altered]:
        """A copy in memory of the store at ``path``."""
        with closing(SqliteDatabase(":memory:", isolation_level=None)) as db:
            with closing(sqlite3.connect(path)) as source:
                source.backup(db)
            yield cls(db)

    def audit(self, kept: Kept | None = None) -> Audit:
        return audit(self.db, check_signature, kept)

    def rows(self, table: str) -> list[Row]:
        return self.db.execute(f"SELECT seq, bytes, hash FROM {table} ORDER BY seq").fetchall()

    @contextmanager
    def holding(self, table: str, rows: list[Row]) -> Iterator[None]:
        """With other rows in a chain."""
        before = self.rows(table)
        self._put(table, rows)
        try:
            yield
        finally:
            self._put(table, before)

    @contextmanager
    def with_value(self, table: str, column: str, seq: int, value: object) -> Iterator[None]:
        """With another value in one place."""
        query = f"UPDATE {table} SET {column} = ? WHERE seq = ?"
        (before,) = self.db.execute(f"SELECT {column} FROM {table} WHERE seq = ?", (seq,)).fetchone()
        self.db.execute(query, (value, seq))
        try:
            yield
        finally:
            self.db.execute(query, (before, seq))

    @contextmanager
    def after(self, *statements: str) -> Iterator[None]:
        """As these statements leave it; what they did is undone from a copy."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            self.db.backup(copy)
            for statement in statements:
                self.db.execute(statement)
            try:
                yield
            finally:
                copy.backup(self.db)

    def _put(self, table: str, rows: list[Row]) -> None:
        self.db.execute("BEGIN")
        self.db.execute(f"DELETE FROM {table}")
        self.db.executemany(f"INSERT INTO {table} VALUES (?,?,?)", rows)
        self.db.execute("COMMIT")


def renumbered(rows: list[Row]) -> list[Row]:
    """The rows with numbers from 1 on."""
    return [(i, entry, digest) for i, (_, entry, digest) in enumerate(rows, 1)]


def chained_anew(rows: list[Row], domain: bytes = RUN_DOMAIN) -> list[Row]:
    """The rows with numbers and hashes that fit, as somebody who can write the store would make them."""
    head, out = bytes(32), []
    for seq, (_, entry, _) in enumerate(rows, 1):
        head = link(head, entry, domain)
        out.append((seq, entry, head))
    return out


def operations_anew(rows: list[Row]) -> list[Row]:
    """As `chained_anew`, for the operations chain."""
    return chained_anew(rows, OPERATIONS_DOMAIN)
