"""How likely the best version of a family was chosen by luck: the probability of backtest overfitting. Reported, never a trigger."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

BLOCKS = 16
# Half of the blocks must hold enough bars for a ratio to mean anything.
BARS_MIN = 20 * BLOCKS

Floats = NDArray[np.float64]


def overfitting_probability(returns: Floats) -> float | None:
    """PBO of (bars, versions) returns: how often the version with the best Sharpe ratio in one half of the blocks is below the median in the other.

    Combinatorially symmetric cross-validation, Bailey, Borwein, Lopez de Prado and Zhu 2017 (J. of Computational Finance 20(4)): 16 blocks of equal
    length in order of time (bars that are left over at the start are dropped), all 12,870 halves; the share of them in which the rank of the best
    over N + 1 is at most 1/2. A version without deviation in a half has the ratio 0 there. ``None`` under two versions or 320 bars.
    """
    bars, versions = returns.shape
    if versions < 2 or bars < BARS_MIN:
        return None
    length = bars // BLOCKS
    blocks = returns[bars - length * BLOCKS :].reshape(BLOCKS, length, versions)
    sums, squares = blocks.sum(axis=1), (blocks * blocks).sum(axis=1)
    inside = _halves()
    trained = _ratios(inside @ sums, inside @ squares, length * BLOCKS // 2)
    tested = _ratios((1 - inside) @ sums, (1 - inside) @ squares, length * BLOCKS // 2)
    best = trained.argmax(axis=1)
    chosen = np.take_along_axis(tested, best[:, None], axis=1)
    ranks = (tested <= chosen).sum(axis=1)
    return float((ranks / (versions + 1) <= 0.5).mean())


def _halves() -> Floats:
    """(12,870, 16): a row a half, 1 where the block is in it."""
    chosen = list(combinations(range(BLOCKS), BLOCKS // 2))
    found = np.zeros((len(chosen), BLOCKS))
    for row, places in enumerate(chosen):
        found[row, list(places)] = 1.0
    return found


def _ratios(sums: Floats, squares: Floats, n: int) -> Floats:
    """Sharpe ratios of one bar."""
    mean = sums / n
    variance = np.maximum(squares / n - mean * mean, 0.0)
    varies = variance > 0
    return np.where(varies, mean / np.sqrt(np.where(varies, variance, 1.0)), 0.0)
