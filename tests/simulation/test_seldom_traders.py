"""Monitors keep their mean time between false alarms for strategies that seldom trade: most bars are 0, the others large."""

from __future__ import annotations

import pytest

from genesis.evidence.alarm_times import threshold_for
from genesis.evidence.monitor_rules import EdgeRules, GapRules
from genesis.metrics.ratios import BARS_PER_YEAR as YEAR
from tests.kit.acceptance import DEVIATION
from tests.kit.monitor_paths import edge_values, gap_values, seldom, years_between

GAP, EDGE = GapRules(), EdgeRules(arl_warn_years=0.5, arl_alarm_years=1.0, sharpe_bad=-1.0)
SHARES = [1.0, 0.3, 1 / 6, 1 / 30, 1 / 100]


def gap_years(share: float, paths: int) -> tuple[float, float]:
    gaps = seldom(1, paths, 2 * YEAR, share, 0.0, 0.19 * DEVIATION)
    return years_between(gap_values(gaps, GAP, DEVIATION), threshold_for(GAP.shift, GAP.arl_alarm_years))


def edge_years(share: float, paths: int) -> tuple[float, float]:
    returns = seldom(2, paths, 2 * YEAR, share, 2.0, DEVIATION)
    return years_between(edge_values(returns, EDGE, 2.0, DEVIATION), YEAR)


def test_one_bar_in_six() -> None:
    """A gap or a trade a day: no more alarms than stated, within four standard errors; 60 paths of two years."""
    for found, stated in ((gap_years(1 / 6, 60), 2.0), (edge_years(1 / 6, 60), 1.0)):
        years, stderr = found
        assert years + 4 * stderr >= stated, found


@pytest.mark.slow
@pytest.mark.parametrize("share", SHARES)
def test_gaps_of_every_bar_to_every_hundredth(share: float) -> None:
    """Set to 2 years, live and twin that fill alike but for chance alarm no sooner; 400 paths of two years."""
    years, _ = gap_years(share, 400)
    assert years >= 2.0, years


@pytest.mark.slow
@pytest.mark.parametrize(("share", "least"), [(1.0, 1.0), (0.3, 1.0), (1 / 6, 1.0), (1 / 30, 1.0), (1 / 100, 0.8)])
def test_trades_of_every_bar_to_every_hundredth(share: float, least: float) -> None:
    """Set to 1 year, an edge that goes on alarms no sooner; where only one bar in a hundred moves, a bit: its large gains count only so far."""
    years, _ = edge_years(share, 400)
    assert years >= least, years
