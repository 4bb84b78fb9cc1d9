"""Opening a store for the engine, whatever keeps it."""

from __future__ import annotations

from pathlib import Path

from genesis.clock import Clock
from genesis.storage.address import StoreAddress
from genesis.storage.sqlite import SqliteStore
from genesis.storage.store import Store


def open_store(address: StoreAddress, clock: Clock, host: str) -> Store:
    """Hold a store, making it where there is none; both chains are verified.

    Args:
        address: a file, or a schema of a PostgreSQL database.
        clock: wall time for the operations chain.
        host: name of this machine for the operations chain.

    Raises:
        StorageError: it cannot be reached or written, or another engine holds it.
        IntegrityError: it is no store, or a chain is broken.
        ConfigError: a package that it takes is not installed.
    """
    if isinstance(address, Path):
        return SqliteStore(address, clock, host)
    # Only who keeps a store there needs the package that it takes.
    from genesis.storage.postgres import PostgresStore

    return PostgresStore(address, clock, host)
