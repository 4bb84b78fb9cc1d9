"""What a strategy version's evidence says, in words that cannot be misread. Nothing here decides anything."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, localcontext
from math import log

import msgspec

from genesis.evidence.looks import Look
from genesis.evidence.pace import bars_at_pace, expected_bars
from genesis.evidence.rules import BettingRules, Source
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.paper_trading.promotion_rules import PromotionRules, percent
from genesis.paper_trading.validation_criteria import BARS_PER_DAY
from genesis.paper_trading.verdicts import in_time

_HALF, _WHOLE = Decimal("0.5"), Decimal(1)
_DECISION = 10.0
# What the planning figure is stated for, and the bound above which a decision takes too long.
_PLANNED_SHARPE, _WIDE_BOUND = 5.0, 20.0


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence of one version at its last evidence bar.

    ``moved`` of the bars had a return other than 0; ``adjusted`` is E among the ``family`` members of the run and those ``elsewhere``, ``None`` where it was not recorded.
    ``loss_bound`` is a fraction of equity a bar, ``deviation`` that of all bars' returns; ratios are annual. ``promotion`` are the rules that capital is given by,
    and ``attempt`` which try this evidence is of: every further one raises what is asked.
    """

    bars: int
    warmup_bars: int
    moved: int
    e_value: float
    adjusted: float | None
    family: int
    loss_bound: float | None
    bound_broken: bool
    deviation: float | None
    sharpe: float | None
    sharpe_stderr: float | None
    sharpe_low: float | None
    sharpe_high: float | None
    source: str
    rules: BettingRules
    look: Look | None = None
    promotion: PromotionRules = PromotionRules()
    attempt: int = 1
    elsewhere: int = 0

    @property
    def counted(self) -> float:
        """The e-value that a decision would use: adjusted for the family."""
        return self.e_value if self.adjusted is None else self.adjusted

    @property
    def chance(self) -> float:
        """At most this probability has a strategy without any edge of ever reaching ``e_value``."""
        return 1.0 if self.e_value <= 1 else 1 / self.e_value

    @property
    def bound_deviations(self) -> float | None:
        """The loss bound in standard deviations of all bars."""
        return None if self.loss_bound is None or not self.deviation else self.loss_bound / self.deviation

    @property
    def planned_days(self) -> float | None:
        """Days to E = 10 for a true Sharpe ratio of 5 under this bound."""
        wide = self.bound_deviations
        bars = None if wide is None else expected_bars(self.rules, _PLANNED_SHARPE, wide, _DECISION)
        return None if bars is None else bars / BARS_PER_DAY

    @property
    def next_step(self) -> Decimal:
        """The least capital fraction that takes evidence: the second of the ladder where the first takes none."""
        ladder = self.promotion.ladder
        return ladder[0] if self.promotion.needs_evidence else ladder[min(1, len(ladder) - 1)]

    @property
    def target(self) -> float:
        """Adjusted E that it takes."""
        rules = self.promotion
        return rules.needed_live(self.attempt) if rules.needs_evidence else rules.needed(self.next_step, self.attempt)

    @property
    def second_step_ns(self) -> int | None:
        """How long until the adjusted E allows `next_step` if it goes on growing at its mean rate; ``None`` where it does not grow."""
        bars = bars_at_pace(self.counted, self.target, self.bars - self.warmup_bars)
        return None if bars is None else round(bars * EVIDENCE_BAR_NS)

    def sentences(self) -> tuple[str, ...]:
        """All of it, for a person."""
        if self.bound_broken:
            lost = f"a bar lost more than the loss bound of {_percent(self.loss_bound or 0.0)} of equity"
            return (
                f"E = 0: {lost}, so what was gathered before proves nothing, and nothing after it will.",
                *self._end(),
            )
        return (
            self._proof(),
            *self._among(),
            *self._interval(),
            *self._once(),
            *self._steps(),
            *self._pace(),
            *self._end(),
        )

    def _proof(self) -> str:
        length = f"{self.bars:,} evidence bars ({self.bars / BARS_PER_DAY:,.0f} days)"
        if self.loss_bound is None:
            need = (
                f"{self.rules.warmup_bars} evidence bars with a return other than zero, found {self.moved} in {length}"
            )
            return f"E = 1: no bet yet. The warm-up takes {need}."
        if self.e_value <= 1:
            return f"E = {self.e_value:.3g} after {length}: no evidence of an edge; a strategy without any comes as far as a matter of course."
        words = f"a strategy without any edge reaches this with probability {at_most(self.chance)}"
        return f"E = {self.e_value:.3g} after {length}: {words}, however often one looks."

    def _among(self) -> tuple[str, ...]:
        if self.adjusted is None or self.family + self.elsewhere < 2:
            return ()
        others = f" and the {self.elsewhere} tried before in other runs of the account" if self.elsewhere else ""
        found = f"Adjusted for the {self.family} versions tried in this run{others}: E = {self.adjusted:.3g}"
        if self.adjusted <= 1:
            return (f"{found}, no evidence.",)
        words = f"that any of them without edge gets there has probability {at_most(1 / self.adjusted)}"
        return (f"{found}; {words}.",)

    def _interval(self) -> tuple[str, ...]:
        if self.sharpe is None or self.sharpe_stderr is None or self.sharpe_low is None or self.sharpe_high is None:
            return ()
        error = f"Sharpe ratio {self.sharpe:.2f} (standard error {self.sharpe_stderr:.2f}, autocorrelation allowed for)"
        return (
            f"{error}, in the long run between {self.sharpe_low:.2f} and {self.sharpe_high:.2f} with 95 % confidence at all looks together.",
        )

    def _once(self) -> tuple[str, ...]:
        look = self.look
        if look is None:
            return ()
        chance = f"Were this the only look: PSR {_percent(look.psr)} that the ratio is above 0, DSR {_percent(look.dsr)} that it is above the luck of {look.trials:.1f} trials"
        if look.bars_needed is None:
            return (f"{chance}; no length of record helps a ratio that is not above 0.",)
        return (f"{chance}; MinTRL {look.bars_needed / BARS_PER_DAY:,.0f} days.",)

    def _steps(self) -> tuple[str, ...]:
        rules, step, target = self.promotion, percent(self.next_step), self.target
        first = percent(rules.initial_allocation)
        opens = (
            f"going live with {first} needs an adjusted E of {target:g} beside the criteria"
            if rules.needs_evidence
            else f"the criteria alone open the first {first}"
        )
        higher = [
            f
            for f in dict.fromkeys((self.next_step, _HALF, _WHOLE))
            if rules.initial_allocation < f <= rules.max_allocation
        ]
        needs = ", ".join(f"{percent(f)} an adjusted E of {rules.needed(f, self.attempt):g}" for f in higher)
        words = f"Capital (simulated so far): {opens}" + (
            f"; above it capital needs evidence: {needs}" if needs else ""
        )
        if self.counted >= target:
            return (f"{words}. Reached: {self.counted:.3g}.",)
        lacking = (
            f"a factor of {target / self.counted:.3g} is missing for {step}, " if self.counted > 0 else f"for {step} "
        )
        return (f"{words}. Found {self.counted:.3g}: {lacking}{in_time(self.second_step_ns)}.",)

    def _pace(self) -> tuple[str, ...]:
        wide, days = self.bound_deviations, self.planned_days
        if wide is None or self.loss_bound is None:
            return ()
        bound = (
            f"The loss bound, {_percent(self.loss_bound)} of equity a bar, is {wide:.1f} standard deviations of a bar"
        )
        enforced = "risk flattens the track at 80 % of it, and a bar beyond it voids the evidence"
        plan = (
            f"A true Sharpe ratio of 5 then takes about {days:,.0f} days to E = 10." if days else "No bet grows then."
        )
        warning = f"WARNING: above {_WIDE_BOUND:.0f} deviations evidence grows too slowly to decide in months."
        return (f"{bound}; {enforced}. {plan}", *((warning,) if wide > _WIDE_BOUND else ()))

    def _end(self) -> tuple[str, ...]:
        if self.source == Source.REPLAY.value:
            return (
                "Source: replay of recorded data. It opens simulated venues only; however good, it opens no real one.",
            )
        return (f"Source: {self.source}, gathered while the process ran.",)


def at_most(share: float) -> str:
    """A bound as a percentage, rounded up to two significant digits."""
    with localcontext() as context:
        context.prec, context.rounding = 2, ROUND_CEILING
        rounded = +Decimal(100 * share)
    return f"at most {rounded:f} %"


def _percent(share: float) -> str:
    """With at least two digits that say something."""
    percent = 100 * share
    if percent >= 10 or percent == 0:
        return f"{percent:.0f} %"
    return f"{percent:.{1 if percent >= 1 else min(12, 1 - int(log(percent, 10) // 1))}f} %"
