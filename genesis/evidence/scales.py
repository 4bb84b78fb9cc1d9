"""What a bar is divided by, known before the bar."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from genesis.metrics.returns import check_return


class RunningScale:
    """Deviation of a bar as known before it: the root of a running mean of squares, never under ``least``."""

    __slots__ = ("_decay", "_least", "_variance")

    def __init__(self, start: float, least: float, decay: float) -> None:
        if not start > 0:
            raise ValueError(f"deviation: expected above 0, found {start}")
        self._variance, self._least, self._decay = start * start, least, decay

    def scaled(self, change: float) -> float:
        """``change`` over the scale that was known before it, which then learns from it.

        Raises:
            ValueError: it is not finite; a missing bar is an error of that bar, not 0.
        """
        check_return(change)
        found = change / max(sqrt(self._variance), self._least)
        self._variance = self._decay * self._variance + (1 - self._decay) * change * change
        return found

    def save(self) -> tuple[float, float]:
        """State as plain numbers, for `load`."""
        return self._variance, self._least

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        self._variance, self._least = state
