"""What a reference track has shown, gathered beside a run: costs under stress are shares of the equity with which their bar began."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source
from genesis.evidence.stress import FACTOR, StressedEvidence
from genesis.execution.profile import ExecutionProfile
from genesis.feeds.replay import Replay
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.events import Event
from genesis.model.market import Bar
from genesis.model.money import Money
from genesis.model.promotion_events import EvidenceSample
from genesis.model.run_events import RunStarted
from genesis.model.track_events import MetricSample
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.candidate import Candidate
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.rng import ClippedNormal
from genesis.strategies.base import NoParams, Strategy
from tests.kit.runs import FX, START, Memory, bars_stream

DEAR = ExecutionProfile(name="dear", latency_ms=ClippedNormal(0, 0, 0, 0), slippage_bp=ClippedNormal(20, 0, 20, 20))
COSTS = ("fees", "spread_cost", "walk_cost", "slippage_cost", "impact_cost")


class Turns(Strategy):
    """A tenth of its equity, for three hours of every five."""

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_bars("1h")

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        if self._n % 5 == 1:
            self.target_weight("0.09")
        elif self._n % 5 == 4:
            self.close()


class Gathers:
    """Closes the candidate's bars as the ladder does, and decides nothing."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.next_ns = START

    def watches(self, track: Track) -> bool:
        return False

    def look(self, track: Track, now: int) -> None:
        """Nothing is watched."""

    def hear(self, entries: Sequence[Event]) -> None:
        """Nothing depends on it."""

    def look_at_all(self, time_ns: int) -> list[Event]:
        self.next_ns = time_ns + EVIDENCE_BAR_NS
        self.candidate.close_bar()
        return []


def test_stressed_returns_have_paid_half_as_much_again_of_what_they_paid() -> None:
    """By hand: (equity at the end - half of the bar's costs) over equity at the start, less 1, in every bar of thirty days."""
    prices = [10_000 + 90 * (i % 7) for i in range(24 * 30)]
    streams = [bars_stream([(p, p, p, p, 10**6) for p in prices], "1h")]
    tape = Tape(streams)
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, DEAR)
    betting = BettingRules()
    track = simulator.add(
        "s", Turns((FX,), NoParams()), Money("10000", "USD"), evidence=Evidence(betting, Source.REPLAY)
    )
    gathers = Gathers(Candidate(track, "i", START - 1, betting, Source.REPLAY, False))
    journal = Memory()
    TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {}), overseer=gathers).run(
        Replay(streams).cut(None)
    )

    by_hand = StressedEvidence(betting, Source.REPLAY)
    returns = {e.time: e.bar_return for e in journal.events if isinstance(e, EvidenceSample)}
    samples = {e.time: e.metrics for e in journal.events if isinstance(e, MetricSample)}
    equity, paid = Decimal(10_000), Decimal(0)
    spent = []
    for time, change in returns.items():
        total = sum((Decimal(str(samples[time][c])) for c in COSTS), Decimal(0))
        spent.append(float((total - paid) / equity))
        assert change is not None
        by_hand.add(change, spent[-1])
        equity, paid = Decimal(str(samples[time]["equity"])), total
    assert len(returns) == 181
    assert max(spent) > 1e-4
    assert gathers.candidate.stressed.save() == by_hand.save()
    assert FACTOR == 1.5
