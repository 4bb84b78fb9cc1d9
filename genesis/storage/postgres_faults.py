"""What PostgreSQL and the way to it report, in the words of `genesis.errors`: what was found, and what to do."""

from __future__ import annotations

import psycopg

from genesis.errors import GenesisError, IntegrityError, StorageError
from genesis.storage.address import PostgresAddress

# By the beginning of the SQLSTATE, the longer ones first; https://www.postgresql.org/docs/current/errcodes-appendix.html
_ADVICE = {
    "53100": "expected room on the server's disk, found it full; free some space and start again, what was committed is safe",
    "53200": "expected memory on the server, found it used up; free some and start again, what was committed is safe",
    "53300": "expected a free connection, found them all in use; close some, or raise max_connections",
    "25006": "expected a server that can be written, found it read-only; use the primary, not a standby",
    "42501": "expected permission to use the schema and its tables, found none; grant it to this user",
    "55P03": "expected a free store, found another process writing for too long; end it and try again",
    "57P01": "expected a server that stays, found it shut down or this connection ended; start again once it is back",
    "57P02": "expected a server that stays, found it crashed; start again once it is back, what was committed is safe",
    "57P03": "expected a server that is ready, found it starting or stopping; try again in a while",
    "57014": "expected the statement to be carried out, found it cancelled or too slow for the server's limit; raise that",
    "58030": "expected a working disk on the server, found a failed read or write; check it, what was committed is safe",
    "3D000": "expected a database of this name, found none; create it",
    "28": "expected to be let in, found that the server refuses this user; check PGPASSWORD, ~/.pgpass and pg_hba.conf",
    "08": "expected a server that answers, found the connection lost; start again once it is back, what was committed is safe",
    "40": "expected no other writer, found one; try again",
}
_BROKEN = {
    "XX001": "expected a sound store, found damaged data on the server; keep a copy and restore a backup",
    "XX002": "expected a sound store, found a damaged index on the server; keep a copy and restore a backup",
    "23": "expected the store as this engine left it, found rows that another hand wrote",
    "42P01": "expected a Genesis store, found a table missing; keep a copy and restore a backup",
    "42703": "expected a Genesis store, found a column missing; keep a copy and restore a backup",
}
_GONE = _ADVICE["08"]
_NO_SERVER = "expected a server that lets us in, found none; check address, network and password"


def translated(address: PostgresAddress, error: psycopg.Error) -> GenesisError:
    """The error to raise; it says what the server said, in one line."""
    state, words = error.sqlstate or "", _words(error)
    for table, kind in ((_BROKEN, IntegrityError), (_ADVICE, StorageError)):
        for beginning, advice in table.items():
            if state.startswith(beginning):
                return kind(f"{address}: {advice} ({words})")
    if not state and isinstance(error, psycopg.OperationalError):
        advice = _NO_SERVER if "connection failed" in words or "connection timeout" in words else _GONE
        return StorageError(f"{address}: {advice} ({words})")
    return StorageError(f"{address}: the store cannot be used: {words}{f' ({state})' if state else ''}")


def _words(error: psycopg.Error) -> str:
    found = error.diag.message_primary or str(error)
    return " ".join(found.split("\n")[0].split())
