"""Ratios of evidence-bar returns: by hand, by simulation, and the samples under which they are undefined."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from genesis.metrics.ratios import BARS_PER_YEAR, SHARPE_BARS_MIN, Moments, calmar, sharpe, sortino, volatility

YEAR = sqrt(BARS_PER_YEAR)


def sample(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(5, n) * 0.004 + 0.0002


def test_moments_are_numpys() -> None:
    """Mean, deviation (ddof 1), skewness and kurtosis (population), downside, against the two-pass formulas."""
    x = sample(700) ** 3 * 1e4
    found, centred = Moments(x.tolist()), x - x.mean()
    assert found.mean == pytest.approx(x.mean(), rel=1e-11)
    assert found.deviation() == pytest.approx(x.std(ddof=1), rel=1e-12)
    assert found.skewness() == pytest.approx((centred**3).mean() / x.std() ** 3, rel=1e-10)
    assert found.kurtosis() == pytest.approx((centred**4).mean() / x.var() ** 2, rel=1e-10)
    assert found.downside() == pytest.approx(sqrt((np.minimum(x, 0) ** 2).mean()), rel=1e-12)


def test_sharpe_by_hand() -> None:
    """21 bars of +2 % and 21 of 0: mean 1 %, deviation sqrt(42 / 41) %, no skew, kurtosis 1."""
    estimate = sharpe(Moments([0.02, 0.0] * 21))
    assert estimate is not None
    assert estimate.value == pytest.approx(sqrt(41 / 42) * YEAR, rel=1e-12)
    assert estimate.stderr == pytest.approx(sqrt(1 / 42) * YEAR, rel=1e-12)
    assert estimate.n == 42


def test_standard_error_is_that_of_mertens() -> None:
    """sqrt((1 - g3 SR + (g4 - 1) / 4 SR**2) / n), with every part taken from numpy."""
    x = np.exp(sample(400) * 150)
    bar, g3 = x.mean() / x.std(ddof=1), ((x - x.mean()) ** 3).mean() / x.std() ** 3
    g4 = ((x - x.mean()) ** 4).mean() / x.var() ** 2
    estimate = sharpe(Moments(x.tolist()))
    assert estimate is not None
    assert abs(g3 * bar) > 0.1
    assert estimate.stderr / YEAR == pytest.approx(sqrt((1 - g3 * bar + (g4 - 1) / 4 * bar**2) / 400), rel=1e-9)


def test_standard_error_of_normal_returns_is_that_of_lo() -> None:
    """With skewness 0 and kurtosis 3: sqrt((1 + SR**2 / 2) / n), Lo 2002."""
    n, bar = 60, 0.5
    moments = Moments()
    moments.load((n, bar, n - 1.0, 0.0, 3 * (n - 1.0) ** 2 / n, 0.0))
    estimate = sharpe(moments)
    assert estimate is not None
    assert estimate.value == pytest.approx(bar * YEAR)
    assert estimate.stderr == pytest.approx(sqrt((1 + bar**2 / 2) / n) * YEAR, rel=1e-12)


def test_standard_error_is_how_much_sharpe_varies_from_sample_to_sample() -> None:
    """Over 600 samples of returns with a long left tail the estimates spread as the formula says, within 8 %; Lo's is far under it."""
    rng = np.random.default_rng(11)
    found = [sharpe(Moments(x.tolist())) for x in 3 - rng.gamma(2.0, 1.0, (600, 300))]
    values = np.array([e.value for e in found if e is not None])
    assert len(values) == 600
    spread, mean_error = values.std(ddof=1), np.mean([e.stderr for e in found if e is not None])
    lo = sqrt((1 + (values.mean() / YEAR) ** 2 / 2) / 300) * YEAR
    assert mean_error == pytest.approx(spread, rel=0.08)
    assert lo < 0.8 * spread


def test_sortino_by_hand() -> None:
    """Mean over the root of the mean squared loss, gains counting as 0: 0.5 % over sqrt(1 / 2) %."""
    assert sortino(Moments([0.02, -0.01] * 21)) == pytest.approx(0.005 / (0.01 * sqrt(0.5)) * YEAR, rel=1e-12)


def test_volatility_is_the_deviation_times_the_root_of_bars_a_year() -> None:
    """From two bars on."""
    assert volatility(Moments([0.01, 0.03])) == pytest.approx(0.01 * sqrt(2) * YEAR)
    assert volatility(Moments([0.01])) is None
    assert volatility(Moments()) is None


def test_calmar_is_annual_return_over_maximum_drawdown() -> None:
    """None without either."""
    assert calmar(0.3, 0.1) == pytest.approx(3.0)
    assert calmar(-0.3, 0.1) == pytest.approx(-3.0)
    assert calmar(0.3, 0.0) is None
    assert calmar(None, 0.1) is None
    assert calmar(1e300, 1e-300) is None


def test_under_42_bars_there_is_no_sharpe_and_no_sortino() -> None:
    """41 bars are none, 42 are enough."""
    x = sample(SHARPE_BARS_MIN).tolist()
    assert (sharpe(Moments(x[:41])), sortino(Moments(x[:41]))) == (None, None)
    assert None not in (sharpe(Moments(x)), sortino(Moments(x)))


@pytest.mark.parametrize("x", [0.0, 0.001, -0.001, 0.1])
def test_without_deviation_there_is_no_sharpe(x: float) -> None:
    """A constant return has no ratio, nor does one that varies by rounding alone."""
    assert sharpe(Moments([x] * 100)) is None
    assert sharpe(Moments([x, np.nextafter(x, 1)] * 50)) is None
    assert Moments([x] * 100).skewness() is None


def test_without_a_losing_bar_there_is_no_sortino() -> None:
    """No downside, no ratio; there is a Sharpe all the same."""
    moments = Moments(abs(sample(100)).tolist())
    assert sortino(moments) is None
    assert sharpe(moments) is not None


def test_values_a_step_of_a_float_from_their_mean_have_no_shape() -> None:
    """2^-52 on either side is no deviation, twice that is one: no skew, a kurtosis of 1; one value, or none, has none."""
    assert [Moments(x).skewness() for x in ([], [0.1], [2.0**-52, -(2.0**-52)])] == [None] * 3
    wider = Moments([2.0**-51, -(2.0**-51)])
    assert (wider.skewness(), wider.kurtosis()) == (0.0, 1.0)


def test_losses_of_a_step_of_a_float_are_no_downside() -> None:
    """42 bars that lost 2^-52 each have none; twice that has, and no gain: the root of bars a year, below 0."""
    assert sortino(Moments([-(2.0**-52)] * 42)) is None
    assert sortino(Moments([-(2.0**-51)] * 42)) == pytest.approx(-YEAR)


@pytest.mark.parametrize("x", [float("nan"), float("inf"), 1e300])
def test_a_missing_return_is_refused_and_leaves_no_trace(x: float) -> None:
    """It is an error of that bar, not 0, and not nan for ever."""
    moments = Moments([0.01, 0.02])
    before = moments.save()
    with pytest.raises(ValueError, match="return: expected a finite number"):
        moments.add(x)
    assert moments.save() == before
