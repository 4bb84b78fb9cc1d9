"""The operations chain: starts, stops and recoveries with wall time and host, each naming the run chain's durable length and head.

What it names is a witness: a run chain that was cut short or written anew no longer passes through the places named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import msgspec

from genesis.audit.chain import OPERATIONS_DOMAIN, link
from genesis.audit.entry import canonical
from genesis.audit.verify import Finding, Part, Place, verify
from genesis.errors import IntegrityError
from genesis.storage.address import StoreAddress
from genesis.storage.database import Database
from genesis.storage.entries import chain_head, stored_entries
from genesis.storage.faults import transaction
from genesis.storage.rows import OperationRow

OPERATION_VERSION = 1
# The kinds that say how a run stands; the others tell what else was done to a store.
RUNNING = frozenset({"start", "recovery", "stop", "failed"})
# Of entries whose bytes went into an archive, and came back (`genesis.storage.archived`).
ARCHIVED, PUT_BACK = "archived", "put-back"
_ROWS = "SELECT seq, bytes, hash FROM operations ORDER BY seq"


class _Body(msgspec.Struct):
    facts: dict[str, object]
    host: str
    run_head: str
    run_length: int


class Operation(msgspec.Struct):
    """An entry of the operations chain as it reads; ``time`` is wall time, UTC ns."""

    body: _Body
    time: int
    type: str


_DECODER = msgspec.json.Decoder(Operation, strict=False)


def read_operation(entry: bytes) -> Operation:
    """The entry's fields.

    Raises:
        msgspec.DecodeError: it is not an entry of this chain.
    """
    return _DECODER.decode(entry)


def operation_rows(db: Database, place: StoreAddress) -> list[OperationRow]:
    """The operations chain of the store at ``place``, in order.

    Raises:
        IntegrityError: a row that is no entry of it.
    """
    rows = db.execute("SELECT seq, bytes FROM operations ORDER BY seq").fetchall()
    return [_row(place, seq, entry) for seq, entry in rows]


def _row(place: StoreAddress, seq: int, entry: bytes) -> OperationRow:
    try:
        read = read_operation(entry)
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise IntegrityError(f"{place}: operation {seq}: expected an operation, found: {error}") from error
    body = read.body
    return OperationRow(seq, read.type, read.time, body.host, body.run_length, body.run_head, body.facts)


def append_operation(db: Database, kind: str, host: str, wall_ns: int, facts: dict[str, object]) -> None:
    """Add an entry in a transaction of its own; ``facts`` are what else there is to say."""
    with transaction(db):
        add_operation(db, kind, host, wall_ns, facts)


def add_operation(db: Database, kind: str, host: str, wall_ns: int, facts: dict[str, object]) -> None:
    """As `append_operation`, in the caller's transaction."""
    length, run_head = chain_head(db, "entries")
    seq, previous = chain_head(db, "operations")
    entry = canonical(
        {
            "body": {"facts": facts, "host": host, "run_head": run_head.hex(), "run_length": length},
            "time": str(wall_ns),
            "type": kind,
            "version": OPERATION_VERSION,
        }
    )
    row = (seq + 1, entry, link(previous, entry, OPERATIONS_DOMAIN))
    db.execute("INSERT INTO operations VALUES (?,?,?)", row)


def facts_of(db: Database, *kinds: str) -> Iterator[tuple[int, str, dict[str, object]]]:
    """Number, kind and facts of every operation of some kinds; what is no operation is passed over, `check_operations` finds it."""
    markers = [f',"type":"{kind}",'.encode() for kind in kinds]
    wanted = " OR ".join([db.contains] * len(kinds))
    query = f"SELECT seq, bytes FROM operations WHERE {wanted} ORDER BY seq"  # nosec B608 # names are ours, values are bound
    for seq, entry in db.execute(query, markers).fetchall():
        with suppress(msgspec.DecodeError, ValueError, TypeError):
            read = read_operation(entry)
            if read.type in kinds:
                yield seq, read.type, read.body.facts


def check_chains(db: Database, after: Place | None = None) -> list[Finding]:
    """Every finding over both chains; those of the operations chain say so. Of the run chain what lies ``after`` a place, or all of it."""
    findings, places = check_operations(db)
    first = 1 if after is None else after.length + 1
    entries, archived = stored_entries(db, first), archived_length(db)
    return verify(entries, places=places, after=after, archived=archived) + findings


def check_before(db: Database, place: Place) -> list[Finding]:
    """Every finding over the run chain up to a place that it has passed; what was archived counts by its hash."""
    entries = islice(stored_entries(db), place.length)
    return verify(entries, length=place.length, head=place.head, archived=archived_length(db))


def archived_length(db: Database) -> int:
    """How many entries from the first on may be without their bytes, as the operations chain says; 0 where none was archived."""
    found = 0
    for _, kind, facts in facts_of(db, ARCHIVED, PUT_BACK):
        entries = facts.get("entries") if kind == ARCHIVED else 0
        found = entries if isinstance(entries, int) else found
    return found


def check_operations(db: Database) -> tuple[list[Finding], list[Place]]:
    """Every finding over the operations chain, and the places of the run chain that it witnessed."""
    operations = db.execute(_ROWS).fetchall()
    findings = [_found(f.seq, f.problem) for f in verify(operations, OPERATIONS_DOMAIN)]
    places = []
    for seq, entry, _ in operations:
        try:
            body = read_operation(entry).body
            places.append(Place(body.run_length, bytes.fromhex(body.run_head)))
        except (msgspec.DecodeError, ValueError, TypeError) as error:
            findings.append(_found(seq, f"expected an operation, found: {error}"))
    return findings, places


def _found(seq: int, problem: str) -> Finding:
    return Finding(seq, f"operations chain: {problem}", Part.OPERATIONS_CHAIN)
