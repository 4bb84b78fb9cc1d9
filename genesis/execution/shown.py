"""What one venue shows of one instrument now: the best quote, the book behind it, the last price, and how old each is."""

from __future__ import annotations

from typing import Final, Protocol

from genesis.execution.book import DepthBook
from genesis.execution.liquidity import TakenLiquidity
from genesis.execution.order_queue import OrderQueues
from genesis.execution.tier import Confidence, Tier
from genesis.tape.stream import Column, Stream

NEVER_NS = -(2**62)
_ORDERS: Final = Tier.ORDERS
_DEPTH: Final = Tier.DEPTH
_QUOTES: Final = Tier.QUOTES
_TRADES: Final = Tier.TRADES
_BARS: Final = Tier.BARS
_HIGH: Final = Confidence.HIGH
_MEDIUM: Final = Confidence.MEDIUM
_LOW: Final = Confidence.LOW
_ROUGH: Final = Confidence.ROUGH


class Conditions(Protocol):
    """What the market was like lately, as of a moment; every answer comes from rows before it."""

    def daily(self, now_ns: int) -> tuple[float, float]:
        """(volatility of a day as a fraction, lots traded in a day); zeros where nothing is known."""
        ...

    def half_spread(self, now_ns: int) -> int:
        """Estimated half spread as a fraction of price in 1e-8, where no bid and ask are shown."""
        ...

    def typical_print(self, now_ns: int) -> int | None:
        """Median size of recent prints, in lots."""
        ...


class Shown:
    """The market as displayed, less what own orders took of it (``taken``).

    ``has_quotes`` and so on say what the tape can show at all; the ``*_ns`` when each was last heard. ``orders`` are the queues order by order,
    where the tape has them; they serve the queue, while sizes are taken from ``book``.
    """

    __slots__ = (
        "ask",
        "ask_lots",
        "bid",
        "bid_lots",
        "book",
        "book_fresh_ns",
        "depth_ns",
        "has_bars",
        "has_quotes",
        "has_trades",
        "last",
        "orders",
        "quote_ns",
        "taken",
        "trade_ns",
    )

    def __init__(self, sources: frozenset[Tier], taken: TakenLiquidity, book_fresh_ns: int) -> None:
        self.taken = taken
        self.book_fresh_ns = book_fresh_ns
        self.book = DepthBook() if Tier.DEPTH in sources else None
        self.orders = OrderQueues() if Tier.ORDERS in sources else None
        self.has_quotes = Tier.QUOTES in sources
        self.has_trades = Tier.TRADES in sources
        self.has_bars = Tier.BARS in sources
        self.bid = self.ask = self.last = self.bid_lots = self.ask_lots = 0
        self.quote_ns = self.depth_ns = self.trade_ns = NEVER_NS

    def tier(self, now_ns: int) -> Tier:
        """The best data that are fresh at this moment; where none is, the poorest there are."""
        if self.has_quotes and (now_ns - self.quote_ns <= self.book_fresh_ns or not (self.has_trades or self.has_bars)):
            if self.book is None or now_ns - self.depth_ns > self.book_fresh_ns:
                return _QUOTES
            return _DEPTH if self.orders is None else _ORDERS
        return _TRADES if self.has_trades else _BARS

    def confidence(self, tier: Tier, now_ns: int) -> Confidence:
        """How far a taker's fill of this tier is to be believed."""
        if tier is _BARS:
            return _ROUGH
        if not tier.has_book or now_ns - self.quote_ns > self.book_fresh_ns:
            return _LOW
        return _MEDIUM if tier is _QUOTES else _HIGH

    def touch(self, sign: int) -> int | None:
        """The price a taker of this side faces: the ask or bid, else the last price; ``None`` before any was seen."""
        if self.has_quotes:
            quoted = self.ask if sign > 0 else self.bid
            return quoted or (self.last or None if self.has_trades else None)
        return self.last or None

    def mid_x2(self) -> int | None:
        """Twice the mid, ``None`` where no book shows one."""
        return self.bid + self.ask if self.bid and self.ask else None

    def queue_at(self, sign: int, ticks: int) -> int | None:
        """Displayed lots at a resting price on its own side; ``None`` where it cannot be seen."""
        if not self.has_quotes:
            return None
        best, lots = (self.bid, self.bid_lots) if sign > 0 else (self.ask, self.ask_lots)
        deep = self.book.size(sign, ticks) if self.book is not None else 0
        if ticks == best:
            # Of two sources that differ, the one that puts more before us.
            return max(lots, deep)
        if (ticks - best) * sign > 0 or not best:
            return deep
        return deep if self.book is not None else None

    def levels(self, sign: int, tier: Tier, lots: int) -> list[tuple[int, int]]:
        """(ticks, lots) that a taker of this side may take, best first, less what own orders took: enough for ``lots`` or all there is."""
        touch, displayed = (self.ask, self.ask_lots) if sign > 0 else (self.bid, self.bid_lots)
        if not touch:
            return []
        available = self.taken.available(-sign, touch, displayed)
        found = [(touch, available)]
        lots -= available
        if tier is not _QUOTES and self.book is not None and lots > 0:
            for ticks, size in self.book.beyond(-sign, touch):
                available = self.taken.available(-sign, ticks, size)
                found.append((ticks, available))
                lots -= available
                if lots <= 0:
                    break
        return found

    def show_print(self, ticks: int, time_ns: int) -> None:
        """A trade printed, and moves no order."""
        self.last, self.trade_ns = ticks, time_ns

    def show_orders(self, columns: dict[str, Column], stop: int) -> None:
        """The order rows up to ``stop`` have arrived."""
        if self.orders is not None:
            self.orders.apply(columns, stop)

    def show_depth(self, stream: Stream, stop: int) -> None:
        """The depth rows up to ``stop`` have arrived."""
        if self.book is not None:
            self.book.follow(stream, stop)
            self.depth_ns = stream.times[stop - 1]

    def show_quote(self, bid: int, bid_lots: int, ask: int, ask_lots: int, time_ns: int) -> None:
        """The best bid or ask is this now."""
        taken = self.taken
        if taken:
            taken.leave(bid, ask)
            if (bid, bid_lots) != (self.bid, self.bid_lots):
                taken.refresh(1, bid, bid_lots, time_ns)
            if (ask, ask_lots) != (self.ask, self.ask_lots):
                taken.refresh(-1, ask, ask_lots, time_ns)
        self.bid, self.bid_lots, self.ask, self.ask_lots, self.quote_ns = bid, bid_lots, ask, ask_lots, time_ns
