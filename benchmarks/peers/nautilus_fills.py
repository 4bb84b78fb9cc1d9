"""NautilusTrader's newer engine on the fixed list of orders: each by a timer of the strategy, and never two at work in one run.

A level-2 book, queue positions on, no latency; consumed size is not remembered (its default). Orders at work together would share
each print, and what an order does would hang on the others.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

from nautilus_trader.core.nautilus_pyo3 import model, trading

from benchmarks.captures import CAPTURES, Capture, load
from benchmarks.orders import Done, Sent, apart, read_orders, write_answers
from benchmarks.peers.nautilus_book import engine, instrument, instrument_id, rows

ENGINE = "nautilus"
PLENTY = 1_000_000.0


class Replay(trading.Strategy):
    """Sends each order of the list at its time, and its cancel at its time; keeps what it heard."""

    def __new__(cls, *_: Any) -> Replay:
        config = trading.StrategyConfig(
            strategy_id=model.StrategyId("R-001"), order_id_tag="001", log_events=False, log_commands=False
        )
        return super().__new__(cls, config)

    def __init__(self, capture: Capture, orders: list[Sent]) -> None:
        super().__init__()
        self.capture, self.orders = capture, {str(order.number): order for order in orders}
        self.fills: dict[str, list[tuple[int, int, int]]] = {number: [] for number in self.orders}
        self.ended: dict[str, str] = {}

    def on_start(self) -> None:
        self.subscribe_trades(instrument_id(self.capture.market))
        for number, order in self.orders.items():
            self.clock.set_time_alert_ns(f"send {number}", order.sent)
            self.clock.set_time_alert_ns(f"cancel {number}", order.cancelled)

    def on_time_event(self, event: Any) -> None:
        what, _, number = event.name.partition(" ")
        if what == "cancel":
            if number not in self.ended:
                self.cancel_order(model.ClientOrderId(f"O-{number}"))
            return
        order, market = self.orders[number], self.capture.market
        side = model.OrderSide.BUY if order.side > 0 else model.OrderSide.SELL
        qty = model.Quantity(order.lots / 10.0**market.size_decimals, market.size_decimals)
        of, name = instrument_id(market), model.ClientOrderId(f"O-{number}")
        if order.limit is None:
            made = self.order_factory.market(of, side, qty, client_order_id=name)
        else:
            price = model.Price(order.limit / 10.0**market.price_decimals, market.price_decimals)
            tif = model.TimeInForce.IOC if order.immediate else model.TimeInForce.GTC
            made = self.order_factory.limit(of, side, qty, price, time_in_force=tif, client_order_id=name)
        self.submit_order(made)

    def on_order_filled(self, event: Any) -> None:
        market, number = self.capture.market, self._number(event)
        ticks = round(event.last_px.as_double() * 10**market.price_decimals)
        lots = round(event.last_qty.as_double() * 10**market.size_decimals)
        self.fills[number].append((event.ts_event, ticks, lots))
        if sum(fill[2] for fill in self.fills[number]) == self.orders[number].lots:
            self.ended[number] = "filled"

    def on_order_canceled(self, event: Any) -> None:
        self.ended[self._number(event)] = "cancelled"

    def on_order_rejected(self, event: Any) -> None:
        self.ended[self._number(event)] = f"rejected: {event.reason}"

    def on_order_denied(self, event: Any) -> None:
        self.ended[self._number(event)] = f"denied: {event.reason}"

    def on_order_expired(self, event: Any) -> None:
        self.ended[self._number(event)] = "expired"

    @staticmethod
    def _number(event: Any) -> str:
        return str(event.client_order_id).removeprefix("O-")


def answers(capture: Capture, feed: list[Any], orders: list[Sent]) -> list[Done]:
    """One run."""
    market = capture.market
    money = model.Money(PLENTY * 1_000, model.Currency.from_str(market.quote))
    made = engine([money, model.Money(PLENTY, model.Currency.from_str(market.base))])
    made.add_instrument(instrument(market, Decimal(0), Decimal(0)))
    made.add_data(feed)
    replay = Replay(capture, orders)
    made.add_strategy(replay)
    made.run()
    return [Done(int(n), tuple(replay.fills[n]), replay.ended.get(n, "open")) for n in replay.orders]


def main() -> None:
    capture = {c.name: c for c in CAPTURES}[sys.argv[1]]
    feed = rows(capture, load(capture))
    done = [one for orders in apart(read_orders(capture)) for one in answers(capture, feed, orders)]
    write_answers(capture, ENGINE, done)


if __name__ == "__main__":
    main()
