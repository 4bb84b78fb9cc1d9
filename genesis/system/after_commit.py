"""What is called after each commit of a run: each looks at what it is there for, then goes on to who wants to know."""

from __future__ import annotations

from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from genesis.engine.engine import Progress
from genesis.storage.store import Store
from genesis.system.checkpointing import Checkpointer
from genesis.system.going_on import Held
from genesis.system.outgrown import OutgrownWatch
from genesis.system.prepared import Prepared
from genesis.system.rechecking import EarlierEntries
from genesis.system.snapshots import Checks, Taker


def snapping(
    prepared: Prepared, taker: Taker, checks: Checks, on_progress: Callable[[Progress], None] | None
) -> Callable[[Progress], None]:
    """Hold the state against snapshots, take one where it is time, then go on to who wants to know."""

    def durable(progress: Progress) -> None:
        checks.durable(prepared.parts, progress)
        if not progress.replaying:
            taker.durable(prepared.parts, progress)
        if on_progress is not None:
            on_progress(progress)

    return durable


def ensuring(
    earlier: EarlierEntries | None, on_progress: Callable[[Progress], None] | None
) -> Callable[[Progress], None] | None:
    """Stop where an earlier entry was found altered, else go on to who wants to know.

    They are looked at from the first new entry on: two threads of Python share one processor, and until then somebody waits for that entry.
    """
    if earlier is None:
        return on_progress

    def durable(progress: Progress) -> None:
        earlier.ensure()
        if not progress.replaying:
            earlier.begin()
        if on_progress is not None:
            on_progress(progress)

    return durable


def watching(
    prepared: Prepared,
    kept: Store,
    before: Held,
    log: FilteringBoundLogger,
    on_progress: Callable[[Progress], None] | None,
) -> Callable[[Progress], None] | None:
    """Where a ladder may outgrow its store: look, then go on to who wants to know."""
    ladder = prepared.ladder
    if ladder is None:
        return on_progress
    watch = OutgrownWatch(kept, prepared.config.storage, before.operations, lambda: ladder.live_equity, log)

    def durable(progress: Progress) -> None:
        watch.look()
        if on_progress is not None:
            on_progress(progress)

    return durable


def signing(
    checkpointer: Checkpointer | None, on_progress: Callable[[Progress], None] | None
) -> Callable[[Progress], None] | None:
    """Sign where it is time, then go on to who wants to know."""
    if checkpointer is None:
        return on_progress

    def durable(progress: Progress) -> None:
        if not progress.replaying:
            checkpointer.durable(progress.entries)
        if on_progress is not None:
            on_progress(progress)

    return durable
