"""What a bar is divided by, known before the bar."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from genesis.metrics.returns import check_return


class RunningScale:
    """Deviation of a bar as known before it: the root of a running mean of squares, never under ``least``.

    Args:
        start: the first deviation.
        decay: weight of the past, bar by bar.
        start_bars: how many bars ``start`` counts for: few, and the first bars weigh more than later ones; ``None``, and it counts as the past does.

    Raises:
        ValueError: a start that is not above 0.
    """

    __slots__ = ("_bars", "_decay", "_least", "_start_bars", "_variance")

    def __init__(self, start: float, least: float, decay: float, start_bars: int | None = None) -> None:
        if not start > 0:
            raise ValueError(f"deviation: expected above 0, found {start}")
        self._variance, self._least, self._decay = start * start, least, decay
        self._bars, self._start_bars = 0, start_bars

    @property
    def scale(self) -> float:
        """What the next value is divided by."""
        return max(sqrt(self._variance), self._least)

    def scaled(self, change: float) -> float:
        """``change`` over the scale that was known before it, which then learns from it.

        Raises:
            ValueError: it is not finite; a missing bar is an error of that bar, not 0.
        """
        check_return(change)
        found = change / self.scale
        self._bars += 1
        gain = 1 - self._decay
        if self._start_bars is not None:
            gain = max(gain, 1 / (self._start_bars + self._bars))
        self._variance = (1 - gain) * self._variance + gain * change * change
        return found

    def save(self) -> tuple[float, float, float]:
        """State as plain numbers, for `load`."""
        return self._variance, self._least, self._bars

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        self._variance, self._least = state[0], state[1]
        self._bars = int(state[2])
