"""Sums, bets and running deviations; summed one after the other, so that every machine and every Python comes to the same."""

from __future__ import annotations

from collections.abc import Iterable
from math import log, sqrt

from .comparing import Document

BAR_NS, DAY_NS, BARS_A_YEAR = 4 * 3_600 * 10**9, 24 * 3_600 * 10**9, 2190
YEAR = sqrt(BARS_A_YEAR)
# What varies by less than a float's step at 1 does not vary.
NO_DEVIATION = 2.0**-52


def total(values: Iterable[float]) -> float:
    found = 0.0
    for value in values:
        found += value
    return found


def deviation(values: list[float]) -> float:
    """Standard deviation, ddof 1, in two passes."""
    mean = total(values) / len(values)
    return sqrt(total((v - mean) ** 2 for v in values) / (len(values) - 1))


def family(values: list[float]) -> list[float]:
    """Each e-value adjusted: the least mean of it with some of the smaller ones."""
    found = []
    for i, value in enumerate(values):
        others = sorted(v for k, v in enumerate(values) if k != i)
        found.append(min((value + total(others[:m])) / (m + 1) for m in range(len(others) + 1)))
    return found


class Scale:
    """The deviation that a bar is divided by: the root of a running mean of squares, known before the bar."""

    def __init__(self, start: float, least: float, decay: float, start_bars: int = 0) -> None:
        self.square, self.least, self.decay, self.start_bars, self.bars = start * start, least, decay, start_bars, 0

    @property
    def value(self) -> float:
        return max(sqrt(self.square), self.least)

    def scaled(self, change: float) -> float:
        found = change / self.value
        self.bars += 1
        gain = max(1 - self.decay, 1 / (self.start_bars + self.bars)) if self.start_bars else 1 - self.decay
        self.square = (1 - gain) * self.square + gain * change * change
        return found


class Bets:
    """A stake of 1 in equal parts, each bet at its own fraction; what lies above the cap is taken off the table."""

    def __init__(self, rules: Document, clip: float) -> None:
        self.fractions = [min(float(s) / YEAR, float(rules["bet_cap"])) for s in rules["bets_sharpe"]]
        self.clip, self.cap = clip, float(rules["cap"])
        self.parts = [1.0] * len(self.fractions)

    @property
    def value(self) -> float:
        return total(self.parts) / len(self.parts)

    def add(self, x: float) -> None:
        self.parts = [p * max(0.0, 1 + f * min(x, self.clip)) for p, f in zip(self.parts, self.fractions, strict=True)]
        if self.value > self.cap:
            share = self.cap / self.value
            self.parts = [p * share for p in self.parts]


class Futility:
    """The bet against "its annual Sharpe ratio is 1.5 at least"."""

    def __init__(self, start: float) -> None:
        self.asked, self.scale, self.parts = 1.5 / YEAR, Scale(start, 0.5 * start, 0.98), [1.0] * 3
        self.fractions = [min(m * self.asked, 0.12) for m in (1, 2, 4)]

    @property
    def value(self) -> float:
        return total(self.parts) / len(self.parts)

    def add(self, change: float) -> None:
        x = self.scale.scaled(change)
        factors = [1 - min(f * x, 0.88) + f * self.asked for f in self.fractions]
        self.parts = [min(p * factor, 10 / 0.05) for p, factor in zip(self.parts, factors, strict=True)]


def long_run_variance(values: list[float]) -> float:
    """n times the variance of the mean of values that may depend on each other (Newey and West)."""
    n, mean = len(values), total(values) / len(values)
    apart = [v - mean for v in values]
    lags = min(16, int(4 * (n / 100) ** (2 / 9)), n - 1)
    weights = [1.0] + [2 * (1 - k / (lags + 1)) for k in range(1, lags + 1)]
    sums = [total(a * b for a, b in zip(apart[k:], apart, strict=False)) for k in range(lags + 1)]
    return max(0.0, total(w * s / n for w, s in zip(weights, sums, strict=True)))


def reach(variance: float, n: int) -> float:
    """Half the width of the 95 % confidence sequence around the mean of n values."""
    square = (-2 * log(0.05) + log(1 - 2 * log(0.05))) / 540
    spread = n * square + 1
    return sqrt(variance) * sqrt(2 * spread / (n * n * square) * log(sqrt(spread) / 0.05))
