"""Evidence-bar returns from samples, and the benchmarks over the same bars."""

from __future__ import annotations

import pytest

from genesis.metrics.ratios import Moments, sharpe
from genesis.monitoring.report.evidence import bar_returns, benchmark, cash
from genesis.monitoring.report.values import Line
from genesis.paper_trading.verdicts import Window
from tests.unit.reporting.made import HOUR, START, wave


def test_a_bar_ends_at_each_fourth_hour_utc() -> None:
    """Samples in between change nothing; the first bar starts with what there was at the start."""
    line = Line(tuple(START + h * HOUR for h in (1, 3, 4, 5, 8)), (90.0, 95.0, 110.0, 50.0, 99.0))
    assert bar_returns(line, 100.0, START, 2).values == pytest.approx((0.1, -0.1))


def test_the_first_bar_may_be_a_part() -> None:
    """A run that starts within a bar ends it at the boundary."""
    line = Line((START + 4 * HOUR,), (101.0,))
    assert bar_returns(line, 100.0, START + 3 * HOUR).values == pytest.approx((0.01,))


def test_a_first_bar_that_is_no_observation_is_left_out() -> None:
    """Where the track itself has no return of it: the next one begins with what there was at its end, for a benchmark as well."""
    line = Line(tuple(START + h * HOUR for h in (4, 8, 12)), (101.0, 202.0, 101.0))
    assert bar_returns(line, 100.0, START + 3 * HOUR, 2, START + 4 * HOUR).values == pytest.approx((1.0, -0.5))
    held = Line(line.times, (0.01, 0.02, 0.03))
    run = Window(START + 3 * HOUR, START + 12 * HOUR)
    assert [benchmark("hold", (), held, run, cut).bars for cut in (None, START + 4 * HOUR)] == [3, 2]


def test_a_run_that_starts_just_before_a_boundary_has_a_bar_there() -> None:
    """As the track itself counts it: one nanosecond long and 0."""
    line = Line((START, START + 4 * HOUR), (100.0, 102.0))
    assert bar_returns(line, 100.0, START - 1, 2).values == pytest.approx((0.0, 0.02))


def test_a_return_never_spans_a_boundary_that_was_not_sampled() -> None:
    """What is lacking is counted in words."""
    line = Line(tuple(START + h * HOUR for h in (4, 12, 16)), (100.0, 120.0, 126.0))
    found = bar_returns(line, 100.0, START, 4)
    assert found.values == pytest.approx((0.0, 0.05))
    assert found.lacking.startswith("2 of 4 bars")


@pytest.mark.parametrize(
    ("hours", "why"),
    [((1, 2, 3), "no 4 h boundary"), ((24,), "no two samples bound a whole bar"), ((), "no 4 h boundary")],
)
def test_without_bars_it_says_why(hours: tuple[int, ...], why: str) -> None:
    """In words."""
    line = Line(tuple(START + h * HOUR for h in hours), tuple(100.0 for _ in hours))
    found = bar_returns(line, 100.0, START)
    assert found.values == ()
    assert why in found.lacking


def test_a_benchmark_has_the_ratios_of_the_metrics_room() -> None:
    """The same functions over the same bars."""
    line = wave(400, 0.0, 0.05)
    found = benchmark("hold", (), line, Window(START, START + 400 * HOUR))
    worth = Line(line.times, tuple(1 + (v or 0.0) for v in line.values))
    expected = sharpe(Moments(bar_returns(worth, 1.0, START).values))
    assert expected is not None
    assert (found.sharpe, found.sharpe_stderr, found.bars) == (expected.value, expected.stderr, 100)
    assert found.total_return == pytest.approx(line.values[-1] or 0.0)
    assert found.drawdown_max == pytest.approx((1.05 - 0.95) / 1.05, rel=1e-3)


def test_a_benchmark_without_a_price_is_undefined() -> None:
    """Not zero."""
    found = benchmark("hold", (), Line(), Window(START, START + HOUR))
    assert (found.total_return, found.sharpe, found.drawdown_max, found.bars) == (None, None, None, 0)


def test_cash_returns_nothing_and_has_no_ratio() -> None:
    """No deviation, so no Sharpe ratio."""
    found = cash(Window(START, START + HOUR), 50)
    assert (found.total_return, found.annualised_return, found.drawdown_max) == (0.0, 0.0, 0.0)
    assert (found.sharpe, found.sortino, found.calmar) == (None, None, None)
