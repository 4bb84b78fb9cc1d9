"""Moving a history from one store to another, whatever keeps either."""

from __future__ import annotations

import socket

import msgspec

from genesis.clock import Clock
from genesis.errors import ConfigError, GenesisError, IntegrityError
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Lines
from genesis.storage.audit import Audit
from genesis.storage.beside import is_there
from genesis.storage.opening import open_store
from genesis.storage.reader import StoreReader
from genesis.storage.store import Store
from genesis.system.archive_file import ArchiveFile, lines_for
from genesis.system.keys import check_signature

MOVED, MIGRATED = "moved", "migrated"


class Moved(msgspec.Struct, frozen=True):
    """A history that was moved and found the same on both sides; ``store`` is where it goes on."""

    store: str
    entries: int
    head: str
    checkpoints: int


def move(source: StoreAddress, target: StoreAddress, clock: Clock, archive: ArchiveFile | None = None) -> Moved:
    """Copy a history into an empty store, verify chains, checkpoints and projections on both sides, and close the source.

    The last operation of the source says where its history went, and no run goes on there; the target's says whence it came.
    Where anything fails before that the source is as it was. Entries that lie in ``archive`` lie in it afterwards too; tables and checks read them there.

    Raises:
        ConfigError: no history to move, something is in the target already, or the archive is missing or not of this store.
        StorageError: an engine holds one of them, or one cannot be read or written.
        IntegrityError: findings on one side, or the two sides differ.
    """
    if str(source) == str(target):
        raise ConfigError(f"--to: expected another store than {source}, found the same")
    if not is_there(source):
        raise ConfigError(f"{source}: expected a store, found nothing there")
    host = socket.gethostname()
    lines = lines_for(source, archive)
    with open_store(source, clock, host, lines) as old:
        ensure_not_moved(source)
        if lines is None and (gone := old.archived()) is not None:
            raise ConfigError(
                f"{source}: expected {gone.where()}, for tables are made from every entry, found none; give it by --archive"
            )
        before = _sound(old, source, lines)
        if not before.entries:
            raise ConfigError(f"{source}: expected a history to move, found no entry; begin in {target}")
        with open_store(target, clock, host) as new:
            if not new.is_empty():
                raise ConfigError(f"{target}: expected an empty store, found one in use; choose another place")
            new.take_over(old, lines)
            after = _sound(new, target, lines)
            if msgspec.structs.astuple(after) != msgspec.structs.astuple(before):
                raise IntegrityError(
                    f"{target}: expected the history of {source}, {before.entries} entries with head {before.head}, "
                    f"found {after.entries} with head {after.head}; do not use it"
                )
            new.operation(MIGRATED, source=str(source), entries=after.entries, head=after.head)
            # Last of all: whatever fails before this, the run may go on where it was.
            old.operation(MOVED, target=str(target), entries=before.entries, head=before.head)
    return Moved(str(target), after.entries, after.head, after.checkpoints)


def ensure_not_moved(store: StoreAddress) -> None:
    """A history goes on in one place: refuse a store that was moved away.

    Raises:
        ConfigError: it was; the message says where to.
    """
    try:
        with StoreReader(store) as reader:
            moved = [o for o in reader.operations() if o.kind == MOVED]
    except GenesisError:
        # None yet, or none that can be used: opening it to write says what is wrong.
        return
    if moved:
        raise ConfigError(
            f"{store}: expected a store whose history goes on here, found it moved to {moved[-1].facts.get('target')}; "
            "put that into run.store"
        )


def _sound(store: Store, address: StoreAddress, lines: Lines | None) -> Audit:
    found = store.audit(check_signature, lines)
    if found.findings:
        first = found.findings[0]
        raise IntegrityError(
            f"{address}: expected a sound record, found {len(found.findings)} findings, the first at {first.seq}: "
            f"{first.problem}; genesis audit verify names every finding"
        )
    return found
