"""Moments of evidence-bar returns and the ratios made of them: volatility, Sharpe, Sortino, Calmar (definitions.md, 'Clock and returns').

Returns are simple, net of fees, slippage and funding, one a closed 4 h bar. Nothing here is ever nan or infinite: undefined is ``None``.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, sqrt

import msgspec

from genesis.clock import NS_PER_HOUR
from genesis.metrics.returns import NO_DEVIATION, check_return
from genesis.metrics.risk import RecentReturns as RecentReturns

EVIDENCE_BAR_NS = 4 * NS_PER_HOUR
BARS_PER_YEAR = 2190
SHARPE_BARS_MIN = 42


class Moments:
    """Mean, deviation, skewness and kurtosis of a stream, O(1) a value.

    Welford 1962 for the mean and the squares, Pébay 2008 (Sandia report SAND2008-6212) for the third and fourth powers. A sequential
    recurrence: how the values arrived never changes a bit.
    """

    __slots__ = ("_down", "_m2", "_m3", "_m4", "mean", "n")

    def __init__(self, values: Iterable[float] = ()) -> None:
        self.n = 0
        self.mean = self._m2 = self._m3 = self._m4 = self._down = 0.0
        for x in values:
            self.add(x)

    def add(self, x: float) -> None:
        """Take a value.

        Raises:
            ValueError: it is not finite; a missing bar is an error of that bar, not 0.
        """
        check_return(x)
        before = self.n
        self.n = n = before + 1
        delta = x - self.mean
        step = delta / n
        self.mean += step
        rise = delta * step * before
        self._m4 += rise * step * step * (n * n - 3 * n + 3) + 6 * step * step * self._m2 - 4 * step * self._m3
        self._m3 += rise * step * (n - 2) - 3 * step * self._m2
        self._m2 += delta * (x - self.mean)
        if x < 0:
            self._down += x * x

    def deviation(self) -> float | None:
        """Standard deviation with ddof 1; ``None`` under two values."""
        return sqrt(self._m2 / (self.n - 1)) if self.n > 1 else None

    def downside(self) -> float | None:
        """Downside deviation against 0: the root of the mean of min(x, 0)**2 over all values; ``None`` without values."""
        return sqrt(self._down / self.n) if self.n else None

    def skewness(self) -> float | None:
        """Third standardised moment, population (n); ``None`` without deviation."""
        return sqrt(self.n) * self._m3 / (self._m2 * sqrt(self._m2)) if self._varies() else None

    def kurtosis(self) -> float | None:
        """Fourth standardised moment, population (n), 3 for a normal; ``None`` without deviation."""
        return self.n * self._m4 / (self._m2 * self._m2) if self._varies() else None

    def _varies(self) -> bool:
        return self._m2 > self.n * NO_DEVIATION**2

    def copy(self) -> Moments:
        """The moments as they stand, whatever is added here later."""
        made = Moments()
        made.n, made.mean, made._m2, made._m3, made._m4, made._down = (
            self.n,
            self.mean,
            self._m2,
            self._m3,
            self._m4,
            self._down,
        )
        return made

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (self.n, self.mean, self._m2, self._m3, self._m4, self._down)

    def load(self, state: Iterable[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        n, self.mean, self._m2, self._m3, self._m4, self._down = state
        self.n = int(n)


class Estimate(msgspec.Struct, frozen=True):
    """A value with its standard error and sample size."""

    value: float
    stderr: float
    n: int


def volatility(moments: Moments) -> float | None:
    """Annualised volatility: deviation (ddof 1) x sqrt(2190), a fraction a year; ``None`` under two bars."""
    deviation = moments.deviation()
    return None if deviation is None else deviation * sqrt(BARS_PER_YEAR)


def ratio_variance(ratio: float, skewness: float, kurtosis: float) -> float:
    """n times the variance of a Sharpe ratio of n independent bars: 1 - g3 SR + (g4 - 1) / 4 SR**2 (Mertens 2002, Opdyke 2007)."""
    # Exact moments keep it above 0 (kurtosis is at least 1 + skewness**2); rounded ones may miss it by a hair.
    return max(0.0, 1 - skewness * ratio + (kurtosis - 1) / 4 * ratio * ratio)


def sharpe(moments: Moments) -> Estimate | None:
    """Annualised Sharpe ratio, risk-free 0: mean / deviation x sqrt(2190); ``None`` under 42 bars or with zero deviation (Sharpe 1994).

    Standard error of a bar's ratio: the root of `ratio_variance` over n, annualised alike. It assumes returns that do not depend on each other; autocorrelation makes it too small.
    """
    deviation, skewness, kurtosis = moments.deviation(), moments.skewness(), moments.kurtosis()
    if moments.n < SHARPE_BARS_MIN or not deviation or skewness is None or kurtosis is None:
        return None
    ratio = moments.mean / deviation
    variance = ratio_variance(ratio, skewness, kurtosis)
    year = sqrt(BARS_PER_YEAR)
    return Estimate(ratio * year, sqrt(variance / moments.n) * year, moments.n)


def sortino(moments: Moments) -> float | None:
    """Annualised Sortino ratio, target 0: mean / downside deviation x sqrt(2190) (Sortino and Price 1994).

    ``None`` under 42 bars or when no bar lost.
    """
    downside = moments.downside()
    if moments.n < SHARPE_BARS_MIN or not downside or downside <= NO_DEVIATION:
        return None
    return moments.mean / downside * sqrt(BARS_PER_YEAR)


def calmar(annualised_return: float | None, drawdown_max: float) -> float | None:
    """Annualised return over maximum drawdown (Young 1991), both of the same, whole evaluation; ``None`` without a drawdown."""
    if annualised_return is None or drawdown_max <= 0:
        return None
    ratio = annualised_return / drawdown_max
    return ratio if isfinite(ratio) else None
