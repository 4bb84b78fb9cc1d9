"""How long evidence takes: planning figures, no promise."""

from __future__ import annotations

from math import log, sqrt

from genesis.evidence.rules import BettingRules
from genesis.metrics.ratios import BARS_PER_YEAR


def expected_bars(rules: BettingRules, annual_sharpe: float, bound_deviations: float, target: float) -> float | None:
    """Evidence bars after which a strategy of this true Sharpe ratio is expected at E >= ``target``; ``None`` when no bet grows.

    ln(target) over the growth of the best bet, bet m q - (bet q)**2 / 2 a bar, with m the ratio of one bar and q the deviation of the scaled
    return: returns are divided by at least the loss bound over kappa, so a bound of B deviations leaves q = kappa / B (at most 1). Without cap and
    floor the best bet is m, and the time 2 ln(target) / SR**2 years (Waudby-Smith and Ramdas 2024 on growth; Breiman 1961 on Kelly's bet).
    """
    mean = annual_sharpe / sqrt(BARS_PER_YEAR)
    shrunk = min(1.0, rules.kappa / bound_deviations)
    growth = max(bet * mean * shrunk - (bet * shrunk) ** 2 / 2 for bet in rules.bets)
    return log(target) / growth if growth > 0 else None


def bars_at_pace(value: float, target: float, bars: int) -> float | None:
    """Further bars to E = ``target`` if its logarithm goes on growing as over the last ``bars``; 0 when reached, ``None`` when it does not grow."""
    if value >= target:
        return 0.0
    if value <= 1 or bars < 1:
        return None
    return log(target / value) * bars / log(value)
