"""Snapshots of a run's state beside its record, each named by an entry of the operations chain.

A snapshot saves time and proves nothing: the record is the chains and the inbox, and a store without snapshots is a whole one. One that the
operations chain does not name is not there.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

import msgspec

from genesis.audit.verify import Place
from genesis.errors import IntegrityError
from genesis.storage.database import Database
from genesis.storage.faults import transaction
from genesis.storage.operations import append_operation, read_operation

SNAPSHOT = "snapshot"
UNNAMED = "the operations chain does not name it"
# Most of a state compresses well at once; more effort hardly pays.
_EFFORT = 1


class ReadUpTo(msgspec.Struct, frozen=True):
    """How far a stream had arrived: its first ``rows`` rows, and the digest of all of them (`Stream.rows_digest`)."""

    stream: str
    rows: int
    # Kept under the name it had when it was of full blocks alone, so that what an earlier build kept can still be told from damage.
    digest: str = msgspec.field(name="block")


class Snapshot(msgspec.Struct, frozen=True):
    """What is known of a state beside its bytes.

    Attributes:
        length, head: of the run chain (hex) when it was taken; all of it was durable.
        closed_before: engine time before which every moment had been handled.
        complete: the tape had ended.
        read: of every stream of the tape.
        run: SHA-256 (hex) of the run's first entry.
        build: of what took it; only the same can read it.
        digest: SHA-256 (hex) of the state's bytes.
    """

    length: int
    head: str
    closed_before: int
    complete: bool
    read: tuple[ReadUpTo, ...]
    run: str
    build: str
    digest: str

    @property
    def place(self) -> Place:
        """Where the run chain stood."""
        return Place(self.length, bytes.fromhex(self.head))


class SnapshotThere(msgspec.Struct, frozen=True):
    """A row of the table of snapshots.

    Attributes:
        number: its own, growing.
        snapshot: what is known of it; ``None`` where that cannot be read.
        size: bytes that its state takes in the store.
        problem: why nobody goes on from it, in words; ``None`` where it is whole and named by the operations chain.
    """

    number: int
    snapshot: Snapshot | None
    size: int
    problem: str | None


def digest_of(state: bytes) -> str:
    """SHA-256 (hex) of a state's bytes."""
    return hashlib.sha256(state).hexdigest()


def keep_snapshot(db: Database, snapshot: Snapshot, state: bytes, keep: int, host: str, wall_ns: int) -> None:
    """Keep a snapshot, forget all but the last ``keep``, and let the operations chain name it."""
    with transaction(db):
        number = int(db.execute("SELECT coalesce(max(number), 0) + 1 FROM snapshots").fetchone()[0])
        facts = msgspec.json.encode(snapshot).decode()
        db.execute("INSERT INTO snapshots VALUES (?,?,?)", (number, facts, zlib.compress(state, _EFFORT)))
        db.execute("DELETE FROM snapshots WHERE number <= ?", (number - keep,))
    # Killed before this, what was kept is named by nobody and never used.
    append_operation(db, SNAPSHOT, host, wall_ns, {"build": snapshot.build, "digest": snapshot.digest})


def kept_snapshots(db: Database) -> list[Snapshot]:
    """The snapshots that the operations chain names at the place where they say that they were taken, the last first.

    Raises:
        IntegrityError: one cannot be read.
    """
    found = [
        _read(number, facts) for number, facts in db.execute("SELECT number, facts FROM snapshots ORDER BY number DESC")
    ]
    named = set(_named(db, len(found)))
    return [s for s in found if (s.digest, s.length, s.head) in named]


def state_of(db: Database, snapshot: Snapshot) -> bytes:
    """The bytes of a snapshot's state.

    Raises:
        IntegrityError: they are not those that were kept.
    """
    for (packed,) in db.execute(
        "SELECT state FROM snapshots WHERE facts = ?", (msgspec.json.encode(snapshot).decode(),)
    ):
        try:
            state = zlib.decompress(packed)
        except (zlib.error, TypeError) as error:
            raise IntegrityError(f"expected a state, found damaged bytes: {error}") from None
        if digest_of(state) != snapshot.digest:
            raise IntegrityError(f"expected a state of digest {snapshot.digest[:16]}, found {digest_of(state)[:16]}")
        return state
    raise IntegrityError(f"expected the state of digest {snapshot.digest[:16]}, found none")


def snapshots_there(db: Database) -> list[SnapshotThere]:
    """Every row of the table, the last first, those too from which nobody can go on."""
    rows = db.execute("SELECT number, facts, length(state) FROM snapshots ORDER BY number DESC").fetchall()
    named = set(_named(db, len(rows)))
    return [_there(db, number, facts, size or 0, named) for number, facts, size in rows]


def _there(db: Database, number: int, facts: str, size: int, named: set[tuple[object, int, str]]) -> SnapshotThere:
    try:
        snapshot = _read(number, facts)
    except IntegrityError as error:
        return SnapshotThere(number, None, size, str(error))
    if (snapshot.digest, snapshot.length, snapshot.head) not in named:
        return SnapshotThere(number, snapshot, size, UNNAMED)
    try:
        state_of(db, snapshot)
    except IntegrityError as error:
        return SnapshotThere(number, snapshot, size, str(error))
    return SnapshotThere(number, snapshot, size, None)


def last_witnessed(db: Database) -> Place | None:
    """Where the run chain stood at the last snapshot, if it stands there still: what lies before was in order then."""
    for snapshot in kept_snapshots(db):
        row = db.execute("SELECT hash FROM entries WHERE seq = ?", (snapshot.length,)).fetchone()
        if row is not None and row[0] == snapshot.place.head:
            return snapshot.place
    return None


def _read(number: int, facts: str) -> Snapshot:
    try:
        return msgspec.json.decode(facts, type=Snapshot)
    except (msgspec.DecodeError, TypeError) as error:
        raise IntegrityError(f"snapshot {number}: expected its facts, found: {error}") from None


def _named(db: Database, wanted: int) -> Iterator[tuple[object, int, str]]:
    """(digest, length, head) of what the last ``wanted`` operations of the kind name."""
    marker = f',"type":"{SNAPSHOT}",'.encode()
    query = f"SELECT bytes FROM operations WHERE {db.contains} ORDER BY seq DESC LIMIT ?"  # nosec B608 # names are ours, values are bound
    for (entry,) in db.execute(query, (marker, wanted + 1)).fetchall():
        operation = read_operation(entry)
        if operation.type == SNAPSHOT:
            yield operation.body.facts.get("digest"), operation.body.run_length, operation.body.run_head
