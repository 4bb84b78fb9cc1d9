"""Looks that are planned: boundaries for a known number of them, or for a window of known length looked at all the time.

For reports at dates fixed beforehand, and for who can say beforehand how long he will look; evidence without a horizon is `betting`. All of it is
asymptotic: sums of bars are taken for normal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import e, exp, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Spending = Callable[[float], float]

_NORMAL = NormalDist()
_STEPS = 800
_BISECTIONS = 60


def obrien_fleming(alpha: float) -> Spending:
    """One-sided level spent by the share t of information: 2 (1 - Phi(z_(alpha / 2) / sqrt(t))) (Lan and DeMets 1983, Biometrika 70(3))."""
    z = _NORMAL.inv_cdf(1 - _level(alpha) / 2)
    return lambda t: 2 * (1 - _NORMAL.cdf(z / sqrt(t)))


def pocock(alpha: float) -> Spending:
    """The same, even over time: alpha ln(1 + (e - 1) t)."""
    _level(alpha)
    return lambda t: alpha * log(1 + (e - 1) * t)


def boundaries(spending: Spending, shares: Sequence[float]) -> list[float]:
    """Normal values at which to reject at each look, such that the level spent up to it is crossed with exactly that probability.

    ``shares`` of information, rising, the last at most 1. Armitage, McPherson and Rowe 1969: the density of the sum among paths that have not crossed
    is carried from look to look, on a grid of 800 steps.

    Raises:
        ValueError: shares that do not rise from above 0 to at most 1.
    """
    if not shares or shares[0] <= 0 or shares[-1] > 1 or any(b <= a for a, b in zip(shares, shares[1:], strict=False)):
        raise ValueError(f"shares: expected to rise from above 0 to at most 1, found {list(shares)}")
    found: list[float] = []
    spent, before = 0.0, 0.0
    sums, mass = np.array([0.0]), np.array([1.0])
    for share in shares:
        step, due = sqrt(share - before), spending(share) - spent
        limit = _crossing(sums, mass, step, due)
        found.append(limit / sqrt(share))
        low = -8 * sqrt(share)
        grid, width = np.linspace(low, limit, _STEPS + 1, retstep=True)
        weights = np.full(_STEPS + 1, float(width))
        weights[0] = weights[-1] = float(width) / 2
        density = np.exp(-(((grid[:, None] - sums[None, :]) / step) ** 2) / 2) @ mass / (step * sqrt(2 * np.pi))
        sums, mass = grid, density * weights
        spent, before = spending(share), share
    return found


def _crossing(sums: Floats, mass: Floats, step: float, due: float) -> float:
    """The limit that paths of this density cross with probability ``due`` in their next step."""
    low, high = -10.0, 10.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        over = sum(
            m * (1 - _NORMAL.cdf((middle - s) / step)) for s, m in zip(sums.tolist(), mass.tolist(), strict=True)
        )
        low, high = (middle, high) if over > due else (low, middle)
    return high


def window_boundary(alpha: float, bars: int, mean_square: float) -> float:
    """The sum of returns at which "no edge" is rejected at any moment of a window of ``bars``: z_(1 - alpha / 2) sqrt(n q), q their mean square.

    Reflection principle: P(max of B over a window >= b) = 2 (1 - Phi(b)). The window and its length are declared before its first bar.

    Raises:
        ValueError: a level that is not between 0 and 1, no bars, or a mean square that is not above 0.
    """
    if bars < 1 or mean_square <= 0:
        raise ValueError(f"bars, mean_square: expected 1 or more and above 0, found {bars}, {mean_square}")
    return _NORMAL.inv_cdf(1 - _level(alpha) / 2) * sqrt(bars * mean_square)


def window_power(drift: float, alpha: float) -> float:
    """How often the boundary is reached where the sum ends ``drift`` standard deviations up: Phi(d - b) + e**(2 d b) Phi(-b - d)."""
    b = _NORMAL.inv_cdf(1 - _level(alpha) / 2)
    return _NORMAL.cdf(drift - b) + exp(2 * drift * b) * _NORMAL.cdf(-b - drift)


def _level(alpha: float) -> float:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: expected between 0 and 1, found {alpha}")
    return alpha
