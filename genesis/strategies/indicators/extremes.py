"""The highest and the lowest of a window of the last values."""

from __future__ import annotations

from collections import deque

from genesis.strategies.indicators.indicator import Indicator, State, period_of


class _Extreme(Indicator):
    """An extreme of the last ``period`` values: candidates in order, each with its place; one that is outdone will never be the extreme."""

    __slots__ = ("_candidates", "_places", "_seen", "period")

    def __init__(self, period: int) -> None:
        super().__init__()
        self.period = period_of(period)
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
