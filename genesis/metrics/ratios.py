"""Sharpe ratio and value at risk of evidence-bar returns (definitions.md, 'Clock and returns')."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, sqrt

import msgspec

from genesis.clock import NS_PER_HOUR

EVIDENCE_BAR_NS = 4 * NS_PER_HOUR
BARS_PER_YEAR = 2190
SHARPE_BARS_MIN = 42
VAR_WINDOW = 500
VAR_BARS_MIN = {0.95: 100, 0.99: 500}


class Moments:
    """Mean and sample deviation of a stream (Welford's recurrence), O(1) a value."""

    __slots__ = ("_m2", "mean", "n")

    def __init__(self) -> None:
        self.n = 0
        self.mean = 0.0
        self._m2 = 0.0

    def add(self, x: float) -> None:
        """Take a value."""
        self.n += 1
        delta = x - self.mean
        self.mean += delta / self.n
        self._m2 += delta * (x - self.mean)

    def deviation(self) -> float | None:
        """Standard deviation with ddof 1; ``None`` under two values."""
        return sqrt(self._m2 / (self.n - 1)) if self.n > 1 else None


class Estimate(msgspec.Struct, frozen=True):
    """A value with its standard error and sample size."""

    value: float
    stderr: float
    n: int


def sharpe(moments: Moments) -> Estimate | None:
    """Annualised Sharpe ratio, risk-free 0: mean / deviation x sqrt(2190); ``None`` under 42 bars or with zero deviation.

    Standard error for independent normal returns: sqrt((1 + SR**2 / 2) / n) a bar (Lo 2002).
    """
    deviation = moments.deviation()
    if moments.n < SHARPE_BARS_MIN or not deviation:
        return None
    per_bar = moments.mean / deviation
    year = sqrt(BARS_PER_YEAR)
    return Estimate(per_bar * year, sqrt((1 + per_bar**2 / 2) / moments.n) * year, moments.n)


def value_at_risk(returns: Sequence[float], level: float) -> float | None:
    """Historical VaR of one evidence bar: the lower empirical quantile of the latest 500 returns, as a positive fraction.

    ``None`` under 100 bars at 95 % or 500 at 99 %.
    """
    latest = sorted(returns[-VAR_WINDOW:])
    if len(latest) < VAR_BARS_MIN[level]:
        return None
    return max(0.0, -latest[max(0, floor((1 - level) * len(latest) + 1e-9) - 1)])


def expected_shortfall(returns: Sequence[float], level: float) -> float | None:
    """Mean of the losses at or beyond the VaR, as a positive fraction; ``None`` where the VaR is."""
    latest = sorted(returns[-VAR_WINDOW:])
    if len(latest) < VAR_BARS_MIN[level]:
        return None
    tail = latest[: max(1, floor((1 - level) * len(latest) + 1e-9))]
    return max(0.0, -sum(tail) / len(tail))
