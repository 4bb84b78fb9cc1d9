"""Means over time: time in market, mean exposure, mean equity."""

from __future__ import annotations

from collections.abc import Sequence


class TimeWeighted:
    """Mean of a step function of engine time: a value holds until the next one.

    With 1 while there is a position and 0 while flat it is time in market; with gross exposure it is time-weighted gross exposure.
    """

    __slots__ = ("_area", "_since_ns", "_start_ns", "_value")

    def __init__(self, start_ns: int, value: float = 0.0) -> None:
        self._start_ns = self._since_ns = start_ns
        self._value = value
        self._area = 0.0

    def change(self, time_ns: int, value: float) -> None:
        """From ``time_ns`` on the value is ``value``.

        Raises:
            ValueError: the time lies before the last change.
        """
        if time_ns < self._since_ns:
            raise ValueError(f"time_ns: expected {self._since_ns} or later, found {time_ns}")
        self._area += self._value * (time_ns - self._since_ns)
        self._since_ns, self._value = time_ns, value

    def mean(self, now_ns: int) -> float | None:
        """Mean from the start to ``now_ns``, which is not before the last change; ``None`` while no time has passed."""
        if now_ns <= self._start_ns:
            return None
        return (self._area + self._value * (now_ns - self._since_ns)) / (now_ns - self._start_ns)

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (float(self._start_ns), float(self._since_ns), self._value, self._area)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        start_ns, since_ns, self._value, self._area = state
        self._start_ns, self._since_ns = int(start_ns), int(since_ns)
