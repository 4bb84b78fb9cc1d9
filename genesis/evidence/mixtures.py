"""E-values of one normal estimate, mixed over what the truth may be: closed forms that need a known variance and take sums for normal.

For reports on experiments whose end is not planned; what decides uses `betting`, which needs neither.
"""

from __future__ import annotations

from math import exp, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()


def normal_mixture(estimate: float, variance: float, tau: float) -> float:
    """Two-sided, of "the mean is 0": sqrt(V / (V + tau**2)) exp(tau**2 d**2 / (2 V (V + tau**2))), V the variance of the estimate d.

    Robbins 1970; Johari, Koomen, Pekelis and Walsh 2022 (mixture sequential probability ratio test): truths have deviation ``tau`` around 0.

    Raises:
        ValueError: a variance or deviation that is not above 0.
    """
    _above(variance, tau)
    spread = variance + tau * tau
    return sqrt(variance / spread) * exp(tau * tau * estimate * estimate / (2 * variance * spread))


def half_normal_mixture(total: float, variance: float, rho: float) -> float:
    """One-sided, of "the mean is at most 0": 2 / sqrt(1 + rho**2 V) exp(rho**2 S**2 / (2 (1 + rho**2 V))) Phi(rho S / sqrt(1 + rho**2 V)).

    Howard, Ramdas, McAuliffe and Sekhon 2021: S is the sum, V its variance, ``rho`` the deviation of the half-normal over rates.

    Raises:
        ValueError: a variance or deviation that is not above 0.
    """
    _above(variance, rho)
    spread = 1 + rho * rho * variance
    return 2 / sqrt(spread) * exp((rho * total) ** 2 / (2 * spread)) * _NORMAL.cdf(rho * total / sqrt(spread))


def _above(variance: float, deviation: float) -> None:
    if variance <= 0 or deviation <= 0:
        raise ValueError(f"variance, deviation: expected above 0, found {variance} and {deviation}")
