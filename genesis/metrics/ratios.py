"""Sharpe ratio and value at risk of evidence-bar returns (definitions.md, 'Clock and returns')."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import floor, fsum, sqrt

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


class RecentReturns:
    """The latest 500 evidence-bar returns, kept in order of size, so that a quantile is read and not sorted for."""

    __slots__ = ("_arrived", "_ordered")

    def __init__(self) -> None:
        self._arrived: deque[float] = deque()
        self._ordered: list[float] = []

    def add(self, x: float) -> None:
        """Take a return; the oldest of more than 500 goes."""
        self._arrived.append(x)
        insort(self._ordered, x)
        if len(self._arrived) > VAR_WINDOW:
            del self._ordered[bisect_left(self._ordered, self._arrived.popleft())]

    def value_at_risk(self, level: float) -> float | None:
        """Historical VaR of one evidence bar: the lower empirical quantile, as a positive fraction.

        ``None`` under 100 bars at 95 % or 500 at 99 %.
        """
        tail = self._tail(level)
        return max(0.0, -tail[-1]) if tail else None

    def expected_shortfall(self, level: float) -> float | None:
        """Mean of the losses at or beyond the VaR, as a positive fraction; ``None`` where the VaR is."""
        tail = self._tail(level)
        return max(0.0, -fsum(tail) / len(tail)) if tail else None

    def _tail(self, level: float) -> list[float]:
        n = len(self._ordered)
        return self._ordered[: max(1, floor((1 - level) * n + 1e-9))] if n >= VAR_BARS_MIN[level] else []
