"""One engine a store on PostgreSQL: an advisory lock, a lease that is renewed, and a token that every later lease outnumbers.

A holder that ends gives the lock back; for one that was killed the server does, a moment after its connection ended. A holder that
stands still (stopped, or cut off) keeps its connection, so its lease runs out instead: the next engine ends that connection and takes
the lock. The token is read in every transaction that writes: whoever holds an old one writes nothing any more, whatever it believes.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from genesis.errors import GenesisError, StorageError
from genesis.storage.database import Database
from genesis.storage.postgres_database import ENGINE, PostgresDatabase

LEASE_S = 30.0
_RENEWALS, _JOIN_S = 3, 5.0
_TRIES, _BETWEEN_S = 50, 0.1
# After so many of them a holder whose lease has not run out is believed to be alive, and not one that was killed just now.
_TRIES_OF_THE_LIVING = 10
_TAKE = (
    "INSERT INTO lease VALUES (1, 1, ?, pg_backend_pid(), clock_timestamp() + ? * interval '1 second') "
    "ON CONFLICT (only_one) DO UPDATE SET token = lease.token + 1, holder = excluded.holder, backend = excluded.backend, "
    "expires_at = excluded.expires_at RETURNING token"
)
_RENEW = "UPDATE lease SET expires_at = clock_timestamp() + ? * interval '1 second' WHERE token = ?"
_LOCK = f"(SELECT c, h & 4294967295 FROM (SELECT {ENGINE}::bigint) AS k (c, h))"  # nosec B608 # names are ours, values are bound
# The lease of whoever holds the lock; a row that an engine of earlier left behind is another session's.
_HOLDER = (
    "SELECT holder, expires_at < clock_timestamp(), backend FROM lease JOIN pg_locks ON pid = backend "  # nosec B608 # names are ours, values are bound
    "JOIN pg_database ON oid = database AND datname = current_database() "
    f"WHERE locktype = 'advisory' AND granted AND (classid::bigint, objid::bigint) = {_LOCK}"
)


def held_by(db: Database) -> str | None:
    """Who holds the store that ``db`` is connected to, in words; ``None`` where nobody does."""
    row = db.execute(_HOLDER).fetchone()
    if row is None:
        return None
    return f"{row[0]}, whose lease has run out" if row[1] else str(row[0])


class Lease:
    """Held from `take` to `release`.

    Args:
        db: the engine's connection, whose session holds the lock.
        holder: who that is, in words for others.
        seconds: after so long without a sign of life another engine may take the store over.
    """

    def __init__(self, db: PostgresDatabase, holder: str, seconds: float = LEASE_S) -> None:
        self._db, self._holder, self._seconds = db, holder, seconds
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)

    def lock(self) -> None:
        """Take the lock, from a holder whose lease has run out if need be; the store may not be made yet.

        Raises:
            StorageError: another engine holds it.
        """
        holder = ""
        for tried in range(_TRIES):
            if self._db.execute(f"SELECT pg_try_advisory_lock({ENGINE})").fetchone()[0]:
                return
            known = self._db.execute("SELECT to_regclass('lease') IS NOT NULL").fetchone()[0]
            row = self._db.execute(_HOLDER).fetchone() if known else None
            # Without a row it only begins, or is gone.
            if row is not None:
                holder, run_out, backend = str(row[0]), row[1], row[2]
                if run_out:
                    self._db.execute("SELECT pg_terminate_backend(?::integer)", (backend,))
                elif tried >= _TRIES_OF_THE_LIVING:
                    break
            self._ended.wait(_BETWEEN_S)
        raise self._held(holder)

    def start(self) -> None:
        """Take the next token, under which the connection writes from now on, and keep the lease alive."""
        self._db.begin()
        self._db.fence = self._db.execute(_TAKE, (self._holder, self._seconds)).fetchone()[0]
        self._db.execute("COMMIT")
        self._renewing.start()

    def release(self) -> None:
        """Let others have the store, at once: with the connection the lock would go as well, but only when the server has noticed."""
        self._ended.set()
        if self._renewing.is_alive():
            self._renewing.join(_JOIN_S)
        if self._db.closed:
            return
        with suppress(GenesisError):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._db.execute(f"SELECT pg_advisory_unlock({ENGINE})")

    def _held(self, holder: str) -> StorageError:
        who = f" ({holder})" if holder else ""
        return StorageError(
            f"{self._db.address}: expected a free store, found another engine{who} at work on it; stop it or use another store"
        )

    def _renew(self) -> None:
        """On a connection of its own, for the engine's may be busy. Where it fails it is tried again: the token decides, not this."""
        db: PostgresDatabase | None = None
        while not self._ended.wait(self._seconds / _RENEWALS):
            with suppress(GenesisError):
                if db is None or db.closed:
                    db = PostgresDatabase(self._db.address)
                db.execute(_RENEW, (self._seconds, self._db.fence))
        if db is not None:
            db.close()
