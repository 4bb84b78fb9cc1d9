"""A store in one SQLite file: one run. `SqliteStore` is for the engine, one at a time; `StoreReader` for everybody, at any time."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from genesis.clock import Clock
from genesis.errors import StorageError
from genesis.storage import schema
from genesis.storage.archived import Lines
from genesis.storage.database import SqliteDatabase
from genesis.storage.faults import storage_errors
from genesis.storage.lock import StoreLock
from genesis.storage.log_keeper import LogKeeper
from genesis.storage.reader import StoreReader
from genesis.storage.store import Store, prepare

__all__ = ["SqliteStore", "StoreReader"]

_WAIT_S = 5.0
# The write-ahead log is folded into the file beside the commits (`LogKeeper`), at `checkpoint` and at `close`; by a commit itself only where it has
# grown to 256 MiB, since whoever writes without a pause leaves nobody else the time.
_WAL_PAGES = 65_536


class SqliteStore(Store):
    """A store in a file. A new file is made where there is none. Opening verifies both chains.

    Args:
        path: the file, in an existing folder.
        clock: wall time for the operations chain.
        host: name of this machine for the operations chain.
        lines: the entries that lie in an archive, for a store whose tables are of an earlier layout.

    Raises:
        StorageError: the folder is missing, the file cannot be written, or another engine holds it.
        IntegrityError: the file is no store, or a chain is broken.
    """

    def __init__(self, path: Path, clock: Clock, host: str, lines: Lines | None = None) -> None:
        if not path.parent.is_dir():
            raise StorageError(f"{path}: expected an existing folder, found none; create {path.parent}")
        if path.is_dir():
            raise StorageError(f"{path}: expected a file for the store, found a folder; name one in it")
        with storage_errors(path), ExitStack() as undo:
            schema.ensure_sqlite_file(path)
            lock = StoreLock(path)
            undo.callback(lock.release)
            db = SqliteDatabase(path, timeout=_WAIT_S, isolation_level=None)
            undo.callback(db.close)
            schema.is_new(db, path, older=True)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
            prepare(db, path, lines)
            super().__init__(db, path, clock, host, undo)
            undo.callback(LogKeeper(path, lambda: self.journal.length, db.gate).stop)
            self._held = undo.pop_all()

    @classmethod
    def open(cls, path: Path, clock: Clock, host: str) -> SqliteStore:
        """As the constructor."""
        return cls(path, clock, host)

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file as far as readers allow: for a moment when nothing waits for the store."""
        with storage_errors(self.path):
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
