"""A recorded tape played forward: rows of several streams revealed in one order, cut into batches of any size.

The order is (engine time, seq, kind, stream, row). How the tape is cut never changes that order, only how much of it a
batch holds.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import msgspec

from genesis.tape.stream import Stream, StreamKind

# Batches of at least this many rows are cut by time, which needs no merge; smaller ones follow the merged order row by
# row.
BY_TIME_ROWS = 1024
WINDOW_ROWS = 65_536
_KINDS = {kind: place for place, kind in enumerate(StreamKind)}


class Cut(msgspec.Struct, frozen=True):
    """A batch has been revealed: every row with ``ts`` < ``closed_before`` (engine ns) has arrived.

    ``is_last``: the tape holds no more rows.
    """

    closed_before: int
    is_last: bool


class Replay:
    """Reveals recorded streams, from where they stand: what is revealed of them already was the beginning of the same order.

    ``until`` (engine ns, exclusive) stops before the tape's end; the last cut then closes at ``until`` and is not the
    tape's last.
    """

    def __init__(self, streams: Sequence[Stream], until: int | None = None) -> None:
        self._streams = tuple(streams)
        self._stops = [_rows_before(s, until) for s in self._streams]
        ends = [int(s.times[s.recorded - 1]) + 1 for s in self._streams if s.recorded]
        self.end = max(ends, default=0)
        self._complete = until is None or until >= self.end
        self.closing = self.end if until is None else min(until, self.end)

    @property
    def rows(self) -> int:
        """Rows that will have been revealed at the end."""
        return sum(self._stops)

    @property
    def _revealed(self) -> list[int]:
        return [s.rows for s in self._streams]

    def cut(self, rows: int | Callable[[], int] | None = None) -> Iterator[Cut]:
        """Reveal batches of ``rows`` rows (``None``: large windows), yielding after each; at the end a cut that closes
        everything.

        A batch of a fixed number of fewer than `BY_TIME_ROWS` holds exactly the next rows of the merged order, and its moment may
        go on in the next one. Others are stretches of whole moments: the shortest that hold at least ``rows`` rows. What is called
        for the size is called when a batch is about to be revealed, so it may judge by how the one before it fared.

        Raises:
            ValueError: ``rows`` is less than 1.
        """
        if isinstance(rows, int) and rows < 1:
            raise ValueError(f"rows: expected 1 or more, found {rows}")
        if not any(s.recorded for s in self._streams):
            return
        if isinstance(rows, int) and rows < BY_TIME_ROWS:
            yield from self._batches(rows)
        else:
            yield from self._windows(rows if callable(rows) else _always(rows or WINDOW_ROWS))
        yield Cut(self.closing, self._complete)

    def _batches(self, rows: int) -> Iterator[Cut]:
        revealed = self._revealed
        time, pending = 0, 0
        for time, _, _, place, _ in islice(self._merged(), sum(revealed), None):
            revealed[place] += 1
            pending += 1
            if pending == rows:
                self._reveal(revealed)
                yield Cut(time, False)
                pending = 0
        if pending:
            self._reveal(revealed)
            yield Cut(time, False)

    def _windows(self, size: Callable[[], int]) -> Iterator[Cut]:
        total, stops = self.rows, self._revealed
        revealed = sum(stops)
        times = [s.times[:stop] for s, stop in zip(self._streams, self._stops, strict=True)]

        def arrived(before: int) -> int:
            return sum(bisect_left(t, before) for t in times)

        low = min((int(t[0]) for t in times if len(t)), default=self.closing)
        while revealed + (rows := size()) < total:
            # The shortest stretch of whole moments: the first time before which enough rows have arrived. One stream's rows
            # alone would be enough just after its last one of them, so it is not later than that; with one stream it is that.
            enough = [t[stop + rows - 1] + 1 for t, stop in zip(times, stops, strict=True) if stop + rows <= len(t)]
            latest = min(enough, default=self.closing)
            if len(times) == 1 or latest <= low:
                low = latest
            else:
                low += bisect_left(range(low, latest), revealed + rows, key=arrived)
            if low >= self.closing:
                break
            stops = [bisect_left(t, low) for t in times]
            self._reveal(stops)
            revealed = sum(stops)
            yield Cut(low, False)
        self._reveal(self._stops)

    def _reveal(self, stops: Sequence[int]) -> None:
        for stream, stop in zip(self._streams, stops, strict=True):
            if stop > stream.rows:
                stream.reveal(stop)

    def _merged(self) -> Iterator[tuple[int, int, int, int, int]]:
        """(ts, seq, kind, stream, row) of every row, merged."""
        return heapq.merge(
            *(_keys(s, place, stop) for place, (s, stop) in enumerate(zip(self._streams, self._stops, strict=True)))
        )


def _always(rows: int) -> Callable[[], int]:
    return lambda: rows


def _rows_before(stream: Stream, until: int | None) -> int:
    return stream.recorded if until is None else bisect_left(stream.times, until, 0, stream.recorded)


def _keys(stream: Stream, place: int, stop: int) -> Iterator[tuple[int, int, int, int, int]]:
    kind = _KINDS[stream.kind]
    ts, seq = (stream.columns[name][:stop].tolist() for name in ("ts", "seq"))
    for row in range(stop):
        yield ts[row], seq[row], kind, place, row
