"""A store held by one engine, whatever keeps it."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from genesis.audit.note import Check, Signer
from genesis.clock import Clock
from genesis.errors import IntegrityError
from genesis.storage import inbox, schema
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Archived, Lines, archived, forget
from genesis.storage.audit import Audit, audit
from genesis.storage.checkpoints import KeptCheckpoint, kept_checkpoints, make_checkpoint
from genesis.storage.copying import copy_record
from genesis.storage.database import Database
from genesis.storage.faults import storage_errors
from genesis.storage.migrations import bring_forward
from genesis.storage.moved import Arriving, close_source, copy_of, ensure_same_operations, moved_to
from genesis.storage.operations import append_operation, check_chains, operation_rows
from genesis.storage.rows import CommandRow, OperationRow
from genesis.storage.run_journal import RunJournal
from genesis.storage.snapshots import Snapshot, keep_snapshot, kept_snapshots, last_witnessed, state_of


class Store:
    """One run: its `journal`, the operations chain, the inbox. Made by `genesis.storage.opening.open_store`.

    Args:
        db: the store, prepared, which nobody else holds.
        path: where it is.
        clock: wall time for the operations chain.
        host: name of this machine for the operations chain.
        held: what is let go at the end.
    """

    def __init__(self, db: Database, path: StoreAddress, clock: Clock, host: str, held: ExitStack) -> None:
        self._db, self._clock, self._host, self._held = db, clock, host, held
        self.path = path
        self.journal = RunJournal(db, path)

    def operation(self, kind: str, **facts: object) -> None:
        """Append to the operations chain, durably: wall time, host, and the run chain's durable length and head."""
        with storage_errors(self.path):
            append_operation(self._db, kind, self._host, self._clock.now_ns(), facts)

    def sign(self, name: str, signer: Signer, check: Check) -> tuple[str, bool]:
        """Sign what is durable of the run chain, as `genesis.storage.checkpoints.make_checkpoint` does."""
        with storage_errors(self.path):
            return make_checkpoint(self._db, name, signer, check, self._host, self._clock.now_ns())

    def checkpoints(self) -> list[KeptCheckpoint]:
        """The signed checkpoints, in order."""
        with storage_errors(self.path):
            return kept_checkpoints(self._db)

    def keep_snapshot(self, snapshot: Snapshot, state: bytes, keep: int) -> None:
        """Keep a snapshot of the run as it is durable now, and of the earlier ones as many as make ``keep``."""
        with storage_errors(self.path):
            keep_snapshot(self._db, snapshot, state, keep, self._host, self._clock.now_ns())

    def snapshots(self) -> list[Snapshot]:
        """The snapshots, the last first."""
        with storage_errors(self.path):
            return kept_snapshots(self._db)

    def state_of(self, snapshot: Snapshot) -> bytes:
        """The state of one of them; `IntegrityError` where it is damaged."""
        with storage_errors(self.path):
            return state_of(self._db, snapshot)

    def operations(self) -> list[OperationRow]:
        """The operations chain."""
        with storage_errors(self.path):
            return operation_rows(self._db, self.path)

    def waiting_commands(self) -> list[CommandRow]:
        """Commands that no entry records yet, in their order."""
        with storage_errors(self.path):
            return inbox.waiting(self._db)

    def rebuild_projections(self, lines: Lines | None = None) -> None:
        """Make the tables that people query again from the entries; ``lines`` gives those that lie in an archive."""
        self.journal.rebuild_projections(lines)

    def audit(self, check: Check, lines: Lines | None = None) -> Audit:
        """Every finding over chains, checkpoints and projections; ``check`` judges a signature, ``lines`` gives the entries that lie in an archive."""
        with storage_errors(self.path):
            return audit(self._db, check, lines=lines)

    def is_empty(self) -> bool:
        """Whether it holds neither an entry nor an operation nor a command."""
        with storage_errors(self.path):
            counts = [self._db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in schema.RECORD]  # nosec B608 # names are ours, values are bound
        return not any(counts)

    def archived(self) -> Archived | None:
        """Where the first entries lie; ``None`` where all are in the store."""
        with storage_errors(self.path):
            return archived(self._db)

    def forget(self, entries: int, file: str, sha256: str) -> None:
        """Let the bytes of the first ``entries`` entries go, which lie in ``file``."""
        with storage_errors(self.path):
            forget(self._db, entries, file, sha256, self._host, self._clock.now_ns())

    def take_over(self, source: Store, lines: Lines | None = None) -> None:
        """Copy the record of ``source`` into this empty store, as a history that is arriving, and make the projections from it and from ``lines`` of its archive."""
        with storage_errors(self.path):
            copy_record(source._db, source.path, self._db, self._host, self._clock.now_ns(), lines)
            self.journal = RunJournal(self._db, self.path)

    def copy_of(self) -> Arriving | None:
        """What this store was copied from by a move that has not come to its end."""
        with storage_errors(self.path):
            return copy_of(self._db)

    def moved_to(self) -> str | None:
        """Where this history was moved to; ``None`` where it is here."""
        with storage_errors(self.path):
            return moved_to(self._db)

    def close_for(self, target: Store, copied: Arriving) -> None:
        """Note that this history goes on in ``target``, its copy, where that was not noted; refused where something was written here since it was ``copied``."""
        with storage_errors(self.path):
            if moved_to(self._db) is None:
                close_source(self._db, self.path, copied, str(target.path), self._host, self._clock.now_ns())
            else:
                ensure_same_operations(self._db, self.path, copied, str(target.path))

    def close(self) -> None:
        """Let the store go. What was not committed is not kept."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def prepare(db: Database, path: StoreAddress, lines: Lines | None = None) -> None:
    """Make a store of an empty database, or check the one that is there: both chains, and tables of this version's layout.

    The run chain is checked from its last snapshot on, where there is one. Tables of an earlier layout are made again, with ``lines`` of the archive, where some
    entries lie in one.

    Raises:
        StorageError: it cannot be written, or is of another version. IntegrityError: a chain is broken.
        ConfigError: the tables are of an earlier layout, and the archive is not given.
    """
    if schema.is_new(db, path, older=True):
        schema.create(db)
        return
    # It changes no row: a store that cannot be written is refused now rather than at the first commit.
    db.execute("UPDATE versions SET version = 0 WHERE part = ''")
    # What lies before the last snapshot was in order when that was taken; `system/rechecking.py` looks at it beside the run. Where no snapshot will do, every entry is compared and linked again.
    old = schema.revision(db) != schema.HEAD
    findings = check_chains(db, None if old else last_witnessed(db))
    if findings:
        first = findings[0]
        raise IntegrityError(f"{path}: {len(findings)} findings, the first at entry {first.seq}: {first.problem}")
    bring_forward(db, lines)
