"""A run that is stopped at chosen moments, put down as bytes, made again from them by a run that is built anew, and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from genesis.engine.engine import Progress
from genesis.storage.snapshots import Snapshot
from genesis.system.prepared import Prepared
from genesis.system.resuming import capture, restore
from tests.kit.runs import Memory


class Stop(NamedTuple):
    """A moment of a run: how much of every stream had arrived, what was journalled, and the state."""

    closed_before: int
    complete: bool
    revealed: tuple[int, ...]
    entries: int
    head: bytes
    state: bytes


class Told(NamedTuple):
    """A whole run, and where it was stopped on the way."""

    journal: Memory
    stops: list[Stop]
    last: bytes


def told(of: Prepared, rows: int | None, wanted: Callable[[int], bool] = lambda number: True) -> Told:
    """Run it, the tape cut into ``rows`` rows; a stop after each batch whose number is ``wanted``."""
    journal, stops, number = Memory(), [], 0

    def durable(progress: Progress) -> None:
        nonlocal number
        number += 1
        if wanted(number) or progress.complete:
            revealed = tuple(s.rows for s in of.tape.streams)
            state = capture(of.parts)
            stops.append(Stop(progress.closed_before, progress.complete, revealed, journal.length, journal.head, state))

    of.execute(journal, None, durable, rows)
    return Told(journal, stops, stops[-1].state)


def resumed(fresh: Prepared, stop: Stop) -> Prepared:
    """A run that is built and not started, brought to where another one was stopped."""
    for stream, rows in zip(fresh.tape.streams, stop.revealed, strict=True):
        stream.reveal(rows)
    parts = restore(fresh.parts, stop.state)
    place = Snapshot(stop.entries, stop.head.hex(), stop.closed_before, stop.complete, (), fresh.digest, "", "")
    fresh.go_on_from(place, parts)
    return fresh


def gone_on_with(fresh: Prepared, stop: Stop, entries: Sequence[bytes], rows: int | None) -> Told:
    """The rest of a run from a stop; ``entries`` are those journalled before it."""
    journal = Memory()
    journal.entries.extend(entries[: stop.entries])
    journal.head = stop.head
    last: list[bytes] = []
    of = resumed(fresh, stop)

    def durable(progress: Progress) -> None:
        if progress.complete:
            last.append(capture(of.parts))

    if not stop.complete:
        of.execute(journal, None, durable, rows)
    return Told(journal, [], last[-1] if last else capture(of.parts))


def state_at(fresh: Prepared, closed_before: int, rows: int | None) -> bytes:
    """The state of a run from the tape's start that has handled every moment before ``closed_before``."""
    fresh.execute(Memory(), closed_before, None, rows)
    return capture(fresh.parts)


def assert_resumes(
    build: Callable[[], Prepared], rows: int | None, other_rows: int | None, stops: Sequence[int]
) -> Told:
    """Stopped after any of these batches and made again, it is the run that nobody stopped: entries, state on arrival, state at the end.

    And the state of each of these moments is that of a run from the tape's start, however the tape was cut before.
    """
    whole = told(build(), rows, lambda number: number in stops)
    for stop in whole.stops:
        assert capture(resumed(build(), stop).parts) == stop.state
        rest = gone_on_with(build(), stop, whole.journal.entries, other_rows)
        assert rest.journal.entries == whole.journal.entries
        assert rest.last == whole.last
        if not stop.complete:
            assert state_at(build(), stop.closed_before, other_rows) == stop.state
    return whole
