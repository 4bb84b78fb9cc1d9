"""Moving a history from one store to another, whatever keeps either."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import msgspec

from genesis.clock import Clock
from genesis.errors import ConfigError, GenesisError, IntegrityError
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Lines
from genesis.storage.audit import Audit
from genesis.storage.beside import connect_to_read, is_there
from genesis.storage.faults import storage_errors
from genesis.storage.moved import MIGRATED, Arriving, ensure_here, ensure_not_moving, unfinished
from genesis.storage.opening import open_store
from genesis.storage.store import Store
from genesis.system.archive_file import ArchiveFile, lines_for
from genesis.system.keys import check_signature


class Moved(msgspec.Struct, frozen=True):
    """A history that was moved and found the same on both sides; ``store`` is where it goes on."""

    store: str
    entries: int
    head: str
    checkpoints: int


def move(source: StoreAddress, target: StoreAddress, clock: Clock, archive: ArchiveFile | None = None) -> Moved:
    """Copy a history into an empty store, verify chains, checkpoints and projections on both sides, close the source, and open the target.

    Whatever ends it in between, the history goes on in one of both at most, and the same call brings it to its end (`genesis.storage.moved`). Entries that
    lie in ``archive`` lie in it afterwards too; tables and checks read them there.

    Raises:
        ConfigError: no history to move, something else is in the target already, or the archive is missing or not of this store.
        StorageError: an engine holds one of them, one cannot be read or written, or the source was written since it was copied.
        IntegrityError: findings on one side, or the two sides differ.
    """
    source, target = _from_anywhere(source), _from_anywhere(target)
    if str(source) == str(target):
        raise ConfigError(f"--to: expected another store than {source}, found the same")
    if not is_there(source):
        raise ConfigError(f"{source}: expected a store, found nothing there")
    host, lines = socket.gethostname(), lines_for(source, archive)
    with open_store(source, clock, host, lines) as old:
        _ensure_may_move(old, target)
        if lines is None and (gone := old.archived()) is not None:
            raise ConfigError(
                f"{source}: expected {gone.where()}, for tables are made from every entry, found none; give it by --archive"
            )
        before = _sound(old, source, lines)
        if not before.entries:
            raise ConfigError(f"{source}: expected a history to move, found no entry; begin in {target}")
        with open_store(target, clock, host, lines) as new:
            copied = _copied(old, new, lines)
            after = _sound(new, target, lines)
            if msgspec.structs.replace(after, remarks=before.remarks) != before:
                raise IntegrityError(
                    f"{target}: expected the history of {source}, {before.entries} entries with head {before.head}, "
                    f"found {after.entries} with head {after.head}; do not use it"
                )
            old.close_for(new, copied)
            new.operation(MIGRATED, source=str(source), entries=after.entries, head=after.head)
    return Moved(str(target), after.entries, after.head, after.checkpoints)


def ensure_not_moved(store: StoreAddress) -> None:
    """A history goes on in one place: refuse a store that was moved away, and one to which a move has not come to its end.

    Raises:
        ConfigError: it is one; the message says what to do.
    """
    try:
        db = connect_to_read(store, older=True)
    except GenesisError:
        # None yet, or none that can be used: opening it to write says what is wrong.
        return
    with storage_errors(store), closing(db):
        ensure_here(db, store)


def ensure_not_being_moved(store: StoreAddress) -> None:
    """Refuse a store while a move to or from it has not come to its end; what was moved away wholly may be looked after where it lies.

    Raises:
        ConfigError: one has not; the message names the command that ends it. StorageError: none there, or it cannot be read.
    """
    with storage_errors(store), closing(connect_to_read(store, older=True)) as db:
        ensure_not_moving(db, store)


def _from_anywhere(store: StoreAddress) -> StoreAddress:
    """As it is called whatever folder somebody is in: what the two stores note of each other is read later."""
    return store.resolve() if isinstance(store, Path) else store


def _ensure_may_move(old: Store, target: StoreAddress) -> None:
    """From here, and to there, unless a move to there was begun."""
    gone = old.moved_to()
    elsewhere = None if gone == str(target) else gone
    why = unfinished(old.path, old.copy_of(), elsewhere)
    if why is not None:
        raise why
    if elsewhere is not None:
        raise ConfigError(f"{old.path}: expected a store whose history goes on here, found it moved to {elsewhere}")


def _copied(old: Store, new: Store, lines: Lines | None) -> Arriving:
    """The copy in ``new``, made now or by a move that was broken off."""
    if new.is_empty():
        if old.moved_to() is not None:
            raise ConfigError(
                f"{old.path}: expected its history in {new.path}, to which it was moved, found nothing there"
            )
        new.take_over(old, lines)
    copied = new.copy_of()
    if copied is None:
        if old.moved_to() is not None:
            raise ConfigError(f"{old.path}: expected a store whose history goes on here, found it moved to {new.path}")
        raise ConfigError(f"{new.path}: expected an empty store, found one in use; choose another place")
    if copied.source != str(old.path):
        raise ConfigError(f"{new.path}: expected an empty store, found a copy of {copied.source}; choose another place")
    return copied


def _sound(store: Store, address: StoreAddress, lines: Lines | None) -> Audit:
    found = store.audit(check_signature, lines)
    if found.findings:
        first = found.findings[0]
        raise IntegrityError(
            f"{address}: expected a sound record, found {len(found.findings)} findings, the first at {first.seq}: "
            f"{first.problem}; genesis audit verify names every finding"
        )
    return found
