"""Ratios by their definitions, with the samples under which they are undefined."""

from __future__ import annotations

import statistics
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.metrics.drawdown import DrawdownTracker
from genesis.metrics.ratios import Moments, RecentReturns, sharpe

RETURNS = st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=700)


@given(RETURNS)
def test_sharpe_is_mean_over_deviation_and_none_under_42_bars(values: list[float]) -> None:
    """Mean / sample deviation x sqrt(2190), undefined for few bars or no deviation."""
    moments = Moments()
    for x in values:
        moments.add(x)
    found = sharpe(moments)
    if len(values) < 42:
        assert found is None
    elif found is not None:
        expected = statistics.fmean(values) / statistics.stdev(values) * sqrt(2190)
        assert found.value == pytest.approx(expected, rel=1e-6, abs=1e-6)
        assert found.n == len(values)


@given(RETURNS)
def test_value_at_risk_is_the_lower_quantile_of_the_latest_500(values: list[float]) -> None:
    """5 % of n losses are at or beyond it; undefined under 100 bars."""
    recent = RecentReturns()
    for x in values:
        recent.add(x)
    latest = sorted(values[-500:])
    if len(latest) < 100:
        assert recent.value_at_risk(0.95) is None
        return
    tail = latest[: int(0.05 * len(latest) + 1e-9)]
    assert recent.value_at_risk(0.95) == max(0.0, -tail[-1])
    assert recent.expected_shortfall(0.95) == pytest.approx(max(0.0, -statistics.fmean(tail)), abs=1e-12)
    assert (recent.value_at_risk(0.99) is None) == (len(latest) < 500)


@given(st.lists(st.floats(0.5, 1.5), min_size=1, max_size=80), st.one_of(st.none(), st.floats(0.05, 0.5)))
def test_drawdown_by_column_equals_drawdown_row_by_row(values: list[float], limit: float | None) -> None:
    """Both evaluators give the same peak, maximum, dates and first break of a limit."""
    import numpy as np

    by_row, by_column = DrawdownTracker(), DrawdownTracker()
    broke = None
    for i, value in enumerate(values):
        if by_row.update(value, i) >= (limit if limit is not None else 9.0):
            broke = i
            break
    assert by_column.scan(np.array(values), np.arange(len(values)), limit) == broke
    assert by_row.save() == by_column.save()
