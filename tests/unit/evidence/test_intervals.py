"""Intervals and errors: a published confidence sequence, and standard errors that see autocorrelation."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.evidence.confidence import radius
from genesis.evidence.dependence import LaggedSums, lags_for
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source
from genesis.metrics.ratios import Moments


def test_the_sequence_of_growthbook() -> None:
    """GrowthBook's `TestSequentialTTest`: relative effect .50336, interval -.55844 to 1.56516, deviation .33341, tuned for 1,000."""
    sum_a, squares_a, n_a, sum_b, squares_b, n_b = 1396.87, 52377.9767, 3000, 2422.7, 134698.29, 3461
    mean_a, mean_b = sum_a / n_a, sum_b / n_b
    var_a = (squares_a - sum_a**2 / n_a) / (n_a - 1)
    var_b = (squares_b - sum_b**2 / n_b) / (n_b - 1)
    effect = (mean_b - mean_a) / mean_a
    deviation = sqrt(var_b / (mean_a**2 * n_b) + var_a * mean_b**2 / (mean_a**4 * n_a))
    reach = radius(deviation * sqrt(n_a + n_b), n_a + n_b, 0.05, 1000)
    assert (effect, deviation) == pytest.approx((0.50336, 0.33341), abs=5e-6)
    assert (effect - reach, effect + reach) == pytest.approx((-0.55844, 1.56516), abs=5e-6)


def test_at_its_best_time_it_is_three_standard_errors_wide() -> None:
    """3.03 where a fixed sample has 1.96: the price of looking at all times."""
    best = min(radius(1, n, 0.05, 540) * sqrt(n) for n in range(50, 5000, 10))
    assert best == pytest.approx(3.03, abs=6e-3)


@pytest.mark.parametrize(("n", "alpha", "tuned_for"), [(0, 0.05, 540), (10, 0.0, 540), (10, 0.05, 0)])
def test_an_interval_of_nothing_is_refused(n: int, alpha: float, tuned_for: float) -> None:
    """No values, no level, no time it is tuned for."""
    with pytest.raises(ValueError, match="tuned_for"):
        radius(1.0, n, alpha, tuned_for)


def newey_west(returns: list[float]) -> float:
    """n times the variance of the ratio, from the whole column at once."""
    r = np.array(returns)
    n, s = len(r), r.std(ddof=1)
    z = (r - r.mean()) / s
    psi = z - r.mean() / s / 2 * (z * z - 1)
    lags = lags_for(n)
    g = [float(psi[k:] @ psi[: n - k]) / n for k in range(lags + 1)]
    return g[0] + 2 * sum((1 - k / (lags + 1)) * g[k] for k in range(1, lags + 1))


@given(st.lists(st.floats(-0.03, 0.03), min_size=42, max_size=300), st.integers(0, 50))
def test_running_sums_are_the_column(returns: list[float], extreme: int) -> None:
    """As bars come, the estimate is that of Newey and West over all of them; the lags go up to sixteen."""
    returns = [x + 0.001 * (i % 7 - 3) for i, x in enumerate(returns)]
    returns[extreme % len(returns)] += 0.05
    moments, lagged = Moments(returns), LaggedSums()
    for x in returns:
        lagged.add(x)
    assert lagged.ratio_variance(moments) == pytest.approx(max(0.0, newey_west(returns)), rel=1e-6, abs=1e-9)


def test_positive_autocorrelation_widens_the_error() -> None:
    """With an autoregression of 0.3 the variance is (1 + rho) / (1 - rho) = 1.86 times that of independent bars, at a small ratio."""
    noise = np.random.default_rng(5).standard_normal(40_000) * 0.001
    returns, before = [], 0.0
    for x in noise.tolist():
        before = 0.3 * before + x
        returns.append(before)
    moments, lagged = Moments(returns), LaggedSums()
    for x in returns:
        lagged.add(x)
    assert lagged.ratio_variance(moments) == pytest.approx(1.857, rel=0.06)


def test_no_interval_before_it_can_mean_something() -> None:
    """``None`` at 41 bars and without deviation; at 42 the ratio lies in its interval, and the error is a part of the reach."""
    evidence, flat = Evidence(BettingRules(), Source.REPLAY), Evidence(BettingRules(), Source.REPLAY)
    for i in range(41):
        evidence.add(0.001 * (i % 3 - 1))
        flat.add(0.0)
    flat.add(0.0)
    assert evidence.sharpe() is None
    assert flat.sharpe() is None
    evidence.add(0.001)
    found = evidence.sharpe()
    assert found is not None
    ratio, stderr, low, high = found
    assert low < ratio < high
    assert evidence.deviation == pytest.approx(0.0008, rel=0.05)
    assert (high - low) / 2 > 3 * stderr
