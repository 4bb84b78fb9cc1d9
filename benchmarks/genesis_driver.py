"""Genesis: an ordinary Python strategy on paper tracks, no latency and no slippage, everything else on.

Mode ``plain`` writes no journal; ``journal`` writes the run chain and its projections to SQLite, made durable in groups, into a
temporary folder. An order fills from what prints after it, the whole of a print or of a bar at most. ``--profile`` runs under other
assumptions: ``spec``, or ``realistic`` where this Genesis has it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from benchmarks.measure import Job, Outcome, Stopwatch, job
from benchmarks.workloads import CASH, MINUTE_NS, SLOW, WARMUP, Bars, DataMissing, Market, Trades, Wakes, scaled
from genesis.clock import SystemClock
from genesis.engine.engine import TradingEngine
from genesis.engine.journal import Journal
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.execution import profile as profiles
from genesis.execution.profile import ExecutionProfile, FeeCurrency, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import OrderFilled
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.market import Bar, BarSpec, Trade
from genesis.model.money import Money
from genesis.model.run_events import RunStarted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.risk.limits import Limits
from genesis.rng import ClippedNormal
from genesis.storage.memory import NullJournal
from genesis.storage.sqlite import SqliteStore
from genesis.strategies.base import Strategy
from genesis.system.pacing import Pace
from genesis.tape.stream import Column, Stream, StreamKind

ZERO = ClippedNormal(0, 0, 0, 0)
PROFILE = ExecutionProfile(name="benchmark", latency_ms=ZERO, slippage_bp=ZERO, prints_share=Decimal(1), bar_share=None)
FEES = FeeSchedule(currency=FeeCurrency.QUOTE)
LIMITS = Limits(orders_per_minute=10**6)


class Cross(Strategy):
    """The moving-average cross, on trades or on bars; it goes by what it sent, not by what has filled."""

    def __init__(self, instrument: Instrument, fast: int, size: Decimal, bars: str | None) -> None:
        super().__init__((instrument,), None)
        self._fast_weight, self._slow_weight = 2 / (fast + 1), 2 / (SLOW + 1)
        self._size, self._bars = instrument.quantity(instrument.lots(size)), bars
        self._fast = self._slow = 0.0
        self._seen = self.sent = self.fills = 0
        self._holds = False

    def on_start(self) -> None:
        if self._bars is None:
            self.subscribe_trades()
        else:
            self.subscribe_bars(self._bars)

    def on_trade(self, trade: Trade) -> None:
        self._decide(trade.price)

    def on_bar(self, bar: Bar) -> None:
        self._decide(bar.close)

    def on_fill(self, fill: OrderFilled) -> None:
        self.fills += 1

    def _decide(self, price: float) -> None:
        if not self._seen:
            self._fast = self._slow = price
        self._fast = fast = self._fast_weight * price + (1 - self._fast_weight) * self._fast
        self._slow = slow = self._slow_weight * price + (1 - self._slow_weight) * self._slow
        self._seen += 1
        if self._seen < WARMUP:
            return
        if fast > slow and not self._holds:
            self._holds = True
            self.sent += 1
            self.buy(self._size)
        elif fast < slow and self._holds:
            self._holds = False
            self.sent += 1
            self.sell(self._size)


def instrument(market: Market) -> Instrument:
    """A sale may leave before the purchase has filled, so the position may go below zero for a moment: no spot."""
    lot = Decimal(1).scaleb(-market.size_decimals)
    return Instrument(market.symbol, "BENCH", market.base, market.quote, market.tick, lot, InstrumentKind.FX)


def trade_columns(trades: Trades, market: Market) -> dict[str, Column]:
    return {
        "ts": trades.ts,
        "time_event": trades.ts,
        "seq": np.zeros(len(trades), np.int64),
        "trade_id": np.arange(1, len(trades) + 1, dtype=np.int64),
        "ticks": scaled(trades.price, market.price_decimals),
        "lots": scaled(trades.qty, market.size_decimals),
        "side": np.where(trades.buyer_maker, -1, 1).astype(np.int64),
    }


def bar_columns(bars: Bars, market: Market) -> dict[str, Column]:
    prices = {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close}
    return {
        "ts": bars.ts + bars.interval_ns,
        "time_open": bars.ts,
        "seq": np.zeros(len(bars), np.int64),
        "lots": scaled(bars.volume, market.size_decimals),
        **{name: scaled(column, market.price_decimals) for name, column in prices.items()},
    }


def bar_text(task: Job) -> str | None:
    """The bars the strategies ask for, ``None`` where they ask for trades."""
    if task.workload.wakes is Wakes.TRADE:
        return None
    minutes = (task.workload.interval_ns or MINUTE_NS) // MINUTE_NS
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def recorded(task: Job, traded: Instrument, bars: str | None) -> Stream:
    market = task.workload.market
    if task.workload.wakes is Wakes.BAR and bars is not None:
        stream = Stream(traded, StreamKind.BARS, BarSpec.parse(bars))
        stream.record(bar_columns(task.workload.bars(task.n), market))
    else:
        stream = Stream(traded, StreamKind.TRADES, None)
        stream.record(trade_columns(task.workload.trades(task.n), market))
    return stream


def profile_named(name: str | None) -> ExecutionProfile:
    """The assumptions of that name, ``None`` for the benchmark's own.

    Raises:
        DataMissing: there are none of that name.
    """
    known = {None: PROFILE, "spec": ExecutionProfile()}
    realism = getattr(profiles, "Realism", None)
    if realism is not None:
        known["realistic"] = realism().over(ExecutionProfile())
    if name not in known:
        raise DataMissing(f"profile: expected {' or '.join(filter(None, known))}, found {name}")
    return known[name]


def paper_tracks(task: Job, stream: Stream, tape: Tape, strategies: list[Cross]) -> list[Track]:
    simulator = PaperTradingSimulator(
        tape,
        StrategyMonitor(),
        1,
        stream.times[0] - 1,
        profile_named(task.profile),
        LIMITS,
        fees={stream.instrument.id: FEES},
        journalled=task.mode == "journal",
    )
    for fast, strategy in zip(task.fasts, strategies, strict=True):
        simulator.add(f"ema-{fast}", strategy, Money(CASH, task.workload.market.quote))
    return simulator.tracks


def outcome(tracks: list[Track], strategies: list[Cross], traded: Instrument) -> Outcome:
    equity = sum(track.portfolio.to_money(track.desk.equity_units()).amount for track in tracks)
    held = sum(track.desk.position_lots(traded) for track in tracks)
    orders, fills = sum(s.sent for s in strategies), sum(s.fills for s in strategies)
    return Outcome(orders, fills, float(held * traded.lot), float(equity - CASH * len(tracks)))


def main() -> None:
    task = job(__doc__, "plain", "journal", has_profiles=True)
    watch = Stopwatch(task, "genesis-trading")
    traded, bars = instrument(task.workload.market), bar_text(task)
    stream = recorded(task, traded, bars)
    tape = Tape([stream])
    strategies = [Cross(traded, fast, task.workload.size, bars) for fast in task.fasts]
    tracks = paper_tracks(task, stream, tape, strategies)
    started = RunStarted(int(stream.times[0]) - 1, None, {"benchmark": task.workload.name})
    with tempfile.TemporaryDirectory() as folder:
        if task.mode == "plain":
            run(tape, tracks, NullJournal(), started, watch)
        else:
            with SqliteStore.open(Path(folder) / "genesis.db", SystemClock(), "benchmark") as store:
                run(tape, tracks, store.journal, started, watch)
    watch.report(stream.rows * len(tracks), outcome(tracks, strategies, traded))


def run(tape: Tape, tracks: Sequence[Track], journal: Journal, started: RunStarted, watch: Stopwatch) -> None:
    """Cut and committed as `genesis run` does it."""
    pace = Pace(SystemClock().elapsed_s)
    engine = TradingEngine(tape, tracks, journal, started, is_due=lambda _: pace.is_due())
    replay = Replay(tape.streams).cut(pace)
    with watch:
        engine.run(replay)


if __name__ == "__main__":
    main()
