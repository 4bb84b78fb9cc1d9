"""The monitor of breaches keeps its mean time between false alarms whatever volatility does, held against the value at risk that live tracks are watched by."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from genesis.evidence.detection import VarMonitor
from genesis.evidence.filtered_risk import FilteredRisk
from genesis.evidence.monitor_rules import VarRules
from genesis.metrics.ratios import BARS_PER_YEAR as YEAR
from tests.kit.evidence_paths import ANNUAL_VOLATILITY, Floats, four_hour_returns
from tests.kit.monitor_paths import seldom, years_between

RULES = VarRules()
DEVIATION = ANNUAL_VOLATILITY / sqrt(YEAR)
LAYOUTS = ["normal", "fat tails", "clustered", "many small wins", "one bar in thirty", "another volatility every month"]


def returns(layout: str, paths: int, bars: int) -> Floats:
    """(paths, bars) of strategies that risk what they always did, in a market that does not."""
    chance = np.random.default_rng(5)
    if layout == "normal":
        return np.asarray(DEVIATION * chance.standard_normal((paths, bars)))
    if layout == "fat tails":
        return np.asarray(DEVIATION * chance.standard_t(4, (paths, bars)) / sqrt(2))
    if layout == "clustered":
        return four_hour_returns(31, paths, bars, 0.0, 0.05)[:, 0]
    if layout == "many small wins":
        return four_hour_returns(32, paths, bars, 0.0, 0.05, skewed=True)[:, 0]
    if layout == "one bar in thirty":
        return seldom(3, paths, bars, 1 / 30, 2.0, DEVIATION)
    months = np.exp(0.7 * chance.standard_normal((paths, bars // 180 + 1)))
    return np.asarray(DEVIATION * np.repeat(months, 180, axis=1)[:, :bars] * chance.standard_normal((paths, bars)))


def values(changes: Floats, times: float = 1.0) -> Floats:
    """(paths, bars) of M from the first bar on for which something was told; live loses ``times`` as much as what it is held against."""
    found = np.zeros(changes.shape)
    for i, row in enumerate(changes.tolist()):
        risk, monitor = FilteredRisk(), VarMonitor(RULES)
        for bar, change in enumerate(row):
            monitor.add(times * change, risk.value_at_risk)
            risk.add(change)
            found[i, bar] = monitor.value
    told = int(np.argmax(found[0] > 0))
    return found[:, told:]


def years(changes: Floats, arl: float) -> tuple[float, float]:
    return years_between(values(changes), arl * YEAR)


def test_clustered_volatility_warns_no_more_than_stated() -> None:
    """Half a year between warnings, within three standard errors; 40 paths of a year and a half."""
    found, stderr = years(returns("clustered", 40, 500 + YEAR), RULES.arl_warn_years)
    assert found + 3 * stderr >= RULES.arl_warn_years, found


def test_twice_the_risk_is_seen_in_four_weeks() -> None:
    """Live alone takes twice what it is held against: the median path alarms within 28 days, from a standing start."""
    m = values(returns("fat tails", 30, 700), times=2.0) >= RULES.arl_alarm_years * YEAR
    bars = np.where(m.any(axis=1), m.argmax(axis=1) + 1.0, np.inf)
    assert float(np.median(bars)) <= 28 * 6


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_keeps_both_levels(layout: str) -> None:
    """Half a year between warnings and three between alarms, within two standard errors; 200 paths of two years after what was told first."""
    m = values(returns(layout, 200, 600 + 2 * YEAR))
    for arl in (RULES.arl_warn_years, RULES.arl_alarm_years):
        found, stderr = years_between(m, arl * YEAR)
        print(layout, arl, round(found, 2), round(stderr, 2))
        assert found + 2 * stderr >= arl, (layout, arl, found)
