"""Mean and deviation of a window of the last values, and what is told by them."""

from __future__ import annotations

from math import fsum, inf, sqrt

from genesis.strategies.indicators.indicator import Indicator, State, period_of


class _Rolling(Indicator):
    """Mean and variance of the last ``period`` values.

    Sums of x - reference and of its square follow what enters and leaves; the reference is a mean of the window. They are computed afresh, with
    exact summation, once a window, and at once when the squares have become so small beside what they were that old rounding might show.
    A window of equal values has exactly that mean and no variance.
    """

    __slots__ = ("_at", "_largest", "_reference", "_same", "_squares", "_sum", "_values", "_variance", "period")

    def __init__(self, period: int) -> None:
        super().__init__()
        self.period = period_of(period)
        self._values: list[float] = []
        self._at = self._same = 0
        self._reference = self._sum = self._squares = self._largest = self._variance = 0.0

    def update(self, x: float) -> float | None:
        """Take a value; ``None`` until the window is full."""
        values, at = self._values, self._at
        self._same = self._same + 1 if values and values[at - 1] == x else 1
        if len(values) < self.period:
            values.append(x)
            if len(values) < self.period:
                return None
            self._refresh()
        else:
            old, values[at] = values[at], x
            self._at = at = (at + 1) % self.period
            if at:
                self._move(x - self._reference, old - self._reference)
            else:
                self._refresh()
        self._settle()
        self.value = self._result()
        return self.value

    def _move(self, entered: float, left: float) -> None:
        self._sum += entered - left
        self._squares += (entered - left) * (entered + left)
        if self._squares > self._largest:
            self._largest = self._squares

    def _refresh(self) -> None:
        values, last = self._values, self._values[self._at - 1]
        self._reference = reference = last + fsum(v - last for v in values) / self.period
        moves = [v - reference for v in values]
        self._sum = fsum(moves)
        self._squares = self._largest = fsum(d * d for d in moves)

    def _settle(self) -> None:
        if self._same >= self.period:
            self._variance = 0.0
            return
        centred = self._squares - self._sum * self._sum / self.period
        if centred * 1000 < self._largest:
            self._refresh()
            centred = self._squares - self._sum * self._sum / self.period
        self._variance = max(0.0, centred / self.period)

    def _mean(self) -> float:
        if self._same >= self.period:
            return self._values[self._at - 1]
        return self._reference + self._sum / self.period

    def _result(self) -> float:
        raise TypeError(f"{type(self).__name__} computes nothing")

    def save(self) -> list[float]:
        """State as plain numbers; the last of them the values in the window."""
        return [self._at, self._same, self._reference, self._sum, self._squares, self._largest, *self._values]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        if not 6 <= len(state) <= 6 + self.period:
            raise ValueError(
                f"{type(self).__name__} state: expected 6 to {6 + self.period} numbers, found {len(state)}"
            )
        self._at, self._same = int(state[0]), int(state[1])
        self._reference, self._sum, self._squares, self._largest = state[2:6]
        self._values = list(state[6:])
        self.value = None
        if len(self._values) == self.period:
            self._settle()
            self.value = self._result()


class SMA(_Rolling):
    """Simple moving average."""

    __slots__ = ()

    def _result(self) -> float:
        return self._mean()


class RollingStd(_Rolling):
    """Standard deviation of the window; ``ddof`` 0 is the population's (TA-Lib's STDDEV), 1 the sample's."""

    __slots__ = ("_ddof",)

    def __init__(self, period: int, ddof: int = 0) -> None:
        if ddof not in (0, 1):
            raise ValueError(f"ddof: expected 0 or 1, found {ddof!r}")
        super().__init__(period_of(period, least=1 + ddof))
        self._ddof = ddof

    def _result(self) -> float:
        return sqrt(self._variance * self.period / (self.period - self._ddof))


class ZScore(_Rolling):
    """How many population standard deviations the last value lies from its window's mean; 0 in a flat window."""

    __slots__ = ()

    def _result(self) -> float:
        if not self._variance:
            return 0.0
        last = self._values[self._at - 1]
        return (last - self._reference - self._sum / self.period) / sqrt(self._variance)


class BollingerBands(_Rolling):
    """Moving average and ``width`` population standard deviations around it (Bollinger 2001); ``value`` is the middle."""

    __slots__ = ("_width",)

    def __init__(self, period: int = 20, width: float = 2.0) -> None:
        super().__init__(period)
        if not 0 < width < inf:
            raise ValueError(f"width: expected a finite number above 0, found {width!r}")
        self._width = width

    @property
    def upper(self) -> float | None:
        """The upper band."""
        return None if self.value is None else self.value + self._width * sqrt(self._variance)

    @property
    def lower(self) -> float | None:
        """The lower band."""
        return None if self.value is None else self.value - self._width * sqrt(self._variance)

    def _result(self) -> float:
        return self._mean()
