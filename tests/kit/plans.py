"""A strategy that does what it is told, second by second."""

from __future__ import annotations

import msgspec

from genesis.model.market import Trade
from genesis.model.orders import Side
from genesis.strategies.base import Strategy
from tests.kit.runs import START

SECOND = 1_000_000_000


class Plan(Strategy):
    """At the first print heard in each given second, sends signed lots of instruments by symbol."""

    class Params(msgspec.Struct, frozen=True):
        orders: dict[int, dict[str, int]]

    def on_start(self) -> None:
        for instrument in self.instruments:
            self.subscribe_trades(instrument)
        self._left = dict(self.params.orders)

    def on_trade(self, trade: Trade) -> None:
        for symbol, lots in self._left.pop((trade.time_received - START) // SECOND, {}).items():
            instrument = next(i for i in self.instruments if symbol in (i.symbol, i.kind.name[:4]))
            side = Side.BUY if lots > 0 else Side.SELL
            self.order(side, instrument.quantity(abs(lots)), instrument=instrument)
