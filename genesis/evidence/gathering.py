"""The evidence of one strategy version: its evidence-bar returns go in one by one, and what they prove so far can be read.

Warm-up: until `BettingRules.warmup_bars` bars have had a return that is not zero (a flat bar says nothing about how much a position can lose)
and these vary. Then the loss bound is fixed, from those bars alone, and the first bet is on the bar after.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from genesis.evidence.betting import BettingProcess
from genesis.evidence.confidence import radius
from genesis.evidence.dependence import LaggedSums
from genesis.evidence.rules import BettingRules, Source
from genesis.metrics.ratios import BARS_PER_YEAR, SHARPE_BARS_MIN, Moments
from genesis.metrics.returns import NO_DEVIATION

_YEAR = sqrt(BARS_PER_YEAR)
_MOMENTS = 6


class Evidence:
    """What the bars of one version have shown. Ratios are annual; undefined is ``None``.

    ``change`` is the last bar's return, ``warmup_bars`` how many of the ``bars`` came before the first bet, ``deviation`` that of all bars.
    """

    __slots__ = ("_lagged", "_moments", "_process", "_warm", "change", "rules", "source", "warmup_bars")

    def __init__(self, rules: BettingRules, source: Source) -> None:
        self.rules, self.source = rules, source
        self._moments, self._warm = Moments(), Moments()
        self._lagged = LaggedSums()
        self._process: BettingProcess | None = None
        self.warmup_bars = 0
        self.change = 0.0

    @property
    def bars(self) -> int:
        """Evidence bars so far."""
        return self._moments.n

    @property
    def e_value(self) -> float:
        """E, 1 until the first bet; 0 for ever once the loss bound was broken."""
        return 1.0 if self._process is None else self._process.value

    @property
    def loss_bound(self) -> float | None:
        """Worst loss of one bar, a positive fraction of the equity at its start; ``None`` in the warm-up."""
        return None if self._process is None else self._process.loss_bound

    @property
    def bound_broken(self) -> bool:
        """Whether a bar lost more than the bound."""
        return self._process is not None and self._process.broken

    @property
    def deviation(self) -> float | None:
        """Standard deviation of all bars (ddof 1); ``None`` under two."""
        return self._moments.deviation()

    def add(self, change: float) -> None:
        """Take the return of a bar.

        Raises:
            ValueError: it is not finite; a missing bar is an error of that bar, not 0.
        """
        self._moments.add(change)
        self._lagged.add(change)
        self.change = change
        if self._process is not None:
            self._process.add(change)
            return
        self.warmup_bars += 1
        if change:
            self._warm.add(change)
        deviation = self._warm.deviation()
        if self._warm.n >= self.rules.warmup_bars and deviation is not None and deviation > NO_DEVIATION:
            self._process = self._begin(deviation)

    def _begin(self, deviation: float) -> BettingProcess:
        return BettingProcess(self.rules, self.rules.bound_deviations * deviation, deviation * deviation)

    def sharpe(self) -> tuple[float, float, float, float] | None:
        """Annual Sharpe ratio, its standard error allowing for autocorrelation, and the ends of its 95 % confidence sequence.

        ``None`` under 42 bars or without deviation.
        """
        moments = self._moments
        deviation = moments.deviation()
        variance = self._lagged.ratio_variance(moments) if moments.n >= SHARPE_BARS_MIN else None
        if variance is None or not deviation:
            return None
        ratio = moments.mean / deviation * _YEAR
        reach = radius(sqrt(variance), moments.n) * _YEAR
        return ratio, sqrt(variance / moments.n) * _YEAR, ratio - reach, ratio + reach

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        process = self._process
        wealths = () if process is None else process.save()
        head = (self.warmup_bars, self.change, len(wealths))
        return (*head, *self._moments.save(), *self._warm.save(), *wealths, *self._lagged.save())

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave under the same rules; what follows is bit-identical.

        Raises:
            ValueError: it does not fit the rules.
        """
        warmup, change, kept = state[:3]
        after = 3 + _MOMENTS
        wealths_at = after + _MOMENTS
        lagged_at = wealths_at + int(kept)
        self.warmup_bars, self.change = int(warmup), change
        self._moments.load(state[3:after])
        self._warm.load(state[after:wealths_at])
        self._lagged.load(state[lagged_at:])
        self._process = None
        if kept:
            self._process = self._begin(self._warm.deviation() or 0.0)
            self._process.load(state[wealths_at:lagged_at])
