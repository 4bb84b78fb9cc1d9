"""The monitors of a live track beside its twin, fed bar by bar: what they are held against, which bars count, and what they point to together."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import pytest

from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.evidence.detection import EdgeMonitor, GapMonitor, VarMonitor, drawdown_reading
from genesis.evidence.filtered_risk import FilteredRisk
from genesis.evidence.gathering import Evidence
from genesis.evidence.monitor_rules import Cause, DrawdownRules, EdgeRules, GapRules, Level, Reading, VarRules
from genesis.evidence.rules import BettingRules, Source
from genesis.metrics.ratios import BARS_PER_YEAR, EVIDENCE_BAR_NS
from genesis.model.market import Bar
from genesis.model.money import Money
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.paper_trading.watch import Watch, WatchRules
from genesis.strategies.base import NoParams, Strategy
from tests.kit.runs import EXACT, FX, START, bars_stream

# One per cent up, one down: a mean of nothing and a deviation of 1 %.
STEADY = (0.01, -0.01)


class Waits(Strategy):
    """Trades nothing: the tests say what its bars have earned."""

    def on_bar(self, bar: Bar) -> None:
        """Nothing."""


def gathered(changes: Sequence[float]) -> Evidence:
    """What a reference has shown in these bars."""
    evidence = Evidence(BettingRules(), Source.REPLAY)
    for change in changes:
        evidence.add(change)
    return evidence


def told(changes: Sequence[float]) -> FilteredRisk:
    """What these bars say that the next may lose."""
    risk = FilteredRisk()
    for change in changes:
        risk.add(change)
    return risk


class Watched:
    """A live track and its twin that have just begun; ``earned`` are the bars that both had, as the ledger rounds them."""

    def __init__(self, proven: Sequence[float] = STEADY * 30, risk: FilteredRisk | None = None) -> None:
        simulator = PaperTradingSimulator(
            Tape([bars_stream([(100, 100, 100, 100, 10)], "1h")]), StrategyMonitor(), 7, START - 1, EXACT
        )
        self.live, self.twin = (
            simulator.add(n, Waits((FX,), NoParams()), Money("10000", "USD")) for n in ("s@live", "s@twin")
        )
        self.watch = Watch(WatchRules(), self.live, self.twin, risk or FilteredRisk(), gathered(proven))
        self.earned: list[tuple[float, float]] = []
        self._bar = START // EVIDENCE_BAR_NS
        self._worth = {t.name: t.portfolio.budget_units for t in (self.live, self.twin)}

    def bars(self, *pairs: tuple[float | None, float | None]) -> None:
        """Bars in which live and twin earned so much; ``None`` is one without whole data."""
        for live, twin in pairs:
            self._bar += 1
            found = self._close(self.live, live), self._close(self.twin, twin)
            if found[0] is not None and found[1] is not None:
                self.earned.append((found[0], found[1]))
            self.watch.close_bar()

    def _close(self, track: Track, change: float | None) -> float | None:
        portfolio = track.portfolio
        assert isinstance(portfolio, VirtualPortfolio)
        self._worth[track.name] = round(self._worth[track.name] * (1 + (change or 0)))
        portfolio.close_hour(self._bar * EVIDENCE_BAR_NS, self._worth[track.name], change is not None)
        return portfolio.bar_return

    def fall(self, share: float) -> None:
        """Live stands so much under its peak."""
        self.live.marks.position_changed(1 - share, (0.0,), (0,))

    def reading(self, monitor: str) -> Reading:
        (found,) = [r for r in self.watch.readings() if r.monitor == monitor]
        return found


def test_live_is_held_against_what_was_proven_shrunk_for_having_been_chosen() -> None:
    """A ratio of SR shown over ten days counts as 4 SR / (4 + 36.5): of true ratios with a deviation of 2 the best looking are the luckiest."""
    proven = (*(0.004, -0.002) * 30,)
    shown = gathered(proven).sharpe()
    assert shown is not None
    assert Watched(proven).watch.reference == pytest.approx(shown[0] * 4 / (4 + 36.5))


@pytest.mark.parametrize("sign", [1, -1])
def test_no_reference_lies_beyond_what_a_bet_can_be_held_against(sign: int) -> None:
    """A made-up series has a ratio of hundreds: 40 counts, up or down."""
    assert Watched([sign * x for x in (0.010, 0.011) * 200]).watch.reference == sign * 40


def test_under_a_week_nothing_is_shown_and_the_reference_is_nothing() -> None:
    """41 bars have no ratio, 42 have one."""
    assert Watched(((0.004, -0.002) * 21)[:41]).watch.reference == 0
    assert Watched((0.004, -0.002) * 21).watch.reference > 0


@pytest.mark.parametrize("proven", [(), (0.0,) * 50])
def test_a_reference_whose_bars_do_not_vary_is_refused(proven: Sequence[float]) -> None:
    """There is no deviation to bet by; the track is named."""
    with pytest.raises(ValueError, match="s@live: expected a reference whose bars vary, found none"):
        Watched(proven)


def test_each_monitor_takes_the_bars_that_both_had() -> None:
    """By hand: edge and value at risk take live, the gap takes both, a bar in which neither moved compares nothing, one without whole data is none."""
    risk = told((0.01, -0.01, 0.005, -0.008) * 150)
    watched = Watched(risk=risk)
    at_risk = risk.value_at_risk
    watched.bars((0.002, 0.003), (0.0, 0.0), (-0.05, 0.01), (None, 0.01), (0.01, None), (0.0, 0.004), (-0.03, 0.0))
    deviation = gathered(STEADY * 30).deviation
    assert (deviation is not None, at_risk is not None) == (True, True)
    assert deviation is not None
    edge, gap, var = EdgeMonitor(EdgeRules(), 0.0, deviation), GapMonitor(GapRules(), deviation), VarMonitor(VarRules())
    for live, twin in watched.earned:
        edge.add(live)
        var.add(live, at_risk)
        if live or twin:
            gap.add(live, twin)
    assert (len(watched.earned), gap.bars) == (5, 4)
    assert [watched.reading(m.reading().monitor) for m in (edge, gap, var)] == [m.reading() for m in (edge, gap, var)]
    assert watched.watch.mean_gap() == gap.mean_gap()
    assert watched.watch.gap() == (4, gap.reading().level is Level.ALARM)


def test_a_loss_is_held_against_what_was_told_before_it() -> None:
    """The reference's bar closes first and tells more: it is the next loss that is held against it."""
    risk = told((0.01, -0.01, 0.005, -0.008) * 150)
    before = risk.value_at_risk
    assert before is not None
    watched = Watched(risk=risk)
    for change in (-0.08, 0.08, -0.08, 0.08):
        risk.add(change)
    now = risk.value_at_risk
    assert now is not None
    assert before < 0.04 < now
    watched.bars((-0.04, -0.04), (-0.04, -0.04))
    by_hand = VarMonitor(VarRules())
    for value_at_risk in (before, now):
        by_hand.add(-0.04, value_at_risk)
    assert by_hand.breaches == 1
    assert watched.reading("var") == by_hand.reading()


def test_the_fall_is_held_against_the_references_volatility() -> None:
    """Its deviation a bar times the root of 2,190 a year; where 99 % of falls of a healthy strategy end, or the hard limit, it is an alarm."""
    proven = (*(0.002, -0.001) * 60,)
    deviation = gathered(proven).deviation
    assert deviation is not None
    watched = Watched(proven)
    watched.bars((0.001, 0.001), (0.001, 0.001))
    for share in (0.02, 0.19, 0.21):
        watched.fall(share)
        volatility, reference = deviation * sqrt(BARS_PER_YEAR), watched.watch.reference
        assert watched.reading("drawdown") == drawdown_reading(
            DrawdownRules(), watched.live.marks.current_drawdown(), volatility, reference, 2
        )
    assert watched.reading("drawdown").level is Level.ALARM


def test_with_a_step_of_capital_the_reference_is_what_was_shown_until_then() -> None:
    """Ratio and volatility anew, for live and for its twin; evidence without a bar has no ratio and leaves the volatility as it is."""
    first, then = (0.004, -0.002) * 30, (0.004, -0.002) * 30 + (0.009, -0.006) * 30
    watched = Watched(first)
    watched.bars(*[(0.001, 0.001)] * 3)
    watched.watch.refer(gathered(then))
    assert watched.watch.reference == Watched(then).watch.reference != Watched(first).watch.reference
    limit = watched.reading("drawdown").alarm
    assert limit == Watched(then).reading("drawdown").alarm
    deviation = gathered(first).deviation
    assert deviation is not None
    edge = EdgeMonitor(EdgeRules(), Watched(first).watch.reference, deviation)
    for live, _ in watched.earned:
        edge.add(live)
    edge.refer(Watched(then).watch.reference)
    watched.bars((-0.02, -0.02))
    edge.add(watched.earned[-1][0])
    assert watched.reading("edge") == edge.reading()
    watched.watch.refer(gathered(()))
    assert watched.watch.reference == 0
    assert watched.reading("drawdown").alarm == DrawdownRules().hard
    watched.watch.refer(gathered(then))
    assert watched.reading("drawdown").alarm == limit


@pytest.mark.parametrize(
    ("live", "twin", "cause"),
    [
        (0.001, 0.001, Cause.NONE),
        (-0.004, 0.001, Cause.WORSE_EXECUTION),
        (-0.02, -0.02, Cause.LOST_EDGE),
        (-0.03, -0.02, Cause.LOST_EDGE_AND_WORSE_EXECUTION),
    ],
)
def test_what_falls_together_tells_the_cause(live: float, twin: float, cause: Cause) -> None:
    """Live alone is fills, live and twin by as much is the edge, live more than its twin is both."""
    watched = Watched()
    watched.bars(*[(live, twin), (live + 0.001, twin + 0.001)] * 40)
    assert watched.watch.finding().cause is cause


def test_a_deep_fall_alone_is_more_risk_than_told() -> None:
    """No mean has fallen: the drawdown says it, and its level is the finding's."""
    watched = Watched()
    watched.bars((0.001, 0.001))
    watched.fall(0.21)
    found = watched.watch.finding()
    assert (found.cause, found.level) == (Cause.MORE_RISK, Level.ALARM)


def test_before_the_first_bar_nothing_is_missing() -> None:
    """Whole as far as anybody knows."""
    assert Watched().watch.finding().cause is Cause.NONE


@pytest.mark.parametrize("missing", [(None, 0.001), (0.001, None)])
def test_bars_that_either_lacked_explain_nothing_else_for_thirty_days(missing: tuple[float | None, ...]) -> None:
    """Two of 180 missing are more than one in a hundred; one bar later the first of them lies thirty days back."""
    watched = Watched()
    live, twin = missing
    watched.bars((live, twin), (live, twin), *[(0.001, 0.001)] * 178)
    assert watched.watch.finding().cause is Cause.BAD_DATA
    watched.bars((0.001, 0.001))
    assert watched.watch.finding().cause is Cause.NONE
