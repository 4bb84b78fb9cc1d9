"""Variants on one feed, bar by bar against the champion: which is better, and may it be acted on now?

Only the difference of two variants on the same bars is tested: what the market did to both falls out, and at a correlation rho its Sharpe ratio is
that of the ratios' difference over sqrt(2 (1 - rho)). E = (E+ + E-) / 2 of the betting e-processes of the difference and of its negative
(Waudby-Smith and Ramdas 2024), adjusted for the number of challengers by `closed_adjustment`: whoever looks at whatever times, a difference where there
is none is shown at E >= 20 with probability at most 5 %.

A bet is lost whole in a bar that lies 1 / bet deviations against it (8 for the largest, 31 for the smallest of the default bets); the bound on a
strategy's loss that its own evidence needs is therefore not asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from genesis.evidence.confidence import radius
from genesis.evidence.dependence import LaggedSums
from genesis.evidence.families import closed_adjustment
from genesis.evidence.futility import Futility
from genesis.evidence.pace import bars_at_pace
from genesis.evidence.pair_rules import PairResult, PairRules, Standing
from genesis.evidence.scales import RunningScale
from genesis.evidence.stakes import Stakes
from genesis.metrics.ratios import SHARPE_BARS_MIN, Moments
from genesis.metrics.returns import NO_DEVIATION

_BP = 1e4
_BARS_A_DAY = 6
_MOMENTS = 6


class Pair:
    """A challenger's returns less the champion's: two-sided evidence, futility, and the mean with its error; O(bets + 16) a bar.

    A warm-up of bars that differ comes first: bars in which both do the same say nothing about how far apart they can be.
    """

    __slots__ = ("_down", "_futility", "_lagged", "_moments", "_scale", "_up", "_warm", "rules", "trades")

    def __init__(self, rules: PairRules) -> None:
        self.rules = rules
        self._moments, self._warm, self._lagged = Moments(), Moments(), LaggedSums()
        self._up, self._down = (Stakes(rules.bets, rules.clip, rules.cap) for _ in range(2))
        self._scale: RunningScale | None = None
        self._futility: Futility | None = None
        self.trades = 0

    @property
    def bars(self) -> int:
        """Bars compared."""
        return self._moments.n

    @property
    def differs(self) -> bool:
        """Whether any bar differed."""
        return self._warm.n > 0

    @property
    def up(self) -> float:
        """E for "the challenger is better"."""
        return self._up.value

    @property
    def down(self) -> float:
        """E for "the challenger is worse"."""
        return self._down.value

    @property
    def e_value(self) -> float:
        """Two-sided E."""
        return (self.up + self.down) / 2

    @property
    def futility(self) -> float:
        """E against an advantage that is worth a change; 1 in the warm-up."""
        return 1.0 if self._futility is None else self._futility.value

    @property
    def futile(self) -> bool:
        """Whether such an advantage is no longer to be believed."""
        return self._futility is not None and self._futility.futile

    def add(self, challenger: float, champion: float, trades: int) -> None:
        """Take both returns of a bar, and how many trades they closed in it, together.

        Raises:
            ValueError: one is not finite; a missing bar is an error of that bar, not 0.
        """
        gap = challenger - champion
        self._moments.add(gap)
        self._lagged.add(gap)
        self.trades += trades
        if self._scale is not None and self._futility is not None:
            x = self._scale.scaled(gap)
            self._futility.add(gap)
            self._up.add(x)
            self._down.add(-x)
            return
        if gap:
            self._warm.add(gap)
        self._begin()

    def _begin(self) -> None:
        """Bet from the next bar on, if enough bars differed and vary."""
        deviation = self._warm.deviation()
        if self._warm.n >= self.rules.warmup_bars and deviation is not None and deviation > NO_DEVIATION:
            self._scale = RunningScale(deviation, self.rules.floor * deviation, self.rules.decay)
            self._futility = Futility(self.rules.futility, deviation)

    def mean(self) -> tuple[float, float | None]:
        """Mean difference a bar, a fraction of equity, and half the width of its 95 % confidence sequence (``None`` under 42 bars)."""
        n, mean = self._moments.n, self._moments.mean
        return mean, radius(sqrt(self._lagged.mean_variance(mean)), n) if n >= SHARPE_BARS_MIN else None

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        scale, futility = self._scale, self._futility
        begun = () if scale is None or futility is None else (*scale.save(), *futility.save())
        head = (self.trades, len(begun), *self._moments.save(), *self._warm.save())
        return (*head, *self._up.save(), *self._down.save(), *begun, *self._lagged.save())

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave under the same rules; what follows is bit-identical."""
        warm_at, bets = 2 + _MOMENTS, len(self.rules.bets)
        up_at = warm_at + _MOMENTS
        down_at, begun_at = up_at + bets, up_at + 2 * bets
        lagged_at = begun_at + int(state[1])
        self.trades = int(state[0])
        self._moments.load(state[2:warm_at])
        self._warm.load(state[warm_at:up_at])
        self._up.load(state[up_at:down_at])
        self._down.load(state[down_at:begun_at])
        self._lagged.load(state[lagged_at:])
        self._scale, self._futility = None, None
        if state[1]:
            self._begin()
        if self._scale is not None and self._futility is not None:
            self._scale.load(state[begun_at : begun_at + 3])
            self._futility.load(state[begun_at + 3 : lagged_at])


class Comparison:
    """A champion and its challengers.

    Args:
        names: the champion's first.

    Raises:
        ValueError: fewer than two, more than ``max_variants``, or a name twice.
    """

    __slots__ = ("_pairs", "names", "rules")

    def __init__(self, rules: PairRules, names: Sequence[str]) -> None:
        if not 2 <= len(names) <= rules.max_variants or len(set(names)) < len(names):
            raise ValueError(
                f"names: expected 2 to {rules.max_variants} different ones, the champion counted, found {list(names)}"
            )
        self.rules, self.names = rules, tuple(names)
        self._pairs = [Pair(rules) for _ in names[1:]]

    def add(self, returns: Sequence[float], trades: Sequence[int]) -> None:
        """Take a bar: each variant's return and how many trades it closed, in the order of the names.

        Raises:
            ValueError: another number of values than of variants, or a return that is not finite.
        """
        if not len(returns) == len(trades) == len(self.names):
            raise ValueError(
                f"returns, trades: expected {len(self.names)} each, found {len(returns)} and {len(trades)}"
            )
        for pair, change, closed in zip(self._pairs, returns[1:], trades[1:], strict=True):
            pair.add(change, returns[0], closed + trades[0])

    def results(self) -> tuple[PairResult, ...]:
        """Each challenger beside the champion."""
        adjusted = closed_adjustment([pair.e_value for pair in self._pairs])
        rows = zip(self.names[1:], self._pairs, adjusted, strict=True)
        return tuple(self._result(name, pair, value) for name, pair, value in rows)

    def winner(self) -> PairResult | None:
        """The challenger that may replace the champion now: of those that are better the one with most evidence, then the first by name."""
        better = [r for r in self.results() if r.standing is Standing.BETTER]
        return min(better, key=lambda r: (-r.adjusted, r.challenger)) if better else None

    def _result(self, name: str, pair: Pair, adjusted: float) -> PairResult:
        mean, reach = pair.mean()
        low, high = (None, None) if reach is None else (mean - reach, mean + reach)
        trades = pair.trades / 2
        a_trade = pair.bars / trades * _BP if trades else None
        standing = self._standing(pair, adjusted)
        unit, factor = ("bp a bar", _BP) if a_trade is None else ("bp a trade", a_trade)
        told = _earns(unit, self.names[0], mean * factor, _times(low, factor), _times(high, factor))
        return PairResult(
            champion=self.names[0],
            challenger=name,
            standing=standing,
            e_value=pair.e_value,
            adjusted=adjusted,
            futility=pair.futility,
            bars=pair.bars,
            trades=trades,
            mean_bp=mean * _BP,
            low_bp=_times(low, _BP),
            high_bp=_times(high, _BP),
            trade_bp=_times(mean, a_trade),
            trade_low_bp=_times(low, a_trade),
            trade_high_bp=_times(high, a_trade),
            words=f"{name} {told}{self._conclusion(standing, pair, adjusted)}",
        )

    def _standing(self, pair: Pair, adjusted: float) -> Standing:
        mean = pair.mean()[0]
        if adjusted >= self.rules.decide_at:
            if pair.up > pair.down and mean > 0:
                return Standing.BETTER
            if pair.down > pair.up and mean < 0:
                return Standing.WORSE
        if pair.futile:
            return Standing.FUTILE
        return Standing.OPEN if pair.differs else Standing.ALIKE

    def _conclusion(self, standing: Standing, pair: Pair, adjusted: float) -> str:
        needed = self.rules.decide_at
        if standing is Standing.ALIKE:
            return f"; both did the same in all {pair.bars:,} bars"
        if standing in (Standing.BETTER, Standing.WORSE):
            return f", may be acted on now (E {adjusted:.1f} of {needed:g})"
        if standing is Standing.FUTILE:
            least = self.rules.futility.min_sharpe
            return f"; an advantage with a Sharpe ratio of {least:g} is ruled out, the trial may be stopped"
        wait = bars_at_pace(adjusted, needed, pair.bars)
        pace = "at this pace never" if wait is None else f"about {wait / _BARS_A_DAY:,.0f} days more at this pace"
        return f"; not to be acted on yet (E {adjusted:.1f} of {needed:g}, {pace})"

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        found: list[float] = []
        for pair in self._pairs:
            state = pair.save()
            found += (float(len(state)), *state)
        return tuple(found)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` of the same variants under the same rules gave; what follows is bit-identical.

        Raises:
            ValueError: it is of another number of variants.
        """
        parts, place = [], 0
        while place < len(state):
            end = place + 1 + int(state[place])
            parts.append(state[place + 1 : end])
            place = end
        if len(parts) != len(self._pairs):
            raise ValueError(f"state: expected {len(self._pairs)} challengers, found {len(parts)}")
        for pair, part in zip(self._pairs, parts, strict=True):
            pair.load(part)


def _earns(unit: str, champion: str, value: float, low: float | None, high: float | None) -> str:
    """``earns 1.2 bp a trade more than A, 95 % confidence sequence 0.3 to 2.1``; the ends are told in the direction of the sentence."""
    sign, side = (1, "more") if value >= 0 else (-1, "less")
    text = f"earns {sign * value:.1f} {unit} {side} than {champion}"
    if low is None or high is None:
        return text
    ends = sorted((sign * low, sign * high))
    return f"{text}, 95 % confidence sequence {ends[0]:.1f} to {ends[1]:.1f}"


def _times(value: float | None, factor: float | None) -> float | None:
    return None if value is None or factor is None else value * factor
