"""The run chain in a store: what the engine appends, kept a group at a time together with its projections."""

from __future__ import annotations

from collections.abc import Sequence

from genesis.audit.chain import GENESIS_HASH, link
from genesis.audit.entry import encode
from genesis.audit.replay import ensure_same, ensure_same_hash
from genesis.audit.verify import Place
from genesis.errors import IntegrityError
from genesis.invariants import ensure
from genesis.model.events import Event
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Lines
from genesis.storage.bulk import Rows
from genesis.storage.database import Database
from genesis.storage.entries import chain_head, stored_entries
from genesis.storage.faults import storage_errors, transaction
from genesis.storage.projections import Projector, rebuild


class RunJournal:
    """The engine's `Journal` over an open store whose chain has been verified.

    What was stored at the start is compared, entry by entry, with what the engine appends; then the chain grows.
    """

    def __init__(self, db: Database, path: StoreAddress) -> None:
        self._db, self._path = db, path
        self._projector = Projector(db)
        self._stored, _ = chain_head(db, "entries")
        self._unread = stored_entries(db)
        self._length, self._head = 0, GENESIS_HASH
        self._pending = Rows("entries")
        self._taken: list[tuple[int, int]] = []

    @property
    def length(self) -> int:
        """Entries appended or compared so far; after a commit all of them are durable."""
        return self._length

    @property
    def head(self) -> bytes:
        """Hash of the last of them."""
        return self._head

    @property
    def replaying(self) -> bool:
        """Whether stored entries are left to compare with."""
        return self._length < self._stored

    def resume(self, place: Place) -> None:
        """Stand at ``place``, of which a snapshot was taken: what is stored after it is compared, then the chain grows.

        Raises:
            IntegrityError: the chain does not pass there, or something was appended already.
        """
        row = self._db.execute("SELECT hash FROM entries WHERE seq = ?", (place.length,)).fetchone()
        found = "none" if row is None else bytes(row[0]).hex()[:16]
        ensure(
            not self._length and row is not None and row[0] == place.head,
            f"{self._path}: entry {place.length}: expected hash {place.head.hex()[:16]}, found {found}",
        )
        self._unread = stored_entries(self._db, place.length + 1)
        self._length, self._head = place.length, place.head

    def append(self, events: Sequence[Event]) -> None:
        """Compare with what is stored, then take into the next group; errors as the port says."""
        for event in events:
            entry = encode(event)
            if self._length < self._stored:
                self._compare(entry)
                continue
            seq, head = self._length + 1, link(self._head, entry)
            self._projector.take(seq, event, entry)
            # As bytearrays: Python's sqlite3 looks for an adapter of every value of type bytes, which takes longer than to insert it.
            self._pending.append((seq, bytearray(entry), bytearray(head)))
            self._length, self._head = seq, head

    def _compare(self, entry: bytes) -> None:
        with storage_errors(self._path):
            seq, stored, stored_hash = next(self._unread)
        linked = link(self._head, entry)
        if stored:
            ensure_same(str(self._path), seq, stored, entry)
        else:
            ensure_same_hash(str(self._path), seq, stored_hash, linked)
        if linked != stored_hash:
            raise IntegrityError(f"{self._path}: entry {seq}: expected hash {linked.hex()[:16]}, found another")
        self._length, self._head = seq, linked

    def take_command(self, number: int) -> None:
        """Command ``number`` of the inbox is recorded by the last appended entry; the inbox says so from the next commit on."""
        self._taken.append((self._length, number))

    def commit(self) -> None:
        """Write the group, entries and projections, in one transaction; it is on the disk when this returns."""
        if not self._pending and not self._taken:
            return
        with storage_errors(self._path), transaction(self._db):
            self._pending.insert(self._db)
            self._projector.write()
            self._db.repeat("UPDATE inbox SET taken_at_seq = ? WHERE number = ?", self._taken)
        self._projector.written()
        self._pending.clear()
        self._taken.clear()

    def rebuild_projections(self, lines: Lines | None = None) -> None:
        """Make the projections again from the stored entries, and from ``lines`` of an archive, in one transaction; not while a group waits to be committed."""
        ensure(not self._pending, f"{self._path}: expected no uncommitted entries, found {len(self._pending)}")
        with storage_errors(self._path):
            rebuild(self._db, lines)
            self._projector = Projector(self._db)
