"""Streaming indicators over plain floats: ``update`` takes a value and gives the indicator, or ``None`` until it is warm.

Windows are recomputed from their values where a running sum would drift; everything else is a recurrence, so a value never depends on
how the data arrived.
"""

from __future__ import annotations

from collections import deque
from math import fsum, sqrt


def _period(n: int) -> int:
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"period: expected an integer of 1 or more, found {n!r}")
    return n


class EMA:
    """Exponential moving average, alpha = 2 / (n + 1), seeded with the first value (TA-Lib seeds with a simple average)."""

    __slots__ = ("_alpha", "_keep", "value")

    def __init__(self, period: int) -> None:
        self._alpha = 2 / (_period(period) + 1)
        self._keep = 1 - self._alpha
        self.value: float | None = None

    @property
    def ready(self) -> bool:
        """Whether a value was seen."""
        return self.value is not None

    def update(self, x: float) -> float:
        """Take a value."""
        value = self.value
        self.value = value = x if value is None else self._alpha * x + self._keep * value
        return value


class _Window:
    """The last ``period`` values."""

    __slots__ = ("_values", "period", "value")

    def __init__(self, period: int) -> None:
        self.period = _period(period)
        self._values: deque[float] = deque(maxlen=period)
        self.value: float | None = None

    @property
    def ready(self) -> bool:
        """Whether the window is full."""
        return self.value is not None

    def update(self, x: float) -> float | None:
        """Take a value; ``None`` until the window is full."""
        self._values.append(x)
        if len(self._values) == self.period:
            self.value = self._compute()
        return self.value

    def _compute(self) -> float:
        raise TypeError(f"{type(self).__name__} computes nothing")


class SMA(_Window):
    """Simple moving average, summed exactly."""

    __slots__ = ()

    def _compute(self) -> float:
        return fsum(self._values) / self.period


class RollingMax(_Window):
    """Highest of the last ``period`` values (the upper Donchian channel of highs)."""

    __slots__ = ()

    def _compute(self) -> float:
        return max(self._values)


class RollingMin(_Window):
    """Lowest of the last ``period`` values (the lower Donchian channel of lows)."""

    __slots__ = ()

    def _compute(self) -> float:
        return min(self._values)


class ZScore(_Window):
    """How many population standard deviations the last value lies from its window's mean; 0 in a flat window."""

    __slots__ = ()

    def _compute(self) -> float:
        mean = fsum(self._values) / self.period
        variance = fsum((x - mean) ** 2 for x in self._values) / self.period
        return (self._values[-1] - mean) / sqrt(variance) if variance > 0 else 0.0
