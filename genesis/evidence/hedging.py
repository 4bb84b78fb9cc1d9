"""Evidence with the market taken out: a bull market is no skill.

The residual of a bar is r_t - beta_(t-1) b_t, b the benchmark's return and beta from an exponentially weighted regression with intercept on the bars before:
what a strategy earns by being long of what rises is hedged away, and what is left is bet on as in `pairs`. Beta is known before the bar it is used
on, so the e-process stays one. A capital step uses the smaller of the raw and the residual E.
"""

from __future__ import annotations

from collections.abc import Sequence

from genesis.evidence.rules import BettingRules, HedgeRules
from genesis.evidence.scales import RunningScale
from genesis.evidence.stakes import Stakes
from genesis.metrics.ratios import Moments
from genesis.metrics.returns import NO_DEVIATION, check_return

_MOMENTS = 6
_SUMS = 5


class Beta:
    """Slope of an exponentially weighted regression of returns on the benchmark's, over the bars so far."""

    __slots__ = ("_decay", "_sums")

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self._sums = [0.0] * _SUMS

    def add(self, change: float, benchmark: float) -> None:
        """Take both returns of a bar."""
        taken = (1.0, change, benchmark, change * benchmark, benchmark * benchmark)
        self._sums = [self._decay * kept + new for kept, new in zip(self._sums, taken, strict=True)]

    @property
    def value(self) -> float:
        """The slope; 0 while the benchmark has not varied."""
        weight, change, benchmark, product, square = self._sums
        spread = weight * square - benchmark * benchmark
        if spread <= (weight * NO_DEVIATION) ** 2:
            return 0.0
        return (weight * product - change * benchmark) / spread

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return tuple(self._sums)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        self._sums = list(state)


class HedgedEvidence:
    """What a strategy's bars have shown beyond its benchmark; O(bets) a bar, beside the `Evidence` of the same bars.

    Two warm-ups: bars until beta is known, then bars whose residual is not zero until their deviation is. Before both are over E is 1.
    """

    __slots__ = ("_beta", "_scale", "_stakes", "_warm", "bars", "betting", "residual", "rules")

    def __init__(self, rules: HedgeRules, betting: BettingRules) -> None:
        self.rules, self.betting = rules, betting
        self._beta = Beta(rules.decay)
        self._warm = Moments()
        self._scale: RunningScale | None = None
        self._stakes = Stakes(betting.bets, betting.upper_clip, betting.cap)
        self.bars = 0
        self.residual: float | None = None

    @property
    def e_value(self) -> float:
        """E of the residuals."""
        return self._stakes.value

    @property
    def beta(self) -> float | None:
        """What the next bar is hedged with; ``None`` until it is known."""
        return self._beta.value if self.bars >= self.rules.beta_bars else None

    def add(self, change: float, benchmark: float) -> None:
        """Take both returns of a bar. ``residual`` is then the bar's, ``None`` while beta was not known before it.

        Raises:
            ValueError: one is not finite; a bar that either lacks is an error of that bar, not 0.
        """
        check_return(change)
        check_return(benchmark)
        beta = self.beta
        self._beta.add(change, benchmark)
        self.bars += 1
        self.residual = None if beta is None else change - beta * benchmark
        if self.residual is not None:
            self._bet(self.residual)

    def _bet(self, residual: float) -> None:
        if self._scale is not None:
            self._stakes.add(self._scale.scaled(residual))
            return
        if residual:
            self._warm.add(residual)
        self._begin()

    def _begin(self) -> None:
        deviation = self._warm.deviation()
        if self._warm.n >= self.betting.warmup_bars and deviation is not None and deviation > NO_DEVIATION:
            self._scale = RunningScale(deviation, self.rules.floor * deviation, self.betting.decay)

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        begun = () if self._scale is None else self._scale.save()
        last = () if self.residual is None else (self.residual,)
        head = (self.bars, len(last), len(begun), *self._beta.save(), *self._warm.save())
        return (*head, *self._stakes.save(), *last, *begun)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave under the same rules; what follows is bit-identical.

        Raises:
            ValueError: it does not fit the rules.
        """
        warm_at = 3 + _SUMS
        stakes_at = warm_at + _MOMENTS
        last_at = stakes_at + len(self.betting.bets)
        scale_at = last_at + int(state[1])
        self.bars = int(state[0])
        self._beta.load(state[3:warm_at])
        self._warm.load(state[warm_at:stakes_at])
        self._stakes.load(state[stakes_at:last_at])
        self.residual = state[last_at] if state[1] else None
        self._scale = None
        if state[2]:
            self._begin()
        if self._scale is not None:
            self._scale.load(state[scale_at:])


def evidence_for_capital(raw: float, residual: float) -> float:
    """The E that a step of capital uses: the smaller of the two."""
    return min(raw, residual)
