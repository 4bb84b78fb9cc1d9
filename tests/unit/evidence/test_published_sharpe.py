"""Published numbers for Sharpe statistics; the source stands beside each."""

from __future__ import annotations

from math import sqrt

import pytest

from genesis.evidence import estimators as est
from genesis.metrics.ratios import ratio_variance

# Hedge-fund example of Bailey and Lopez de Prado 2012 (J. of Risk 15(2)), monthly: mean 0.036, deviation 0.079, 24 months.
RATIO, MONTHS, SKEW, KURT = 0.036 / 0.079, 24, -2.448, 10.164


@pytest.mark.parametrize(("skewness", "kurtosis", "expected"), [(0, 3, 0.982), (SKEW, KURT, 0.913)])
def test_psr_of_2012(skewness: float, kurtosis: float, expected: float) -> None:
    """Bailey and Lopez de Prado 2012: the standard error at the measured ratio, over n - 1."""
    stderr = est.standard_error(0.458, MONTHS - 1, skewness, kurtosis)
    assert est.probabilistic(0.458, 0, stderr) == pytest.approx(expected, abs=5e-4)


FUNDS = [(134, -0.2250, 2.9570, 0.7079, 0.1028, 0.7152), (134, -1.4455, 7.0497, 0.8183, 0.1550, 1.1593)]


@pytest.mark.parametrize(("n", "skewness", "kurtosis", "ratio", "stderr", "years"), FUNDS)
def test_deviation_of_a_ratio_and_its_minimum_track_record(
    n: int, skewness: float, kurtosis: float, ratio: float, stderr: float, years: float
) -> None:
    """Bailey and Lopez de Prado 2012, hedge-fund indices, as tested in rubenbriones/Probabilistic-Sharpe-Ratio; 95 %."""
    assert est.standard_error(ratio, n - 1, skewness, kurtosis) == pytest.approx(stderr, abs=5e-5)
    bars = est.minimum_track_record(ratio, 0, ratio_variance(ratio, skewness, kurtosis))
    assert bars is not None
    assert bars / 12 == pytest.approx(years, abs=1e-4)


@pytest.mark.parametrize(
    ("a_year", "skewness", "kurtosis", "years"),
    [(252, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_years_that_tell_two_from_one(a_year: int, skewness: float, kurtosis: float, years: float) -> None:
    """Bailey and Lopez de Prado 2012, text: an annual ratio of 2 against 1 at 95 %, daily, weekly, monthly."""
    ratio, benchmark = 2 / sqrt(a_year), 1 / sqrt(a_year)
    bars = est.minimum_track_record(ratio, benchmark, ratio_variance(ratio, skewness, kurtosis))
    assert bars is not None
    assert bars / a_year == pytest.approx(years, abs=6e-3)


@pytest.mark.parametrize(
    ("trials", "skewness", "kurtosis", "expected"), [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)]
)
def test_deflated_sharpe_of_2014(trials: int, skewness: float, kurtosis: float, expected: float) -> None:
    """Bailey and Lopez de Prado 2014 (JPM 40(5)), pages 9 and 10: an annual 2.5 over 1,250 days, variance of the trials 0.5."""
    ratio = 2.5 / sqrt(250)
    benchmark = est.deflated_benchmark(sqrt(0.5 / 250), trials)
    if trials == 100:
        assert benchmark == pytest.approx(0.1132, abs=5e-5)
        assert benchmark * sqrt(250) == pytest.approx(1.7894, abs=5e-5 * sqrt(250))
    stderr = est.standard_error(ratio, 1249, skewness, kurtosis)
    assert est.probabilistic(ratio, benchmark, stderr) == pytest.approx(expected, abs=5e-5)


def test_the_version_of_2025() -> None:
    """Lopez de Prado, Lipton and Zoonekynd 2025 (zoonek/2025-sharpe-ratio, assertions): the standard error at the benchmark, over n."""

    def stderr(ratio: float) -> float:
        return est.standard_error(ratio, MONTHS, SKEW, KURT)

    assert stderr(RATIO) == pytest.approx(0.329, abs=5e-4)
    assert est.standard_error(RATIO, MONTHS) == pytest.approx(0.214, abs=5e-4)
    length = est.minimum_track_record(RATIO, 0, ratio_variance(0, SKEW, KURT))
    assert length is not None
    assert length - 1 == pytest.approx(13.029, abs=1e-3)
    assert est.probabilistic(RATIO, 0, stderr(0)) == pytest.approx(0.987, abs=5e-4)
    assert est.probabilistic(RATIO, 0.1, stderr(0.1)) == pytest.approx(0.939, abs=5e-4)
    missed = est.missed(0, 0.5, stderr(0), stderr(0.5), 0.05)
    assert missed == pytest.approx(0.315, abs=5e-4)
    assert est.false_discoveries(0.05, 1 - 0.315, 0.05) == pytest.approx(0.581, abs=5e-4)
    p_null = 1 - est.probabilistic(RATIO, 0, stderr(0))
    p_skilled = 1 - est.probabilistic(RATIO, 0.5, stderr(0.5))
    assert est.false_discoveries(p_null, p_skilled, 0.05) == pytest.approx(0.306, abs=5e-4)


def test_expected_maximum_and_minimum_backtest() -> None:
    """Bailey, Borwein, Lopez de Prado and Zhu 2014 (Notices of the AMS 61(5)): 1.57 for ten; 5 years allow 45 trials at a ratio of 1."""
    assert est.expected_maximum(10) == pytest.approx(1.57, abs=5e-3)
    assert est.expected_maximum(20) == pytest.approx(1.9007, abs=5e-5)
    assert est.expected_maximum(1) == 0
    assert est.minimum_backtest_years(45, 1) == pytest.approx(5, abs=0.05)


@pytest.mark.parametrize(("correlation", "expected"), [(0.5, 10.5), (0.8, 4.8), (0.9, 2.9), (-0.3, 20), (1, 1)])
def test_effective_number_of_trials(correlation: float, expected: float) -> None:
    """Bailey and Lopez de Prado 2014, equations 8 and 9, for twenty."""
    assert est.effective_trials(20, correlation) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("ratio", "n", "expected"), [(0.5, 12, 0.306), (0.5, 60, 0.137), (1.5, 60, 0.188), (3, 12, 0.677)]
)
def test_standard_error_of_lo(ratio: float, n: int, expected: float) -> None:
    """Lo 2002 (FAJ 58(4)), table 1."""
    assert est.standard_error(ratio, n) == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize(
    ("rho", "q", "expected", "within"),
    [(0, 12, 3.46, 6e-3), (0.2, 12, 2.88, 6e-3), (-0.2, 12, 4.17, 6e-3), (0.1, 365, 17.29, 5e-3)],
)
def test_aggregation_of_lo(rho: float, q: int, expected: float, within: float) -> None:
    """Lo 2002 (FAJ 58(4)), table 2, for an autoregression of order 1; the last row is our own."""
    factor = est.aggregation_factor(q, [rho**k for k in range(1, q)])
    assert factor == pytest.approx(expected, abs=within)


@pytest.mark.parametrize(("annual", "days"), [(1.5, 439), (3, 110), (5, 40), (8, 15)])
def test_no_week_validates_a_ratio_of_one_and_a_half(annual: float, days: int) -> None:
    """Our own: days at 95 % for a normal, by evidence bars; a Sharpe ratio of 1.5 takes more than a year."""
    ratio = annual / sqrt(2190)
    bars = est.minimum_track_record(ratio, 0, ratio_variance(ratio, 0, 3))
    assert bars is not None
    assert bars / 6 == pytest.approx(days, abs=1)


def test_what_cannot_be_is_refused() -> None:
    """A message that names the argument; a ratio under its benchmark has no length."""
    assert est.minimum_track_record(0.1, 0.1, 1) is None
    for refused, name in (
        (lambda: est.standard_error(0.1, 0), "n"),
        (lambda: est.probabilistic(0.1, 0, 0), "stderr"),
        (lambda: est.expected_maximum(0.5), "trials"),
        (lambda: est.effective_trials(3, 1.5), "correlation"),
        (lambda: est.minimum_backtest_years(3, 0), "annual_ratio"),
        (lambda: est.aggregation_factor(3, [-0.9, -0.9]), "autocorrelations"),
        (lambda: est.false_discoveries(0, 0.5, 0.5), "p_null"),
    ):
        with pytest.raises(ValueError, match=name):
            refused()
