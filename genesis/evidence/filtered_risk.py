"""The value at risk of the next bar, at the volatility of now: what a monitor may hold breaches against.

Filtered historical simulation (Hull and White 1998, J. of Risk 1; Barone-Adesi, Giannopoulos and Vosper 1999): the empirical quantile of the latest returns,
each over the deviation that was known before it, times the deviation known now. The plain quantile of the latest 500 returns, which is what metrics tell, is too low
whenever volatility has risen: then breaches come in clusters though the strategy risks no more than it always did, and their probability given the past is not at most 1 %.
"""

from __future__ import annotations

from collections.abc import Sequence

from genesis.evidence.scales import RunningScale
from genesis.metrics.ratios import Moments
from genesis.metrics.returns import NO_DEVIATION, check_return
from genesis.metrics.risk import RecentReturns

_DECAY = 0.94
# Of the deviation of the warm-up: who has traded little of late does not risk nothing.
_FLOOR = 0.25
_WARMUP_BARS = 12


class FilteredRisk:
    """99 % over one bar; O(500) a bar, ``None`` until 500 bars after a warm-up of 12 that were not flat."""

    __slots__ = ("_level", "_recent", "_scale", "_warm")

    def __init__(self, level: float = 0.99) -> None:
        self._level = level
        self._warm = Moments()
        self._scale: RunningScale | None = None
        self._recent = RecentReturns()

    @property
    def value_at_risk(self) -> float | None:
        """Of the bar that comes next, a positive fraction of equity."""
        scaled = self._recent.window().value_at_risk(self._level)
        return None if scaled is None or self._scale is None else scaled * self._scale.scale

    def add(self, change: float) -> None:
        """Take the return of a bar.

        Raises:
            ValueError: it is not finite; a missing bar is an error of that bar, not 0.
        """
        check_return(change)
        if self._scale is not None:
            self._recent.add(self._scale.scaled(change))
            return
        if change:
            self._warm.add(change)
        deviation = self._warm.deviation()
        if self._warm.n >= _WARMUP_BARS and deviation is not None and deviation > NO_DEVIATION:
            self._scale = RunningScale(deviation, _FLOOR * deviation, _DECAY)

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        scale = () if self._scale is None else self._scale.save()
        return (len(scale), *self._warm.save(), *scale, *self._recent.arrived)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        warm_end = 1 + len(self._warm.save())
        scale_end = warm_end + int(state[0])
        self._warm.load(state[1:warm_end])
        self._scale = None
        if state[0]:
            self._scale = RunningScale(1.0, 0.0, _DECAY)
            self._scale.load(state[warm_end:scale_end])
        self._recent = RecentReturns(state[scale_end:])
