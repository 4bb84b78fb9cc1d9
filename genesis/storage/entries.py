"""Reading the chains' rows."""

from __future__ import annotations

from collections.abc import Iterator

from genesis.audit.chain import GENESIS_HASH
from genesis.audit.entry import form
from genesis.storage.database import Database

_RANGE = 2_048
_BEYOND = 2**63 - 1


def stored_entries(db: Database, first: int = 1) -> Iterator[tuple[int, bytes, bytes]]:
    """(seq, bytes, hash) of the run chain from ``first`` on, read in ranges: no statement stays open, and memory stays small."""
    last = first - 1
    query = f"SELECT seq, bytes, hash FROM entries WHERE seq > ? ORDER BY seq LIMIT {_RANGE}"  # nosec B608 # names are ours, values are bound
    while rows := db.execute(query, (last,)).fetchall():
        yield from rows
        last = rows[-1][0]


def type_marker(kind: str) -> bytes:
    """Bytes that every entry of a type holds, and hardly any other: an entry's keys are in order, and ``type`` comes before ``version``."""
    return f',"type":"{kind}","version":'.encode()


def entries_of(db: Database, kind: str) -> Iterator[tuple[int, bytes]]:
    """(seq, bytes) of the run chain's entries of one type, in order; those that lie in an archive are not among them."""
    query = f"SELECT seq, bytes FROM entries WHERE {db.contains} ORDER BY seq"  # nosec B608 # names are ours, values are bound
    for seq, entry in db.execute(query, (type_marker(kind),)).fetchall():
        if _is_of(entry, kind):
            yield seq, entry


def newest_of(db: Database, kind: str) -> bytes | None:
    """The last of `entries_of`; ``None`` where there is none."""
    query = f"SELECT seq, bytes FROM entries WHERE {db.contains} AND seq < ? ORDER BY seq DESC LIMIT 1"  # nosec B608 # names are ours, values are bound
    before = _BEYOND
    while (row := db.execute(query, (type_marker(kind), before)).fetchone()) is not None:
        before, entry = row
        if _is_of(entry, kind):
            return bytes(entry)
    return None


def _is_of(entry: bytes, kind: str) -> bool:
    return form(entry).startswith(f'{kind}"'.encode())


def chain_head(db: Database, table: str) -> tuple[int, bytes]:
    """Durable length and head of ``entries`` or ``operations``."""
    row = db.execute(f"SELECT seq, hash FROM {table} ORDER BY seq DESC LIMIT 1").fetchone()  # nosec B608 # names are ours, values are bound
    return (0, GENESIS_HASH) if row is None else (row[0], row[1])
