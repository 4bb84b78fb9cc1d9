"""Averages over all values so far: exponential and volume-weighted."""

from __future__ import annotations

from genesis.strategies.indicators.indicator import Indicator, State, expect_size, packed, period_of, unpacked


class EMA(Indicator):
    """Exponential moving average, alpha = 2 / (n + 1), seeded with the first value: ready at once. `SeededEMA` seeds as TA-Lib does."""

    __slots__ = ("_alpha", "_keep")

    def __init__(self, period: int) -> None:
        super().__init__()
        self._alpha = 2 / (period_of(period) + 1)
        self._keep = 1 - self._alpha

    def update(self, x: float) -> float:
        """Take a value."""
        value = self.value
        self.value = value = x if value is None else self._alpha * x + self._keep * value
        return value

    def save(self) -> list[float]:
        """State as plain numbers."""
        return packed(self.value)

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        expect_size(state, 2, "EMA")
        self.value = unpacked(state)


class _SeededAverage(Indicator):
    """value + alpha x (x - value), seeded with the simple average of the first ``period`` values."""

    __slots__ = ("_alpha", "_left", "_total", "period")

    def __init__(self, period: int, alpha: float) -> None:
        super().__init__()
        self.period = self._left = period
        self._alpha = alpha
        self._total = 0.0

    def update(self, x: float) -> float | None:
        """Take a value; ``None`` for the first ``period`` - 1."""
        value = self.value
        if value is None:
            return self._seed(x)
        self.value = value = value + self._alpha * (x - value)
        return value

    def _seed(self, x: float) -> float | None:
        self._total += x
        self._left -= 1
        if not self._left:
            self.value = self._total / self.period
        return self.value

    def save(self) -> list[float]:
        """State as plain numbers."""
        return [self._left, self._total if self.value is None else self.value]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        expect_size(state, 2, type(self).__name__)
        self._left = int(state[0])
        self.value, self._total = (None, state[1]) if self._left else (state[1], 0.0)


class SeededEMA(_SeededAverage):
    """Exponential moving average, alpha = 2 / (n + 1), seeded with the simple average of the first n values (TA-Lib's EMA)."""

    __slots__ = ()

    def __init__(self, period: int) -> None:
        super().__init__(period_of(period), 2 / (period + 1))


class Wilder(_SeededAverage):
    """Wilder's smoothing: alpha = 1 / n, seeded with the simple average of the first n values (Wilder 1978)."""

    __slots__ = ()

    def __init__(self, period: int) -> None:
        super().__init__(period_of(period), 1 / period)


class VWAP(Indicator):
    """Volume-weighted average price since the start or the last `reset`; ``None`` until something traded.

    Sums are taken about the first price, so their rounding is that of the price's moves and not of its level.
    """

    __slots__ = ("_first", "_moves", "_volume")

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Begin anew (a session, a day)."""
        self.value: float | None = None
        self._first: float | None = None
        self._moves = self._volume = 0.0

    def update(self, price: float, volume: float) -> float | None:
        """Take a trade, or a bar with its typical price; ``volume`` is 0 or more."""
        if volume:
            first = self._first
            if first is None:
                self._first = first = price
            self._moves += (price - first) * volume
            self._volume += volume
            self.value = first + self._moves / self._volume
        return self.value

    def save(self) -> list[float]:
        """State as plain numbers."""
        return [*packed(self._first), self._moves, self._volume]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        expect_size(state, 4, "VWAP")
        self._first, self._moves, self._volume = unpacked(state[:2]), state[2], state[3]
        self.value = None if self._first is None else self._first + self._moves / self._volume
