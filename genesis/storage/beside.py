"""Connections beside the engine that may be at work on a store: to read, and to write a row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from genesis.errors import StorageError
from genesis.storage import schema
from genesis.storage.address import PostgresAddress, StoreAddress
from genesis.storage.database import Database, SqliteDatabase
from genesis.storage.faults import storage_errors

_WAIT_S = 5.0
_Kind = TypeVar("_Kind", bound=Database)


@contextmanager
def beside(store: StoreAddress, *, older: bool = False) -> Iterator[Database]:
    """A connection to an existing store for short transactions of one's own; what they commit is durable. ``older``: also of an earlier version.

    Raises:
        StorageError: no store there, or it cannot be written. IntegrityError: it is damaged or no store.
    """
    with storage_errors(store), closing(_connect_to_write(store)) as db:
        _ensure_made(db, store, older)
        yield db


def connect_to_read(store: StoreAddress, *, older: bool = False) -> Database:
    """A connection that cannot write, to an existing store; ``older``: also of an earlier version.

    Raises:
        StorageError: no store there, or it cannot be read. IntegrityError: it is damaged or no store.
    """
    if isinstance(store, Path):
        return connect_to_file(store, older=older)
    return _checked(_postgres(store, read_only=True), store, older)


def connect_to_file(path: Path, *, older: bool = False) -> SqliteDatabase:
    """As `connect_to_read`, of a store in a file."""
    with storage_errors(path):
        return _checked(_sqlite_to_read(path), path, older)


def is_there(store: StoreAddress) -> bool:
    """Whether anything is where the store would be.

    Raises:
        StorageError: the server cannot be asked.
    """
    if isinstance(store, Path):
        return store.exists()
    with closing(_postgres(store, read_only=True)) as db:
        return not db.is_empty()


def _sqlite_to_read(path: Path) -> SqliteDatabase:
    """As `connect_to_read`, whatever is in the file; also where the folder is read-only and the write-ahead log was folded in."""
    _ensure_file(path)
    address = path.resolve().as_uri()
    db = SqliteDatabase(f"{address}?mode=ro", uri=True, timeout=_WAIT_S, isolation_level=None)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return db
    except sqlite3.OperationalError:
        db.close()
        if path.with_name(path.name + "-wal").exists():
            raise
    return SqliteDatabase(f"{address}?mode=ro&immutable=1", uri=True, isolation_level=None)


def _connect_to_write(store: StoreAddress) -> Database:
    if not isinstance(store, Path):
        return _postgres(store)
    _ensure_file(store)
    db = SqliteDatabase(store, timeout=_WAIT_S, isolation_level=None)
    db.execute("PRAGMA synchronous=FULL")
    return db


def _ensure_file(path: Path) -> None:
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise StorageError(f"{path}: expected a store, found {found}")
    schema.ensure_sqlite_file(path)


def _ensure_made(db: Database, store: StoreAddress, older: bool = False) -> None:
    if schema.is_new(db, store, older=older):
        found = "an empty file" if isinstance(store, Path) else "nothing in this schema"
        raise StorageError(f"{store}: expected a store, found {found}")


def _checked(db: _Kind, store: StoreAddress, older: bool) -> _Kind:
    try:
        _ensure_made(db, store, older)
    except BaseException:
        db.close()
        raise
    return db


def _postgres(store: PostgresAddress, read_only: bool = False) -> Database:
    # Only who keeps a store there needs the package that it takes.
    from genesis.storage.postgres_database import PostgresDatabase

    return PostgresDatabase(store, read_only=read_only)
