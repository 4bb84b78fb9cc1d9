"""Our own speed on W1 to W4: seeded data, EMA(20)/EMA(50), the journal off; the run alone is timed, each in the same process.

``python -m benchmarks.ours [--reps N] [W1 W2 W3 W4]`` prints medians beside a calibration loop, so that runs on different machines compare as ratios.
No peer is run here: nothing in this folder compares with one yet.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from genesis.engine.engine import TradingEngine
from genesis.engine.journal import NullJournal
from genesis.engine.step import Tape
from genesis.execution.profile import ExecutionProfile, FeeCurrency, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import RunStarted
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.market import Bar, BarSpec, Trade
from genesis.model.money import Money
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.risk.gate import Limits
from genesis.rng import ClippedNormal
from genesis.strategies.base import Strategy
from genesis.tape.stream import Column, Stream, StreamKind

# Selling what is in flight must be allowed, as the workload's own position flag does not wait for fills: hence FX, not spot.
BTCUSDT = Instrument("BTCUSDT", "BENCH", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"), InstrumentKind.FX)
T0 = 1_735_689_600_000_000_000
MINUTE = 60_000_000_000
_ZERO = ClippedNormal(0, 0, 0, 0)
PROFILE = ExecutionProfile("bench", _ZERO, 0.5, _ZERO, Decimal(1), None)
FEES = FeeSchedule(currency=FeeCurrency.QUOTE)
ORDERS = {"W1": 17_159, "W2": 10_701, "W3": 269_880, "W4": None}


class Cross(Strategy):
    """Long 0.01 BTC while EMA(fast) is above EMA(50), else flat; no signal before 50 events."""

    def __init__(self, fast: int, on_bars: bool) -> None:
        super().__init__((BTCUSDT,), None)
        self._alpha, self._beta = 2 / (fast + 1), 2 / 51
        self._on_bars = on_bars
        self._fast = self._slow = 0.0
        self._seen = self.sent = 0
        self._long = False
        self._qty = BTCUSDT.quantity(1000)

    def on_start(self) -> None:
        if self._on_bars:
            self.subscribe_bars("1m")
        else:
            self.subscribe_trades()

    def on_trade(self, trade: Trade) -> None:
        self._see(trade.price)

    def on_bar(self, bar: Bar) -> None:
        self._see(bar.close)

    def _see(self, price: float) -> None:
        if not self._seen:
            self._fast = self._slow = price
        self._fast = fast = self._alpha * price + (1 - self._alpha) * self._fast
        self._slow = slow = self._beta * price + (1 - self._beta) * self._slow
        self._seen += 1
        if self._seen < 50:
            return
        if fast > slow and not self._long:
            self._long = True
            self.sent += 1
            self.buy(self._qty)
        elif fast < slow and self._long:
            self._long = False
            self.sent += 1
            self.sell(self._qty)


def trades() -> dict[str, Column]:
    """W1: 1,000,000 trades (numpy seed 20250101)."""
    n, r = 1_000_000, np.random.default_rng(20250101)
    ts = T0 + np.cumsum(np.maximum(1, r.exponential(50e6, n)).astype(np.int64))
    jump = r.random(n) < 0.15
    step = np.rint(r.standard_t(4, n) * 220).astype(np.int64)
    bid = 6_000_000 + np.cumsum(np.where(jump, step, 0))
    side = (np.cumsum(r.random(n) >= 0.7) % 2).astype(bool)
    lots = np.maximum(1, np.rint(r.lognormal(-5.0, 1.6, n) * 1e5)).astype(np.int64)
    zeros = np.zeros(n, np.int64)
    return {
        "ts": ts,
        "time_event": ts,
        "seq": zeros,
        "trade_id": np.arange(1, n + 1, dtype=np.int64),
        "ticks": np.where(side, bid, bid + 1).astype(np.int64),
        "lots": lots,
        "side": np.where(side, -1, 1).astype(np.int64),
    }


def bars() -> dict[str, Column]:
    """W2: 525,600 one-minute bars (numpy seed 20250102)."""
    n, sub, r = 525_600, 6, np.random.default_rng(20250102)
    vol = 0.60 / np.sqrt(n * sub) * (1 + 0.5 * np.sin(2 * np.pi * (np.arange(n) % 1440) / 1440))
    steps = r.standard_t(5, (n, sub)) * np.sqrt(3 / 5) * vol[:, None]
    px = np.rint(np.exp(np.log(60_000.0) + np.cumsum(steps.ravel()).reshape(n, sub)) * 100)
    close = px[:, -1]
    first = np.concatenate([[6_000_000.0], close[:-1]])
    lots = np.maximum(1, np.rint(r.lognormal(2.0, 0.8, n) * 1e5))
    opened = T0 + np.arange(n, dtype=np.int64) * MINUTE
    prices = {"open": first, "high": np.maximum(first, px.max(1)), "low": np.minimum(first, px.min(1)), "close": close}
    return {
        "ts": opened + MINUTE,
        "time_open": opened,
        "seq": np.zeros(n, np.int64),
        "lots": lots.astype(np.int64),
        **{name: column.astype(np.int64) for name, column in prices.items()},
    }


def once(workload: str, columns: dict[str, Column]) -> tuple[float, int, int, Decimal]:
    """(seconds, events, orders, P&L) of one run."""
    on_trades = workload in ("W1", "W4")
    kind, spec = (StreamKind.TRADES, None) if on_trades else (StreamKind.BARS, BarSpec.parse("1m"))
    stream = Stream(BTCUSDT, kind, spec)
    stream.record(columns)
    tape = Tape([stream])
    simulator = PaperTradingSimulator(
        tape,
        StrategyMonitor(),
        1,
        stream.times[0] - 1,
        PROFILE,
        Limits(orders_per_minute=10**6),
        fees={BTCUSDT.id: FEES},
        journalled=False,
    )
    periods = range(5, 25) if workload == "W3" else (20,)
    strategies = [Cross(fast, workload != "W1") for fast in periods]
    for fast, strategy in zip(periods, strategies, strict=True):
        simulator.add(f"ema{fast}", strategy, Money(1_000_000, "USDT"))
    engine = TradingEngine(tape, simulator.tracks, NullJournal(), RunStarted(T0, None, {}))
    began = time.perf_counter()
    engine.run(Replay([stream]).cut(16_384))
    seconds = time.perf_counter() - began
    units = sum(t.desk.equity_units() for t in simulator.tracks)
    pnl = simulator.tracks[0].portfolio.to_money(units).amount - 1_000_000 * len(strategies)
    return seconds, stream.rows * len(strategies), sum(s.sent for s in strategies), pnl


def calibration() -> float:
    """Events a second of the smallest loop that keeps two EMAs: what this machine's Python can do now."""
    prices = [60_000.0 + i % 100 for i in range(1_000_000)]
    began = time.perf_counter()
    fast = slow = prices[0]
    above = 0
    for price in prices:
        fast = 0.0952 * price + 0.9048 * fast
        slow = 0.039 * price + 0.961 * slow
        above += fast > slow
    return len(prices) / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workloads", nargs="*", default=list(ORDERS))
    parser.add_argument("--reps", type=int, default=5)
    given = parser.parse_args()
    sources: dict[bool, Callable[[], dict[str, Column]]] = {True: trades, False: bars}
    data: dict[bool, dict[str, Column]] = {}
    print(f"{'':4}{'events/s':>12}{'of the loop':>13}{'orders':>10}{'P&L, USDT':>16}")
    for workload in given.workloads:
        on_trades = workload in ("W1", "W4")
        if on_trades not in data:
            data[on_trades] = sources[on_trades]()
        columns = data[on_trades]
        rates, loops, orders, pnl = [], [], 0, Decimal(0)
        for _ in range(given.reps):
            loops.append(calibration())
            seconds, events, orders, pnl = once(workload, columns)
            rates.append(events / seconds)
        rate = statistics.median(rates)
        wanted = ORDERS.get(workload)
        mark = "" if wanted in (None, orders) else f"  expected {wanted} orders: does not compare"
        print(f"{workload:4}{rate:12,.0f}{rate / statistics.median(loops):13.3f}{orders:10,}{pnl:16.4f}{mark}")


if __name__ == "__main__":
    main()
