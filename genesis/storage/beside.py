"""Writing a row into a store beside the engine that may be at work on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from genesis.errors import StorageError
from genesis.storage import schema
from genesis.storage.faults import storage_errors

_WAIT_S = 5.0


@contextmanager
def beside(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to an existing store for short transactions of one's own; what they commit is durable.

    Raises:
        StorageError: no store there, or it cannot be written. IntegrityError: the file is damaged or no database.
    """
    if not path.is_file():
        raise StorageError(f"{path}: expected a store, found no such file")
    with storage_errors(path):
        schema.ensure_sqlite_file(path)
        with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as db:
            if schema.is_new(db, path):
                raise StorageError(f"{path}: expected a store, found an empty file")
            db.execute("PRAGMA synchronous=FULL")
            yield db
