"""Streaming indicators over plain floats.

Each takes a value (or a bar's) with ``update`` and gives the indicator, ``None`` until it is warm or where it is undefined; ``value`` is the
latest and ``ready`` says that there is one. Inputs are finite floats. ``save`` gives the state as plain numbers and ``load`` takes it: what
follows is bit-identical. An update is O(1), amortised.

Everything is a recurrence over the values in their order, so a result never depends on how the data were cut. Sums over a window do not drift:
they are taken about a reference inside the window and computed afresh, exactly, once a window (see `_Rolling`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import fsum, inf, sqrt

State = Sequence[float]


def _period(n: int, name: str = "period", least: int = 1) -> int:
    if isinstance(n, bool) or not isinstance(n, int) or n < least:
        raise ValueError(f"{name}: expected an integer of {least} or more, found {n!r}")
    return n


def _expect(state: State, size: int, name: str) -> None:
    if len(state) != size:
        raise ValueError(f"{name} state: expected {size} numbers, found {len(state)}")


def _pack(x: float | None) -> list[float]:
    return [0.0, 0.0] if x is None else [1.0, x]


def _unpack(pair: State) -> float | None:
    return pair[1] if pair[0] else None


class _Indicator:
    """What all indicators share: the latest value."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float | None = None

    @property
    def ready(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


class EMA(_Indicator):
    """Exponential moving average, alpha = 2 / (n + 1), seeded with the first value: ready at once. `SeededEMA` seeds as TA-Lib does."""

    __slots__ = ("_alpha", "_keep")

    def __init__(self, period: int) -> None:
        super().__init__()
        self._alpha = 2 / (_period(period) + 1)
        self._keep = 1 - self._alpha

    def update(self, x: float) -> float:
        """Take a value."""
        value = self.value
        self.value = value = x if value is None else self._alpha * x + self._keep * value
        return value

    def save(self) -> list[float]:
        """State as plain numbers."""
        return _pack(self.value)

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        _expect(state, 2, "EMA")
        self.value = _unpack(state)


class _SeededAverage(_Indicator):
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
        _expect(state, 2, type(self).__name__)
        self._left = int(state[0])
        self.value, self._total = (None, state[1]) if self._left else (state[1], 0.0)


class SeededEMA(_SeededAverage):
    """Exponential moving average, alpha = 2 / (n + 1), seeded with the simple average of the first n values (TA-Lib's EMA)."""

    __slots__ = ()

    def __init__(self, period: int) -> None:
        super().__init__(_period(period), 2 / (period + 1))


class _Wilder(_SeededAverage):
    """Wilder's smoothing: alpha = 1 / n, seeded with the simple average of the first n values (Wilder 1978)."""

    __slots__ = ()

    def __init__(self, period: int) -> None:
        super().__init__(_period(period), 1 / period)


class RSI(_Indicator):
    """Relative strength index in 0 to 100 (Wilder 1978): 100 x average gain / (average gain + average loss).

    The first value comes with the ``period`` + 1st price. Without any gain or loss it is undefined and ``None``, where TA-Lib says 0.
    """

    __slots__ = ("_gain", "_last", "_loss")

    def __init__(self, period: int = 14) -> None:
        super().__init__()
        self._gain, self._loss = _Wilder(period), _Wilder(period)
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
        return [*_pack(self._last), *self._gain.save(), *self._loss.save()]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        _expect(state, 6, "RSI")
        self._last = _unpack(state[:2])
        self._gain.load(state[2:4])
        self._loss.load(state[4:])
        self.value = self._index(self._gain.value, self._loss.value)


class ATR(_Indicator):
    """Average true range (Wilder 1978), in the price's unit.

    A bar's true range is the largest of high - low, |high - last close| and |low - last close|. The first bar has no last close and no true
    range (as in TA-Lib), so the first value comes with bar ``period`` + 1.
    """

    __slots__ = ("_average", "_close")

    def __init__(self, period: int = 14) -> None:
        super().__init__()
        self._average = _Wilder(period)
        self._close: float | None = None

    def update(self, high: float, low: float, close: float) -> float | None:
        """Take a bar."""
        last, self._close = self._close, close
        if last is not None:
            self.value = self._average.update(max(high, last) - min(low, last))
        return self.value

    def save(self) -> list[float]:
        """State as plain numbers."""
        return [*_pack(self._close), *self._average.save()]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        _expect(state, 4, "ATR")
        self._close = _unpack(state[:2])
        self._average.load(state[2:])
        self.value = self._average.value


class MACD(_Indicator):
    """Moving average convergence divergence (Appel 1979): ``value`` is the fast less the slow average, ``signal`` its average, ``histogram``
    their difference.

    The averages are `SeededEMA`, the fast one seeded so that both become ready with the same value: TA-Lib's MACD. The line is ready with value
    ``slow``, the signal ``signal`` - 1 values later.
    """

    __slots__ = ("_ahead", "_fast", "_line", "_slow")

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        super().__init__()
        if _period(fast, "fast") >= _period(slow, "slow"):
            raise ValueError(f"fast: expected less than slow {slow}, found {fast}")
        self._fast, self._slow = SeededEMA(fast), SeededEMA(slow)
        self._line = SeededEMA(_period(signal, "signal"))
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
        return [self._ahead, *_pack(self.value), *self._fast.save(), *self._slow.save(), *self._line.save()]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        _expect(state, 9, "MACD")
        self._ahead, self.value = int(state[0]), _unpack(state[1:3])
        for average, place in ((self._fast, 3), (self._slow, 5), (self._line, 7)):
            average.load(state[place : place + 2])


class VWAP(_Indicator):
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
        return [*_pack(self._first), self._moves, self._volume]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        _expect(state, 4, "VWAP")
        self._first, self._moves, self._volume = _unpack(state[:2]), state[2], state[3]
        self.value = None if self._first is None else self._first + self._moves / self._volume


class _Rolling(_Indicator):
    """Mean and variance of the last ``period`` values.

    Sums of x - reference and of its square follow what enters and leaves; the reference is a mean of the window. They are computed afresh, with
    exact summation, once a window, and at once when the squares have become so small beside what they were that old rounding might show.
    A window of equal values has exactly that mean and no variance.
    """

    __slots__ = ("_at", "_largest", "_reference", "_same", "_squares", "_sum", "_values", "_variance", "period")

    def __init__(self, period: int) -> None:
        super().__init__()
        self.period = _period(period)
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
        super().__init__(_period(period, least=1 + ddof))
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


class _Extreme(_Indicator):
    """An extreme of the last ``period`` values: candidates in order, each with its place; one that is outdone will never be the extreme."""

    __slots__ = ("_candidates", "_places", "_seen", "period")

    def __init__(self, period: int) -> None:
        super().__init__()
        self.period = _period(period)
        self._candidates: deque[float] = deque()
        self._places: deque[int] = deque()
        self._seen = 0

    def _push(self, x: float) -> float | None:
        candidates, places, seen = self._candidates, self._places, self._seen
        candidates.append(x)
        places.append(seen)
        if places[0] <= seen - self.period:
            candidates.popleft()
            places.popleft()
        self._seen = seen = seen + 1
        if seen >= self.period:
            self.value = candidates[0]
        return self.value

    def save(self) -> list[float]:
        """State as plain numbers: how many values were seen, then candidates, then their places."""
        return [self._seen, *self._candidates, *self._places]

    def load(self, state: State) -> None:
        """Take the state that `save` gave."""
        half = len(state) // 2
        if len(state) != 1 + 2 * half or half > self.period:
            raise ValueError(
                f"{type(self).__name__} state: expected an odd count up to {1 + 2 * self.period}, found {len(state)}"
            )
        self._seen = int(state[0])
        self._candidates = deque(state[1 : 1 + half])
        self._places = deque(int(p) for p in state[1 + half :])
        self.value = self._candidates[0] if self._seen >= self.period else None


class RollingMax(_Extreme):
    """Highest of the last ``period`` values (of highs: the upper Donchian channel)."""

    __slots__ = ()

    def update(self, x: float) -> float | None:
        """Take a value; ``None`` until the window is full."""
        candidates = self._candidates
        while candidates and candidates[-1] <= x:
            candidates.pop()
            self._places.pop()
        return self._push(x)


class RollingMin(_Extreme):
    """Lowest of the last ``period`` values (of lows: the lower Donchian channel)."""

    __slots__ = ()

    def update(self, x: float) -> float | None:
        """Take a value; ``None`` until the window is full."""
        candidates = self._candidates
        while candidates and candidates[-1] >= x:
            candidates.pop()
            self._places.pop()
        return self._push(x)
