"""The same returns through empyrical-reloaded and quantstats: equal to 1e-9 where the definition is the same, and the named difference
where it is not (docs/METRICS.md)."""

from __future__ import annotations

import warnings
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from genesis.metrics.drawdown import DrawdownTracker
from genesis.metrics.ratios import BARS_PER_YEAR, EVIDENCE_BAR_NS, Moments, calmar, sharpe, sortino, volatility
from genesis.metrics.returns import annualised_return, equity_index, total_return
from genesis.metrics.risk import RecentReturns
from genesis.metrics.trades import trade_stats

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical
    import quantstats.stats as quantstats

CLOSE: dict[str, Any] = {"rel": 1e-9, "abs": 1e-12}


def market(seed: int, n: int, drift: float) -> np.ndarray:
    """Fat-tailed 4 h returns with calm and wild stretches; one bar in seven is flat."""
    rng = np.random.default_rng(seed)
    scale = 0.004 * np.exp(np.cumsum(rng.normal(0, 0.05, n)) - np.linspace(0, 0.5, n))
    return np.where(np.arange(n) % 7 == 3, 0.0, np.clip(rng.standard_t(4, n) * scale + drift, -0.5, 0.5))


@pytest.fixture(
    params=[(1, 42, 0.001), (2, 500, -0.0004), (3, 2190, 0.0002), (4, 777, 0.0)], ids=lambda p: f"{p[1]} bars"
)
def returns(request: pytest.FixtureRequest) -> np.ndarray:
    return market(*request.param)


def series(returns: np.ndarray) -> Any:
    return pd.Series(returns, index=pd.date_range("2024-01-01", periods=len(returns), freq="4h"))


def drawdown_of(returns: np.ndarray) -> float:
    tracker = DrawdownTracker()
    index = equity_index(returns)
    tracker.scan(index, np.arange(len(index)), None)
    return tracker.maximum


def annual_of(returns: np.ndarray) -> float | None:
    return annualised_return(total_return(returns), len(returns) * EVIDENCE_BAR_NS)


def test_sharpe(returns: np.ndarray) -> None:
    """Mean over deviation (ddof 1), risk-free 0, 2,190 bars a year: the same in both."""
    estimate = sharpe(Moments(returns.tolist()))
    assert estimate is not None
    assert estimate.value == pytest.approx(empyrical.sharpe_ratio(returns, annualization=BARS_PER_YEAR), **CLOSE)
    assert estimate.value == pytest.approx(quantstats.sharpe(series(returns), periods=BARS_PER_YEAR), **CLOSE)


def test_standard_error_is_the_one_behind_quantstats_probabilistic_sharpe(returns: np.ndarray) -> None:
    """quantstats divides by n - 1 and takes bias-corrected moments; with ours in its formula the numbers are the same."""
    moments = Moments(returns.tolist())
    estimate, n, s = sharpe(moments), len(returns), pd.Series(returns)
    assert estimate is not None
    g3 = s.skew() * (n - 2) / sqrt(n * (n - 1))
    g4 = ((s.kurtosis() * (n - 2) * (n - 3) / (n - 1)) - 6) / (n + 1) + 3
    assert (moments.skewness(), moments.kurtosis()) == pytest.approx((g3, g4), **CLOSE)
    bar = estimate.value / sqrt(BARS_PER_YEAR)
    theirs = sqrt((1 - g3 * bar + (g4 - 1) / 4 * bar**2) / (n - 1))
    assert estimate.stderr == pytest.approx(theirs * sqrt((n - 1) / n) * sqrt(BARS_PER_YEAR), **CLOSE)


def test_sortino(returns: np.ndarray) -> None:
    """Downside deviation over all bars, target 0: the same in both."""
    found = sortino(Moments(returns.tolist()))
    assert found == pytest.approx(empyrical.sortino_ratio(returns, annualization=BARS_PER_YEAR), **CLOSE)
    assert found == pytest.approx(quantstats.sortino(series(returns), periods=BARS_PER_YEAR), **CLOSE)


def test_volatility(returns: np.ndarray) -> None:
    """The same in both."""
    found = volatility(Moments(returns.tolist()))
    assert found == pytest.approx(empyrical.annual_volatility(returns, annualization=BARS_PER_YEAR), **CLOSE)
    assert found == pytest.approx(quantstats.volatility(series(returns), periods=BARS_PER_YEAR), **CLOSE)


def test_total_and_annualised_return(returns: np.ndarray) -> None:
    """Compounded; years are bars / 2,190: the same in both."""
    assert total_return(returns) == pytest.approx(empyrical.cum_returns_final(returns), **CLOSE)
    assert total_return(returns) == pytest.approx(quantstats.comp(series(returns)), **CLOSE)
    assert annual_of(returns) == pytest.approx(empyrical.annual_return(returns, annualization=BARS_PER_YEAR), **CLOSE)
    assert annual_of(returns) == pytest.approx(quantstats.cagr(series(returns), periods=BARS_PER_YEAR), **CLOSE)


def test_maximum_drawdown(returns: np.ndarray) -> None:
    """Both start the peak at 1 and show it as a negative number."""
    assert drawdown_of(returns) == pytest.approx(-empyrical.max_drawdown(returns), **CLOSE)
    assert drawdown_of(returns) == pytest.approx(-quantstats.max_drawdown(series(returns)), **CLOSE)


def test_calmar(returns: np.ndarray) -> None:
    """Of the same annual return and drawdown: the same in both."""
    found = calmar(annual_of(returns), drawdown_of(returns))
    assert found == pytest.approx(empyrical.calmar_ratio(returns, annualization=BARS_PER_YEAR), **CLOSE)
    assert found == pytest.approx(quantstats.calmar(series(returns), periods=BARS_PER_YEAR), **CLOSE)


@pytest.mark.parametrize("n", [100, 123, 241, 500])
def test_value_at_risk_interpolates_in_empyrical_and_is_normal_in_quantstats(n: int) -> None:
    """Ours is an observed return: at or under empyrical's interpolated one, less than one observation away; quantstats fits a normal."""
    returns = market(9, n, 0.0)
    found, ordered = RecentReturns(returns.tolist()).value_at_risk(0.95), np.sort(returns)
    assert found is not None
    place = int(np.flatnonzero(ordered == -found)[0])
    assert ordered[place] <= empyrical.value_at_risk(returns, 0.05) <= ordered[place + 1]
    normal = returns.mean() - 1.6448536269514722 * returns.std(ddof=1)
    assert quantstats.value_at_risk(series(returns)) == pytest.approx(normal, **CLOSE)


@pytest.mark.parametrize("n", [100, 123, 241, 500])
def test_expected_shortfall_is_empyricals_and_on_the_same_tail_quantstats(n: int) -> None:
    """The mean of the k worst; quantstats' historical tail is cut at an interpolated quantile and here holds the same returns."""
    returns = market(9, n, 0.0)
    found = RecentReturns(returns.tolist()).expected_shortfall(0.95)
    assert found == pytest.approx(-empyrical.conditional_value_at_risk(returns, 0.05), **CLOSE)
    theirs = quantstats.conditional_value_at_risk(series(returns), confidence=0.95, method="historical")
    assert found == pytest.approx(-theirs, **CLOSE)


def test_trades_are_counted_per_trade_where_quantstats_counts_bars() -> None:
    """On the same numbers profit factor and averages agree; its win rate leaves zeros out, ours counts them."""
    pnls = [30, -10, 0, 20, -15, 0]
    ours, theirs = trade_stats((p, 1) for p in pnls), pd.Series([p / 1000 for p in pnls])
    assert ours.profit_factor == pytest.approx(quantstats.profit_factor(theirs), **CLOSE)
    assert float(ours.average_win or 0) == pytest.approx(1000 * quantstats.avg_win(theirs), **CLOSE)
    assert float(ours.average_loss or 0) == pytest.approx(1000 * quantstats.avg_loss(theirs), **CLOSE)
    assert (ours.win_rate, quantstats.win_rate(theirs)) == (pytest.approx(2 / 6), pytest.approx(2 / 4))


def test_undefined_is_none_where_the_libraries_say_nan_infinity_or_0() -> None:
    """No deviation, no drawdown, no loss."""
    flat, gains = np.zeros(50), np.full(50, 0.01)
    assert sharpe(Moments(flat.tolist())) is None
    assert np.isnan(empyrical.sharpe_ratio(flat, annualization=BARS_PER_YEAR))
    assert calmar(annual_of(gains), drawdown_of(gains)) is None
    assert np.isnan(empyrical.calmar_ratio(gains, annualization=BARS_PER_YEAR))
    assert trade_stats([(1, 1)]).profit_factor is None
    assert quantstats.profit_factor(pd.Series([0.1, 0.2])) == float("inf")
