"""Genesis on W5: an ordinary Python strategy on quotes, a track for each of the four captures, all of them in one run.

No latency and no slippage; depth, quotes and trades as they were recorded. Modes as in `benchmarks.genesis_driver`.
"""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import msgspec

from benchmarks.captures import CAPTURES, Capture
from benchmarks.genesis_driver import LIMITS, PROFILE, run
from benchmarks.measure import Job, Outcome, Stopwatch, job
from benchmarks.recordings import streams
from benchmarks.workloads import CASH, DataMissing, Maker
from genesis.clock import SystemClock
from genesis.engine.step import Tape
from genesis.execution.profile import ExecutionProfile, FeeCurrency, FeeSchedule
from genesis.model.events import OrderDenied, OrderEvent, OrderFilled, OrderRejected
from genesis.model.instruments import Instrument
from genesis.model.market import Quote
from genesis.model.money import Money
from genesis.model.orders import Approved, OrderIntent, OrderType, Side
from genesis.model.run_events import RunStarted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.storage.memory import NullJournal
from genesis.storage.sqlite import SqliteStore
from genesis.strategies.base import Strategy
from genesis.tape.stream import Stream


class Quoting(Strategy):
    """The rule of `benchmarks.workloads.Maker`. ``cash`` is in ticks times lots, ``turnover`` likewise."""

    def __init__(self, instrument: Instrument, rule: Maker, lots: int) -> None:
        super().__init__((instrument,), None)
        self._lots, self._most = lots, rule.limit * lots
        self._prices = (0, 0)
        self._stirred = True
        self._orders: dict[Side, tuple[str, int]] = {}
        self.held = self.cash = self.turnover = self.sent = self.fills = self.mid_x2 = 0

    def on_start(self) -> None:
        self.subscribe_quotes()

    def on_quote(self, quote: Quote) -> None:
        bid, ask = quote.bid_ticks, quote.ask_ticks
        if (bid, ask) == self._prices and not self._stirred:
            return
        self._prices, self._stirred, self.mid_x2 = (bid, ask), False, bid + ask
        self._quote(Side.BUY, bid)
        self._quote(Side.SELL, ask)

    def _quote(self, side: Side, ticks: int) -> None:
        standing = self._orders.get(side)
        if standing is not None:
            if standing[1] == ticks:
                return
            self.cancel(standing[0])
            del self._orders[side]
        if side * self.held >= self._most:
            return
        self.sent += 1
        answer = self.submit(OrderIntent(self.instrument, side, self._lots, OrderType.LIMIT, ticks, post_only=True))
        if isinstance(answer, Approved):
            self._orders[side] = answer.order.client_order_id, ticks

    def on_fill(self, fill: OrderFilled) -> None:
        intent = fill.order.intent
        value = fill.last_ticks * fill.last_lots
        self.fills += 1
        self.held += intent.side * fill.last_lots
        self.cash -= intent.side * value
        self.turnover += value
        if not fill.leaves_lots:
            self._gone(fill)

    def on_order(self, event: OrderEvent | OrderDenied) -> None:
        if isinstance(event, OrderRejected):
            self._gone(event)
        elif isinstance(event, OrderDenied):
            self._stirred = True

    def _gone(self, event: OrderEvent) -> None:
        side = event.order.intent.side
        if side in self._orders and self._orders[side][0] == event.order.client_order_id:
            del self._orders[side]
        self._stirred = True


def profile(queue: str) -> ExecutionProfile:
    """The benchmark's assumptions, with this model of the queue.

    Raises:
        DataMissing: this Genesis has no such model.
    """
    if "queue" in ExecutionProfile.__struct_fields__:
        return msgspec.structs.replace(PROFILE, queue=queue)
    if queue != "risk_averse":
        raise DataMissing(f"queue: expected risk_averse, the only model here, found {queue}")
    return PROFILE


def fees(rule: Maker) -> FeeSchedule:
    """Maker and taker alike: nothing is taken."""
    basis_points = rule.fee * 10_000
    return FeeSchedule(basis_points, basis_points, FeeCurrency.QUOTE)


def outcome(strategies: list[tuple[Capture, Quoting]], rule: Maker) -> Outcome:
    """P&L in exact decimals from the strategies' own fills, dollars and dollar coins added up; the position likewise."""
    pnl = held = Decimal(0)
    for capture, ran in strategies:
        unit = capture.market.tick.scaleb(-capture.market.size_decimals)
        pnl += (ran.cash + ran.held * Decimal(ran.mid_x2) / 2 - ran.turnover * rule.fee) * unit
        held += Decimal(ran.held).scaleb(-capture.market.size_decimals)
    ran_all = [ran for _, ran in strategies]
    return Outcome(sum(r.sent for r in ran_all), sum(r.fills for r in ran_all), float(held), float(pnl))


def share(task: Job) -> int | None:
    """Level changes taken of each capture, where only ``task.n`` are of all."""
    return None if task.n is None else task.n // len(CAPTURES)


def main() -> None:
    task = job(__doc__, "plain", "journal")
    rule = task.workload.maker or Maker("risk_averse")
    watch = Stopwatch(task, "genesis-trading")
    recorded: list[Stream] = []
    strategies: list[tuple[Capture, Quoting]] = []
    changes = 0
    for capture in CAPTURES:
        traded, found = streams(capture, share(task))
        recorded += found
        changes += next(stream.recorded for stream in found if stream.kind.value == "depth")
        strategies.append((capture, Quoting(traded, rule, capture.size_lots)))
    tape = Tape(recorded)
    start = min(stream.times[0] for stream in recorded) - 1
    schedules = {strategy.instrument.id: fees(rule) for _, strategy in strategies}
    simulator = PaperTradingSimulator(
        tape,
        StrategyMonitor(),
        1,
        start,
        profile(rule.queue),
        LIMITS,
        fees=schedules,
        journalled=task.mode == "journal",
    )
    for capture, strategy in strategies:
        simulator.add(capture.name, strategy, Money(CASH, capture.market.quote))
    started = RunStarted(start, None, {"benchmark": task.workload.name})
    with tempfile.TemporaryDirectory() as folder:
        if task.mode == "plain":
            run(tape, simulator.tracks, NullJournal(), started, watch)
        else:
            with SqliteStore.open(Path(folder) / "genesis.db", SystemClock(), "benchmark") as store:
                run(tape, simulator.tracks, store.journal, started, watch)
    watch.report(changes, outcome(strategies, rule))


if __name__ == "__main__":
    main()
