"""What the disk and SQLite report, in the words of `genesis.errors`: what was found, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from genesis.errors import GenesisError, IntegrityError, StorageError
from genesis.storage.address import StoreAddress
from genesis.storage.database import Database

# By the beginning of SQLite's name for the error; https://www.sqlite.org/rescode.html says when each is returned.
_ADVICE = {
    "SQLITE_FULL": "expected room on the disk, found it full; free some space and start again, what was committed is safe",
    "SQLITE_IOERR": "expected a working disk, found a failed read or write; check the disk, what was committed is safe",
    "SQLITE_READONLY": "expected a writable store and folder, found them read-only; give write permission or move the store",
    "SQLITE_PERM": "expected permission to use the store, found none; give read and write permission",
    "SQLITE_CANTOPEN": "expected a file that can be opened, found none; check the folder and its permissions",
    "SQLITE_BUSY": "expected a free store, found another process writing for too long; end it and try again",
    "SQLITE_LOCKED": "expected a free store, found a table locked; end what uses it and try again",
    "SQLITE_TOOBIG": "expected an entry that fits into a row, found a larger one",
}
_BROKEN = {
    "SQLITE_NOTADB": "expected a Genesis store, found a file that is no database",
    "SQLITE_CORRUPT": "expected a sound store, found a damaged file; keep a copy and restore a backup",
    "SQLITE_CONSTRAINT": "expected the store as this engine left it, found rows that another hand wrote",
}


@contextmanager
def storage_errors(path: StoreAddress) -> Iterator[None]:
    """Whatever the database or the file system raises inside becomes `StorageError` or `IntegrityError`, naming ``path``."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translated(path, error) from error
    except UnicodeDecodeError as error:
        # SQLite hands on what stands in the file; a name or a text that is no UTF-8 was written by no engine.
        damaged = _BROKEN["SQLITE_CORRUPT"]
        raise IntegrityError(f"{path}: {damaged} ({error})") from error
    except OSError as error:
        found = error.strerror or str(error)
        raise StorageError(
            f"{path}: expected a usable file, found: {found.lower()}; check the folder and its permissions"
        ) from error


def _translated(path: StoreAddress, error: sqlite3.Error) -> GenesisError:
    name = getattr(error, "sqlite_errorname", "")
    for table, kind in ((_BROKEN, IntegrityError), (_ADVICE, StorageError)):
        for beginning, words in table.items():
            if name.startswith(beginning):
                return kind(f"{path}: {words} ({error})")
    return StorageError(f"{path}: the store cannot be used: {error}")


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """All of what is written inside, durable when it ends, or nothing."""
    db.begin()
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def one_view(db: Database) -> Iterator[None]:
    """Everything read inside is of one commit, whatever others commit meanwhile; nothing may be written."""
    db.begin_view()
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
