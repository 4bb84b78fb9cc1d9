"""How often strategies without any edge are believed, and how long those with one take, under continuous looking.

Hourly returns with GARCH volatility, fat or skewed tails and autocorrelation 0.1, judged at 4 h bars by the shipped rules, loss bound from the
warm-up included. Each assertion is a bound by theorem or of the design; the measured rates stand in docs/EVIDENCE.md.
"""

from __future__ import annotations

import numpy as np
import pytest

from genesis.evidence.families import closed_adjustment
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source
from genesis.metrics.ratios import BARS_PER_YEAR as YEAR
from tests.kit.evidence_paths import closed, e_values, four_hour_returns

RULES = BettingRules()
MONTH, QUARTER = 180, 540


def ever(values: np.ndarray, level: float) -> float:
    """Share of paths that reach ``level`` at any bar."""
    return float((values.max(axis=-1) >= level).mean())


@pytest.mark.parametrize("skewed", [False, True])
def test_many_at_once_are_the_runtime_one_by_one(skewed: bool) -> None:
    """The columns used here give, bar by bar, what the runtime gives."""
    returns = four_hour_returns(1, 3, 400, 6.0, skewed=skewed)
    columns = e_values(returns, RULES)
    for path in range(3):
        evidence = Evidence(RULES, Source.REPLAY)
        for bar, change in enumerate(returns[path, 0].tolist()):
            evidence.add(change)
            assert columns[path, 0, bar] == pytest.approx(evidence.e_value, rel=1e-9)


def test_families_at_once_are_the_runtime_one_by_one() -> None:
    """The adjustment by columns is that of the runtime."""
    values = np.random.default_rng(2).exponential(3, (50, 9))
    for row, adjusted in zip(values, closed(values), strict=True):
        assert adjusted.tolist() == pytest.approx(closed_adjustment(row.tolist()), rel=1e-12)


def test_a_month_without_edge_is_rarely_believed() -> None:
    """E >= 10 within 30 days of looking at every bar: at most 5 % of 1,000 strategies without edge."""
    assert ever(e_values(four_hour_returns(3, 1000, MONTH), RULES), 10) <= 0.05


def test_twenty_without_edge_are_rarely_believed() -> None:
    """Adjusted E >= 20 for any of twenty, correlated 0.5, in 30 days: at most 5 % of 200 families."""
    values = e_values(four_hour_returns(4, 200, MONTH, members=20, correlation=0.5), RULES)
    adjusted = closed(np.moveaxis(values, 1, 2))
    assert ever(adjusted.max(axis=2), 20) <= 0.05


def test_a_strong_edge_is_found_in_a_quarter() -> None:
    """A true Sharpe ratio of 8 reaches E >= 10 within 90 days in at least 80 % of 300 cases, with the default loss bound of 12 deviations."""
    assert ever(e_values(four_hour_returns(5, 300, QUARTER, 8.0, 0.0), RULES), 10) >= 0.80


@pytest.mark.slow
@pytest.mark.parametrize("skewed", [False, True])
def test_a_year_without_edge(skewed: bool) -> None:
    """E >= 1 / a at any of 2,190 looks: at most a, plus 0.03 for chance and autocorrelation, at a = 0.25, 0.1 and 0.05; 2,000 strategies."""
    values = e_values(four_hour_returns(6, 2000, YEAR, skewed=skewed), RULES)
    rates = {level: ever(values, level) for level in (4, 10, 20)}
    for level, rate in rates.items():
        assert rate <= 1 / level + 0.03, (skewed, rates)


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("skewed", [False, True])
def test_a_month_of_twenty(correlation: float, skewed: bool) -> None:
    """Adjusted E >= 20 for any of twenty without edge in 30 days: at most 5 % of 1,000 families, whatever their correlation and tails."""
    values = e_values(four_hour_returns(7, 1000, MONTH, members=20, correlation=correlation, skewed=skewed), RULES)
    rate = ever(closed(np.moveaxis(values, 1, 2)).max(axis=2), 20)
    assert rate <= 0.05, rate


@pytest.mark.slow
def test_a_year_of_twenty() -> None:
    """Adjusted E >= 10 for any of twenty without edge, correlated 0.5, in a year: at most 0.1 and 0.045 for chance; 400 families."""
    values = e_values(four_hour_returns(8, 400, YEAR, members=20, correlation=0.5), RULES)
    rate = ever(closed(np.moveaxis(values, 1, 2)).max(axis=2), 10)
    assert rate <= 0.145, rate


@pytest.mark.slow
def test_power_in_ninety_days() -> None:
    """A true Sharpe ratio of 8 reaches E >= 10 within 90 days in at least 90 % of 1,000 cases at the design's bound of 8 deviations."""
    tight = BettingRules(bound_deviations=8.0)
    assert ever(e_values(four_hour_returns(9, 1000, QUARTER, 8.0, 0.0), tight), 10) >= 0.90
