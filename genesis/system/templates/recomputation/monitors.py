"""What watches a live track: its edge, its gap to the twin, its breaches of what one bar in a hundred loses, its drawdown."""

from __future__ import annotations

from math import log

from .arithmetic import BARS_A_YEAR, NO_DEVIATION, YEAR, Scale, deviation, total
from .evidence import Bars


class Watch:
    """The monitors of a live track that can be made again from the bars of live, twin and reference: edge, gap to the twin, breaches."""

    def __init__(self, reference: Bars, risk: Risk) -> None:
        start = reference.spread()
        self.scale, self.edge = Scale(start, 0.5 * start, 0.98), [0.0] * 3
        self.gap_scale, self.gap = Scale(0.25 * start, 0.05 * start, 0.99, 12), 0.0
        self.breaches, self.at_risk, self.compared = [0.0] * 4, risk.value, 0
        self.spread, self.index, self.peak = start, 1.0, 1.0
        self.refer(reference)

    def refer(self, reference: Bars) -> None:
        """The ratio to be held against: what the reference has shown, shrunk for having been chosen because it looked good."""
        days = len(reference.returns) / 6
        self.good = max(-40.0, min((reference.sharpe() or 0.0) * 4 / (4 + 365 / days), 40.0)) / YEAR
        drop = max(self.good * YEAR, 2.0) / YEAR
        self.bets = [min(m * drop, 0.12) for m in (0.5, 1.0, 1.5)]
        self.spread = reference.spread() or self.spread

    def fallen(self, change: float) -> None:
        """A bar of the live track, whether or not its twin has one."""
        self.index *= 1 + change
        self.peak = max(self.peak, self.index)

    def drawdown(self, sampled: float | None) -> str | None:
        """The level of a drawdown that a sample of this moment tells; without one, what the ends of bars say at least."""
        limit = 0.20 if self.good <= 0 else min(0.20, round(self.spread * log(100) / (2 * self.good), 6))
        if sampled is not None:
            return "ALARM" if sampled >= limit else "CALM"
        return "ALARM" if 1 - self.index / self.peak >= limit * (1 + 1e-9) else None

    def add(self, live: float, twin: float, risk: Risk) -> None:
        x = self.scale.scaled(live)
        factors = [1 - min(b * x, 0.88) + b * self.good for b in self.bets]
        self.edge = [min((1 + m) * f, 10 * 3 * BARS_A_YEAR) for m, f in zip(self.edge, factors, strict=True)]
        if live or twin:
            self.compared += 1
            shift = 20 / YEAR
            apart = max(-6.0, min(6.0, self.gap_scale.scaled(live - twin)))
            self.gap = max(0.0, self.gap - shift * (apart + shift / 2))
        if self.at_risk is not None:
            told, breach = 0.01, live < -self.at_risk
            factors = [m if breach else (1 - m * told) / (1 - told) for m in (1.5, 2.0, 3.0, 5.0)]
            most = 10 * 3 * BARS_A_YEAR
            self.breaches = [min((1 + m) * f, most) for m, f in zip(self.breaches, factors, strict=True)]
        self.at_risk = risk.value

    def levels(self) -> dict[str, str]:
        edge, breaches = total(self.edge) / len(self.edge), total(self.breaches) / len(self.breaches)
        return {
            "edge": _level(edge, 0.5 * BARS_A_YEAR, 3 * BARS_A_YEAR),
            "var": _level(breaches, 0.5 * BARS_A_YEAR, 3 * BARS_A_YEAR),
            "gap": _level(self.gap, _page_threshold(20, 0.5), _page_threshold(20, 2)),
        }


class Risk:
    """What one bar in a hundred loses at least, at the volatility of now: the latest 500 bars, each over the deviation known before it."""

    def __init__(self) -> None:
        self.warm, self.recent = list[float](), list[float]()
        self.scale: Scale | None = None

    @property
    def value(self) -> float | None:
        """None under 500 bars after the warm-up."""
        if self.scale is None or len(self.recent) < 500:
            return None
        return max(0.0, -sorted(self.recent[-500:])[4]) * self.scale.value

    def add(self, change: float) -> None:
        if self.scale is not None:
            self.recent.append(self.scale.scaled(change))
            return
        self.warm += [change] if change else []
        if len(self.warm) >= 12 and deviation(self.warm) > NO_DEVIATION:
            self.scale = Scale(deviation(self.warm), 0.25 * deviation(self.warm), 0.94)


def _level(value: float, warn: float, alarm: float) -> str:
    return "ALARM" if value >= alarm else "WARN" if value >= warn else "CALM"


def _page_threshold(drop: float, years: float) -> float:
    """The h at which a CUSUM is wrong once in so many years: 2 / D^2 (e^h - h - 1)."""
    low, high = 0.0, 64.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if 2 / drop**2 * (2.718281828459045**middle - middle - 1) < years else (low, middle)
    return round(high, 6)
