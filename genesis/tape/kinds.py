"""What the rows of a stream are, and which columns they have."""

from __future__ import annotations

from enum import Enum


class StreamKind(Enum):
    """What a row is. The order of members is the order of rows of one moment where the source gives none."""

    TRADES = "trades"
    ORDERS = "orders"
    QUOTES = "quotes"
    DEPTH = "depth"
    BARS = "bars"
    MARK = "mark"
    FUNDING = "funding"


# ``ts`` engine time; ``seq`` place within one arrival (a capture's line), 0 where the source has none;
# ``side`` of a trade is the taker's (+1 buys, -1 sells, 0 unknown), of a depth row +1 bid, -1 ask;
# a depth row's ``lots`` is the level's new absolute size, 0 removes it; ``snapshot`` 1 on the rows of a full snapshot.
# An orders row's ``lots`` is what remains of the order, on a delete what was withdrawn; ``ticks`` 0 is a market order.
# A bars row's ``ts`` is its close, the moment at which it can be known.
# ``mark``, ``low`` and ``high`` are units of genesis.model.mark_prices: the mark price now, and its extremes since the row before;
# a funding row's ``ts`` is the settlement, ``rate_e8`` 10**-8 of the position's value at the mark price, which longs pay to shorts.
COLUMNS: dict[StreamKind, tuple[str, ...]] = {
    StreamKind.TRADES: ("ts", "time_event", "seq", "trade_id", "ticks", "lots", "side"),
    StreamKind.ORDERS: ("ts", "time_event", "seq", "order_id", "action", "side", "ticks", "lots"),
    StreamKind.QUOTES: ("ts", "time_event", "seq", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots"),
    StreamKind.DEPTH: ("ts", "time_event", "seq", "snapshot", "side", "ticks", "lots"),
    StreamKind.BARS: ("ts", "time_open", "seq", "open", "high", "low", "close", "lots"),
    StreamKind.MARK: ("ts", "time_event", "seq", "mark", "low", "high"),
    StreamKind.FUNDING: ("ts", "time_event", "seq", "rate_e8"),
}
