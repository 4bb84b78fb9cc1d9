"""Evidence with the market taken out: a bull market is no skill.

The residual of a bar is r_t - beta_(t-1) b_t, b the benchmark's return and beta from a regression on the bars before (`Beta`): what a strategy earns by being long of what rises is hedged away, and what is left is bet on as in `pairs`. Beta is known before the bar it is used
on, so the e-process stays one. A capital step uses the smaller of the raw and the residual E.

E knows no size: a residual of a thousandth of the returns that points where the market points would prove as much as any, and one is left wherever exposure
changes and beta follows late. So a residual is never divided by less than a part of the
running deviation of the returns themselves: what is small beside them moves the stake little. Nor is it divided by less than 12 / 8 of the residuals' own
deviation in their warm-up, or of that of the returns in theirs if it is the smaller one: the loss bound over kappa of raw evidence. So both bet alike, and a bad
bar costs the one no more than the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from genesis.evidence.rules import BettingRules, HedgeRules
from genesis.evidence.scales import RunningScale
from genesis.evidence.stakes import Stakes
from genesis.metrics.ratios import Moments
from genesis.metrics.returns import NO_DEVIATION, check_return

_MOMENTS = 6
_SUMS = 10
_DRIFT_MOST = 1e6
# Of two columns whose correlation is this near to one, rounding would decide.
_COLLINEAR = 1e-9


class Beta:
    """How much of the benchmark's next bar a strategy holds, as far as its bars so far tell: an exponentially weighted regression with intercept.

    On two columns: the benchmark's return b, which a constant share of equity earns times itself, and b times the benchmark's index over the strategy's own,
    which a constant quantity earns: bought once and held, its share of equity drifts with the price. Both together leave nothing of either.
    """

    __slots__ = ("_decay", "_drift", "_sums")

    def __init__(self, decay: float) -> None:
        self._decay, self._drift = decay, 1.0
        self._sums = [0.0] * (_SUMS - 1)

    def add(self, change: float, benchmark: float) -> None:
        """Take both returns of a bar."""
        held = self._drift * benchmark
        products = (change * benchmark, benchmark * benchmark, change * held, benchmark * held, held * held)
        taken = (1.0, change, benchmark, held, *products)
        self._sums = [self._decay * kept + new for kept, new in zip(self._sums, taken, strict=True)]
        if change > -1 and benchmark > -1:
            drift = self._drift * ((1 + benchmark) / (1 + change))
            self._drift = min(max(drift, 1 / _DRIFT_MOST), _DRIFT_MOST)

    @property
    def value(self) -> float:
        """The share of equity; 0 while the benchmark has not varied."""
        weight, change, benchmark, held, change_b, b_b, change_h, b_h, h_h = self._sums
        spread = weight * b_b - benchmark * benchmark
        if spread <= (weight * NO_DEVIATION) ** 2:
            return 0.0
        of_b = weight * change_b - change * benchmark
        of_h, across, of_held = (
            weight * change_h - change * held,
            weight * b_h - benchmark * held,
            weight * h_h - held * held,
        )
        rest = spread * of_held - across * across
        # Until the share has drifted the second column is the first once more.
        if rest <= _COLLINEAR * spread * of_held:
            return of_b / spread
        constant = (of_b * of_held - of_h * across) / rest
        quantity = (of_h * spread - of_b * across) / rest
        return constant + quantity * self._drift

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (self._drift, *self._sums)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        self._drift, self._sums = state[0], list(state[1:])


class HedgedEvidence:
    """What a strategy's bars have shown beyond its benchmark; O(bets) a bar, beside the `Evidence` of the same bars.

    Warm-ups: bars until beta is known, bars whose residual is not zero until their deviation is, and the first that are not flat. Before all are over E is 1.
    """

    __slots__ = ("_beta", "_raw", "_raw_scale", "_scale", "_stakes", "_warm", "bars", "betting", "residual", "rules")

    def __init__(self, rules: HedgeRules, betting: BettingRules) -> None:
        self.rules, self.betting = rules, betting
        self._beta = Beta(rules.decay)
        self._warm, self._raw = Moments(), Moments()
        self._scale: RunningScale | None = None
        self._raw_scale: RunningScale | None = None
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
        if change and self._raw.n < self.betting.warmup_bars:
            self._raw.add(change)
        if self.residual is not None:
            self._bet(self.residual, change)

    def _bet(self, residual: float, change: float) -> None:
        own, raw = self._scale, self._raw_scale
        if own is not None and raw is not None:
            least, scale = self.rules.raw_floor * raw.scale, own.scale
            scaled = own.scaled(residual)
            raw.scaled(change)
            self._stakes.add(scaled if scale >= least else residual / least)
            return
        if residual:
            self._warm.add(residual)
        self._begin()

    def _begin(self) -> None:
        own, raw, bars = self._warm.deviation(), self._raw.deviation(), self.betting.warmup_bars
        if self._warm.n < bars or self._raw.n < bars or not own or not raw or min(own, raw) <= NO_DEVIATION:
            return
        # The first residuals are made with a beta of few bars, and may vary more than the returns themselves do.
        least = self.rules.floor(self.betting) * min(own, raw)
        self._scale = RunningScale(own, least, self.betting.decay)
        self._raw_scale = RunningScale(raw, 0.0, self.betting.decay)

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        scales = (self._scale, self._raw_scale)
        begun = tuple(x for scale in scales if scale is not None for x in scale.save())
        last = () if self.residual is None else (self.residual,)
        head = (self.bars, len(last), len(begun), *self._beta.save(), *self._warm.save(), *self._raw.save())
        return (*head, *self._stakes.save(), *last, *begun)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave under the same rules; what follows is bit-identical.

        Raises:
            ValueError: it does not fit the rules.
        """
        warm_at = 3 + _SUMS
        raw_at = warm_at + _MOMENTS
        stakes_at = raw_at + _MOMENTS
        last_at = stakes_at + len(self.betting.bets)
        scale_at = last_at + int(state[1])
        self.bars = int(state[0])
        self._beta.load(state[3:warm_at])
        self._warm.load(state[warm_at:raw_at])
        self._raw.load(state[raw_at:stakes_at])
        self._stakes.load(state[stakes_at:last_at])
        self.residual = state[last_at] if state[1] else None
        self._scale = self._raw_scale = None
        if state[2]:
            self._begin()
        for i, scale in enumerate((self._scale, self._raw_scale)):
            if scale is not None:
                scale.load(state[scale_at + 3 * i : scale_at + 3 * i + 3])
