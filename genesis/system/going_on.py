"""What an earlier process left in a store, and the run brought to where its last usable snapshot stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from structlog.typing import FilteringBoundLogger

from genesis.clock import iso_utc
from genesis.errors import GenesisError, IntegrityError
from genesis.storage.address import StoreAddress
from genesis.storage.rows import OperationRow, TakenRow
from genesis.storage.sqlite import StoreReader
from genesis.storage.state import NotKept
from genesis.storage.store import Store
from genesis.system import versions
from genesis.system.outgrown import KeptOn
from genesis.system.prepared import Prepared
from genesis.system.snapshots import load, problem_of


class Held(NamedTuple):
    """What a store holds before this process writes to it: length and head (hex), commands recorded, time of the last entry.

    ``last`` is the start or stop that the operations chain tells of last, ``versions`` those under which it was last written.
    """

    length: int = 0
    head: str = ""
    commands: Sequence[TakenRow] = ()
    time: int = -1
    last: OperationRow | None = None
    versions: Mapping[str, str] = {}
    operations: Sequence[OperationRow] = ()
    kept_on: KeptOn | None = None


def held_by(store: StoreAddress) -> Held:
    """What is there already.

    Asked before the store is opened to write: a second opening in the same process would, on being closed, take away the
    locks of the first (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        with StoreReader(store) as reader:
            length, head = reader.head()
            status = reader.status()
            time = -1 if status.time is None else status.time
            operations = reader.operations()
            return Held(
                length,
                head,
                reader.commands_taken(),
                time,
                status.last_operation,
                versions.at_last_start(operations),
                operations,
                KeptOn.of(store, reader),
            )
    except GenesisError:
        # None yet, or none that can be used: opening it to write says what is wrong.
        return Held()


def go_on(prepared: Prepared, kept: Store, until_ns: int | None, log: FilteringBoundLogger) -> Prepared:
    """The run as the last usable snapshot has it; from the tape's start, and that is said, where there are snapshots and none will do."""
    snapshots = kept.snapshots() if prepared.config.storage.snapshots.every_entries else []
    for snapshot in snapshots:
        problem = problem_of(snapshot, prepared.digest, prepared.tape, until_ns)
        if problem is None:
            try:
                prepared.go_on_from(snapshot, load(kept, snapshot, prepared.parts))
            except (IntegrityError, NotKept) as error:
                problem, prepared = str(error), prepared.anew()
            else:
                log.info("snapshot loaded", entries=snapshot.length, at=iso_utc(snapshot.closed_before))
                return prepared
        kept.operation("snapshot refused", digest=snapshot.digest, reason=problem)
        log.warning("snapshot refused", entries=snapshot.length, reason=problem)
    if snapshots:
        log.warning("no snapshot will do", so="the run begins at the tape's start and is compared with what is stored")
    return prepared
