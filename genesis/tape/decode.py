"""Rows as frozen events, made once in blocks and shared by every track that reads the same stretch.

Blocks are small enough that the memory of a block let go serves the next one while it is still in the processor's cache, and large enough
that a block's fixed cost is little a row. Beside its events a block keeps as plain lists what the engine itself reads of every row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from genesis.model.market import Bar, Quote, Trade

_SHIFT = 10
_SIZE = 1 << _SHIFT
# For one reader the last two, which stay in the processor's cache; for several as many as a batch has, so that each is decoded once.
_KEPT_FOR_ONE = 2
_KEPT_FOR_SEVERAL = 16


class Block:
    """Rows from a first one on, as far as they were decoded."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows = 0


class TradeBlock(Block):
    """Trades. All lists are of equal length; ``times`` is engine time, ``sides`` the takers' signs."""

    __slots__ = ("events", "lots", "prices", "sides", "ticks", "times")

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Trade] = []
        self.times: list[int] = []
        self.ticks: list[int] = []
        self.lots: list[int] = []
        self.sides: list[int] = []
        self.prices: list[float] = []


class QuoteBlock(Block):
    """Quotes. All lists are of equal length; ``times`` is engine time, ``bids`` and ``asks`` are ticks."""

    __slots__ = ("ask_lots", "ask_prices", "asks", "bid_lots", "bid_prices", "bids", "events", "times")

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Quote] = []
        self.times: list[int] = []
        self.bids: list[int] = []
        self.bid_lots: list[int] = []
        self.asks: list[int] = []
        self.ask_lots: list[int] = []
        self.bid_prices: list[float] = []
        self.ask_prices: list[float] = []


class DepthBlock(Block):
    """Depth rows. Lists of equal length: ``prices`` in ticks, bids above and asks below zero, ``lots`` the level's new absolute size.

    ``begins`` are the places of the rows with which a snapshot begins.
    """

    __slots__ = ("begins", "lots", "prices")

    def __init__(self) -> None:
        super().__init__()
        self.prices: list[int] = []
        self.lots: list[int] = []
        self.begins: list[int] = []


class BarBlock(Block):
    """Bars. All lists are of equal length; ``times`` is when they closed, ``closes`` and ``close_ticks`` at which price."""

    __slots__ = ("close_ticks", "closes", "events", "times")

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Bar] = []
        self.times: list[int] = []
        self.close_ticks: list[int] = []
        self.closes: list[float] = []


B = TypeVar("B", bound=Block)


class Blocks(Generic[B]):
    """Aligned blocks of 1,024 rows; a block still being filled grows, and the oldest blocks are let go.

    ``fill(block, start, stop)`` decodes rows to the end of a block. One reader never comes back to what lies behind: whoever does shows that
    there are several.
    """

    __slots__ = ("_blocks", "_fill", "_kept", "_last", "_last_number", "_new", "_newest")

    def __init__(self, new: Callable[[], B], fill: Callable[[B, int, int], None]) -> None:
        self._new, self._fill = new, fill
        self._blocks: dict[int, B] = {}
        self._kept, self._newest = _KEPT_FOR_ONE, -1
        # The block asked for last, which mostly is the one asked for next.
        self._last, self._last_number = new(), -1

    def at(self, row: int, rows: int) -> tuple[B, int]:
        """The block that holds ``row``, decoded as far as the ``rows`` arrived, and the row's place in it."""
        number = row >> _SHIFT
        first = number << _SHIFT
        block = self._last if number == self._last_number else self._block(number)
        need = min(rows - first, _SIZE)
        if block.rows < need:
            self._fill(block, first + block.rows, first + need)
            block.rows = need
        return block, row - first

    def _block(self, number: int) -> B:
        block = self._blocks.get(number)
        if number < self._newest:
            self._kept = _KEPT_FOR_SEVERAL
        else:
            self._newest = number
        if block is None:
            if len(self._blocks) >= self._kept:
                del self._blocks[next(iter(self._blocks))]
            block = self._blocks[number] = self._new()
        self._last, self._last_number = block, number
        return block
