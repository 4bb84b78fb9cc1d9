"""Opening a store for the engine, whatever keeps it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from genesis.clock import Clock
from genesis.storage import schema
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Lines
from genesis.storage.beside import connect_to_read
from genesis.storage.database import Database
from genesis.storage.faults import storage_errors
from genesis.storage.lock import StoreLock
from genesis.storage.sqlite import SqliteStore
from genesis.storage.store import Store


def open_store(address: StoreAddress, clock: Clock, host: str, lines: Lines | None = None) -> Store:
    """Hold a store, making it where there is none; both chains are verified.

    Args:
        address: a file, or a schema of a PostgreSQL database.
        clock: wall time for the operations chain.
        host: name of this machine for the operations chain.
        lines: the entries that lie in an archive, for a store whose tables are of an earlier layout.

    Raises:
        StorageError: it cannot be reached or written, or another engine holds it.
        IntegrityError: it is no store, or a chain is broken.
        ConfigError: a package that it takes is not installed; or its tables are of an earlier layout, and the archive is not given.
    """
    if isinstance(address, Path):
        return SqliteStore(address, clock, host, lines)
    # Only who keeps a store there needs the package that it takes.
    from genesis.storage.postgres import PostgresStore

    return PostgresStore(address, clock, host, lines)


class Keeping(msgspec.Struct, frozen=True):
    """What keeps a store: database and its version, revision of the record and its number, version of the projections, and the engine that holds it, if any."""

    database: str
    revision: str | None
    schema_version: int | None
    projections_version: int | None
    held_by: str | None


def keeping(address: StoreAddress) -> Keeping:
    """How a store is kept; one of an earlier version is told of too.

    Raises:
        StorageError: none there, or it cannot be read. IntegrityError: it is damaged or no store.
    """
    with storage_errors(address), closing(connect_to_read(address, older=True)) as db:
        name, holder = _kept_by(address, db)
        revision = schema.revision(db)
        number = None if revision is None else int(revision)
        return Keeping(name, revision, number, schema.version(db, "projections"), holder)


def _kept_by(address: StoreAddress, db: Database) -> tuple[str, str | None]:
    if isinstance(address, Path):
        return f"SQLite {sqlite3.sqlite_version}", StoreLock.held_by(address)
    from genesis.storage.lease import held_by

    return f"PostgreSQL {db.execute('SHOW server_version').fetchone()[0]}", held_by(db)
