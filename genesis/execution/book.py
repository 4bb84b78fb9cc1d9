"""A level-2 book kept from depth rows: absolute sizes by price, prices in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from genesis.tape.stream import Column


class BookSide:
    """One side: lots by price, and the prices in ascending order."""

    __slots__ = ("lots", "prices")

    def __init__(self) -> None:
        self.lots: dict[int, int] = {}
        self.prices: list[int] = []

    def set(self, ticks: int, lots: int) -> None:
        """Take a level's new absolute size; 0 removes it."""
        known = ticks in self.lots
        if lots:
            self.lots[ticks] = lots
            if not known:
                insort(self.prices, ticks)
        elif known:
            del self.lots[ticks]
            del self.prices[bisect_left(self.prices, ticks)]

    def clear(self) -> None:
        """Forget every level."""
        self.lots.clear()
        self.prices.clear()


class DepthBook:
    """Both sides of one instrument, advanced row by row over the depth columns."""

    __slots__ = ("_snapshot", "asks", "bids", "rows")

    def __init__(self) -> None:
        self.bids, self.asks = BookSide(), BookSide()
        self.rows = 0
        self._snapshot: tuple[int, int] | None = None

    def apply(self, columns: dict[str, Column], stop: int) -> None:
        """Apply the rows up to ``stop``; the first row of a snapshot (rows of one message share time and ``seq``) clears both sides."""
        start = self.rows
        names = ("ts", "seq", "snapshot", "side", "ticks", "lots")
        for ts, seq, snapshot, side, ticks, lots in zip(*(columns[n][start:stop].tolist() for n in names), strict=True):
            self.take(ts, seq, snapshot, side, ticks, lots)
        self.rows = stop

    def take(self, ts: int, seq: int, snapshot: int, side: int, ticks: int, lots: int) -> None:
        """Apply the next row."""
        self.rows += 1
        if not snapshot:
            self._snapshot = None
        elif self._snapshot != (ts, seq):
            self._snapshot = ts, seq
            self.bids.clear()
            self.asks.clear()
        (self.bids if side > 0 else self.asks).set(ticks, lots)

    def size(self, side: int, ticks: int) -> int:
        """Displayed lots of the bids (+1) or asks (-1) at a price; 0 where nothing is displayed."""
        return (self.bids if side > 0 else self.asks).lots.get(ticks, 0)

    def beyond(self, side: int, ticks: int) -> Iterator[tuple[int, int]]:
        """Levels (ticks, lots) strictly behind ``ticks``, best first: bids (+1) below it, asks (-1) above it."""
        if side > 0:
            book = self.bids
            for i in range(bisect_left(book.prices, ticks) - 1, -1, -1):
                yield book.prices[i], book.lots[book.prices[i]]
        else:
            book = self.asks
            for i in range(bisect_right(book.prices, ticks), len(book.prices)):
                yield book.prices[i], book.lots[book.prices[i]]

    def best(self, side: int, levels: int) -> list[tuple[int, int]]:
        """The best ``levels`` levels (ticks, lots) of the bids (+1) or asks (-1), best first."""
        book = self.bids if side > 0 else self.asks
        prices = book.prices[: -levels - 1 : -1] if side > 0 else book.prices[:levels]
        return [(p, book.lots[p]) for p in prices]
