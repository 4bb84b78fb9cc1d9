"""Value at risk and expected shortfall of one evidence bar, over the latest 500 bars (definitions.md, 'Clock and returns').

Both are fractions of equity; a loss is positive, and a tail without a loss is 0.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from math import exp, fsum, ldexp, pi, sqrt

import msgspec

from genesis.metrics.returns import NO_DEVIATION, check_return

VAR_WINDOW = 500
VAR_BARS_MIN = {0.95: 100, 0.99: 500}

_TAIL_PERCENT = {0.95: 5, 0.99: 1}
# Standard normal quantiles of 5 % and 1 %, as literals: no library's last bit enters.
_NORMAL = {0.95: -1.6448536269514722, 0.99: -2.3263478740408408}
_SCALE_BITS = 64


class Shape(msgspec.Struct, frozen=True):
    """Mean, population deviation, skewness and excess kurtosis (0 for a normal) of ``n`` returns."""

    mean: float
    deviation: float
    skewness: float
    excess_kurtosis: float
    n: int


class TailWindow:
    """The latest returns as they stood at one moment: how many, the lowest of them in order, and the exact sums of their powers."""

    __slots__ = ("_lowest", "_powers", "_shape", "n")

    def __init__(self, n: int, lowest: list[float], powers: tuple[int, int, int, int]) -> None:
        self.n, self._lowest, self._powers = n, lowest, powers
        self._shape: Shape | None = None

    def value_at_risk(self, level: float) -> float | None:
        """Historical VaR: less the lower empirical quantile, inf{x: share of returns <= x is at least 1 - level}.

        That is the k-th smallest of n with k = (1 - level) n rounded up: numpy's ``inverted_cdf``. ``level`` is 0.95 or 0.99.
        ``None`` under 100 bars at 95 % or 500 at 99 %.

        Raises:
            ValueError: another level.
        """
        tail = self._tail(level)
        return max(0.0, -tail[-1]) if tail else None

    def expected_shortfall(self, level: float) -> float | None:
        """Historical expected shortfall: less the mean of the k smallest returns, k as in `value_at_risk`; ``None`` where the VaR is.

        Raises:
            ValueError: a level that is not 0.95 or 0.99.
        """
        tail = self._tail(level)
        return max(0.0, -fsum(tail) / len(tail)) if tail else None

    def shape(self) -> Shape | None:
        """Moments of the window, each correctly rounded from exact sums; ``None`` without deviation."""
        if self._shape is None:
            self._shape = self._measured()
        return self._shape

    def _measured(self) -> Shape | None:
        n = self.n
        p1, p2, p3, p4 = self._powers
        c2 = n * p2 - p1 * p1
        if not c2:
            return None
        unit = 1 << _SCALE_BITS
        c3 = n * n * p3 - 3 * n * p1 * p2 + 2 * p1**3
        c4 = n**3 * p4 - 4 * n * n * p1 * p3 + 6 * n * p1 * p1 * p2 - 3 * p1**4
        deviation = sqrt(c2 / (n * unit) ** 2)
        if deviation <= NO_DEVIATION:
            return None
        cubed = (n * unit) ** 3
        return Shape(p1 / (n * unit), deviation, c3 / cubed / deviation**3, c4 / (c2 * c2) - 3, n)

    def cornish_fisher_var(self, level: float) -> float | None:
        """Cornish-Fisher (modified) VaR: -(mean + z_cf x deviation), at least 0 (Zangari 1996; Favre and Galeano 2002).

        ``None`` where the historical VaR is, and without deviation.

        Raises:
            ValueError: a level that is not 0.95 or 0.99.
        """
        shape = self.shape() if self._tail(level) else None
        if shape is None:
            return None
        return max(0.0, -(shape.mean + cornish_fisher_quantile(shape, level) * shape.deviation))

    def cornish_fisher_shortfall(self, level: float) -> float | None:
        """Modified expected shortfall, never under the Cornish-Fisher VaR (Boudt, Peterson and Croux 2008, 'operational').

        With g the Cornish-Fisher quantile, S skewness, K excess kurtosis, the mean of the second-order Edgeworth density under g is
        -phi(g) / (1 - level) x [1 + S g**3 / 6 + K (g**4 - 2 g**2 - 1) / 24 + S**2 (g**6 - 9 g**4 + 9 g**2 + 3) / 72].

        Raises:
            ValueError: a level that is not 0.95 or 0.99.
        """
        shape = self.shape() if self._tail(level) else None
        if shape is None:
            return None
        g = cornish_fisher_quantile(shape, level)
        tail_mean = min(g, edgeworth_tail_mean(shape, g) * 100 / _TAIL_PERCENT[level])
        return max(0.0, -(shape.mean + tail_mean * shape.deviation))

    def _tail(self, level: float) -> list[float]:
        if level not in VAR_BARS_MIN:
            raise ValueError(f"level: expected 0.95 or 0.99, found {level}")
        return self._lowest[: _tail_size(self.n, level)] if self.n >= VAR_BARS_MIN[level] else []


class RecentReturns:
    """The latest 500 evidence-bar returns, in order of size, so that a quantile is read and not sorted for; O(500) moves a return.

    Sums of their powers are kept as integers in units of 2**-64, exactly: a return that leaves takes away what it brought, so nothing
    drifts and the state is a function of the window alone.
    """

    __slots__ = ("_arrived", "_ordered", "_powers", "_window")

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._arrived: deque[float] = deque()
        self._ordered: list[float] = []
        self._powers = (0, 0, 0, 0)
        self._window: TailWindow | None = None
        for x in values:
            self.add(x)

    def __len__(self) -> int:
        """How many returns are in the window: at most 500."""
        return len(self._arrived)

    @property
    def arrived(self) -> tuple[float, ...]:
        """The returns in the window, oldest first."""
        return tuple(self._arrived)

    def add(self, x: float) -> None:
        """Take a return; the oldest of more than 500 goes.

        Raises:
            ValueError: it is not finite.
        """
        check_return(x)
        self._arrived.append(x)
        insort(self._ordered, x)
        self._count(x, 1)
        if len(self._arrived) > VAR_WINDOW:
            oldest = self._arrived.popleft()
            del self._ordered[bisect_left(self._ordered, oldest)]
            self._count(oldest, -1)

    def _count(self, x: float, sign: int) -> None:
        k = int(ldexp(x, _SCALE_BITS))
        p1, p2, p3, p4 = self._powers
        square = k * k
        self._powers = (p1 + sign * k, p2 + sign * square, p3 + sign * square * k, p4 + sign * square * square)
        self._window = None

    def save(self) -> tuple[float, ...]:
        """The returns in the window, oldest first, for `load`."""
        return tuple(self._arrived)

    def load(self, state: Iterable[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        fresh = RecentReturns(state)
        self._arrived, self._ordered, self._powers = fresh._arrived, fresh._ordered, fresh._powers
        self._window = None

    def copy(self) -> RecentReturns:
        """The returns as they stand, whatever is added here later."""
        made = RecentReturns()
        made._arrived, made._ordered, made._powers = self._arrived.copy(), self._ordered.copy(), self._powers
        return made

    def window(self) -> TailWindow:
        """The window as it stands, whatever is added here later."""
        if self._window is None:
            n = len(self._ordered)
            self._window = TailWindow(n, self._ordered[: _tail_size(n, 0.95)], self._powers)
        return self._window

    def value_at_risk(self, level: float) -> float | None:
        """See `TailWindow.value_at_risk`."""
        return self.window().value_at_risk(level)

    def expected_shortfall(self, level: float) -> float | None:
        """See `TailWindow.expected_shortfall`."""
        return self.window().expected_shortfall(level)

    def shape(self) -> Shape | None:
        """See `TailWindow.shape`."""
        return self.window().shape()

    def cornish_fisher_var(self, level: float) -> float | None:
        """See `TailWindow.cornish_fisher_var`."""
        return self.window().cornish_fisher_var(level)

    def cornish_fisher_shortfall(self, level: float) -> float | None:
        """See `TailWindow.cornish_fisher_shortfall`."""
        return self.window().cornish_fisher_shortfall(level)


def _tail_size(n: int, level: float) -> int:
    """How many of ``n`` returns lie in the tail: (1 - level) n rounded up."""
    return -(-n * _TAIL_PERCENT[level] // 100)


def cornish_fisher_quantile(shape: Shape, level: float) -> float:
    """Standardised quantile of ``1 - level`` from the second-order Cornish-Fisher expansion (Cornish and Fisher 1937).

    z + (z**2 - 1) S / 6 + (z**3 - 3 z) K / 24 - (2 z**3 - 5 z) S**2 / 36. Good near the normal only (Maillard 2012 gives the domain).
    """
    z, s, k = _NORMAL[level], shape.skewness, shape.excess_kurtosis
    return z + (z * z - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s * s / 36


def edgeworth_tail_mean(shape: Shape, g: float) -> float:
    """Integral of x f(x) over x <= ``g`` for the standardised second-order Edgeworth density f."""
    s, k = shape.skewness, shape.excess_kurtosis
    density = exp(-g * g / 2) / sqrt(2 * pi)
    square = g * g
    corrections = (
        g * square * s / 6
        + (square * square - 2 * square - 1) * k / 24
        + (square**3 - 9 * square * square + 9 * square + 3) * s * s / 72
    )
    return -density * (1 + corrections)


class TailRisk(msgspec.Struct, frozen=True):
    """Loss of one evidence bar at ``level`` from the latest ``n`` bars, positive fractions of equity; historical, and Cornish-Fisher (cf)."""

    level: float
    n: int
    value_at_risk: float | None
    expected_shortfall: float | None
    cf_value_at_risk: float | None
    cf_expected_shortfall: float | None


def tail_risk(recent: TailWindow, level: float) -> TailRisk:
    """Tail risk at 0.95 or 0.99.

    Raises:
        ValueError: another level.
    """
    return TailRisk(
        level=level,
        n=recent.n,
        value_at_risk=recent.value_at_risk(level),
        expected_shortfall=recent.expected_shortfall(level),
        cf_value_at_risk=recent.cornish_fisher_var(level),
        cf_expected_shortfall=recent.cornish_fisher_shortfall(level),
    )
