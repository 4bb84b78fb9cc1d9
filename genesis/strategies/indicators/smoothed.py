"""Indicators made of exponential averages: relative strength, true range, convergence."""

from __future__ import annotations

from genesis.strategies.indicators.averages import SeededEMA, Wilder
from genesis.strategies.indicators.indicator import Indicator, State, expect_size, packed, period_of, unpacked


class RSI(Indicator):
    """Relative strength index in 0 to 100 (Wilder 1978): 100 x average gain / (average gain + average loss).

    The first value comes with the ``period`` + 1st price. Without any gain or loss it is undefined and ``None``, where TA-Lib says 0.
    """

    __slots__ = ("_gain", "_last", "_loss")

    def __init__(self, period: int = 14) -> None:
        super().__init__()
        self._gain, self._loss = Wilder(period), Wilder(period)
        self._last: float | None = None

    def update(self, x: float) -> float | None:
        """Take a price."""
        last, self._last = self._last, x
        if last is None:
            return None
        change = x - last
        gain = self._gain.update(change if change > 0 else 0.0)
        loss = self._loss.update(-change if change < 0 else 0.0)
        self.value = self._index(gain, loss)
        return self.value

    @staticmethod
    def _index(gain: float | None, loss: float | None) -> float | None:
        if gain is None or loss is None or not gain + loss:
            return None
        return 100 * (gain / (gain + loss))

    def save(self) -> list[float]:
        """State as plain numbers."""
        return [*packed(self._last), *self._gain.save(), *self._loss.save()]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        expect_size(state, 6, "RSI")
        self._last = unpacked(state[:2])
        self._gain.load(state[2:4])
        self._loss.load(state[4:])
        self.value = self._index(self._gain.value, self._loss.value)


class ATR(Indicator):
    """Average true range (Wilder 1978), in the price's unit.

    A bar's true range is the largest of high - low, |high - last close| and |low - last close|. The first bar has no last close and no true
    range (as in TA-Lib), so the first value comes with bar ``period`` + 1.
    """

    __slots__ = ("_average", "_close")

    def __init__(self, period: int = 14) -> None:
        super().__init__()
        self._average = Wilder(period)
        self._close: float | None = None

    def update(self, high: float, low: float, close: float) -> float | None:
        """Take a bar."""
        last, self._close = self._close, close
        if last is not None:
            self.value = self._average.update(max(high, last) - min(low, last))
        return self.value

    def save(self) -> list[float]:
        """State as plain numbers."""
        return [*packed(self._close), *self._average.save()]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        expect_size(state, 4, "ATR")
        self._close = unpacked(state[:2])
        self._average.load(state[2:])
        self.value = self._average.value


class MACD(Indicator):
    """Moving average convergence divergence (Appel 1979): ``value`` is the fast less the slow average, ``signal`` its average, ``histogram``
    their difference.

    The averages are `SeededEMA`, the fast one seeded so that both become ready with the same value: TA-Lib's MACD. The line is ready with value
    ``slow``, the signal ``signal`` - 1 values later.
    """

    __slots__ = ("_ahead", "_fast", "_line", "_slow")

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        super().__init__()
        if period_of(fast, "fast") >= period_of(slow, "slow"):
            raise ValueError(f"fast: expected less than slow {slow}, found {fast}")
        self._fast, self._slow = SeededEMA(fast), SeededEMA(slow)
        self._line = SeededEMA(period_of(signal, "signal"))
        self._ahead = slow - fast

    @property
    def signal(self) -> float | None:
        """Average of the line; ``None`` until warm."""
        return self._line.value

    @property
    def histogram(self) -> float | None:
        """Line less signal; ``None`` until warm."""
        return None if self.value is None or self._line.value is None else self.value - self._line.value

    def update(self, x: float) -> float | None:
        """Take a price; the line."""
        slow = self._slow.update(x)
        if self._ahead:
            self._ahead -= 1
            return None
        fast = self._fast.update(x)
        if fast is not None and slow is not None:
            self.value = fast - slow
            self._line.update(self.value)
        return self.value

    def save(self) -> list[float]:
        """State as plain numbers."""
        return [self._ahead, *packed(self.value), *self._fast.save(), *self._slow.save(), *self._line.save()]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        expect_size(state, 9, "MACD")
        self._ahead, self.value = int(state[0]), unpacked(state[1:3])
        for average, place in ((self._fast, 3), (self._slow, 5), (self._line, 7)):
            average.load(state[place : place + 2])
