"""What is done after each commit of a run, one after the other: each looks at what it is there for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from structlog.typing import FilteringBoundLogger

from genesis.engine.engine import Progress
from genesis.storage.store import Store
from genesis.system.checkpointing import Checkpointer
from genesis.system.going_on import Held
from genesis.system.outgrown import OutgrownWatch
from genesis.system.prepared import Prepared
from genesis.system.rechecking import EarlierEntries
from genesis.system.snapshots import Checks, Taker

Look: TypeAlias = Callable[[Progress], None]


def in_turn(looks: Sequence[Look | None]) -> Look:
    """All of them that there are, in that order; one that raises is the last."""
    there = [look for look in looks if look is not None]

    def durable(progress: Progress) -> None:
        for look in there:
            look(progress)

    return durable


def signing(checkpointer: Checkpointer | None) -> Look | None:
    """Sign where it is time."""
    if checkpointer is None:
        return None

    def durable(progress: Progress) -> None:
        if not progress.replaying:
            checkpointer.durable(progress.entries)

    return durable


def snapping(prepared: Prepared, taker: Taker, checks: Checks) -> Look:
    """Hold the state against snapshots, and take one where it is time."""

    def durable(progress: Progress) -> None:
        checks.durable(prepared.parts, progress)
        if not progress.replaying:
            taker.durable(prepared.parts, progress)

    return durable


def ensuring(earlier: EarlierEntries | None) -> Look | None:
    """Stop where an earlier entry was found altered.

    They are looked at from the first new entry on: two threads of Python share one processor, and until then somebody waits for that entry.
    """
    if earlier is None:
        return None

    def durable(progress: Progress) -> None:
        earlier.ensure()
        if not progress.replaying:
            earlier.begin()

    return durable


def watching(prepared: Prepared, kept: Store, before: Held, log: FilteringBoundLogger) -> Look | None:
    """Where a ladder may outgrow its store: look whether it has."""
    ladder = prepared.ladder
    if ladder is None:
        return None
    watch = OutgrownWatch(kept, prepared.config.storage, before.operations, lambda: ladder.live_equity, log)

    def durable(_: Progress) -> None:
        watch.look()

    return durable
