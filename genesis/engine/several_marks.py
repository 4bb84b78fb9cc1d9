"""Marking the equity of an account of several moneys: every row that shows a price of a position or a rate is a mark.

Equity is a sum of products (a position's price times a rate), so no row can be passed over by a bound, and one evaluator serves a single row and
a column alike: the same float operations on arrays. It costs more than one money's marks do; nobody else pays for it.

Each row is valued with the latest of all others, in the order of time (at one time in the order of the marks). A row at which a rate is
missing or too old has no value: it is no mark.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genesis.engine.feed import InstrumentFeed, passed
from genesis.engine.marks import Mark, Marks
from genesis.model.grid import quotient
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.tape_rates import price_columns
from genesis.portfolio.valuation import Valuation
from genesis.tape.stream import StreamKind

_Floats = NDArray[np.float64]
_FAR_BACK = -(2**62)


class _Step:
    """One pair on the way from a money to the first one: the place of its mark, the oldest it may be, and whether its base is given."""

    __slots__ = ("limit_ns", "place", "sells_base")

    def __init__(self, place: int, limit_ns: int, sells_base: bool) -> None:
        self.place, self.limit_ns, self.sells_base = place, limit_ns, sells_base


class _Sum:
    """One money: its cash, the places and sizes of the positions quoted in it, and the way to the first money."""

    __slots__ = ("cash", "currency", "held", "way")

    def __init__(self, currency: str, way: tuple[_Step, ...]) -> None:
        self.currency, self.way = currency, way
        self.cash = 0.0
        self.held: list[tuple[int, float]] = []


class SeveralMarks(Marks):
    """The equity index of an account of several moneys, in units of its budget's worth.

    ``all`` are the marks of the feeds, in their order, then those of rates that are not traded.
    """

    def __init__(
        self, feeds: Sequence[InstrumentFeed], portfolio: Portfolio, valuation: Valuation, drawdown_halt: float
    ) -> None:
        traded = {f.instrument.id for f in feeds}
        streams = [s for name, s in valuation.rates.streams.items() if name not in traded]
        super().__init__([*(f.mark for f in feeds), *(Mark(s) for s in streams)], drawdown_halt)
        self._feeds, self._portfolio, self._valuation = tuple(feeds), portfolio, valuation
        names = [*(f.instrument.id for f in feeds), *(s.instrument.id for s in streams)]
        self._grids = [m.stream.instrument.price_grid for m in self.all]
        self._sums = [_Sum(m, self._way(m, names)) for m in portfolio.moneys]
        self._last = 1.0
        # Prices as they stand: bid, ask and time of the newest row of each mark.
        self._bids, self._asks = [float("nan")] * len(names), [float("nan")] * len(names)
        self._times = [_FAR_BACK] * len(names)
        self._take_account()

    def _way(self, money: str, names: Sequence[str]) -> tuple[_Step, ...]:
        rates = self._valuation.rates
        way = rates.way(money, self._valuation.currency) or ()
        return tuple(_Step(names.index(pair.id), pair.limit_ns, sells_base) for pair, sells_base in way)

    # ---- the account

    def account_changed(self, now: int, rank: int) -> None:
        """A fill or a settlement was heard: the rows behind the present are marked, where anything was held."""
        for place, mark in enumerate(self.all):
            stop = passed(mark.stream, mark.cursor, now, rank)
            if stop > mark.cursor:
                bids, asks, times = self._columns(place, stop - 1, stop)
                self._bids[place], self._asks[place], self._times[place] = (
                    float(bids[-1]),
                    float(asks[-1]),
                    int(times[-1]),
                )
                mark.cursor = stop
        self._take_account()
        value = self._value_at(now)
        if value is not None:
            self._last = value

    def _take_account(self) -> None:
        """Cash and positions as floats of their own units; whether there is anything that a price changes."""
        portfolio, matters = self._portfolio, not self._valuation.begun
        cash, held = portfolio.netted()
        for part in self._sums:
            part.cash = quotient(cash[part.currency], 10 ** portfolio.scales[part.currency])
            part.held = []
            for place, feed in enumerate(self._feeds):
                holding = feed.holding
                if holding.purse.currency != part.currency:
                    continue
                decimals = holding.base_decimals if holding.perpetual else portfolio.scales[holding.base]
                units = held.get(holding.id, holding.position.units)
                if units:
                    part.held.append((place, quotient(units, 10**decimals)))
                    if feed.mark.stream.kind is StreamKind.MARK:
                        # Its sign says which extreme of a row of mark prices is the worse one.
                        feed.mark.worth = 1.0 if units > 0 else -1.0
            matters |= bool(part.held) or (bool(part.way) and part.cash != 0)
        # Never one alone: a track runs over many rows at once where one mark values itself, and none does here.
        self.held = (*self.all, *self.all[:1]) if matters else ()

    # ---- the index

    def index(self) -> float:
        """The index at the last row that could be valued."""
        return self._last

    def catch_up(self, stops: Sequence[int]) -> int | None:
        """Mark every row before ``stops`` (one a mark); the engine time at which a loss limit broke, or ``None``."""
        if not self.held:
            return None
        while True:
            rows = self._rows(stops)
            if rows is None:
                return None
            if not self._valuation.begun:
                if not self._begins(rows):
                    self._stand(rows, len(rows.times) - 1)
                    return None
                continue
            return self._scan_rows(rows)

    def _scan_rows(self, rows: _Rows) -> int | None:
        values, valid = self._values(rows)
        kept = np.flatnonzero(valid)
        broke = self._scan(values[kept], rows.times[kept]) if len(kept) else None
        last = len(rows.times) - 1 if broke is None else int(kept[broke])
        seen = kept[kept <= last]
        if len(seen):
            self._last = float(values[seen[-1]])
        self._stand(rows, last)
        return None if broke is None else int(rows.times[last])

    def _begins(self, rows: _Rows) -> bool:
        """Find the first row at which everything has a rate; the rows before it are passed."""
        valid = self._values(rows)[1]
        if not valid.any():
            return False
        first = int(valid.argmax())
        time_ns = int(rows.times[first])
        self._stand(rows, first)
        return self._valuation.begin(time_ns) is None

    def _value_at(self, now: int) -> float | None:
        """The index at the prices as they stand."""
        count = len(self.all)
        rows = _Rows(
            np.array([now], np.int64),
            np.array([0], np.int64),
            [np.array([x]) for x in self._bids],
            [np.array([x]) for x in self._asks],
            [np.array([t], np.int64) for t in self._times],
            [0] * count,
        )
        values, valid = self._values(rows)
        return float(values[0]) if valid[0] and self._valuation.begun else None

    def _values(self, rows: _Rows) -> tuple[_Floats, NDArray[np.bool_]]:
        """The index at every row, and at which rows it is one; both (n,)."""
        n = len(rows.times)
        total, valid = np.zeros(n), np.ones(n, np.bool_)
        for part in self._sums:
            value = np.full(n, part.cash)
            for place, size in part.held:
                value = value + size * (rows.bids[place] if size > 0 else rows.asks[place])
            if not part.way or (not part.held and part.cash == 0):
                total = total + value
                continue
            owned = value > 0
            for step in part.way:
                bids, asks = rows.bids[step.place], rows.asks[step.place]
                price = np.where(owned, bids, asks) if step.sells_base else np.where(owned, asks, bids)
                value = value * price if step.sells_base else value / price
                valid &= rows.times - rows.seen[step.place] <= step.limit_ns
            total = total + value
        one = 10**self._portfolio.decimals
        index = total * (one / self._portfolio.index_units)
        return index, valid & np.isfinite(index)

    # ---- rows

    def _rows(self, stops: Sequence[int]) -> _Rows | None:
        """The rows before ``stops`` in order of time, each with the newest prices of all marks; ``None`` where there are none."""
        parts = [(p, m.cursor, max(s, m.cursor)) for p, (m, s) in enumerate(zip(self.all, stops, strict=True))]
        columns = [self._columns(place, start, stop) for place, start, stop in parts]
        times = np.concatenate([c[2] for c in columns])
        if not len(times):
            return None
        order = np.argsort(times, kind="stable")
        which = np.concatenate([np.full(len(c[2]), p) for p, c in enumerate(columns)])[order]
        bids, asks, seen = [], [], []
        for place, (bid, ask, ts) in enumerate(columns):
            count = np.cumsum(which == place)
            bids.append(np.concatenate(([self._bids[place]], bid))[count])
            asks.append(np.concatenate(([self._asks[place]], ask))[count])
            seen.append(np.concatenate((np.array([self._times[place]], np.int64), ts))[count])
        return _Rows(times[order], which, bids, asks, seen, [start for _, start, _ in parts])

    def _columns(self, place: int, start: int, stop: int) -> tuple[_Floats, _Floats, NDArray[np.int64]]:
        """Bid, ask and time of rows ``start`` to ``stop`` of a mark; a row of mark prices is two, the worse extreme and the mark."""
        mark, grid = self.all[place], self._grids[place]
        times = mark.stream.columns["ts"][start:stop]
        if mark.per_row == 2:
            prices = mark.prices(start, stop)
            return prices, prices, times.repeat(2)
        names = price_columns(mark.stream)
        bid, ask = (mark.stream.columns[n][start:stop] * grid.mantissa / grid.denominator for n in names)
        return bid, ask, times

    def _stand(self, rows: _Rows, last: int) -> None:
        """Stand behind one of the rows, with the prices it knew."""
        for place, mark in enumerate(self.all):
            taken = int(np.count_nonzero(rows.which[: last + 1] == place))
            if taken:
                mark.cursor = rows.starts[place] - (-taken // mark.per_row)
                self._bids[place], self._asks[place] = float(rows.bids[place][last]), float(rows.asks[place][last])
                self._times[place] = int(rows.seen[place][last])


class _Rows:
    """Rows of all marks in order of time: ``which`` mark each is of, and by mark the bid, ask and time known there; all (n,)."""

    __slots__ = ("asks", "bids", "seen", "starts", "times", "which")

    def __init__(
        self,
        times: NDArray[np.int64],
        which: NDArray[np.int64],
        bids: list[_Floats],
        asks: list[_Floats],
        seen: list[NDArray[np.int64]],
        starts: list[int],
    ) -> None:
        self.times, self.which, self.bids, self.asks, self.seen = times, which, bids, asks, seen
        self.starts = starts
