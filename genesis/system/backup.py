"""Copies of a store: taken while an engine writes, and put back where there is none. Each is checked before it counts."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec

from genesis.clock import Clock
from genesis.errors import ConfigError, IntegrityError, StorageError
from genesis.storage.address import StoreAddress
from genesis.storage.beside import beside, connect_to_file
from genesis.storage.faults import storage_errors
from genesis.storage.operations import append_operation
from genesis.storage.sqlite import StoreReader
from genesis.system.moving import ensure_not_being_moved
from genesis.system.syncing import sync

# What SQLite keeps beside a store; an old one beside a new file would be taken for its own.
_COMPANIONS = ("-wal", "-shm", "-journal")


class Copied(msgspec.Struct, frozen=True):
    """A copy that was verified: its file, and length and head of its run chain."""

    file: str
    entries: int
    head: str


def back_up(store: StoreAddress, out: Path, clock: Clock) -> Copied:
    """Copy a store as one commit left it, whatever an engine commits meanwhile; noted in the store's operations chain.

    Raises:
        ConfigError: ``out`` is there already, or a move of the store has not come to its end. StorageError: the store cannot be read, or ``out`` not written.
        IntegrityError: the store, and so its copy, is not sound; nothing is left of the copy.
    """
    store = _file(store)
    with _new_file(out) as part:
        ensure_not_being_moved(store)
        copied = _copy(store, part)
    with beside(store) as db:
        facts: dict[str, object] = {"entries": copied.entries, "head": copied.head}
        append_operation(db, "backup", socket.gethostname(), clock.now_ns(), facts)
    return msgspec.structs.replace(copied, file=str(out))


def restore(backup: Path, store: StoreAddress, clock: Clock) -> Copied:
    """Make a store of a backup; noted in its operations chain. A store that is there is never written over.

    Raises:
        ConfigError: ``store`` or a file that belongs to it is there already. StorageError: it cannot be written.
        IntegrityError: the backup is not sound; nothing is left of the copy.
    """
    store = _file(store)
    for companion in _COMPANIONS:
        found = store.with_name(store.name + companion)
        if found.exists():
            raise ConfigError(f"{found}: expected nothing left of another store, found this file; move it away")
    with _new_file(store) as part:
        copied = _copy(backup, part)
        with beside(part) as db:
            facts: dict[str, object] = {"entries": copied.entries, "head": copied.head}
            append_operation(db, "restore", socket.gethostname(), clock.now_ns(), facts)
    return msgspec.structs.replace(copied, file=str(store))


def _file(store: StoreAddress) -> Path:
    if isinstance(store, Path):
        return store
    raise ConfigError(
        f"{store}: expected a store in a file, found one on a server; genesis db migrate --to FILE makes a file of it, "
        "and the server has its own backups (pg_dump)"
    )


def _copy(source: Path, target: Path) -> Copied:
    with storage_errors(target), closing(sqlite3.connect(target, isolation_level=None)) as db:
        with closing(connect_to_file(source)) as reader, _damage_of(source):
            # In one step: a step for some pages at a time begins again whenever somebody commits in between.
            reader.backup(db, pages=-1)
        # One file without companions, whichever way the source was written.
        db.execute("PRAGMA journal_mode=DELETE").fetchone()
    with StoreReader(target) as copy:
        findings = copy.verify()
        length, head = copy.head()
    if findings:
        first = findings[0]
        raise IntegrityError(
            f"{source}: expected a sound record, found {len(findings)} findings, the first at entry {first.seq}: "
            f"{first.problem}; genesis audit verify names every finding"
        )
    return Copied(str(target), length, head)


@contextmanager
def _damage_of(source: Path) -> Iterator[None]:
    """Of a copy that fails, damage is the source's; everything else is told of the file that is written."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
            with storage_errors(source):
                raise
        raise


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A file beside ``path`` to fill; it gets that name when it is whole and on the disk, and where nothing has it yet."""
    if path.exists() or path.is_symlink():
        raise _there(path)
    if not path.parent.is_dir():
        raise StorageError(f"{path}: expected an existing folder, found none; create {path.parent}")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        sync(part)
        # A link fails where a name is taken; a rename would put the file in the place of one that came meanwhile.
        os.link(part, path)
        sync(path.parent)
    except FileExistsError:
        raise _there(path) from None
    except StorageError as error:
        raise StorageError(str(error).replace(str(part), str(path))) from error
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise StorageError(f"{path}: expected a file that can be written, found: {found}") from error
    finally:
        for name in (part, *(part.with_name(part.name + c) for c in _COMPANIONS)):
            with suppress(OSError):
                name.unlink(missing_ok=True)


def _there(path: Path) -> ConfigError:
    return ConfigError(f"{path}: expected no such file, found one; it is never written over: choose another name")
