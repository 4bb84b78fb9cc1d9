"""A store in a schema of a PostgreSQL database: one run, held by one engine at a time."""

from __future__ import annotations

import os
from contextlib import ExitStack

from genesis.clock import Clock
from genesis.storage import schema
from genesis.storage.address import PostgresAddress
from genesis.storage.archived import Lines
from genesis.storage.lease import LEASE_S, Lease
from genesis.storage.postgres_database import PostgresDatabase
from genesis.storage.store import Store, prepare


class PostgresStore(Store):
    """A store in a schema, which is made where there is none. Opening verifies both chains.

    Args:
        address: the schema.
        clock: wall time for the operations chain.
        host: name of this machine for the operations chain and the lease.
        lines: the entries that lie in an archive, for a store whose tables are of an earlier layout.
        lease_s: after so many seconds without a sign of life another engine may take the store over.

    Raises:
        StorageError: the server cannot be reached or written, or another engine holds the store.
        IntegrityError: the schema is no store, or a chain is broken.
    """

    def __init__(
        self, address: PostgresAddress, clock: Clock, host: str, lines: Lines | None = None, lease_s: float = LEASE_S
    ) -> None:
        with ExitStack() as undo:
            db = PostgresDatabase(address)
            undo.callback(db.close)
            db.create_schema()
            lease = Lease(db, f"{host}, process {os.getpid()}", lease_s)
            lease.lock()
            undo.callback(lease.release)
            if schema.is_new(db, address, older=True):
                schema.create(db)
            lease.start()
            prepare(db, address, lines)
            super().__init__(db, address, clock, host, undo)
            self._held = undo.pop_all()
