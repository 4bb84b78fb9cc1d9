"""Returns of strategies that do not exist: fat tails, volatility that clusters, a little autocorrelation, look-alikes that move together.

GARCH(1,1) of .08 and .90 a step whose volatility all members of a family share, an autoregression of order 1, innovations of unit variance by payoff. Volatility is 20 % a
year; the mean is such that the annual Sharpe ratio is the one named where nothing is autocorrelated. A caricature: no jumps by outages, no edge that comes and goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from genesis.evidence.payoffs import Payoff
from genesis.rng import Chance, study

Floats = NDArray[np.float64]
ANNUAL_VOLATILITY = 0.20
_ALPHA, _BETA = 0.08, 0.90
# Share of trades that win, what a win brings, and what a loss costs, before both are centred and scaled.
_TWO_SIDED = {Payoff.SMALL_WINS: (0.65, 1.0, 1.9), Payoff.TREND: (0.38, 1.63, 1.0)}
_SPREAD = 0.3

# From a generator, how many families and members, their correlation and payoff, to (families, members) innovations of unit variance.
Blend = Callable[[Chance, int, int, float, Payoff], Floats]


def added(chance: Chance, families: int, members: int, correlation: float, payoff: Payoff) -> Floats:
    """What is common is added to what is a member's own: the sum is rounder than the payoff."""
    own = sqrt(1 - correlation) * _innovations(chance, (families, members), payoff)
    return own + sqrt(correlation) * _innovations(chance, (families, 1), payoff)


def chosen(chance: Chance, families: int, members: int, correlation: float, payoff: Payoff) -> Floats:
    """Each member takes the common value or its own by lot: every member keeps the payoff, and two of them correlate as asked."""
    own, common = _innovations(chance, (families, members), payoff), _innovations(chance, (families, 1), payoff)
    return np.where(chance.random((families, members)) < sqrt(correlation), common, own)


def shocks(
    seed: int,
    families: int,
    steps: int,
    autocorrelation: float,
    members: int = 1,
    correlation: float = 0.0,
    payoff: Payoff = Payoff.SYMMETRIC,
    blend: Blend = added,
) -> Iterator[Floats]:
    """(families, members) deviations of a step's return from its mean, in units of its long-run deviation, one step after the other."""
    chance = study(seed)
    variance = np.ones((families, 1))
    before = np.zeros((families, members))
    fresh = sqrt(1 - autocorrelation**2)
    for _ in range(steps):
        noise = blend(chance, families, members, correlation, payoff)
        before = autocorrelation * before + fresh * np.sqrt(variance) * noise
        yield before
        variance = (1 - _ALPHA - _BETA) + (_ALPHA * (noise * noise).mean(axis=1, keepdims=True) + _BETA) * variance


def stepwise(shocked: Iterable[Floats], ratios: Iterable[Floats | float], steps_a_year: int) -> Iterator[Floats]:
    """Returns of those steps at annual Sharpe ratios, one a step, each a number or one a member."""
    unit = ANNUAL_VOLATILITY / sqrt(steps_a_year)
    for shock, ratio in zip(shocked, ratios, strict=True):
        yield ratio * ANNUAL_VOLATILITY / steps_a_year + unit * shock


def _innovations(chance: Chance, shape: tuple[int, int], payoff: Payoff) -> Floats:
    if payoff is Payoff.SYMMETRIC:
        drawn: Floats = chance.standard_t(4, shape) / sqrt(2)
        return drawn
    share, gain, loss = _TWO_SIDED[payoff]
    won = chance.random(shape) < share
    size = np.where(won, gain, -loss) + _SPREAD * chance.standard_normal(shape)
    mean = share * gain - (1 - share) * loss
    deviation = sqrt(share * gain**2 + (1 - share) * loss**2 - mean**2 + _SPREAD**2)
    return np.asarray((size - mean) / deviation)
