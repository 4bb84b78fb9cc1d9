"""The betting e-process, its family's adjustment and futility over many strategies at once: the runtime's recurrences, a column a bar.

What runs decides by `genesis.evidence.gathering.Evidence`, `closed_adjustment` and `Futility`; a study of policies that looks at years of thousands of strategies takes these.
They are tested equal.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from genesis.evidence.futility import WEALTH_CAP
from genesis.evidence.rules import BettingRules, FutilityRules
from genesis.metrics.ratios import BARS_PER_YEAR
from genesis.metrics.returns import NO_DEVIATION

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]


class WarmUp:
    """The warm-up of many strategies: when each is over, and the loss bound and deviation that come of it.

    ``begun``: whether the next bar is bet upon; ``bars``: how many bars it took; ``deviation`` of its bars that moved. All are (n,).
    """

    __slots__ = ("_mean", "_moved", "_rules", "_squares", "bars", "begun", "deviation")

    def __init__(self, rules: BettingRules, n: int) -> None:
        self._rules = rules
        self._moved, self._mean, self._squares = np.zeros(n), np.zeros(n), np.zeros(n)
        self.begun: Bools = np.zeros(n, dtype=bool)
        self.bars: Counts = np.zeros(n, dtype=np.int64)
        self.deviation: Floats = np.zeros(n)

    @property
    def bound(self) -> Floats:
        """Loss bound of a bar, 0 where the warm-up goes on."""
        return np.asarray(self._rules.bound_deviations * self.deviation)

    def add(self, change: Floats) -> None:
        """Take a bar's returns."""
        if self.begun.all():
            return
        self.bars += ~self.begun
        moved = ~self.begun & (change != 0)
        self._moved += moved
        delta = np.where(moved, change - self._mean, 0.0)
        self._mean += delta / np.maximum(self._moved, 1)
        self._squares += np.where(moved, delta * (change - self._mean), 0.0)
        deviation = np.sqrt(self._squares / np.maximum(self._moved - 1, 1))
        over = ~self.begun & (self._moved >= self._rules.warmup_bars) & (deviation > NO_DEVIATION)
        self.deviation = np.where(over, deviation, self.deviation)
        self.begun = self.begun | over


def e_values(returns: Floats, rules: BettingRules) -> Floats:
    """(..., bars) returns to (..., bars) e-values: 1 in the warm-up, 0 once the loss bound was broken."""
    flat = returns.reshape(-1, returns.shape[-1])
    warm = WarmUp(rules, len(flat))
    variance = np.zeros(len(flat))
    wealths = np.ones((len(flat), len(rules.bets)))
    bets = np.array(rules.bets)
    found = np.ones(flat.shape)
    for bar in range(flat.shape[1]):
        change, betting = flat[:, bar], warm.begun
        if betting.any():
            bound = warm.bound
            scale = np.where(betting, np.maximum(np.sqrt(variance), bound / rules.kappa), 1.0)
            scaled = np.minimum(change / scale, rules.upper_clip)
            variance = np.where(betting, rules.decay * variance + (1 - rules.decay) * change * change, variance)
            wealths = np.where(betting[:, None], wealths * (1 + bets * scaled[:, None]), wealths)
            wealths[betting & (change < -bound)] = 0
            now = wealths.sum(axis=1) / len(bets)
            wealths *= np.where(now > rules.cap, rules.cap / np.maximum(now, 1e-300), 1.0)[:, None]
            found[:, bar] = wealths.sum(axis=1) / len(bets)
        warm.add(change)
        variance = np.where(warm.begun & ~betting, warm.deviation**2, variance)
    return found.reshape(returns.shape)


def futilities(returns: Floats, betting: BettingRules, rules: FutilityRules) -> Floats:
    """(n, bars) returns to (n, bars) e-values against them, by `Futility` begun at the bar that ends the warm-up; 1 until then."""
    n = len(returns)
    warm = WarmUp(betting, n)
    variance, floor = np.zeros(n), np.zeros(n)
    mean, squares = np.zeros(n), np.zeros(n)
    bets, asked = np.array(rules.bets), rules.min_sharpe / sqrt(BARS_PER_YEAR)
    wealths, found = np.ones((n, len(bets))), np.ones(returns.shape)
    running = np.zeros(n, dtype=bool)
    for bar, counted in enumerate(range(1, returns.shape[1] + 1)):
        change = returns[:, bar]
        if running.any():
            scale = np.where(running, np.maximum(np.sqrt(variance), floor), 1.0)
            lost = np.minimum(bets * (change / scale)[:, None], rules.lose_most)
            grown = np.minimum(wealths * (1 - lost + bets * asked), WEALTH_CAP / rules.alpha)
            wealths = np.where(running[:, None], grown, wealths)
            variance = np.where(running, rules.decay * variance + (1 - rules.decay) * change * change, variance)
            found[:, bar] = wealths.sum(axis=1) / len(bets)
        delta = change - mean
        mean = mean + delta / counted
        squares = squares + delta * (change - mean)
        warm.add(change)
        begins = warm.begun & ~running
        if begins.any():
            deviation = np.sqrt(squares / max(1, counted - 1))
            variance = np.where(begins, deviation**2, variance)
            floor = np.where(begins, rules.floor * deviation, floor)
            running = running | begins
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
