"""What a reference track has shown, gathered beside a run: costs under stress are shares of the equity with which their bar began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from genesis.clock import NS_PER_HOUR
from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source
from genesis.evidence.stress import FACTOR, StressedEvidence
from genesis.execution.profile import ExecutionProfile
from genesis.feeds.replay import Replay
from genesis.model.events import Event, OrderSubmitted
from genesis.model.instruments import Instrument
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
from tests.kit.overseers import EveryBar
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


class Gathers(EveryBar):
    """Closes the candidate's bars as the ladder does, and decides nothing."""

    def __init__(self, candidate: Candidate) -> None:
        super().__init__(START)
        self.candidate = candidate

    def hear(self, entries: Sequence[Event]) -> None:
        for event in entries:
            if isinstance(event, OrderSubmitted):
                self.candidate.sent(event)

    def close_bar(self, time_ns: int) -> list[Event]:
        self.candidate.close_bar()
        return []


def gathered(
    prices: Sequence[int], instrument: Instrument = FX, window_bars: int | None = None
) -> tuple[Candidate, Memory]:
    """A candidate that has traded a tape of hourly prices in ticks, and the journal."""
    streams = [bars_stream([(p, p, p, p, 10**6) for p in prices], "1h", instrument=instrument)]
    tape = Tape(streams)
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, DEAR)
    betting = BettingRules()
    track = simulator.add(
        "s", Turns((instrument,), NoParams()), Money("10000", "USD"), evidence=Evidence(betting, Source.REPLAY)
    )
    gathers = Gathers(Candidate(track, "i", START - 1, betting, Source.REPLAY, False, window_bars))
    journal = Memory()
    TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {}), overseer=gathers).run(
        Replay(streams).cut(None)
    )
    return gathers.candidate, journal


SWING = [10_000 + 90 * (i % 7) for i in range(24 * 30)]


def test_a_bar_that_loses_more_than_the_bound_is_counted_once() -> None:
    """The price halves from one hour to the next while a tenth is held: one break of the bound, and the evidence is void; before it there was none."""
    calm, _ = gathered(SWING)
    fallen, journal = gathered([p if i < 602 else p // 2 for i, p in enumerate(SWING)])
    bound = fallen.evidence.loss_bound
    assert bound is not None
    returns = [e.bar_return for e in journal.events if isinstance(e, EvidenceSample)]
    assert [x for x in returns if x is not None and x < -bound] == [min(x for x in returns if x is not None)]
    assert (calm.measurements(START).bound_breaks, calm.evidence.bound_broken) == (0, False)
    assert (fallen.measurements(START).bound_breaks, fallen.evidence.bound_broken) == (1, True)


def test_the_least_fraction_is_that_of_twice_the_least_value_too() -> None:
    """Orders of about 900 USD where an order has to be worth 100: 200 over the mean order at the last price, rounded up to a hundredth of a per cent."""
    dear = replace(FX, min_notional=Decimal(100))
    candidate, journal = gathered(SWING, dear)
    sent = [e.order.intent for e in journal.events if isinstance(e, OrderSubmitted)]
    lots = [i.lots for i in sent if not i.reduce_only]
    worth = Fraction(sum(lots), len(lots)) * Fraction(dear.lot) * Fraction(dear.price(SWING[-1]).value)
    least = candidate.least_fraction()
    assert 0 <= least - Decimal(float(200 / worth)) <= Decimal("0.0001")
    assert least > gathered(SWING)[0].least_fraction()


def test_a_window_of_drawdown_begins_anew_with_an_attempt() -> None:
    """What fell before it is not held against the next attempt."""
    candidate, _ = gathered(SWING, window_bars=6)
    before = candidate.measurements(START).drawdown_max
    assert before
    ends_ns = START + 24 * 30 * NS_PER_HOUR
    candidate.begin(ends_ns)
    assert candidate.measurements(ends_ns).drawdown_max == 0


def test_stressed_returns_have_paid_half_as_much_again_of_what_they_paid() -> None:
    """By hand: (equity at the end - half of the bar's costs) over equity at the start, less 1, in every bar of thirty days."""
    candidate, journal = gathered(SWING)

    by_hand = StressedEvidence(BettingRules(), Source.REPLAY)
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
    assert candidate.stressed.save() == by_hand.save()
    assert FACTOR == 1.5
