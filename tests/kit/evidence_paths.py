"""Many simulated strategies at once by the hour: the paths of `genesis.evidence.simulated` as the tests of the statistics take them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from genesis.evidence.columns import Floats, closed, e_values
from genesis.evidence.payoffs import Payoff
from genesis.evidence.simulated import ANNUAL_VOLATILITY, shocks, stepwise

__all__ = ["ANNUAL_VOLATILITY", "HOURS", "Floats", "closed", "e_values", "four_hour_returns", "hourly"]
HOURS = 4
_HOURS_A_YEAR = 8760


def four_hour_returns(
    seed: int,
    paths: int,
    bars: int,
    annual_sharpe: float = 0.0,
    autocorrelation: float = 0.1,
    members: int = 1,
    correlation: float = 0.0,
    skewed: bool = False,
) -> Floats:
    """(paths, members, bars) returns: hourly, with GARCH(1,1) volatility .08/.90 that members share, an autoregression of order 1, added up by four.

    Innovations are Student t of 4 degrees, or with ``skewed`` win 65 % of the time and lose 1.9 times as much; of unit variance. Volatility
    is 20 % a year; the mean is such that the annual Sharpe ratio is ``annual_sharpe`` where nothing is autocorrelated.
    """
    found = np.zeros((paths, members, bars))
    mean = np.full(bars * HOURS, annual_sharpe)
    for hour, change in enumerate(hourly(seed, paths, mean, autocorrelation, members, correlation, skewed)):
        found[:, :, hour // HOURS] += change
    return found


def hourly(
    seed: int,
    paths: int,
    annual_sharpe: Floats,
    autocorrelation: float,
    members: int = 1,
    correlation: float = 0.0,
    skewed: bool = False,
) -> Iterator[Floats]:
    """(paths, members) returns of an hour, one after the other; ``annual_sharpe`` is (hours,) or (hours, members)."""
    payoff = Payoff.SMALL_WINS if skewed else Payoff.SYMMETRIC
    shocked = shocks(seed, paths, len(annual_sharpe), autocorrelation, members, correlation, payoff)
    return stepwise(shocked, annual_sharpe, _HOURS_A_YEAR)
