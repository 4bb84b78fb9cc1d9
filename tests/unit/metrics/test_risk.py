"""Value at risk and expected shortfall: the quantile by hand, the expansion by numerical integration, the sample minima."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest

from genesis.metrics.risk import RecentReturns, Shape, cornish_fisher_quantile, edgeworth_tail_mean

NORMAL = Shape(mean=0.0, deviation=1.0, skewness=0.0, excess_kurtosis=0.0, n=500)


def losses(n: int) -> RecentReturns:
    """Returns -1/1000, -2/1000, ... -n/1000, the smallest first."""
    return RecentReturns([-k / 1000 for k in range(1, n + 1)])


@pytest.mark.parametrize(
    ("n", "level", "worst"),
    [(100, 0.95, 5), (101, 0.95, 6), (119, 0.95, 6), (120, 0.95, 6), (500, 0.95, 25), (500, 0.99, 5)],
)
def test_the_quantile_is_the_smallest_return_with_enough_mass_at_or_under_it(n: int, level: float, worst: int) -> None:
    """k-th worst of n with k = (1 - level) n rounded up; the shortfall is the mean of those k."""
    recent = losses(n)
    assert recent.value_at_risk(level) == (n - worst + 1) / 1000
    assert recent.expected_shortfall(level) == pytest.approx(sum(range(n - worst + 1, n + 1)) / worst / 1000, rel=1e-12)


def test_under_the_sample_minimum_everything_is_undefined() -> None:
    """100 bars for 95 %, 500 for 99 %."""
    for n, level in ((99, 0.95), (499, 0.99)):
        few, enough = losses(n), losses(n + 1)
        for name in ("value_at_risk", "expected_shortfall", "cornish_fisher_var", "cornish_fisher_shortfall"):
            assert getattr(few, name)(level) is None
            assert getattr(enough, name)(level) > 0


def test_only_the_latest_500_count() -> None:
    """A disaster 501 bars ago is gone."""
    recent = RecentReturns([-0.5] + [-k / 1e5 for k in range(500)])
    assert len(recent) == 500
    assert recent.value_at_risk(0.99) == 495 / 1e5


def test_a_tail_without_loss_is_no_risk() -> None:
    """Positive fractions of equity: never below 0, and not minus 0."""
    recent = RecentReturns([0.001, 0.002] * 250)
    for name in ("value_at_risk", "expected_shortfall", "cornish_fisher_var", "cornish_fisher_shortfall"):
        assert str(getattr(recent, name)(0.95)) == "0.0"


@pytest.mark.parametrize("x", [0.0, 0.003, -0.003])
def test_without_deviation_there_is_no_expansion(x: float) -> None:
    """A flat track has a historical VaR, but no shape for Cornish-Fisher to correct."""
    recent = RecentReturns([x] * 500)
    assert recent.shape() is None
    assert recent.value_at_risk(0.95) == max(0.0, -x)
    assert recent.cornish_fisher_var(0.95) is None
    assert recent.cornish_fisher_shortfall(0.99) is None
    assert RecentReturns([x, x + 1e-17 + x * 2e-16] * 250).shape() is None


def test_shape_is_numpys_of_the_window() -> None:
    """Population moments of the latest 500, from sums that forgot the others exactly."""
    x = np.random.default_rng(3).standard_t(4, 1300) * 0.01
    shape, window = RecentReturns(x.tolist()).shape(), x[-500:]
    centred = window - window.mean()
    assert shape is not None
    assert shape.mean == pytest.approx(window.mean(), rel=1e-11)
    assert shape.deviation == pytest.approx(window.std(), rel=1e-12)
    assert shape.skewness == pytest.approx((centred**3).mean() / window.std() ** 3, rel=1e-10)
    assert shape.excess_kurtosis == pytest.approx((centred**4).mean() / window.var() ** 2 - 3, rel=1e-10)


def test_for_a_normal_the_expansion_is_the_normal_quantile() -> None:
    """1.644854 and 2.326348 deviations; expected shortfall 2.062713 and 2.665214."""
    for level, z, shortfall in ((0.95, 1.6448536269514722, 2.062712808), (0.99, 2.3263478740408408, 2.665214220)):
        assert cornish_fisher_quantile(NORMAL, level) == -z
        assert -edgeworth_tail_mean(NORMAL, -z) / (1 - level) == pytest.approx(shortfall, rel=1e-9)


def test_quantile_with_skew_and_kurtosis_by_hand() -> None:
    """z = -1.6448536: S = -0.5 adds (z**2 - 1) S / 6, K = 2 adds (z**3 - 3 z) K / 24, S**2 takes (2 z**3 - 5 z) S**2 / 36."""
    shape = Shape(mean=0.0, deviation=1.0, skewness=-0.5, excess_kurtosis=2.0, n=500)
    z = -1.6448536269514722
    by_hand = z - 0.1421286212 + 0.0403614931 - (-0.6761777919) * 0.25 / 36
    assert cornish_fisher_quantile(shape, 0.95) == pytest.approx(by_hand, abs=1e-9)


@pytest.mark.parametrize(("skewness", "excess_kurtosis"), [(0.0, 0.0), (-0.8, 1.5), (0.6, 4.0)])
@pytest.mark.parametrize("g", [-3.0, -1.7, 0.4])
def test_tail_mean_is_the_integral_of_the_edgeworth_density(skewness: float, excess_kurtosis: float, g: float) -> None:
    """x times phi(x) [1 + S He3 / 6 + K He4 / 24 + S**2 He6 / 72], integrated numerically up to g."""
    x = np.linspace(-14, g, 400_001)
    he3, he4 = x**3 - 3 * x, x**4 - 6 * x**2 + 3
    he6 = x**6 - 15 * x**4 + 45 * x**2 - 15
    density = np.exp(-(x**2) / 2) / sqrt(2 * pi)
    density *= 1 + skewness * he3 / 6 + excess_kurtosis * he4 / 24 + skewness**2 * he6 / 72
    shape = Shape(mean=0.0, deviation=1.0, skewness=skewness, excess_kurtosis=excess_kurtosis, n=500)
    assert edgeworth_tail_mean(shape, g) == pytest.approx(float(np.trapezoid(x * density, x)), abs=1e-9)


def test_the_modified_shortfall_of_a_fair_coin_by_hand() -> None:
    """A cent won or lost, 250 times each: no mean, 1 % deviation, no skew, an excess kurtosis of -2.

    At 95 % the quantile is -1.644854 + 2 (1.644854^3 - 3 x 1.644854) / 24 = -1.685215 deviations, and the mean under it
    0.096432 / 0.05 x [1 - 2 (8.065316 - 5.679900 - 1) / 24] = 1.70598.
    """
    recent = RecentReturns([0.01, -0.01] * 250)
    assert recent.cornish_fisher_var(0.95) == pytest.approx(0.01685215, rel=1e-6)
    assert recent.cornish_fisher_shortfall(0.95) == pytest.approx(0.0170598, rel=1e-5)


def test_what_varies_by_a_step_of_a_float_or_less_has_no_shape() -> None:
    """A deviation of 2^-52 is none; of one and a half of it, every moment is exact, as the sums are integers of 2^-64."""
    assert RecentReturns([2**-52, -(2**-52)] * 250).shape() is None
    step = 1.5 * 2**-52
    assert RecentReturns([step, -step]).shape() == Shape(0.0, step, 0.0, -2.0, 2)
    finer = RecentReturns([step + 2**-65, -step - 2**-65])
    assert finer.arrived == (step + 2**-65, -step - 2**-65)
    assert finer.shape() == Shape(0.0, step, 0.0, -2.0, 2)
    assert [RecentReturns([0.1] * n).shape() for n in (0, 1)] == [None, None]


def test_modified_shortfall_is_never_under_the_modified_var() -> None:
    """With a fat tail beyond what the expansion can bear it is the VaR itself."""
    x = np.random.default_rng(8).standard_t(2, 500) * 0.01
    recent = RecentReturns(x.tolist())
    for level in (0.95, 0.99):
        var, shortfall = recent.cornish_fisher_var(level), recent.cornish_fisher_shortfall(level)
        assert var is not None
        assert shortfall is not None
        assert shortfall >= var > 0


@pytest.mark.parametrize("level", [0.9, 0.05, 95, 1.0])
def test_another_level_is_refused(level: float) -> None:
    """Two levels are defined, and 95 is not 0.95."""
    recent = losses(500)
    for name in ("value_at_risk", "expected_shortfall", "cornish_fisher_var", "cornish_fisher_shortfall"):
        with pytest.raises(ValueError, match=f"level: expected 0.95 or 0.99, found {level}"):
            getattr(recent, name)(level)


def test_a_missing_return_is_refused() -> None:
    """nan would sort anywhere."""
    with pytest.raises(ValueError, match="return: expected a finite number, found nan"):
        losses(3).add(float("nan"))


def test_a_window_stays_as_it_was_taken() -> None:
    """Returns that arrive later change neither its tail nor its moments."""
    recent, same = losses(400), losses(400)
    window = recent.window()
    for k in range(300):
        recent.add(-0.9 - k / 1000)
    assert window.n == 400
    for level in (0.95, 0.99):
        assert window.value_at_risk(level) == same.value_at_risk(level)
        assert window.expected_shortfall(level) == same.expected_shortfall(level)
        assert window.cornish_fisher_var(level) == same.cornish_fisher_var(level)
    assert recent.value_at_risk(0.95) != window.value_at_risk(0.95)
