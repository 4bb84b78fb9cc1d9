"""Where a history goes on: it has one end, whatever becomes of the process that moves it.

Three operations say it. ``arriving`` stands in the copy from its first moment on, in the transaction that made it: nothing goes on there yet. ``moved``
closes the source, and only if nobody has written anything since it was copied. ``migrated`` opens the copy. Interrupted between any two of them,
no more than one of both goes on, and the move can be brought to its end.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec

from genesis.errors import ConfigError, GenesisError, StorageError
from genesis.storage.address import StoreAddress, store_address
from genesis.storage.beside import connect_to_read
from genesis.storage.database import Database
from genesis.storage.entries import chain_head
from genesis.storage.faults import transaction
from genesis.storage.operations import add_operation, facts_of

ARRIVING, MIGRATED, MOVED = "arriving", "migrated", "moved"


class Arriving(msgspec.Struct, frozen=True):
    """What was copied: from ``source``, whose operations chain had this length and head (hex), before the operation that says so."""

    source: str
    operations: int
    head: str


def arriving_from(source: StoreAddress, copy: Database) -> Arriving:
    """What ``copy``, into which the store at ``source`` was copied just now, says of it."""
    length, head = chain_head(copy, "operations")
    return Arriving(str(source), length, head.hex())


def copy_of(db: Database) -> Arriving | None:
    """What this store was copied from by a move that has not come to its end; ``None`` where there is none.

    Raises:
        ConfigError: it says so, and the operation cannot be read.
    """
    told = list(facts_of(db, ARRIVING, MIGRATED))
    if not told or told[-1][1] == MIGRATED:
        return None
    seq, _, facts = told[-1]
    try:
        return msgspec.convert(facts, Arriving)
    except msgspec.ValidationError as error:
        raise ConfigError(f"operation {seq}: expected what is arriving here, found: {error}") from None


def moved_to(db: Database) -> str | None:
    """Where this history was moved to; ``None`` where it is here."""
    told = list(facts_of(db, MOVED))
    return str(told[-1][2].get("target")) if told else None


def ensure_here(db: Database, store: StoreAddress) -> None:
    """Refuse a store in which its history does not go on.

    Raises:
        ConfigError: it was moved away, or a move to or from it has not come to its end; the message says what to do.
    """
    ensure_not_moving(db, store)
    target = moved_to(db)
    if target is not None:
        raise ConfigError(
            f"{store}: expected a store whose history goes on here, found it moved to {target}; put that into run.store"
        )


def ensure_not_moving(db: Database, store: StoreAddress) -> None:
    """Refuse a store while a move to or from it has not come to its end: what is noted in either would be missing in the other.

    Raises:
        ConfigError: one has not; the message names the command that ends it.
    """
    why = unfinished(store, copy_of(db), moved_to(db))
    if why is not None:
        raise why


def unfinished(store: StoreAddress, copied: Arriving | None, target: str | None) -> ConfigError | None:
    """The refusal of a store that says of itself what it was ``copied`` from, or to what ``target`` it was moved, while that has not come to its end."""
    if copied is not None:
        source, there, found = copied.source, str(store), "one to which a move has not come to its end"
    elif target is not None and _is_on_its_way(store, target):
        source, there, found = _named(store), target, "one from which a move has not come to its end"
    else:
        return None
    return ConfigError(
        f"{store}: expected a store whose history goes on here, found {found}; genesis db migrate {source} --to {there} brings it there"
    )


def _is_on_its_way(store: StoreAddress, target: str) -> bool:
    """Whether ``target``, for which ``store`` was closed, has not been opened; not where that cannot be asked: it says so itself then."""
    try:
        with closing(connect_to_read(store_address(target), older=True)) as there:
            copied = copy_of(there)
    except GenesisError:
        return False
    return copied is not None and copied.source == _named(store)


def _named(store: StoreAddress) -> str:
    """As it is called whatever folder somebody is in."""
    return str(store.resolve() if isinstance(store, Path) else store)


def close_source(db: Database, store: StoreAddress, copied: Arriving, target: str, host: str, wall_ns: int) -> None:
    """Note that this history goes on in ``target``, unless something was written here since it was copied.

    Raises:
        StorageError: something was, such as a command or a checkpoint, which is not in the copy.
    """
    with transaction(db):
        ensure_same_operations(db, store, copied, target)
        length, head = chain_head(db, "entries")
        add_operation(db, MOVED, host, wall_ns, {"entries": length, "head": head.hex(), "target": target})


def ensure_same_operations(db: Database, store: StoreAddress, copied: Arriving, target: str) -> None:
    """Refuse to go on with a copy of another state of this store; ``moved`` itself, its last operation, does not count.

    Raises:
        StorageError: it is one.
    """
    length, head = chain_head(db, "operations")
    if (moved := [seq for seq, _, _ in facts_of(db, MOVED)]) and moved[-1] == length:
        length -= 1
        head = bytes(db.execute("SELECT hash FROM operations WHERE seq = ?", (length,)).fetchone()[0])
    if (length, head.hex()) != (copied.operations, copied.head):
        raise StorageError(
            f"{store}: expected the {copied.operations} operations that there were when it was copied to {target}, found {length} "
            "or others, such as a command that was left meanwhile; remove the copy and move again"
        )
