"""Drawdown: 1 - index / peak of the cash-flow-adjusted equity index; the peak starts at 1 (definitions.md).

The index is a finite float, 1 when the evaluation begins. It is taken value by value (`update`) or by column (`scan`); both do the same
float operation on each value, so the results agree to the bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

# Up to about this many values the loop is faster than numpy's calls (measured; they meet near 40).
_SHORT = 32

State = Sequence[float | None]


class DrawdownTracker:
    """A running peak and the deepest fall from it. Times are engine ns.

    ``peak`` is the highest index so far and ``peak_ns`` when it was first there; ``maximum`` the deepest drawdown, a positive fraction of
    its peak, which stood at ``fell_from_ns``; ``trough_ns`` when it was first that deep; ``recovery_ns`` when the index first stood above
    that peak again. A date is ``None`` while there is none.
    """

    __slots__ = ("fell_from_ns", "maximum", "peak", "peak_ns", "recovery_ns", "trough_ns")

    def __init__(self) -> None:
        self.peak = 1.0
        self.maximum = 0.0
        self.peak_ns = 0
        self.fell_from_ns: int | None = None
        self.trough_ns: int | None = None
        self.recovery_ns: int | None = None

    def start(self, time_ns: int) -> None:
        """The evaluation begins: the index is 1."""
        self.peak_ns = time_ns

    def at(self, index: float) -> float:
        """Drawdown that an index would be, without taking it."""
        return 1.0 - index / self.peak if index < self.peak else 0.0

    def update(self, index: float, time_ns: int) -> float:
        """Take one index; the drawdown there, as a positive fraction of the peak."""
        if index > self.peak:
            if self.recovery_ns is None and self.trough_ns is not None:
                self.recovery_ns = time_ns
            self.peak, self.peak_ns = index, time_ns
            return 0.0
        drawdown = 1.0 - index / self.peak
        if drawdown > self.maximum:
            self.maximum, self.fell_from_ns, self.trough_ns = drawdown, self.peak_ns, time_ns
            self.recovery_ns = None
        return drawdown

    def scan(self, values: NDArray[np.float64], times: NDArray[np.int64], limit: float | None) -> int | None:
        """Take a column of indices exactly as `update` would one by one; the place of the first drawdown at or over ``limit``.

        ``values`` and ``times`` are (n,). Values behind that place are not taken. ``None``: all were taken and no drawdown was that deep.
        """
        limit = inf if limit is None else limit
        if len(values) <= _SHORT:
            for i, (value, time_ns) in enumerate(zip(values.tolist(), times.tolist(), strict=True)):
                if self.update(value, time_ns) >= limit:
                    return i
            return None
        peaks = np.maximum(np.maximum.accumulate(values), self.peak)
        falls = 1.0 - values / peaks
        over = falls >= limit
        broke = int(over.argmax())
        stop = broke + 1 if over[broke] else len(values)
        self._take(values[:stop], times[:stop], peaks[:stop], falls[:stop])
        return broke if over[broke] else None

    def _take(
        self,
        values: NDArray[np.float64],
        times: NDArray[np.int64],
        peaks: NDArray[np.float64],
        falls: NDArray[np.float64],
    ) -> None:
        worst = int(falls.argmax())
        after, fell_from = 0, self.peak
        if falls[worst] > self.maximum:
            self.maximum, self.trough_ns = float(falls[worst]), int(times[worst])
            self.fell_from_ns, self.recovery_ns = self._peak_time(peaks, times, worst), None
            after, fell_from = worst, float(peaks[worst])
        # Until it recovers, the peak of the deepest fall is the highest of all.
        if self.recovery_ns is None and self.trough_ns is not None and peaks[-1] > fell_from:
            self.recovery_ns = int(times[after + int((values[after:] > fell_from).argmax())])
        self.peak_ns = self._peak_time(peaks, times, len(peaks) - 1)
        self.peak = float(peaks[-1])

    def _peak_time(self, peaks: NDArray[np.float64], times: NDArray[np.int64], place: int) -> int:
        """When the peak that holds at ``place`` was first reached."""
        return self.peak_ns if peaks[place] == self.peak else int(times[int((peaks == peaks[place]).argmax())])

    def save(self) -> State:
        """State as plain numbers (peak, maximum, and the four dates), for `load`."""
        return (self.peak, self.maximum, self.peak_ns, self.fell_from_ns, self.trough_ns, self.recovery_ns)

    def load(self, state: State) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        peak, maximum, peak_ns, fell_from_ns, trough_ns, recovery_ns = state
        if peak is None or maximum is None or peak_ns is None:
            raise ValueError(f"drawdown state: expected peak, maximum and the peak's time, found {state}")
        self.peak, self.maximum, self.peak_ns = float(peak), float(maximum), int(peak_ns)
        self.fell_from_ns, self.trough_ns, self.recovery_ns = map(_date, (fell_from_ns, trough_ns, recovery_ns))


class Stretch:
    """The index over a stretch of time: ``high`` and ``low`` are its extremes, ``deepest`` the deepest fall from a peak within it, a fraction of that peak.

    Args:
        index: where it stands when the stretch begins.
    """

    __slots__ = ("deepest", "high", "low")

    def __init__(self, index: float) -> None:
        self.high = self.low = index
        self.deepest = 0.0

    def update(self, index: float) -> None:
        """Take one index."""
        if index > self.high:
            self.high = index
            return
        self.low = min(self.low, index)
        self.deepest = max(self.deepest, _fall(index, self.high))

    def scan(self, values: NDArray[np.float64]) -> None:
        """Take a column of indices, (n,), exactly as `update` would one by one."""
        if not len(values):
            return
        if self.high <= 0:
            for value in values.tolist():
                self.update(value)
            return
        falls = 1.0 - values / np.maximum(np.maximum.accumulate(values), self.high)
        self.high, self.low = max(self.high, float(values.max())), min(self.low, float(values.min()))
        self.deepest = max(self.deepest, float(falls.max()))


def deepest_fall(stretches: Iterable[tuple[float, float, float]]) -> float:
    """The deepest fall from a peak over stretches that follow each other, each as its high, low and deepest fall; 0 over none."""
    peak = worst = 0.0
    for high, low, deepest in stretches:
        worst = max(worst, deepest, _fall(low, peak))
        peak = max(peak, high)
    return worst


def _fall(index: float, peak: float) -> float:
    """How far an index lies under a peak, a fraction of it. What is worth nothing or less has lost everything, though no peak was above 0."""
    if peak > 0:
        return 1.0 - index / peak if index < peak else 0.0
    return 0.0 if index > 0 else 1.0


def _date(value: float | None) -> int | None:
    return None if value is None else int(value)
