"""NautilusTrader's newer engine on W5: a strategy written in Python for each of the four captures, all of them in one run.

A level-2 book, queue positions on. The venue keeps the joined book; the strategy wakes on the recorded quotes.
"""

from __future__ import annotations

from typing import Any

from nautilus_trader.core.nautilus_pyo3 import model, trading

from benchmarks.captures import CAPTURES, QUOTE, Capture, Joined, load
from benchmarks.measure import Outcome, Stopwatch, job
from benchmarks.peers.nautilus_book import engine, instrument, instrument_id, rows
from benchmarks.workloads import CASH, Maker

STOCK = 1_000.0


class Quoting(trading.Strategy):
    """The rule of `benchmarks.workloads.Maker`."""

    def __new__(cls, tag: str, *_: Any) -> Quoting:
        config = trading.StrategyConfig(
            strategy_id=model.StrategyId(f"M-{tag}"), order_id_tag=tag, log_events=False, log_commands=False
        )
        return super().__new__(cls, config)

    def __init__(self, tag: str, capture: Capture, rule: Maker) -> None:
        super().__init__()
        market = capture.market
        self.market, self.capture = instrument_id(market), capture
        self.size = model.Quantity(capture.size_lots / 10.0**market.size_decimals, market.size_decimals)
        self.most = rule.limit * capture.size_lots
        self.scale = 10**market.size_decimals
        self.bid: Any = None
        self.ask: Any = None
        self.stirred = True
        self.orders: dict[Any, tuple[Any, Any]] = {}
        self.sides = {1: model.OrderSide.BUY, -1: model.OrderSide.SELL}
        self.held = self.sent = self.fills = 0
        self.paid = self.turnover = 0.0

    def on_start(self) -> None:
        self.subscribe_quotes(self.market)

    def on_quote(self, quote: Any) -> None:
        bid, ask = quote.bid_price, quote.ask_price
        if bid == self.bid and ask == self.ask and not self.stirred:
            return
        self.bid, self.ask, self.stirred = bid, ask, False
        self.stand(1, bid)
        self.stand(-1, ask)

    def stand(self, side: int, price: Any) -> None:
        standing = self.orders.get(side)
        if standing is not None:
            if standing[1] == price:
                return
            self.cancel_order(standing[0])
            del self.orders[side]
        if side * self.held >= self.most:
            return
        self.sent += 1
        order = self.order_factory.limit(self.market, self.sides[side], self.size, price, post_only=True)
        self.orders[side] = order.client_order_id, price
        self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:
        side = 1 if event.is_buy else -1
        qty, price = event.last_qty.as_double(), event.last_px.as_double()
        lots = round(qty * self.scale)
        self.fills += 1
        self.held += side * lots
        self.paid += side * qty * price
        self.turnover += qty * price
        if lots == self.capture.size_lots:
            self.gone(event)
        else:
            self.check(event)

    def check(self, event: Any) -> None:
        """A part was filled: the order is gone once nothing of it is left."""
        order = self.cache.order(event.client_order_id)
        if order is not None and order.is_closed:
            self.gone(event)

    def on_order_rejected(self, event: Any) -> None:
        self.gone(event)

    def on_order_denied(self, event: Any) -> None:
        self.gone(event)

    def gone(self, event: Any) -> None:
        for side, (name, _) in list(self.orders.items()):
            if name == event.client_order_id:
                del self.orders[side]
        self.stirred = True

    def pnl(self, fee: float) -> float:
        """Marked at the middle of the last best bid and ask."""
        middle = (self.bid.as_double() + self.ask.as_double()) / 2
        return self.held / self.scale * middle - self.paid - self.turnover * fee


def quotes(capture: Capture, tape: Joined) -> list[Any]:
    """The best bid and ask after every message that a quote made."""
    market, of = capture.market, instrument_id(capture.market)
    p, q = market.price_decimals, market.size_decimals
    scale, size = 10.0**p, 10.0**q
    made: list[Any] = []
    touch: dict[int, tuple[int, int]] = {}
    columns = (tape.ts, tape.kind, tape.side, tape.ticks, tape.lots, tape.ends)
    for ts, kind, side, ticks, lots, ends in zip(*(column.tolist() for column in columns), strict=True):
        if kind != QUOTE:
            continue
        if lots:
            touch[side] = ticks, lots
        if ends and len(touch) == 2:
            (bid, bid_lots), (ask, ask_lots) = touch[1], touch[-1]
            prices = model.Price(bid / scale, p), model.Price(ask / scale, p)
            sizes = model.Quantity(bid_lots / size, q), model.Quantity(ask_lots / size, q)
            made.append(model.QuoteTick(of, *prices, *sizes, ts, ts))
    return made


def main() -> None:
    task = job(__doc__, "default")
    rule = task.workload.maker or Maker("risk_averse")
    watch = Stopwatch(task, "nautilus_trader")
    share = None if task.n is None else task.n // len(CAPTURES)
    currencies = {name for c in CAPTURES for name in (c.market.base, c.market.quote)}
    stock = {c.market.base for c in CAPTURES}
    made = engine(
        [
            model.Money(STOCK if name in stock else float(CASH), model.Currency.from_str(name))
            for name in sorted(currencies)
        ]
    )
    changes = 0
    ran = []
    for number, capture in enumerate(CAPTURES, 1):
        tape = load(capture, share)
        changes += tape.level_changes
        made.add_instrument(instrument(capture.market, rule.fee, rule.fee))
        made.add_data(rows(capture, tape))
        made.add_data(quotes(capture, tape))
        ran.append(Quoting(f"{number:03d}", capture, rule))
        made.add_strategy(ran[-1])
    with watch:
        made.run()
    held = sum(r.held / r.scale for r in ran)
    pnl = sum(r.pnl(float(rule.fee)) for r in ran)
    watch.report(changes, Outcome(sum(r.sent for r in ran), sum(r.fills for r in ran), round(held, 8), pnl))


if __name__ == "__main__":
    main()
