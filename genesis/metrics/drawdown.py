"""Drawdown: 1 - index / peak of the cash-flow-adjusted equity index; the peak starts at 1 (definitions.md)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SHORT = 16


class DrawdownTracker:
    """A running peak and the deepest fall from it. Times are engine ns; ``trough_ns`` and ``fell_from_ns`` date the maximum."""

    __slots__ = ("fell_from_ns", "maximum", "peak", "peak_ns", "trough_ns")

    def __init__(self) -> None:
        self.peak = 1.0
        self.maximum = 0.0
        self.peak_ns = 0
        self.fell_from_ns: int | None = None
        self.trough_ns: int | None = None

    def start(self, time_ns: int) -> None:
        """The evaluation begins: the index is 1."""
        self.peak_ns = time_ns

    def update(self, index: float, time_ns: int) -> float:
        """Take one index; the drawdown there, as a positive fraction of the peak."""
        if index > self.peak:
            self.peak, self.peak_ns = index, time_ns
            return 0.0
        drawdown = 1.0 - index / self.peak
        if drawdown > self.maximum:
            self.maximum, self.fell_from_ns, self.trough_ns = drawdown, self.peak_ns, time_ns
        return drawdown

    def scan(self, values: NDArray[np.float64], times: NDArray[np.int64], limit: float | None) -> int | None:
        """Take a column of indices exactly as `update` would one by one; the place of the first drawdown at or over ``limit``.

        Values behind that place are not taken.
        """
        if len(values) <= _SHORT:
            for i, (value, time_ns) in enumerate(zip(values.tolist(), times.tolist(), strict=True)):
                if self.update(value, time_ns) >= (limit if limit is not None else np.inf):
                    return i
            return None
        peaks = np.maximum(np.maximum.accumulate(values), self.peak)
        falls = 1.0 - values / peaks
        over = np.flatnonzero(falls >= (limit if limit is not None else np.inf))
        stop = int(over[0]) + 1 if len(over) else len(values)
        self._take(values[:stop], times[:stop], peaks[:stop], falls[:stop])
        return stop - 1 if len(over) else None

    def _take(
        self,
        values: NDArray[np.float64],
        times: NDArray[np.int64],
        peaks: NDArray[np.float64],
        falls: NDArray[np.float64],
    ) -> None:
        worst = int(np.argmax(falls))
        if falls[worst] > self.maximum:
            self.maximum, self.trough_ns = float(falls[worst]), int(times[worst])
            rise = int(np.argmax(peaks == peaks[worst]))
            self.fell_from_ns = self.peak_ns if peaks[worst] == self.peak else int(times[rise])
        if peaks[-1] > self.peak:
            self.peak_ns = int(times[int(np.argmax(peaks == peaks[-1]))])
            self.peak = float(peaks[-1])
