"""Statistics of a Sharpe ratio at one look that was planned: errors, PSR, DSR, lengths. One definition each.

Ratios are of one bar, not annualised; a normal has skewness 0 and kurtosis 3. None of them may be watched until it pleases: a rule that peeks at
them daily passes strategies without any edge far more often than its level says (docs/EVIDENCE.md). For watching there are `betting` and
`confidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import e, pi, sqrt
from statistics import NormalDist

from genesis.metrics.ratios import ratio_variance

_NORMAL = NormalDist()
_EULER = 0.5772156649015329


def standard_error(ratio: float, n: int, skewness: float = 0.0, kurtosis: float = 3.0) -> float:
    """Standard error of a Sharpe ratio of ``n`` independent bars: sqrt((1 - g3 SR + (g4 - 1) / 4 SR**2) / n).

    Mertens 2002, Opdyke 2007; with the moments of a normal it is Lo 2002 (FAJ 58(4), table 1): sqrt((1 + SR**2 / 2) / n).
    """
    _at_least("n", n, 1)
    return sqrt(ratio_variance(ratio, skewness, kurtosis) / n)


def aggregation_factor(q: int, autocorrelations: Sequence[float]) -> float:
    """What turns a bar's ratio into that of ``q`` bars: q / sqrt(q + 2 sum over k < q of (q - k) rho_k); sqrt(q) without autocorrelation.

    Lo 2002 (FAJ 58(4), table 2). ``autocorrelations`` are those of lags 1, 2, ...; later ones count as 0.

    Raises:
        ValueError: they add up to a variance that is not above 0.
    """
    _at_least("q", q, 1)
    lags = enumerate(autocorrelations[: q - 1], 1)
    variance = q + 2 * sum((q - k) * rho for k, rho in lags)
    if variance <= 0:
        raise ValueError(f"autocorrelations: expected a variance above 0, found {variance}")
    return q / sqrt(variance)


def probabilistic(ratio: float, benchmark: float, stderr: float) -> float:
    """PSR: the probability with which the ratio is above ``benchmark``: Phi((SR - SR*) / stderr).

    Bailey and Lopez de Prado 2012 (J. of Risk 15(2)) take the standard error at the measured ratio over n - 1 bars; Lopez de Prado, Lipton and
    Zoonekynd 2025 take it at the benchmark over n. Both circulate, so the caller names his by passing it.
    """
    if stderr <= 0:
        raise ValueError(f"stderr: expected above 0, found {stderr}")
    return _NORMAL.cdf((ratio - benchmark) / stderr)


def minimum_track_record(ratio: float, benchmark: float, variance: float, confidence: float = 0.95) -> float | None:
    """MinTRL: bars after which PSR would reach ``confidence`` if ratio and shape stay: 1 + variance (z / (SR - SR*))**2.

    Bailey and Lopez de Prado 2012, equation 13; ``variance`` is that of the root of n times the ratio (`metrics.ratios.ratio_variance`). The
    version of 2025 leaves the 1 out. ``None`` while the ratio is not above the benchmark: no length would do.
    """
    if ratio <= benchmark:
        return None
    z = _NORMAL.inv_cdf(_share("confidence", confidence)) / (ratio - benchmark)
    return 1 + variance * z * z


def expected_maximum(trials: float) -> float:
    """Expected largest of ``trials`` standard normals: (1 - g) Z(1 - 1/N) + g Z(1 - 1/(N e)), g Euler's constant; 0 for one.

    The false-strategy theorem, Bailey, Borwein, Lopez de Prado and Zhu 2014 (Notices of the AMS 61(5)); 1.5 to 2.5 % above the exact value.
    """
    _at_least("trials", trials, 1)
    if trials == 1:
        return 0.0
    z = _NORMAL.inv_cdf
    return (1 - _EULER) * z(1 - 1 / trials) + _EULER * z(1 - 1 / (trials * e))


def effective_trials(trials: int, correlation: float) -> float:
    """Number of independent trials to which ``trials`` of mean correlation rho come: rho + (1 - rho) N.

    Bailey and Lopez de Prado 2014 (JPM 40(5)), equations 8 and 9. A negative mean correlation counts as none.
    """
    _at_least("trials", trials, 1)
    if not -1 <= correlation <= 1:
        raise ValueError(f"correlation: expected -1 to 1, found {correlation}")
    rho = max(0.0, correlation)
    return rho + (1 - rho) * trials


def deflated_benchmark(deviation: float, trials: float) -> float:
    """The ratio to expect of the best of ``trials`` strategies without edge whose ratios have this standard deviation (same source).

    DSR is `probabilistic` against it: Bailey and Lopez de Prado 2014 (JPM 40(5)), equations 1 and 2.
    """
    return deviation * expected_maximum(trials)


def minimum_backtest_years(trials: float, annual_ratio: float) -> float:
    """MinBTL: years under which the best of ``trials`` strategies without edge is expected to show ``annual_ratio``: (E[max N] / SR)**2.

    Bailey, Borwein, Lopez de Prado and Zhu 2014 (Notices of the AMS 61(5)).
    """
    if annual_ratio <= 0:
        raise ValueError(f"annual_ratio: expected above 0, found {annual_ratio}")
    most = expected_maximum(trials) / annual_ratio
    return most * most


def expected_drawdown_without_edge(annual_volatility: float, years: float) -> float:
    """Expected deepest fall of a sum of returns without a mean: sigma sqrt(pi / 2 T); of a unit of volatility in a year 1.2533.

    Magdon-Ismail, Atiya, Pratap and Abu-Mostafa 2004 (J. of Applied Probability 41(1)), for Brownian motion without drift.
    """
    return annual_volatility * sqrt(pi / 2 * years)


def missed(benchmark: float, true: float, stderr_at_benchmark: float, stderr_at_true: float, alpha: float) -> float:
    """Type II error: how often a test of ``benchmark`` at level ``alpha`` misses a strategy whose ratio is ``true``.

    Lopez de Prado, Lipton and Zoonekynd 2025.
    """
    critical = benchmark + _NORMAL.inv_cdf(1 - _share("alpha", alpha)) * stderr_at_benchmark
    return _NORMAL.cdf((critical - true) / stderr_at_true)


def false_discoveries(p_null: float, p_skilled: float, prior: float) -> float:
    """Share of strategies without edge among those that pass a test, by Bayes: p0 (1 - p) / (p0 (1 - p) + p1 p).

    Lopez de Prado, Lipton and Zoonekynd 2025: planned with p0 = alpha and p1 = the power, observed with the two tail probabilities.
    """
    false = _share("p_null", p_null) * (1 - _share("prior", prior))
    return false / (false + _share("p_skilled", p_skilled) * prior)


def _at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise ValueError(f"{name}: expected at least {least}, found {value}")


def _share(name: str, value: float) -> float:
    if not 0 < value < 1:
        raise ValueError(f"{name}: expected between 0 and 1, found {value}")
    return value
