"""What the bars of one track show."""

from __future__ import annotations

from math import log, sqrt

from .arithmetic import NO_DEVIATION, YEAR, Bets, Futility, Scale, deviation, total
from .comparing import Document


class Bars:
    """The evidence of one track since an attempt began: returns of its bars, the stake on them, and what doubts it."""

    def __init__(self, rules: Document) -> None:
        self.rules, self.returns = rules, list[float]()
        self.warmup, self.broken, self.breaks, self.missing = 0, False, 0, 0
        self.index = self.peak = 1.0
        # The greatest fall of the index between ends of bars, as long as none is missing; within a bar it may have been more.
        self.fall, self.whole, self.known = 0.0, True, (0, 0.0)
        self.bound: float | None = None
        self.stake, self.scale = Bets(rules, float(rules["upper_clip"])), Scale(1.0, 0.0, 0.0)
        self.futility: Futility | None = None

    @property
    def e_value(self) -> float:
        return 0.0 if self.broken else self.stake.value

    def add(self, change: float) -> None:
        rules = self.rules
        self.returns.append(change)
        self.index *= 1 + change
        self.peak = max(self.peak, self.index)
        self.fall = max(self.fall, 1 - self.index / self.peak)
        if self.bound is not None:
            self.breaks += change < -self.bound
            self.broken = self.breaks > 0
            self.stake.add(self.scale.scaled(change))
        else:
            self.warmup += 1
            moved = [r for r in self.returns if r]
            if len(moved) >= rules["warmup_bars"] and deviation(moved) > NO_DEVIATION:
                self.bound = float(rules["bound_deviations"]) * deviation(moved)
                self.scale = Scale(deviation(moved), self.bound / float(rules["kappa"]), float(rules["decay"]))
        if self.futility is not None:
            self.futility.add(change)
        elif self.bound is not None and self.spread():
            self.futility = Futility(self.spread())

    def sharpe(self) -> float | None:
        """Annual; none under 42 bars, or where they do not vary."""
        if len(self.returns) < 42 or self.spread() <= NO_DEVIATION:
            return None
        return total(self.returns) / len(self.returns) / self.spread() * YEAR

    def late_fall(self, bars: int) -> float:
        """The deepest fall of the index between ends of bars, over the latest of them."""
        index = peak = 1.0
        fall = 0.0
        for change in self.returns[-bars:]:
            index *= 1 + change
            peak = max(peak, index)
            fall = max(fall, 1 - index / peak)
        return fall

    def scaled_fall(self, q: float) -> float:
        """Below which a healthy strategy of this volatility lies a share q of the time, the ratio shrunk for having been chosen; at most a fifth."""
        days = len(self.returns) / 6
        good = (self.sharpe() or 0.0) * 4 / (4 + 365 / days) if days else 0.0
        return 0.20 if good <= 0 else min(0.20, round(self.spread() * YEAR * log(1 / q) / (2 * good), 6))

    def sharpe_bound(self) -> float | None:
        """The lower end of the ratio's one-sided 95 % interval: 1.645 standard errors of independent returns below it (Mertens)."""
        ratio = self.sharpe()
        if ratio is None:
            return None
        n, mean, one = len(self.returns), total(self.returns) / len(self.returns), ratio / YEAR
        second, third, fourth = (total((r - mean) ** k for r in self.returns) / n for k in (2, 3, 4))
        skewness, kurtosis = third / second**1.5, fourth / second**2
        variance = max(0.0, 1 - skewness * one + (kurtosis - 1) / 4 * one * one)
        return ratio - 1.6448536269514722 * sqrt(variance / n) * YEAR

    def spread(self) -> float:
        """Standard deviation of all bars, worked out once a bar."""
        if self.known[0] != len(self.returns):
            self.known = (len(self.returns), deviation(self.returns))
        return self.known[1]
