"""Bars built from what has arrived: time, tick, volume and dollar bars from trades; longer time bars from shorter ones.

A series is shared by every track. It is rebuilt from nothing but rows, so how they arrived never changes a bar: the
open bar is always recomputed from its first row, and only closed bars are kept.
"""

from __future__ import annotations

from itertools import repeat

import numpy as np

from genesis.model.market import Bar, BarKind, BarSpec
from genesis.tape.decode import BarBlock, Blocks
from genesis.tape.stream import ABSENT, Column, Stream, StreamKind, plain_integers

_WORD_MAX = 2**63 - 1
_SPARSE = 8  # rows a bar from which on boundaries are searched for
BAR_COLUMNS = ("ts", "time_open", "open", "high", "low", "close", "lots", "late")


class BarSeries:
    """Closed bars of one spec over one stream.

    Columns are int64: ``ts`` is the close (for time bars the boundary, else the time of the last row), ``late`` how many of its
    rows belong, by the exchange's own time, to an earlier bar. Where the source's rows are the very bars asked for, its columns are used.
    """

    def __init__(self, source: Stream, spec: BarSpec) -> None:
        if source.kind is StreamKind.BARS:
            own = source.spec
            if own is None or spec.kind is not BarKind.TIME or spec.step % own.step:
                raise ValueError(f"{source.name}: expected time bars of a multiple of {own}, found {spec}")
        elif source.kind is not StreamKind.TRADES:
            raise ValueError(f"{source.name}: expected trades or bars to build bars from")
        self.source, self.spec = source, spec
        self.by_time = spec.kind is BarKind.TIME
        self.rows = 0
        self.columns: dict[str, Column] = {name: np.empty(0, np.int64) for name in BAR_COLUMNS}
        self.times = plain_integers(self.columns["ts"])
        self._next_row = 0
        self._is_source = source.spec == spec
        self.events: Blocks[BarBlock] = Blocks(BarBlock, self._decode)
        instrument = source.instrument
        self._price = (instrument.price_grid.mantissa, instrument.price_grid.denominator)
        self._qty = (instrument.qty_grid.mantissa, instrument.qty_grid.denominator)

    @property
    def at_boundary(self) -> bool:
        """Whether a bar closes like a timer, before the rows of that moment; else it closes after the rows of its moment."""
        return self.by_time and self.source.kind is StreamKind.TRADES

    def update(self, closed_before: int) -> None:
        """Close every bar that can be closed, given that all rows before ``closed_before`` (engine ns) have arrived."""
        source = self.source
        if self._next_row >= source.rows:
            return
        if self._is_source:
            self.columns, self.times = source.columns, source.times
            self.rows = self._next_row = source.first_at(closed_before, self._next_row)
        elif self.by_time:
            # A row that is itself a bar is known at its close, so its moment must be over.
            self._close_time_bars(closed_before - (source.kind is StreamKind.BARS))
        else:
            self._close_counted_bars(source.first_at(closed_before, self._next_row))

    def _decode(self, block: BarBlock, start: int, stop: int) -> None:
        c = {name: self.columns[name][start:stop] for name in BAR_COLUMNS[:-1]}
        (pm, pd), (qm, qd) = self._price, self._qty
        floats = [((c[name] * pm) / pd).tolist() for name in ("open", "high", "low", "close")]
        volume = ((c["lots"] * qm) / qd).tolist()
        opened, closed = c["time_open"].tolist(), c["ts"].tolist()
        made = map(Bar, repeat(self.source.instrument), repeat(self.spec), opened, closed, *floats, volume)
        block.events.extend(made)
        block.times.extend(closed)
        block.close_ticks.extend(c["close"].tolist())
        block.closes.extend(floats[3])

    # ---- time bars

    def _bar_time(self, ts: Column) -> Column:
        """What decides a row's bucket: engine time, or the open time where the rows are bars themselves."""
        return self.source.columns["time_open"] if self.source.kind is StreamKind.BARS else ts

    def _close_time_bars(self, closed_before: int) -> None:
        source, step, first = self.source, self.spec.step, self._next_row
        times = self._bar_time(source.columns["ts"])
        open_bucket = int(times[first]) // step
        # A boundary is a timer: it has passed once a row at or beyond it has been seen.
        if (open_bucket + 1) * step > closed_before:
            return
        end = closed_before // step
        stop = first + int(times[first : source.rows].searchsorted(end * step, "left"))
        if stop - first > _SPARSE * (end - open_bucket):
            # Many rows a bar: look for the boundaries. Dividing every row's time would cost more than all the rest.
            boundaries = np.arange(open_bucket, end + 1, dtype=np.int64) * step
            edges = times[first:stop].searchsorted(boundaries, "left")
            edges += first
            starts, ends = edges[:-1], edges[1:]
            filled = ends > starts
            starts, ends, opened = starts[filled], ends[filled], boundaries[:-1][filled]
        else:
            buckets = times[first:stop] // step
            edges = np.concatenate(([0], np.flatnonzero(np.diff(buckets)) + 1, [stop - first])) + first
            starts, ends = edges[:-1], edges[1:]
            opened = buckets[starts - first] * step
        self._append(starts, ends, opened)
        self._next_row = stop

    # ---- tick, volume and dollar bars

    def _close_counted_bars(self, arrived: int) -> None:
        first = self._next_row
        if arrived <= first:
            return
        step = self.spec.step
        columns = self.source.columns
        if self.spec.kind is BarKind.TICK:
            ends = np.arange(first + step, arrived + 1, step, dtype=np.int64)
        else:
            worth = columns["ticks"][first:arrived] if self.spec.kind is BarKind.DOLLAR else None
            ends = first + _threshold_ends(columns["lots"][first:arrived], worth, step)
        if not len(ends):
            return
        self._append(np.concatenate(([first], ends[:-1])), ends, None)
        self._next_row = int(ends[-1])

    def _append(self, starts: Column, ends: Column, open_times: Column | None) -> None:
        """Close bars of the rows from ``starts`` to before ``ends``, which follow each other without a row between."""
        source, c, first, stop = self.source, self.source.columns, int(starts[0]), int(ends[-1])
        last, cuts = ends - 1, starts - first
        from_bars = source.kind is StreamKind.BARS
        px = {k: c[k if from_bars else "ticks"] for k in ("open", "high", "low", "close")}
        ts = c["ts"]
        new: dict[str, Column] = {
            "ts": ts[last] if open_times is None else open_times + self.spec.step,
            "time_open": ts[starts] if open_times is None else open_times,
            "open": px["open"][starts],
            "high": np.maximum.reduceat(px["high"][first:stop], cuts),
            "low": np.minimum.reduceat(px["low"][first:stop], cuts),
            "close": px["close"][last],
            "lots": np.add.reduceat(c["lots"][first:stop], cuts),
            "late": self._late(starts, ends, open_times),
        }
        need = self.rows + len(starts)
        for name, values in new.items():
            column = self.columns[name]
            if need > len(column):
                grown = np.zeros(max(need, 2 * len(column), 256), np.int64)
                grown[: self.rows] = column[: self.rows]
                self.columns[name] = column = grown
            column[self.rows : need] = values
        self.times = plain_integers(self.columns["ts"])
        self.rows = need

    def _late(self, starts: Column, ends: Column, open_times: Column | None) -> Column:
        """Rows of each bar whose own time lies before the bar's open."""
        late = np.zeros(len(starts), np.int64)
        if self.source.kind is StreamKind.BARS or open_times is None:
            return late
        event, first, stop = self.source.columns["time_event"], int(starts[0]), int(ends[-1])
        # A time that the source does not have is the lowest of all: such bars are counted too, and come out right.
        suspect = np.minimum.reduceat(event[first:stop], starts - first) < open_times
        for i in suspect.nonzero()[0].tolist():
            own = event[starts[i] : ends[i]]
            late[i] = np.count_nonzero((own != ABSENT) & (own < open_times[i]))
        return late


def _threshold_ends(lots: Column, ticks: Column | None, step: int) -> Column:
    """Ends (exclusive) of runs whose sum of lots, each times its ``ticks`` where given, first reaches ``step``.

    The row that reaches it is inside, and nothing carries over.
    """
    n = len(lots)
    ends: list[int] = []
    if int(lots.max()) * (1 if ticks is None else int(ticks.max())) * n + step > _WORD_MAX:
        # Beyond a machine word sums would wrap: exactly, then, one by one.
        total = 0
        for end, (size, price) in enumerate(
            zip(lots.tolist(), repeat(1) if ticks is None else ticks.tolist(), strict=False), 1
        ):
            total += size * price
            if total >= step:
                ends.append(end)
                total = 0
        return np.array(ends, np.int64)
    cumulative = np.cumsum(lots if ticks is None else lots * ticks)
    base = 0
    while True:
        end = int(np.searchsorted(cumulative, base + step, "left"))
        if end >= n:
            return np.array(ends, np.int64)
        ends.append(end + 1)
        base = int(cumulative[end])
