"""Marking one track's equity to market, row by row where somebody looks and by column where nobody does.

Longs are marked at the bid, shorts at the ask, else at the last trade, with bars alone at the close (definitions.md, 'Drawdown'). A row of
mark prices counts twice: at the worse of the extremes since the row before, then at the mark.
The index is equity over the budget. Both evaluators do the same float operations on each row, so who looked never matters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genesis.metrics.drawdown import DrawdownTracker, Stretch
from genesis.model.mark_prices import mark_grid
from genesis.tape.stream import Column, Stream, StreamKind

_SHORT = 12
_PRICES = {
    StreamKind.QUOTES: ("bid_ticks", "ask_ticks"),
    StreamKind.MARK: ("mark", "mark"),
    StreamKind.BARS: ("close", "close"),
}


class Mark:
    """How one instrument of the track is marked: its stream, the next row to mark, and what one unit of price is worth.

    ``worth`` is the index's change for one unit of quote currency in the price; ``price`` the price marked last.
    """

    __slots__ = ("_first", "_grid", "_of_long", "_of_short", "cursor", "per_row", "price", "stream", "worth")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.cursor = 0
        self.worth = 0.0
        self.price = 0.0
        by_marks = stream.kind is StreamKind.MARK
        self._grid = mark_grid(stream.instrument) if by_marks else stream.instrument.price_grid
        # How many prices a row is marked at.
        self.per_row = 2 if by_marks else 1
        # The columns that mark a long (or nothing held) and a short.
        self._of_long, self._of_short = _PRICES.get(stream.kind, ("ticks", "ticks"))
        self._first: int | None = None

    def prices(self, start: int, stop: int) -> NDArray[np.float64]:
        """Rows ``start`` to ``stop`` of the price that marks the position as it is now, as the nearest floats, ``per_row`` a row."""
        columns = self.stream.columns
        ticks = columns[self._column()][start:stop]
        if self.per_row == 2:
            ticks = np.column_stack((columns[self._worst()][start:stop], ticks)).reshape(-1)
        return ticks * self._grid.mantissa / self._grid.denominator

    def first_ticks(self, now: int) -> int | None:
        """The stream's first price: a bar's open, the bid, or the first trade; ``None`` before there is one."""
        stream = self.stream
        # What has arrived may lie after ``now``: how much of it there is depends on how the tape was cut.
        if self._first is None and stream.rows and stream.times[0] <= now:
            name = {StreamKind.BARS: "open", StreamKind.QUOTES: "bid_ticks"}.get(stream.kind, "ticks")
            self._first = int(stream.columns[name][0])
        return self._first

    def begin(self, ticks: int | None) -> None:
        """The first price of a track that starts in the middle of the tape is the one it finds there."""
        self._first = ticks or None

    def _column(self) -> str:
        return self._of_long if self.worth >= 0 else self._of_short

    def _worst(self) -> str:
        return "low" if self.worth >= 0 else "high"

    def move(self, stop: int) -> None:
        """Stand behind row ``stop`` - 1 with its price."""
        self.cursor = stop
        if stop:
            self.price = self.price_at(stop - 1)

    def stand(self, start: int, count: int, price: float) -> None:
        """Stand behind the ``count``-th of `prices` from row ``start`` on."""
        self.cursor, self.price = start - (-count // self.per_row), price

    def worst_at(self, row: int) -> float:
        """The worse extreme of one row of mark prices."""
        return self._grid.to_float(self.stream.columns[self._worst()].item(row))

    def price_at(self, row: int) -> float:
        """The price of one row; Python's and numpy's quotient of integers below 2**53 are the same nearest float."""
        return self._grid.to_float(self.stream.columns[self._column()].item(row))

    def extremes(self, start: int, stop: int) -> tuple[float, float]:
        """The lowest and highest of `prices`."""
        ticks = self.stream.columns[self._column()][start:stop]
        lowest, highest = self._grid.to_float(ticks.min().item()), self._grid.to_float(ticks.max().item())
        if self.per_row == 2:
            worst = self.stream.columns[self._worst()][start:stop]
            lowest = min(lowest, self._grid.to_float(worst.min().item()))
            highest = max(highest, self._grid.to_float(worst.max().item()))
        return lowest, highest


class Marks:
    """Equity index of a track between fills, its drawdown, and the first row at which a loss limit breaks.

    index = constant + sum(worth x price), in units of the budget.
    """

    def __init__(self, marks: Sequence[Mark], drawdown_halt: float) -> None:
        self.all = tuple(marks)
        self.held: tuple[Mark, ...] = ()
        self.constant = 1.0
        self.drawdown = DrawdownTracker()
        # Since a later attempt of the same strategy began; ``None`` while the first lasts.
        self.attempt: DrawdownTracker | None = None
        # Since the last evidence bar ended, where somebody asks for the drawdown of late.
        self.stretch: Stretch | None = None
        self.drawdown_halt: float | None = drawdown_halt
        self.floor = float("-inf")
        self.calm = self.alarm = 1.0

    def position_changed(self, constant: float, worths: Sequence[float], stops: Sequence[int]) -> None:
        """Take the position after a fill; ``stops`` says how many rows of each mark lie behind it (all marked, where held)."""
        self.constant = constant
        for mark, worth, stop in zip(self.all, worths, stops, strict=True):
            mark.worth = worth
            mark.move(stop)
        self.held = tuple(m for m in self.all if m.worth)

    def only_position_changed(self, constant: float, worth: float, stop: int) -> None:
        """As `position_changed`, of a track that has one instrument."""
        mark = self.all[0]
        # Where rows were marked one by one, the row and its price are known: what shows the price of a long shows it of a flat too.
        known = stop == mark.cursor and mark.worth > 0 and worth >= 0 and mark.per_row == 1
        self.constant = constant
        mark.worth = worth
        if not known:
            mark.move(stop)
        if bool(worth) is not bool(self.held):
            self.held = (mark,) if worth else ()

    def index(self) -> float:
        """The index at the marks seen last."""
        value = self.constant
        for mark in self.held:
            value = value + mark.worth * mark.price
        return value

    def touch(self, time_ns: int) -> bool:
        """Take the index as it stands (after a fill); whether a loss limit broke."""
        return self.take(self.index(), time_ns)

    def take(self, value: float, time_ns: int) -> bool:
        """Take an index; whether a loss limit broke."""
        drawdown = self.drawdown.update(value, time_ns)
        if self.attempt is not None:
            self.attempt.update(value, time_ns)
        if self.stretch is not None:
            self.stretch.update(value)
        self._settle()
        halt = self.drawdown_halt
        return value <= self.floor or (halt is not None and drawdown >= halt)

    def begin_attempt(self, time_ns: int) -> None:
        """A later attempt begins: its drawdown is kept by itself, from the index as it stands."""
        self.attempt = DrawdownTracker()
        self.attempt.start(time_ns)
        self.attempt.peak = self.index()
        self._settle()

    def begin_stretch(self) -> Stretch | None:
        """A stretch begins with the index as it stands; the one that ends there, ``None`` at first."""
        ended, self.stretch = self.stretch, Stretch(self.index())
        self._settle()
        return ended

    def limit(self, drawdown_halt: float | None, floor: float) -> None:
        """Set the limits: the drawdown that halts, and the index under which the day's loss is too large."""
        self.drawdown_halt, self.floor = drawdown_halt, floor
        self._settle()

    def current_drawdown(self) -> float:
        """Drawdown of the index as it stands."""
        return max(0.0, 1 - self.index() / self.drawdown.peak)

    def _settle(self) -> None:
        """Between ``alarm`` and ``calm`` an index is no new peak, no deeper drawdown and breaks no limit: nothing need be taken."""
        tracker, attempt, stretch = self.drawdown, self.attempt, self.stretch
        calm, alarm = tracker.peak, max(tracker.peak * (1 - tracker.maximum), self.floor)
        if attempt is not None:
            calm, alarm = min(calm, attempt.peak), max(alarm, attempt.peak * (1 - attempt.maximum))
        if stretch is not None:
            calm, alarm = min(calm, stretch.high), max(alarm, stretch.low, stretch.high * (1 - stretch.deepest))
        self.calm = calm
        # A hair above the exact bound: what falls inside is judged exactly by `take`.
        self.alarm = alarm * (1 + 1e-12)

    def catch_up(self, stops: Sequence[int]) -> int | None:
        """Mark every row before ``stops`` (one a mark); the engine time at which a loss limit broke, or ``None``.

        On a break the cursors stand behind the row that broke it.
        """
        held = self.held
        if not held:
            return None
        if len(held) == 1:
            return self._catch_up_one(held[0], stops[self.all.index(held[0])])
        return self._catch_up_merged(stops)

    def _catch_up_one(self, mark: Mark, stop: int) -> int | None:
        start = mark.cursor
        if start >= stop:
            return None
        times = mark.stream.times
        if stop - start <= _SHORT:
            return self._take_each(mark, stop)
        lowest, highest = mark.extremes(start, stop)
        ends = self.constant + mark.worth * lowest, self.constant + mark.worth * highest
        # The index rises or falls with the price, rounding included: within the bounds at both extremes is within them at every row.
        if min(ends) >= self.alarm and max(ends) <= self.calm:
            mark.move(stop)
            return None
        prices, per_row = mark.prices(start, stop), mark.per_row
        stamps = mark.stream.columns["ts"][start:stop]
        broke = self._scan(self.constant + mark.worth * prices, stamps if per_row == 1 else stamps.repeat(per_row))
        if broke is None:
            mark.move(stop)
            return None
        mark.stand(start, broke + 1, float(prices[broke]))
        return times[start + broke // per_row]

    def _take_each(self, mark: Mark, stop: int) -> int | None:
        times, price_at, extremes = mark.stream.times, mark.price_at, mark.per_row == 2
        for row in range(mark.cursor, stop):
            if extremes and self._take_worst(mark, row):
                return times[row]
            price = price_at(row)
            mark.cursor, mark.price = row + 1, price
            value = self.constant + mark.worth * price
            if (value < self.alarm or value > self.calm) and self.take(value, times[row]):
                return times[row]
        return None

    def _take_worst(self, mark: Mark, row: int) -> bool:
        """Take the worse extreme of a row; whether a limit broke, and then the row is passed."""
        price = mark.worst_at(row)
        value = self.constant + mark.worth * price
        if (value < self.alarm or value > self.calm) and self.take(value, mark.stream.times[row]):
            mark.cursor, mark.price = row + 1, price
            return True
        return False

    def _catch_up_merged(self, stops: Sequence[int]) -> int | None:
        """Several instruments: their rows in order of time, each priced with the others' latest."""
        parts = [(m, m.cursor, max(s, m.cursor)) for m, s in zip(self.all, stops, strict=True) if m.worth]
        times = np.concatenate([m.stream.columns["ts"][a:b].repeat(m.per_row) for m, a, b in parts])
        if not len(times):
            return None
        order = np.argsort(times, kind="stable")
        which = np.concatenate([np.full((b - a) * m.per_row, i) for i, (m, a, b) in enumerate(parts)])[order]
        counts = [np.cumsum(which == i) for i in range(len(parts))]
        value = np.full(len(times), self.constant)
        path = [np.concatenate(([m.price], m.prices(a, b))) for m, a, b in parts]
        for (mark, _, _), count, prices in zip(parts, counts, path, strict=True):
            value = value + mark.worth * prices[count]
        broke = self._scan(value, times[order])
        last = len(times) - 1 if broke is None else broke
        for (mark, start, _), count, prices in zip(parts, counts, path, strict=True):
            if count[last]:
                mark.stand(start, int(count[last]), float(prices[count[last]]))
        return None if broke is None else int(times[order[broke]])

    def _scan(self, values: NDArray[np.float64], times: Column) -> int | None:
        below = np.flatnonzero(values <= self.floor)
        stop = int(below[0]) + 1 if len(below) else len(values)
        broke = self.drawdown.scan(values[:stop], times[:stop], self.drawdown_halt)
        taken = stop if broke is None else broke + 1
        if self.attempt is not None:
            self.attempt.scan(values[:taken], times[:taken], None)
        if self.stretch is not None:
            self.stretch.scan(values[:taken])
        self._settle()
        return broke if broke is not None else (stop - 1 if len(below) else None)
