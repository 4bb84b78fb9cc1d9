"""The standard error of a Sharpe ratio when bars depend on each other, kept as the bars come.

Influence function of the ratio: psi_t = (r_t - m) / s - SR / 2 ((r_t - m)**2 / s**2 - 1). Its long-run variance over n is the variance of the
ratio (Lo 2002, section on GMM; Ledoit and Wolf 2008), estimated by Newey and West 1987: g_0 + 2 sum over k of (1 - k / (L + 1)) g_k with
L = floor(4 (n / 100)**(2/9)) (Newey and West 1994).

psi is quadratic in r, so each g_k comes exactly from four running sums of r_t**i r_(t-k)**j, i and j 1 or 2.
"""

from __future__ import annotations

from collections.abc import Sequence

from genesis.metrics.ratios import Moments
from genesis.metrics.returns import check_return

# Enough for 51,000 bars, 23 years; later ones keep it.
LAGS_MAX = 16
_SUMS = 4


def lags_for(n: int) -> int:
    """Newey and West's number of lags for ``n`` values, at most `LAGS_MAX`."""
    return min(LAGS_MAX, int(4 * (n / 100) ** (2 / 9)), max(0, n - 1))


class LaggedSums:
    """Running cross sums of returns with those up to 16 bars before; O(16) a bar."""

    __slots__ = ("_first", "_last", "_one", "_sums", "_two", "n")

    def __init__(self) -> None:
        self.n = 0
        self._one = self._two = 0.0
        self._first: list[float] = []
        self._last: list[float] = []
        self._sums = [0.0] * (_SUMS * (LAGS_MAX + 1))

    def add(self, x: float) -> None:
        """Take a return.

        Raises:
            ValueError: it is not finite.
        """
        check_return(x)
        last, sums, square = self._last, self._sums, x * x
        last.insert(0, x)
        if len(last) > LAGS_MAX + 1:
            last.pop()
        if self.n < LAGS_MAX:
            self._first.append(x)
        place = 0
        for before in last:
            squared = before * before
            sums[place] += x * before
            sums[place + 1] += x * squared
            sums[place + 2] += square * before
            sums[place + 3] += square * squared
            place += _SUMS
        self._one += x
        self._two += square
        self.n += 1

    def ratio_variance(self, moments: Moments) -> float | None:
        """n times the variance of the bar's Sharpe ratio, allowing for autocorrelation; ``moments`` are those of the same bars.

        ``None`` without deviation.
        """
        deviation = moments.deviation()
        if not deviation or moments.kurtosis() is None:
            return None
        ratio = moments.mean / deviation
        square = -ratio / (2 * deviation * deviation)
        line = 1 / deviation - 2 * square * moments.mean
        level = -moments.mean / deviation + square * moments.mean * moments.mean + ratio / 2
        lags = lags_for(self.n)
        found = self._covariance(0, level, line, square)
        for k in range(1, lags + 1):
            found += 2 * (1 - k / (lags + 1)) * self._covariance(k, level, line, square)
        return max(0.0, found)

    def mean_variance(self, mean: float) -> float:
        """n times the variance of the mean, allowing for autocorrelation, by the same estimator; ``mean`` is that of the same values."""
        lags = lags_for(self.n)
        found = self._covariance(0, -mean, 1.0, 0.0)
        for k in range(1, lags + 1):
            found += 2 * (1 - k / (lags + 1)) * self._covariance(k, -mean, 1.0, 0.0)
        return max(0.0, found)

    def _covariance(self, k: int, a: float, b: float, c: float) -> float:
        """g_k of a + b r + c r**2, whose mean is 0, over n."""
        ones, twos = 2 * self._one, 2 * self._two
        for ends in (self._first[:k], self._last[:k]):
            for x in ends:
                ones -= x
                twos -= x * x
        xy, xyy, xxy, xxyy = self._sums[_SUMS * k : _SUMS * (k + 1)]
        total = (self.n - k) * a * a + a * b * ones + a * c * twos + b * b * xy + b * c * (xyy + xxy) + c * c * xxyy
        return total / self.n

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (self.n, self._one, self._two, len(self._first), len(self._last), *self._first, *self._last, *self._sums)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        self.n, self._one, self._two = int(state[0]), state[1], state[2]
        first = 5 + int(state[3])
        last = first + int(state[4])
        self._first, self._last, self._sums = list(state[5:first]), list(state[first:last]), list(state[last:])
