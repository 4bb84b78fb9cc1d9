"""A level-2 book kept from depth rows: absolute sizes by price, and the prices in order where somebody asks for them.

A price stands here with the sign of its side: bids above zero, asks below, so the better of two prices of one side is the larger number and
one table holds both sides. Most rows concern no order of ours: they are written into the table in one go, and prices are sorted only when the
levels behind the touch are asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from genesis.tape.decode import DepthBlock
from genesis.tape.stream import Column, Stream, snapshot_begins

# Changes that the sorted prices may lag behind before sorting anew is cheaper, as a share of the levels: one in this many.
_LAG = 4
_LEAST_LAG = 64
_ROOM = 4096


class DepthBook:
    """Both sides of one instrument, advanced over the depth rows in their order. ``rows`` is how many have been applied."""

    __slots__ = ("_asks", "_bids", "_changed", "_most_changes", "_room", "_sizes", "_sorted", "rows")

    def __init__(self) -> None:
        self.rows = 0
        # Lots by signed price; a level that is gone may stay with 0 until there are too many of them.
        self._sizes: dict[int, int] = {}
        self._room = _ROOM
        # Signed prices of the levels that are there, ascending: the best at the end. While ``_sorted`` they are true but for ``_changed``.
        self._bids: list[int] = []
        self._asks: list[int] = []
        self._sorted = False
        self._changed: list[int] = []
        self._most_changes = _LEAST_LAG

    def apply(self, columns: dict[str, Column], stop: int) -> None:
        """Apply the rows of depth columns up to ``stop``; the first row of a snapshot (rows of one message share time and ``seq``) clears
        both sides."""
        start = self.rows
        prices = (columns["side"][start:stop] * columns["ticks"][start:stop]).tolist()
        lots = columns["lots"][start:stop].tolist()
        self._take(prices, lots, snapshot_begins(columns, start, stop), 0, len(prices))

    def follow(self, stream: Stream, stop: int) -> None:
        """As `apply`, of a stream whose decoded rows are shared with others."""
        while self.rows < stop:
            block, offset = stream.depth.at(self.rows, stream.rows)
            self._take_block(block, offset, min(block.rows, offset + stop - self.rows))

    def set(self, side: int, ticks: int, lots: int) -> None:
        """Take one level's new absolute size; 0 removes it."""
        self._take([side * ticks], [lots], [], 0, 1)

    def size(self, side: int, ticks: int) -> int:
        """Displayed lots of the bids (+1) or asks (-1) at a price; 0 where nothing is displayed."""
        return self._sizes.get(side * ticks, 0)

    def levels(self, side: int) -> dict[int, int]:
        """Displayed lots by ticks of all levels of the bids (+1) or asks (-1): a copy, the best level last."""
        return {side * p: self._sizes[p] for p in self._ordered(side)}

    def beyond(self, side: int, ticks: int) -> Iterator[tuple[int, int]]:
        """Levels (ticks, lots) strictly behind ``ticks``, best first: bids (+1) below it, asks (-1) above it."""
        prices, sizes = self._ordered(side), self._sizes
        for i in range(bisect_left(prices, side * ticks) - 1, -1, -1):
            yield side * prices[i], sizes[prices[i]]

    def best(self, side: int, levels: int) -> list[tuple[int, int]]:
        """The best ``levels`` levels (ticks, lots) of the bids (+1) or asks (-1), best first."""
        sizes = self._sizes
        return [(side * p, sizes[p]) for p in self._ordered(side)[: -levels - 1 : -1]]

    # ---- inside

    def _take_block(self, block: DepthBlock, start: int, stop: int) -> None:
        self._take(block.prices, block.lots, block.begins, start, stop)

    def _take(self, prices: list[int], lots: list[int], begins: list[int], start: int, stop: int) -> None:
        """Apply the rows ``start`` to ``stop`` of the lists; at those in ``begins`` a snapshot replaces the book."""
        self.rows += stop - start
        for begin in begins:
            if start <= begin < stop:
                self._write(prices[start:begin], lots[start:begin])
                self._clear()
                start = begin
        self._write(prices[start:stop], lots[start:stop])

    def _write(self, prices: list[int], lots: list[int]) -> None:
        # Later rows of a level win, as they must.
        self._sizes.update(zip(prices, lots))  # noqa: B905 - equal by construction, and the check costs on every message
        if self._sorted:
            self._changed += prices
            self._sorted = len(self._changed) <= self._most_changes
        if len(self._sizes) > self._room:
            self._forget_gone()

    def _clear(self) -> None:
        self._sizes.clear()
        self._sorted = False

    def _forget_gone(self) -> None:
        self._sizes = {price: lots for price, lots in self._sizes.items() if lots}
        self._room = 2 * len(self._sizes) + _ROOM

    def _ordered(self, side: int) -> list[int]:
        if not self._sorted:
            self._sort()
        elif self._changed:
            self._catch_up()
        return self._bids if side > 0 else self._asks

    def _sort(self) -> None:
        self._forget_gone()
        prices = sorted(self._sizes)
        bids = bisect_left(prices, 0)
        self._asks, self._bids = prices[:bids], prices[bids:]
        self._sorted, self._changed = True, []
        self._most_changes = max(_LEAST_LAG, len(prices) // _LAG)

    def _catch_up(self) -> None:
        sizes = self._sizes
        for price in self._changed:
            levels = self._bids if price > 0 else self._asks
            place = bisect_left(levels, price)
            known = place < len(levels) and levels[place] == price
            if sizes.get(price, 0):
                if not known:
                    levels.insert(place, price)
            elif known:
                del levels[place]
        self._changed = []
