"""Genesis on the fixed list of orders: every order on a track of its own, no latency, no slippage, the whole of a print.

A track for each, because tracks do not compete for the same displayed size: what differs from a peer is then the order's own story.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from benchmarks.captures import Capture
from benchmarks.genesis_driver import LIMITS
from benchmarks.genesis_maker import profile
from benchmarks.orders import Done, Sent
from benchmarks.recordings import streams
from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import OrderCanceled, OrderDenied, OrderEvent, OrderExpired, OrderFilled, OrderRejected
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.model.orders import Approved, OrderIntent, OrderType, Side, TimeInForce
from genesis.model.run_events import RunStarted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.risk.limits import Limits
from genesis.risk.tiers import DEFAULT_TIERS
from genesis.storage.memory import NullJournal
from genesis.strategies.base import Strategy

CASH = 10**12
_ENDED = (OrderCanceled, OrderExpired, OrderRejected, OrderDenied)
FREE = FeeSchedule(Decimal(0), Decimal(0), FeeCurrency.QUOTE)
# What a risk manager would not allow is what is to be looked at here: three times the touch at market.
TIERS = tuple(
    msgspec.structs.replace(tier, order_max=Decimal(10), gross_exposure_max=Decimal(10), open_orders_max=10**6)
    for tier in DEFAULT_TIERS
)
NO_LIMITS = msgspec.structs.replace(LIMITS, fat_finger=Decimal(1))


class ReplayStrategy(Strategy):
    """Sends each order of a list at its time, and its cancel at its time; keeps what it heard."""

    def __init__(self, instrument: Instrument, orders: Sequence[Sent]) -> None:
        super().__init__((instrument,), None)
        self._orders = {f"send {order.number}": order for order in orders}
        self._ids: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self.fills: dict[int, list[tuple[int, int, int]]] = {order.number: [] for order in orders}
        self.ended: dict[int, str] = {}

    def on_start(self) -> None:
        for name, order in self._orders.items():
            self.set_timer(name, order.sent)
            self.set_timer(f"cancel {order.number}", order.cancelled)

    def on_timer(self, name: str) -> None:
        what, _, number = name.partition(" ")
        if what == "cancel":
            if number in self._ids:
                self.cancel(self._ids[number])
            return
        order = self._orders[name]
        answer = self.submit(intent(self.instrument, order))
        if not isinstance(answer, Approved):
            self.ended[order.number] = f"{answer.reason.value}: {answer.detail}"
            return
        self._ids[number] = answer.order.client_order_id
        self._numbers[answer.order.client_order_id] = order.number

    def on_fill(self, fill: OrderFilled) -> None:
        number = self._numbers[fill.order.client_order_id]
        self.fills[number].append((fill.time_event, fill.last_ticks, fill.last_lots))
        if not fill.leaves_lots:
            self.ended[number] = "filled"

    def on_order(self, event: OrderEvent | OrderDenied) -> None:
        if isinstance(event, _ENDED) and not isinstance(event, OrderDenied):
            self.ended[self._numbers[event.order.client_order_id]] = type(event).__name__


def intent(instrument: Instrument, order: Sent) -> OrderIntent:
    """The order as a strategy wants it."""
    return OrderIntent(
        instrument,
        Side(order.side),
        order.lots,
        OrderType.MARKET if order.limit is None else OrderType.LIMIT,
        order.limit,
        time_in_force=TimeInForce.IOC if order.immediate else TimeInForce.GTC,
    )


def fills(capture: Capture, orders: Sequence[Sent], limits: Limits = NO_LIMITS) -> list[Done]:
    """What our executor does with each order."""
    traded, recorded = streams(capture)
    tape = Tape(recorded)
    start = min(stream.times[0] for stream in recorded) - 1
    simulator = PaperTradingSimulator(
        tape, StrategyMonitor(), 1, start, profile("risk_averse"), limits, TIERS, {traded.id: FREE}, journalled=False
    )
    asked = []
    for order in orders:
        asked.append(ReplayStrategy(traded, [order]))
        simulator.add(f"order-{order.number}", asked[-1], Money(CASH, capture.market.quote))
    TradingEngine(tape, simulator.tracks, NullJournal(), RunStarted(start, None, {})).run(Replay(recorded).cut())
    return [
        Done(order.number, tuple(strategy.fills[order.number]), strategy.ended.get(order.number, "open"))
        for order, strategy in zip(orders, asked, strict=True)
    ]
