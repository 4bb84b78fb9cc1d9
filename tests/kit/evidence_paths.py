"""Many simulated strategies at once, and the betting e-process over all of them: the same recurrence as the runtime's, a column a bar."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from genesis.evidence.rules import BettingRules

Floats = NDArray[np.float64]
HOURS = 4
_HOURS_A_YEAR = 8760
_ALPHA, _BETA = 0.08, 0.90
ANNUAL_VOLATILITY = 0.20


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
    """(paths, members) returns of an hour, one after the other; ``annual_sharpe`` is (hours,) or (hours, members). See `four_hour_returns`."""
    chance = np.random.default_rng(seed)
    unit = ANNUAL_VOLATILITY / sqrt(_HOURS_A_YEAR)
    variance = np.ones((paths, 1))
    before = np.zeros((paths, members))
    own, common = sqrt(1 - correlation), sqrt(correlation)
    for ratio in annual_sharpe:
        mean = ratio * ANNUAL_VOLATILITY / _HOURS_A_YEAR
        noise = own * _innovations(chance, (paths, members), skewed) + common * _innovations(chance, (paths, 1), skewed)
        before = autocorrelation * before + sqrt(1 - autocorrelation**2) * np.sqrt(variance) * noise
        yield mean + unit * before
        variance = (1 - _ALPHA - _BETA) + (_ALPHA * (noise * noise).mean(axis=1, keepdims=True) + _BETA) * variance


def _innovations(chance: np.random.Generator, shape: tuple[int, int], skewed: bool) -> Floats:
    if not skewed:
        drawn: Floats = chance.standard_t(4, shape) / sqrt(2)
        return drawn
    # Wins of w with 0.65, losses of 1.9 w with 0.35, spread by a little noise; then mean 0 and variance 1.
    won = chance.random(shape) < 0.65
    size = np.where(won, 1.0, -1.9) + 0.3 * chance.standard_normal(shape)
    mean = 0.65 - 0.35 * 1.9
    deviation = sqrt(0.65 + 0.35 * 1.9**2 - mean**2 + 0.09)
    return np.asarray((size - mean) / deviation)


def e_values(returns: Floats, rules: BettingRules) -> Floats:
    """(..., bars) returns, none of them 0, to (..., bars) e-values, with warm-up, loss bound, clip and cap as `Evidence` has them."""
    warm, bars = rules.warmup_bars, returns.shape[-1]
    deviation = returns[..., :warm].std(axis=-1, ddof=1)
    bound, variance = rules.bound_deviations * deviation, deviation * deviation
    wealths = np.ones((*returns.shape[:-1], len(rules.bets)))
    bets = np.array(rules.bets)
    found = np.ones(returns.shape)
    for bar in range(warm, bars):
        change = returns[..., bar]
        scale = np.maximum(np.sqrt(variance), bound / rules.kappa)
        scaled = np.minimum(change / scale, rules.upper_clip)
        variance = rules.decay * variance + (1 - rules.decay) * change * change
        wealths *= 1 + bets * scaled[..., None]
        wealths[change < -bound] = 0
        now = wealths.mean(axis=-1)
        wealths *= np.where(now > rules.cap, rules.cap / np.maximum(now, 1e-300), 1.0)[..., None]
        found[..., bar] = wealths.mean(axis=-1)
    return found


def closed(values: Floats) -> Floats:
    """(..., members) e-values adjusted as `families.closed_adjustment` does, many families at once."""
    order = np.sort(values, axis=-1)
    sums = np.concatenate([np.zeros((*order.shape[:-1], 1)), np.cumsum(order, axis=-1)], axis=-1)
    n = values.shape[-1]
    counts = np.arange(1, n + 1)
    place = np.argsort(np.argsort(values, axis=-1, kind="stable"), axis=-1)
    means = (values[..., None] + sums[..., None, :n]) / counts
    allowed = np.arange(n) <= place[..., None]
    return np.asarray(np.where(allowed, means, np.inf).min(axis=-1))
