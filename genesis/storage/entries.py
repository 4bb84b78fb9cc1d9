"""Reading the chains' rows."""

from __future__ import annotations

from collections.abc import Iterator

from genesis.audit.chain import GENESIS_HASH
from genesis.storage.database import Database

_RANGE = 2_048


def stored_entries(db: Database, first: int = 1) -> Iterator[tuple[int, bytes, bytes]]:
    """(seq, bytes, hash) of the run chain from ``first`` on, read in ranges: no statement stays open, and memory stays small."""
    last = first - 1
    query = f"SELECT seq, bytes, hash FROM entries WHERE seq > ? ORDER BY seq LIMIT {_RANGE}"  # nosec B608 # names are ours, values are bound
    while rows := db.execute(query, (last,)).fetchall():
        yield from rows
        last = rows[-1][0]


def chain_head(db: Database, table: str) -> tuple[int, bytes]:
    """Durable length and head of ``entries`` or ``operations``."""
    row = db.execute(f"SELECT seq, hash FROM {table} ORDER BY seq DESC LIMIT 1").fetchone()  # nosec B608 # names are ours, values are bound
    return (0, GENESIS_HASH) if row is None else (row[0], row[1])
