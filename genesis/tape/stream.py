"""One stream of the tape: an instrument's trades, orders, quotes, depth, bars, mark prices or funding as columns of int64.

Shapes: every column is one-dimensional int64 of equal length. Prices are ticks, quantities lots, times UTC ns.
``ts`` is engine time and never decreases; rows of one moment keep the order in which they arrived. A time the source does not
have is `ABSENT`, which a decoded event shows as ``None``.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from genesis.errors import DataError
from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec, Quote, Trade
from genesis.tape.decode import Blocks, DepthBlock, QuoteBlock, TradeBlock
from genesis.tape.kinds import COLUMNS as COLUMNS
from genesis.tape.kinds import StreamKind as StreamKind

Column = NDArray[np.int64]
ABSENT = -(2**63)
BLOCK_ROWS = 4096
ORDER_CREATED, ORDER_CHANGED, ORDER_DELETED = 1, 2, 3
_GENESIS_BLOCK = b"genesis.tape.block.1"
_GENESIS_ROWS = b"genesis.tape.rows.1"
_NEAR = 3


def plain_integers(column: Column) -> memoryview[int]:
    """A column as plain integers: quick to read one by one and to bisect."""
    return memoryview(column.data).cast("B").cast("q")


def snapshot_begins(columns: Mapping[str, Column], start: int, stop: int) -> list[int]:
    """Places, counted from ``start``, of those depth rows of [start, stop) with which a snapshot begins: rows of one share time and ``seq``."""
    rows = np.flatnonzero(columns["snapshot"][start:stop]) + start
    if not len(rows):
        return []
    goes_on = (rows > 0) & (columns["snapshot"][rows - 1] != 0)
    for name in ("ts", "seq"):
        goes_on &= columns[name][rows] == columns[name][rows - 1]
    begins: list[int] = (rows[~goes_on] - start).tolist()
    return begins


def before(times: memoryview[int], start: int, stop: int, time_ns: int, included: bool) -> int:
    """End of the rows of [start, stop) that lie before ``time_ns``, or at it where ``included``; ``times`` never decreases."""
    if start >= stop or times[stop - 1] < time_ns:
        return stop
    return (bisect_right if included else bisect_left)(times, time_ns, start, stop)


def soon_before(times: memoryview[int], start: int, stop: int, time_ns: int, included: bool) -> int:
    """As `before`, for an end that mostly lies within the first few rows: they are tried one by one."""
    near = min(start + _NEAR, stop)
    while start < near:
        time = times[start]
        if time > time_ns or (time == time_ns and not included):
            return start
        start += 1
    return before(times, start, stop, time_ns, included)


def empty_columns(kind: StreamKind) -> dict[str, Column]:
    """Columns of no rows."""
    return {name: np.empty(0, np.int64) for name in COLUMNS[kind]}


class Stream:
    """Columns that grow, or a whole recording revealed row by row; readers see ``rows`` rows either way.

    ``times`` is the engine-time column once more, as plain integers to bisect, and ``seqs`` the places in an arrival. ``has_volume`` is false for recorded
    bars none of which has any. ``label`` names what was done to a recording that is on the tape a second time; only those who ask for the label read it.
    ``columns`` may be longer than ``rows``: what lies beyond has not arrived, and nobody may look at it.
    """

    __slots__ = (
        "_digests",
        "columns",
        "depth",
        "has_volume",
        "instrument",
        "kind",
        "label",
        "name",
        "quotes",
        "recorded",
        "rows",
        "seqs",
        "spec",
        "times",
        "trades",
    )

    def __init__(self, instrument: Instrument, kind: StreamKind, spec: BarSpec | None = None, label: str = "") -> None:
        if (kind is StreamKind.BARS) != (spec is not None):
            raise ValueError(f"{instrument.id}/{kind.value}: expected a bar spec for bars and for nothing else")
        self.instrument, self.kind, self.spec = instrument, kind, spec
        self.label = label
        self.name = f"{instrument.id}/{kind.value}" + (f"/{spec}" if spec else "") + (f"!{label}" if label else "")
        self.columns = empty_columns(kind)
        self._read_plainly()
        self.rows = 0
        self.recorded = 0
        self.has_volume = True
        self._digests: list[str] = []
        self.trades: Blocks[TradeBlock] = Blocks(TradeBlock, self._make_trades)
        self.quotes: Blocks[QuoteBlock] = Blocks(QuoteBlock, self._make_quotes)
        self.depth: Blocks[DepthBlock] = Blocks(DepthBlock, self._make_depth)

    def record(self, columns: Mapping[str, Column]) -> None:
        """Take a whole recording; its rows arrive by `reveal`.

        Raises:
            DataError: a column is missing, of another length or type, or engine time steps back.
        """
        self.columns = self._checked(columns, ABSENT)
        self._read_plainly()
        self.recorded = len(self.times)
        # Bars of a market that has no common volume, or of a source that left it out: 0 says nothing, and binds nothing.
        self.has_volume = self.kind is not StreamKind.BARS or not self.recorded or bool(self.columns["lots"].any())

    def reveal(self, rows: int) -> None:
        """Let the recording's first ``rows`` rows have arrived."""
        if not self.rows <= rows <= self.recorded:
            raise ValueError(f"{self.name}: expected {self.rows} to {self.recorded} rows, found {rows}")
        self.rows = rows

    def append(self, columns: Mapping[str, Column]) -> None:
        """Let new rows arrive, as a live feed does; raises `DataError` as `record` does."""
        last = int(self.columns["ts"][self.rows - 1]) if self.rows else ABSENT
        new = self._checked(columns, last)
        need = self.rows + len(new["ts"])
        if need > len(self.columns["ts"]):
            room = max(need, 2 * len(self.columns["ts"]), 1024)
            for name, old in self.columns.items():
                grown = np.zeros(room, np.int64)
                grown[: self.rows] = old[: self.rows]
                self.columns[name] = grown
            self._read_plainly()
        for name, values in new.items():
            self.columns[name][self.rows : need] = values
        self.rows = self.recorded = need

    def block_digest(self, rows: int) -> str:
        """Chained SHA-256 (hex) of the last full block of `BLOCK_ROWS` within the first ``rows`` rows; empty when none is full.

        Blocks are counted from the stream's first row, so the value never depends on how the rows arrived.
        """
        full = rows // BLOCK_ROWS
        while len(self._digests) < full:
            start = len(self._digests) * BLOCK_ROWS
            before = self._digests[-1] if self._digests else ""
            self._digests.append(self._chained(_GENESIS_BLOCK, before, start, start + BLOCK_ROWS))
        return self._digests[full - 1] if full else ""

    def rows_digest(self, rows: int) -> str:
        """SHA-256 (hex) of the first ``rows`` rows, every one of them: on the last full block's digest follow the rows behind it."""
        return self._chained(_GENESIS_ROWS, self.block_digest(rows), rows - rows % BLOCK_ROWS, rows)

    def _chained(self, domain: bytes, before: str, start: int, stop: int) -> str:
        h = hashlib.sha256(domain)
        h.update(bytes.fromhex(before) if before else self.name.encode())
        for name in COLUMNS[self.kind]:
            h.update(np.ascontiguousarray(self.columns[name][start:stop], "<i8").data)
        return h.hexdigest()

    def first_after(self, time_ns: int, start: int = 0) -> int:
        """Index of the first arrived row at or after ``start`` with ``ts`` > ``time_ns``."""
        return soon_before(self.times, start, self.rows, time_ns, True)

    def first_at(self, time_ns: int, start: int = 0) -> int:
        """Index of the first arrived row at or after ``start`` with ``ts`` >= ``time_ns``."""
        return soon_before(self.times, start, self.rows, time_ns, False)

    def _read_plainly(self) -> None:
        self.times, self.seqs = plain_integers(self.columns["ts"]), plain_integers(self.columns["seq"])

    def _floats(self, name: str, start: int, stop: int) -> list[float]:
        grid = self.instrument.price_grid
        floats: list[float] = ((self.columns[name][start:stop] * grid.mantissa) / grid.denominator).tolist()
        return floats

    def _event_times(self, start: int, stop: int, ts: list[int]) -> list[int] | list[int | None]:
        """``ts`` is engine time as it was decoded: where the two are the same, so are the integers."""
        column = self.columns["time_event"][start:stop]
        # As bytes: a comparison of memory, where that of columns makes a third one and goes over it.
        if column.tobytes() == self.columns["ts"][start:stop].tobytes():
            return ts
        times: list[int] = column.tolist()
        return times if not (column == ABSENT).any() else [t if t != ABSENT else None for t in times]

    def _make_trades(self, block: TradeBlock, start: int, stop: int) -> None:
        names = ("ts", "ticks", "lots", "side", "trade_id")
        ts, ticks, lots, side, trade_id = (self.columns[n][start:stop].tolist() for n in names)
        event, price = self._event_times(start, stop, ts), self._floats("ticks", start, stop)
        # map calls the class without a step of the interpreter in between: a third faster than a comprehension.
        block.events.extend(map(Trade, repeat(self.instrument), ts, event, ticks, lots, price, side, trade_id))
        block.times.extend(ts)
        block.ticks.extend(ticks)
        block.lots.extend(lots)
        block.sides.extend(side)
        block.prices.extend(price)

    def _make_quotes(self, block: QuoteBlock, start: int, stop: int) -> None:
        names = ("ts", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
        ts, *sizes = (self.columns[n][start:stop].tolist() for n in names)
        event, bid, ask = self._event_times(start, stop, ts), *(self._floats(n, start, stop) for n in names[1::2])
        block.events.extend(map(Quote, repeat(self.instrument), ts, event, *sizes, bid, ask))
        block.times.extend(ts)
        lists = (block.bids, block.bid_lots, block.asks, block.ask_lots)
        for kept, values in zip(lists, sizes, strict=True):
            kept.extend(values)
        block.bid_prices.extend(bid)
        block.ask_prices.extend(ask)

    def _make_depth(self, block: DepthBlock, start: int, stop: int) -> None:
        columns = self.columns
        first = start - block.rows
        block.prices.extend((columns["side"][start:stop] * columns["ticks"][start:stop]).tolist())
        block.lots.extend(columns["lots"][start:stop].tolist())
        block.begins.extend(begin + start - first for begin in snapshot_begins(columns, start, stop))

    def _checked(self, columns: Mapping[str, Column], last_ts: int) -> dict[str, Column]:
        names = COLUMNS[self.kind]
        if set(columns) != set(names):
            raise DataError(self.name, field="columns", expected=", ".join(names), found=", ".join(columns))
        out: dict[str, Column] = {}
        length = len(columns["ts"])
        for name in names:
            column = columns[name]
            if column.dtype != np.int64 or column.ndim != 1 or len(column) != length:
                raise DataError(
                    self.name, field=name, expected=f"{length} int64", found=f"{column.shape} {column.dtype}"
                )
            out[name] = np.ascontiguousarray(column)
        ts = out["ts"]
        if length and int(ts[0]) < last_ts:
            raise DataError(self.name, line=1, field="ts", expected=f"{last_ts} or later", found=str(int(ts[0])))
        back = np.flatnonzero(ts[1:] < ts[:-1]) if length > 1 else np.empty(0, np.int64)
        if len(back):
            row = int(back[0]) + 1
            raise DataError(
                f"{self.name}: engine time steps back",
                line=row + 1,
                field="ts",
                expected=f"{int(ts[row - 1])} or later",
                found=str(int(ts[row])),
            )
        return out
