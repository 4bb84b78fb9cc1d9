"""`TradingEngine`: the only loop. It takes what arrived, steps the core, writes what the core decided, then acts.

Taking, stepping and writing are the same for a replay and for a live feed. What others can see (a finished run, a progress line)
waits until its entry is durable; several batches may become durable together, as a group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from genesis.engine.journal import Journal
from genesis.engine.step import Overseer, Tape, end, step
from genesis.engine.track import Track
from genesis.model.run_events import RunStarted


class Batch(Protocol):
    """Rows have arrived in the tape's streams; every row before ``closed_before`` is there."""

    @property
    def closed_before(self) -> int: ...

    @property
    def is_last(self) -> bool: ...


class Progress(msgspec.Struct, frozen=True):
    """What is durable after a group of batches; ``complete``: the tape ended with it."""

    closed_before: int
    rows: int
    entries: int
    replaying: bool
    complete: bool = False


class TradingEngine:
    """Runs tracks over a tape into a journal.

    Args:
        tape: streams whose rows arrive by the feed.
        tracks: not yet started; an overseer adds to them and takes from them.
        journal: where entries become durable.
        started: the run's first entry.
        on_progress: called after each commit.
        overseer: looks at all tracks when an evidence bar has closed.
        resumed: tracks, tape and journal stand where an earlier process left them: nothing is started.
        is_due: whether a group ends with a batch and is to be made durable; ``None``: each batch is a group.
        elsewhere: e-values of the family's members that are not in this run.
    """

    def __init__(
        self,
        tape: Tape,
        tracks: Sequence[Track],
        journal: Journal,
        started: RunStarted,
        on_progress: Callable[[Progress], None] | None = None,
        overseer: Overseer | None = None,
        resumed: bool = False,
        is_due: Callable[[Batch], bool] | None = None,
        elsewhere: Sequence[float] = (),
    ) -> None:
        self._tape, self._tracks, self._journal, self._overseer = tape, tracks, journal, overseer
        self._started = started
        self._on_progress, self._is_due = on_progress, is_due
        self._elsewhere = tuple(elsewhere)
        self._running = resumed
        # The last batch of a group that is not durable yet.
        self._waiting: Batch | None = None

    def run(self, feed: Iterable[Batch]) -> bool:
        """Run to the end of ``feed``; whether the tape ended (else it may go on later)."""
        ended = any([self.take(batch) for batch in feed][-1:])
        self.settle()
        return ended

    async def run_async(self, feed: Iterable[Batch]) -> bool:
        """As `run`, letting other tasks of the shell work between batches."""
        ended = False
        for batch in feed:
            ended = self.take(batch)
            await asyncio.sleep(0)
        self.settle()
        return ended

    def take(self, batch: Batch) -> bool:
        """One turn of the loop; whether the tape ended with it."""
        if not self._running:
            self._start()
        self._journal.append(step(self._tape, self._tracks, batch.closed_before, self._overseer, self._elsewhere))
        if batch.is_last:
            self._journal.append(end(self._tape, self._tracks, batch.closed_before - 1, self._overseer))
        self._waiting = batch
        if batch.is_last or self._is_due is None or self._is_due(batch):
            self.settle()
        return batch.is_last

    def settle(self) -> None:
        """Make everything written so far durable, and tell of it."""
        batch, journal = self._waiting, self._journal
        if batch is None:
            return
        journal.commit()
        self._waiting = None
        if self._on_progress is not None:
            rows = sum(s.rows for s in self._tape.streams)
            self._on_progress(Progress(batch.closed_before, rows, journal.length, journal.replaying, batch.is_last))

    def _start(self) -> None:
        self._running = True
        self._journal.append([self._started])
        for track in self._tracks:
            track.start()
