"""Monitors of a live strategy: fair while all is well, exact when taken up again, plain about causes."""

from __future__ import annotations

from itertools import product
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.evidence import detection as dt
from genesis.evidence.alarm_times import exact_cusum_arl, exact_shiryaev_roberts, threshold_for
from genesis.evidence.dependence import LaggedSums
from genesis.evidence.monitor_rules import Cause, DrawdownRules, EdgeRules, GapRules, Level, VarRules, worst
from genesis.metrics.ratios import Moments

EDGE, GAP, VAR = EdgeRules(), GapRules(), VarRules()
RETURNS = st.lists(st.floats(-0.05, 0.05, allow_nan=False), max_size=60)
DEVIATION = 0.004


def normal(seed: int, n: int, mean: float = 0.0, deviation: float = DEVIATION) -> list[float]:
    drawn: list[float] = (mean + deviation * np.random.default_rng(seed).standard_normal(n)).tolist()
    return drawn


# ---- the recurrences


def test_shiryaev_roberts_by_hand() -> None:
    """(1 + 0) 2 = 2, (1 + 2) 0.5 = 1.5, and beside it (1 + 0) 1 = 1, (1 + 1) 3 = 6: means 1.5 and 3.75; the cap holds each part."""
    detector = dt.EDetector(2, 5.0)
    detector.add([2.0, 1.0])
    assert detector.value == 1.5
    detector.add([0.5, 3.0])
    assert detector.value == (1.5 + 5.0) / 2


def test_while_all_is_well_it_counts_bars() -> None:
    """M less the number of bars is a martingale under a fair coin: over all 1,024 paths of ten bars the mean of M is exactly 10."""
    rules = EdgeRules(decay=0.0, floor=1.0, sharpe_bad=-3.0)
    total = 0.0
    for path in product((-1.0, 1.0), repeat=10):
        monitor = dt.EdgeMonitor(rules, 0.0, 1.0)
        for x in path:
            monitor.add(x)
        total += monitor.value
    assert total / 1024 == pytest.approx(10, abs=1e-9)


def test_breaches_as_often_as_told_count_bars() -> None:
    """The same for breaches with probability p: weighted over all 256 paths of eight bars the mean of M is 8."""
    rules = VarRules(p=0.05, multiples=(1.5, 2.0, 3.0))
    total = 0.0
    for path in product((False, True), repeat=8):
        monitor = dt.VarMonitor(rules)
        for breach in path:
            monitor.add(-0.03 if breach else 0.0, 0.02)
        total += monitor.value * 0.05 ** sum(path) * 0.95 ** (8 - sum(path))
    assert total == pytest.approx(8, abs=1e-9)


def test_page_by_hand() -> None:
    """Good 0, bad -1: each bar adds -(x + 0.5), never under 0."""
    cusum = dt.PageCusum(0.0, -1.0)
    found = []
    for x in (-1.0, -1.5, 0.5, 3.0, -0.75):
        cusum.add(x)
        found.append(cusum.value)
    assert found == [0.5, 1.5, 0.5, 0.0, 0.25]
    with pytest.raises(ValueError, match="bad"):
        dt.PageCusum(0.0, 0.0)


def run_length(make: type, seed: int, shift: float, limit: float) -> int:
    """Bars of a unit CUSUM (k 0.5) or Shiryaev-Roberts (theta 1) to its alarm, from normal bars of this mean."""
    chance = np.random.default_rng(seed)
    tool = dt.PageCusum(0.0, -1.0) if make is dt.PageCusum else dt.EDetector(1, 1e9)
    for bar, x in enumerate((shift + chance.standard_normal(500)).tolist(), 1):
        if isinstance(tool, dt.PageCusum):
            tool.add(x)
        else:
            tool.add([exp(-x - 0.5)])
        if tool.value >= limit:
            return bar
    raise AssertionError("expected an alarm within 500 bars")


@pytest.mark.parametrize(
    ("make", "limit", "expected"),
    [
        (dt.PageCusum, 4.0, exact_cusum_arl(1, 0.5, 4)),
        (dt.EDetector, 560.37, exact_shiryaev_roberts(1, 560.37)[1]),
    ],
)
def test_run_lengths_are_those_of_the_integral_equation(make: type, limit: float, expected: float) -> None:
    """The mean of 1,500 runs after a fall of one deviation lies within four standard errors of the exact one: 8.4 and 11.1 bars."""
    runs = [run_length(make, seed, -1.0, limit) for seed in range(1500)]
    stderr = float(np.std(runs)) / sqrt(len(runs))
    assert abs(float(np.mean(runs)) - expected) < 4 * stderr


# ---- the edge


def test_the_bets_are_multiples_of_the_fall() -> None:
    """Reference 5, bad 0: 2.5, 5 and 7.5 over the root of 2,190, capped at 0.12; a fall of less than two is not looked for."""
    monitor = dt.EdgeMonitor(EDGE, 5.0, DEVIATION)
    assert monitor.drop == 5
    assert [round(b, 4) for b in monitor._bets] == [0.0534, 0.1068, 0.12]
    monitor.refer(0.4)
    assert monitor.drop == 2
    assert [round(b, 4) for b in monitor._bets] == [0.0214, 0.0427, 0.0641]


def test_an_edge_that_goes_on_stays_calm_and_one_that_ends_alarms() -> None:
    """Two years of a true 8 against a shrunk reference of 5 raise nothing; then a true -5 raises the warning first, and the alarm within three months."""
    good = normal(3, 4380, 8 / sqrt(2190) * DEVIATION)
    bad = normal(4, 600, -5 / sqrt(2190) * DEVIATION)
    monitor = dt.EdgeMonitor(EDGE, 5.0, DEVIATION)
    levels = []
    for x in good + bad:
        monitor.add(x)
        levels.append(monitor.reading().level)
    assert set(levels[:4380]) == {Level.CALM}
    warned, alarmed = levels.index(Level.WARN), levels.index(Level.ALARM)
    assert 4380 < warned < alarmed < 4380 + 6 * 90
    assert monitor.cusum_reading().level is Level.ALARM
    assert monitor.reading().words.startswith("edge: alarm at ")
    assert "at least 0.5 and 3 years" in monitor.reading().words


def test_thresholds_are_bars_of_the_stated_years() -> None:
    """Half a year is 1,095 bars, three are 6,570; the CUSUM's come from the Brownian formula."""
    monitor = dt.EdgeMonitor(EDGE, 3.0, DEVIATION)
    reading = monitor.reading()
    assert (reading.warn, reading.alarm, reading.bars, reading.value) == (1095, 6570, 0, 0)
    page = monitor.cusum_reading()
    assert (page.warn, page.alarm) == (threshold_for(3, 0.5), threshold_for(3, 3))


def test_a_new_reference_keeps_what_was_gathered() -> None:
    """At a step of capital the reference changes, and neither M nor W does."""
    monitor = dt.EdgeMonitor(EDGE, 3.0, DEVIATION)
    for x in normal(5, 100, -0.001):
        monitor.add(x)
    before = monitor.value, monitor.cusum_value
    monitor.refer(1.5)
    assert (monitor.value, monitor.cusum_value) == before
    with pytest.raises(ValueError, match="reference"):
        monitor.refer(60.0)


@given(RETURNS, RETURNS)
def test_edge_saved_and_loaded_goes_on_bit_by_bit(before: list[float], after: list[float]) -> None:
    """Interrupted anywhere, also after a new reference, and loaded into one that was built with other numbers."""
    kept = dt.EdgeMonitor(EDGE, 3.0, DEVIATION)
    for x in before:
        kept.add(x)
    kept.refer(2.25)
    restored = dt.EdgeMonitor(EDGE, 0.0, 1.0)
    restored.load(kept.save())
    for x in after:
        kept.add(x)
        restored.add(x)
    assert restored.save() == kept.save()
    assert (restored.reading(), restored.cusum_reading()) == (kept.reading(), kept.cusum_reading())


@given(RETURNS, st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_a_bar_chooses_neither_its_scale_nor_its_bet(before: list[float], one: float, other: float) -> None:
    """Two futures of one past meet the same scale and the same bets (Q14 of the design)."""
    found = []
    for last in (one, other):
        monitor = dt.EdgeMonitor(EDGE, 3.0, DEVIATION)
        for x in before:
            monitor.add(x)
        found.append((monitor._scale.save(), list(monitor._bets)))
        monitor.add(last)
    assert found[0] == found[1]


# ---- the gap


def test_worse_fills_show_in_days() -> None:
    """Two basis points a trade, twenty trades a day, on a gap that varies by 0.2 % a day: alarm within ten days; without them a year is calm."""
    twin = normal(6, 2190)
    noise = normal(7, 2190, 0.0, 0.002 / sqrt(6))
    worse, same = dt.GapMonitor(GAP, DEVIATION), dt.GapMonitor(GAP, DEVIATION)
    days = None
    for bar, (t, g) in enumerate(zip(twin, noise, strict=True), 1):
        same.add(t + g, t)
        worse.add(t + g - 0.0004 * 20 / 2 / 6, t)
        if days is None and worse.reading().level is Level.ALARM:
            days = bar / 6
    assert days is not None
    assert days < 10
    assert same.reading().level is Level.CALM
    found = worse.mean_gap()
    assert found.low is not None
    assert found.high is not None
    assert found.low < -0.004 / 6 < found.high < 0
    assert found.bars == 2190


def test_twins_that_fill_alike_raise_nothing() -> None:
    """Equal returns: no gap, W stays 0, and the mean is exactly 0; its interval comes with the 42nd bar."""
    monitor = dt.GapMonitor(GAP, DEVIATION)
    for bar, x in enumerate(normal(8, 42), 1):
        assert (monitor.mean_gap().low is None) == (bar <= 42)
        monitor.add(x, x)
    found = monitor.mean_gap()
    assert (monitor.value, found.mean, found.low, found.high) == (0, 0, 0, 0)


def test_one_odd_bar_alarms_nothing() -> None:
    """A fill that came a bar late, lost and won back, however large: six deviations count at most."""
    monitor = dt.GapMonitor(GAP, DEVIATION)
    for x in normal(9, 200, 0.0, 0.0004):
        monitor.add(x, 0.0)
    monitor.add(-0.2, 0.0)
    assert monitor.reading().level is not Level.ALARM
    monitor.add(0.2, 0.0)
    assert monitor.reading().level is Level.CALM


@given(RETURNS, RETURNS)
def test_gap_saved_and_loaded_goes_on_bit_by_bit(before: list[float], after: list[float]) -> None:
    """Interrupted anywhere."""
    kept, restored = dt.GapMonitor(GAP, DEVIATION), dt.GapMonitor(GAP, 1.0)
    for x in before:
        kept.add(x, 0.001)
    restored.load(kept.save())
    for x in after:
        kept.add(x, 0.0)
        restored.add(x, 0.0)
    assert restored.save() == kept.save()
    assert (restored.reading(), restored.mean_gap()) == (kept.reading(), kept.mean_gap())


def test_the_error_of_a_mean_sees_autocorrelation() -> None:
    """An autoregression of 0.3 has a long-run variance of 1 / (1 - 0.3)**2 = 2.04 for unit noise."""
    moments, lagged, before = Moments(), LaggedSums(), 0.0
    for x in normal(10, 40_000, 0.0, 1.0):
        before = 0.3 * before + x
        moments.add(before)
        lagged.add(before)
    assert lagged.mean_variance(moments.mean) == pytest.approx(2.04, rel=0.06)


# ---- value at risk


def test_five_times_the_breaches_alarm() -> None:
    """Breaches in 5 % of bars where 1 % was told: an alarm within 600 bars; in 1 %, none in 3,000; bars without a figure are not counted."""
    told, found = dt.VarMonitor(VAR), dt.VarMonitor(VAR)
    lot = np.random.default_rng(11).random(3000)
    for u in lot.tolist():
        told.add(-0.03 if u < 0.01 else 0.001, 0.02)
    assert told.reading().level is Level.CALM
    for u in lot[:600].tolist():
        found.add(-0.03 if u < 0.05 else 0.001, 0.02)
        found.add(-0.9, None)
    assert (found.bars, found.breaches) == (600, int((lot[:600] < 0.05).sum()))
    assert found.reading().level is Level.ALARM


def test_a_loss_of_exactly_the_value_at_risk_is_none() -> None:
    """More than it is a breach."""
    monitor = dt.VarMonitor(VAR)
    monitor.add(-0.02, 0.02)
    assert monitor.breaches == 0
    monitor.add(-0.020001, 0.02)
    assert monitor.breaches == 1


@given(RETURNS, RETURNS)
def test_breaches_saved_and_loaded_go_on_bit_by_bit(before: list[float], after: list[float]) -> None:
    """Interrupted anywhere."""
    kept, restored = dt.VarMonitor(VAR), dt.VarMonitor(VAR)
    for x in before:
        kept.add(x, 0.01)
    restored.load(kept.save())
    for x in after:
        kept.add(x, 0.01)
        restored.add(x, 0.01)
    assert (restored.save(), restored.reading()) == (kept.save(), kept.reading())


# ---- limits and the reference


@pytest.mark.parametrize(("days", "share"), [(30, 0.25), (60, 0.40), (90, 0.50), (180, 0.66)])
def test_a_measured_ratio_is_shrunk(days: float, share: float) -> None:
    """With a prior of deviation 2, a quarter of what 30 days show, half of what 90 do; nothing of nothing."""
    assert dt.shrunk_sharpe(6.0, days, 2.0) / 6 == pytest.approx(share, abs=6e-3)
    assert dt.shrunk_sharpe(6.0, 0, 2.0) == 0


def test_drawdown_limits_of_the_design() -> None:
    """Ratio 2 at 20 % volatility: -10 % is passed 13.5 % of the time, the 1 % limit is 23 %; the hard limit stands before it."""
    assert dt.drawdown_limit(0.2, 2.0, exp(-2)) == pytest.approx(0.10, abs=1e-6)
    assert exp(-2) == pytest.approx(0.135, abs=5e-4)
    assert dt.drawdown_limit(0.2, 2.0, 0.01) == pytest.approx(0.2 * log(100) / 4, abs=1e-6)
    assert dt.drawdown_limit(0.2, 0.0, 0.01) is None
    rules = DrawdownRules()
    assert dt.drawdown_reading(rules, 0.19, 0.2, 2.0, 500).alarm == 0.2
    near = dt.drawdown_reading(rules, 0.16, 0.2, 3.0, 500)
    assert (near.level, near.alarm) == (Level.ALARM, dt.drawdown_limit(0.2, 3.0, 0.01))
    assert "1% of the time" in near.words
    assert dt.drawdown_reading(rules, 0.1, None, 3.0, 5).level is Level.CALM
    assert dt.drawdown_reading(rules, 0.2, None, 3.0, 5).level is Level.ALARM
    assert dt.drawdown_reading(rules, 0.1999, None, 3.0, 5).words.endswith("the hard limit")


# ---- causes


@pytest.mark.parametrize(
    ("edge", "twin", "gap", "coverage", "risk", "expected"),
    [
        (Level.CALM, Level.CALM, Level.CALM, 1.0, Level.CALM, Cause.NONE),
        (Level.CALM, Level.ALARM, Level.CALM, 1.0, Level.CALM, Cause.NONE),
        (Level.ALARM, Level.ALARM, Level.CALM, 1.0, Level.CALM, Cause.LOST_EDGE),
        (Level.ALARM, Level.WARN, Level.CALM, 1.0, Level.CALM, Cause.LOST_EDGE),
        (Level.ALARM, Level.CALM, Level.ALARM, 1.0, Level.CALM, Cause.WORSE_EXECUTION),
        (Level.CALM, Level.CALM, Level.WARN, 1.0, Level.CALM, Cause.WORSE_EXECUTION),
        (Level.CALM, Level.ALARM, Level.ALARM, 1.0, Level.CALM, Cause.WORSE_EXECUTION),
        (Level.ALARM, Level.ALARM, Level.ALARM, 1.0, Level.CALM, Cause.LOST_EDGE_AND_WORSE_EXECUTION),
        (Level.WARN, Level.CALM, Level.CALM, 1.0, Level.ALARM, Cause.NOT_KNOWN),
        (Level.CALM, Level.CALM, Level.CALM, 1.0, Level.WARN, Cause.MORE_RISK),
        (Level.ALARM, Level.ALARM, Level.ALARM, 0.989, Level.ALARM, Cause.BAD_DATA),
        (Level.CALM, Level.CALM, Level.CALM, 0.5, Level.CALM, Cause.BAD_DATA),
    ],
)
def test_causes(edge: Level, twin: Level, gap: Level, coverage: float, risk: Level, expected: Cause) -> None:
    """Bad data before everything; the gap is execution; live and twin together are the edge; what nothing explains is called so."""
    found = dt.cause(edge, twin, gap, coverage, risk=risk)
    assert found.cause is expected
    assert found.level is worst((edge, gap, risk))
    assert found.words


def test_worst_of_none_is_calm() -> None:
    """Alarm before warning before calm."""
    assert worst(()) is Level.CALM
    assert worst((Level.CALM, Level.WARN)) is Level.WARN
    assert worst((Level.WARN, Level.ALARM)) is Level.ALARM


# ---- refusals


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_missing_bar_is_no_zero(bad: float) -> None:
    """What is not finite is refused by each."""
    for add in (
        dt.EdgeMonitor(EDGE, 3.0, DEVIATION).add,
        lambda x: dt.GapMonitor(GAP, DEVIATION).add(x, 0.0),
        lambda x: dt.VarMonitor(VAR).add(x, 0.01),
    ):
        with pytest.raises(ValueError, match="return"):
            add(bad)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: EdgeRules(arl_warn_years=4.0), "arl_warn_years"),
        (lambda: EdgeRules(bets=()), "bets"),
        (lambda: EdgeRules(bet_cap=0.15), "bet_cap"),
        (lambda: GapRules(start_bars=0), "start_bars"),
        (lambda: GapRules(decay=-0.1), "decay"),
        (lambda: EdgeRules(shift_min=0.0), "shift_min"),
        (lambda: EdgeRules(decay=1.0), "decay"),
        (lambda: GapRules(shift=-1.0), "shift"),
        (lambda: VarRules(p=0.2), "multiples"),
        (lambda: DrawdownRules(q=0.0), "q, hard"),
        (lambda: dt.EdgeMonitor(EDGE, 3.0, 0.0), "deviation"),
        (lambda: dt.drawdown_limit(0.1, 1.0, 1.0), "q, volatility"),
    ],
)
def test_rules_that_cannot_be_are_refused(make: object, name: str) -> None:
    """The message names the number."""
    with pytest.raises(ValueError, match=name):
        make()  # type: ignore[operator]


def test_a_state_of_other_rules_is_refused() -> None:
    """Another number of bets."""
    with pytest.raises(ValueError, match="bets"):
        dt.EdgeMonitor(EdgeRules(bets=(1.0,)), 3.0, 1.0).load(dt.EdgeMonitor(EDGE, 3.0, 1.0).save())
