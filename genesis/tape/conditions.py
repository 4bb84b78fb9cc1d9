"""What a market was like lately, for the models that ask: daily volatility and volume, the spread where none is shown, the usual print.

Every answer is a function of rows before a moment and of nothing else: not of who asked before, nor of how the rows arrived.
"""

from __future__ import annotations

from bisect import bisect_right
from math import ceil, exp, log, sqrt

import numpy as np

from genesis.clock import NS_PER_DAY
from genesis.invariants import ensure
from genesis.tape.bars import BarSeries
from genesis.tape.stream import Stream

_ONE = 100_000_000  # a fraction of price in 1e-8
_RETURNS_MIN = 30
_PRINTS = 100
_SPREAD_PRINTS = 500
_SPREAD_BARS = 30


class MarketConditions:
    """Conditions of one instrument, shared by all tracks.

    Args:
        bars: its bars, of which closed ones are looked at.
        trades: its prints, where the tape has them.
        sigma_prior: daily volatility (a fraction) assumed until 30 returns were seen.
    """

    def __init__(self, bars: BarSeries | None, trades: Stream | None, sigma_prior: float) -> None:
        self._bars, self._trades, self._prior = bars, trades, sigma_prior
        self._fade = 0.5 ** (bars.spec.step / NS_PER_DAY) if bars is not None and bars.by_time else 0.5
        # Of every bar from number ``_dropped`` on: when it closed, volatility as of then, and lots of all bars up to it; of those one more, in front.
        self._dropped = 0
        self._times: list[int] = []
        self._sigma: list[float] = []
        self._volume: list[int] = [0]
        self._close = 0
        self._squares = self._weight = 0.0

    def daily(self, now_ns: int) -> tuple[float, float]:
        """(volatility of a day as a fraction, lots traded in 24 h), from bars closed at or before ``now_ns``.

        Volatility is the root of the mean squared return, weights halving every 24 h; volume over less than a day is scaled up. (0, 0) before
        the first bar.
        """
        self._grow()
        seen = bisect_right(self._times, now_ns)
        if not self._dropped + seen or self._bars is None:
            return 0.0, 0.0
        ensure(seen > 0 or not self._dropped, f"conditions at {now_ns}: expected a moment not yet let go of")
        start = bisect_right(self._times, now_ns - NS_PER_DAY)
        lots = self._volume[seen] - self._volume[start]
        first = int(self._bars.columns["time_open"][0])
        span = min(NS_PER_DAY, max(now_ns - first, self._bars.spec.step))
        sigma = self._sigma[seen - 1] if self._dropped + seen > _RETURNS_MIN else self._prior
        return sigma, lots * (NS_PER_DAY / span)

    def half_spread(self, now_ns: int) -> int:
        """Half of the spread where no bid and ask are shown, as a fraction in 1e-8; never less than half a tick.

        From prints: half the mean step between neighbouring prints of opposite aggressors (of the last 500, at most). From bars: Corwin and
        Schultz (2012), the mean over the last 30 pairs of bars, of which those below zero count as zero.
        """
        if self._trades is not None:
            return self._from_prints(self._trades, now_ns)
        return self._from_bars(now_ns)

    def typical_print(self, now_ns: int) -> int | None:
        """Median size of the last 100 prints before ``now_ns``, the larger middle one of an even number; ``None`` before the first."""
        trades = self._trades
        stop = 0 if trades is None else trades.first_at(now_ns)
        if trades is None or not stop:
            return None
        lots = np.sort(trades.columns["lots"][max(0, stop - _PRINTS) : stop])
        return int(lots[len(lots) // 2])

    def _grow(self) -> None:
        """Take the bars that have closed since, one after another: sums of floats never depend on how many came at once."""
        bars = self._bars
        first = self._dropped + len(self._times)
        if bars is None or first == bars.rows:
            return
        stop = bars.rows
        columns = bars.columns
        steps_a_day = NS_PER_DAY / bars.spec.step if bars.by_time else 0.0
        last = self._close if first else int(columns["open"][0])
        names = ("ts", "close", "lots")
        for ts, close, lots in zip(*(columns[n][first:stop].tolist() for n in names), strict=True):
            change = (close - last) / last
            self._squares = self._fade * self._squares + change * change
            self._weight = self._fade * self._weight + 1
            last = close
            self._times.append(ts)
            self._sigma.append(sqrt(self._squares / self._weight * steps_a_day))
            self._volume.append(self._volume[-1] + lots)
        self._close = last

    def before_kept(self) -> None:
        """Take every bar that has closed, and let go of those that no moment to come asks for: the same ones, whoever has asked and when."""
        self._grow()
        if self._times:
            old = bisect_right(self._times, self._times[-1] - NS_PER_DAY)
            del self._times[:old], self._sigma[:old], self._volume[:old]
            self._dropped += old

    @staticmethod
    def _from_prints(trades: Stream, now_ns: int) -> int:
        stop = trades.first_at(now_ns)
        if not stop:
            return 0
        start = max(0, stop - _SPREAD_PRINTS)
        ticks, side = trades.columns["ticks"][start:stop], trades.columns["side"][start:stop]
        turns = np.flatnonzero(side[1:] * side[:-1] < 0)
        # A step from a sale to a purchase, or back: what lies between bid and ask, but for what the market moved.
        total = int(((ticks[turns + 1] - ticks[turns]) * side[turns + 1]).sum())
        half_x2 = max(1, -(-total // len(turns)) if len(turns) else 1)
        return -(-half_x2 * _ONE // (2 * int(ticks[-1])))

    def _from_bars(self, now_ns: int) -> int:
        bars = self._bars
        stop = 0 if bars is None else bisect_right(bars.times, now_ns, 0, bars.rows)
        if bars is None or not stop:
            return 0
        start = max(0, stop - _SPREAD_BARS - 1)
        high, low = bars.columns["high"][start:stop].tolist(), bars.columns["low"][start:stop].tolist()
        spreads = [_corwin_schultz(high[i], low[i], high[i + 1], low[i + 1]) for i in range(len(high) - 1)]
        mean = sum(spreads) / len(spreads) if spreads else 0.0
        tick = -(-_ONE // (2 * bars.columns["close"][stop - 1].item()))
        estimated: int = max(tick, ceil(mean / 2 * _ONE))
        return estimated


def _corwin_schultz(high: int, low: int, next_high: int, next_low: int) -> float:
    """Spread as a fraction from two neighbouring bars' ranges: Corwin & Schultz, Journal of Finance 67 (2012), equations 14 and 18."""
    beta = log(high / low) ** 2 + log(next_high / next_low) ** 2
    gamma = log(max(high, next_high) / min(low, next_low)) ** 2
    k = 3 - 2 * sqrt(2)
    alpha = (sqrt(2 * beta) - sqrt(beta)) / k - sqrt(gamma / k)
    return max(0.0, 2 * (exp(alpha) - 1) / (1 + exp(alpha)))
