"""Monitors of a live strategy: is its edge lost, does it fill worse than its paper twin, does it risk more than told, has it fallen too far?

Each takes one evidence bar at a time, costs the same for every bar, and can be read at any time; all of them state how often they cry wolf, as a
mean time between false alarms (ARL). What decides is made of sums, products, quotients and roots, which every machine rounds alike.

The **e-detectors** (Shin, Ramdas and Rinaldo 2023, New England J. of Statistics in Data Science) put a one-bar e-value L into the recurrence of Shiryaev
and Roberts, M = (1 + M) L. While the null hypothesis holds, M less the number of bars is a supermartingale, so the mean time until M >= A is at least A
bars: whatever the distribution, and however bars depend on each other. The **CUSUM** (Page 1954) is faster for what it was designed for; its mean time
is a planning figure for independent normal bars (`alarm_times`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

from genesis.evidence.alarm_times import threshold_for
from genesis.evidence.confidence import radius
from genesis.evidence.dependence import LaggedSums
from genesis.evidence.monitor_rules import (
    Cause,
    DrawdownRules,
    EdgeRules,
    Finding,
    GapRules,
    Level,
    MeanGap,
    Reading,
    VarRules,
    worst,
)
from genesis.evidence.scales import RunningScale
from genesis.metrics.ratios import BARS_PER_YEAR, SHARPE_BARS_MIN, Moments
from genesis.metrics.returns import check_return

_YEAR = sqrt(BARS_PER_YEAR)
# Above the threshold by this much nothing is added: a detector that has alarmed is to notice a recovery.
_CAP = 10.0
_DECIMALS = 6


class EDetector:
    """The recurrence of Shiryaev and Roberts with e-values, mixed over ``bets`` equal parts; capped at ``cap``, which only delays an alarm."""

    __slots__ = ("_cap", "_parts")

    def __init__(self, bets: int, cap: float) -> None:
        self._cap = cap
        self._parts = [0.0] * bets

    @property
    def value(self) -> float:
        """M, in bars: the mean of the parts."""
        total = 0.0
        for part in self._parts:
            total += part
        return total / len(self._parts)

    def add(self, factors: Sequence[float]) -> None:
        """Take the bar's e-value of each bet: 0 or more, of mean at most 1 under the null hypothesis."""
        cap = self._cap
        self._parts = [min((1 + m) * e, cap) for m, e in zip(self._parts, factors, strict=True)]

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return tuple(self._parts)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical.

        Raises:
            ValueError: it is of another number of bets.
        """
        if len(state) != len(self._parts):
            raise ValueError(f"state: expected {len(self._parts)} bets, found {len(state)}")
        self._parts = list(state)


class PageCusum:
    """Page's CUSUM for a fall of a mean, as sums of log likelihood ratios of unit normals: W = max(0, W + (bad - good) (x - (good + bad) / 2)).

    In nats; alarm at W >= h (Page 1954; Moustakides 1986 shows that no other is faster in the worst case). ``good`` and ``bad`` are means a bar.

    Raises:
        ValueError: a bad mean that is not below the good one.
    """

    __slots__ = ("_middle", "_slope", "value")

    def __init__(self, good: float, bad: float, value: float = 0.0) -> None:
        if not bad < good:
            raise ValueError(f"bad: expected below {good}, found {bad}")
        self._slope, self._middle = bad - good, (good + bad) / 2
        self.value = value

    def add(self, x: float) -> None:
        """Take a bar, in deviations."""
        self.value = max(0.0, self.value + self._slope * (x - self._middle))


class EdgeMonitor:
    """Has a strategy lost its edge? An e-detector against "the mean is still that of the reference", and a CUSUM beside it.

    Returns are divided by the deviation known before them. L = 1 - min(bet x, c) + bet reference, bets at multiples of the fall looked for: a gain counts up
    to c / bet, 7 deviations for the largest bet and 13 and more for those of a fall of 2, and "the mean" is that of returns so counted.

    Args:
        reference: annual Sharpe ratio that counts as well, shrunk (`shrunk_sharpe`); it changes by `refer` alone, at a step of capital.
        deviation: of the strategy's evidence-bar returns, as known now.

    Raises:
        ValueError: a deviation that is not above 0, or a reference at which a bet could lose more than everything.
    """

    __slots__ = ("_bets", "_cusum", "_detector", "_scale", "bars", "reference", "rules")

    def __init__(self, rules: EdgeRules, reference: float, deviation: float) -> None:
        self.rules, self.bars = rules, 0
        self._detector = EDetector(len(rules.bets), _CAP * rules.arl_alarm_years * BARS_PER_YEAR)
        self._scale = RunningScale(deviation, rules.floor * deviation, rules.decay)
        self._cusum = PageCusum(1.0, 0.0)
        self.reference = 0.0
        self._bets: list[float] = []
        self.refer(reference)

    @property
    def drop(self) -> float:
        """The fall of the annual ratio that the design looks for."""
        return max(self.reference - self.rules.sharpe_bad, self.rules.shift_min)

    @property
    def value(self) -> float:
        """M, in bars."""
        return self._detector.value

    @property
    def cusum_value(self) -> float:
        """W, in nats."""
        return self._cusum.value

    def refer(self, reference: float) -> None:
        """Take another reference, known now and fixed until the next step; what was gathered stays, and so does the guarantee."""
        good = reference / _YEAR
        if not -1 < good < 1:
            raise ValueError(
                f"reference: expected an annual ratio between -{_YEAR:.1f} and {_YEAR:.1f}, found {reference}"
            )
        self.reference = reference
        shift = self.drop / _YEAR
        self._bets = [min(multiple * shift, self.rules.bet_cap) for multiple in self.rules.bets]
        self._cusum = PageCusum(good, good - shift, self._cusum.value)

    def add(self, change: float) -> None:
        """Take the return of a bar.

        Raises:
            ValueError: it is not finite; a missing bar is an error of that bar, not 0.
        """
        x, most, good = self._scale.scaled(change), self.rules.lose_most, self.reference / _YEAR
        self._detector.add([1 - min(bet * x, most) + bet * good for bet in self._bets])
        self._cusum.add(x)
        self.bars += 1

    def reading(self) -> Reading:
        """The e-detector at this moment; the one that decides."""
        rules = self.rules
        warn, alarm = rules.arl_warn_years * BARS_PER_YEAR, rules.arl_alarm_years * BARS_PER_YEAR
        return _read(
            "edge", self.value, warn, alarm, rules.arl_warn_years, rules.arl_alarm_years, self.bars, "at least"
        )

    def cusum_reading(self) -> Reading:
        """The CUSUM at this moment; shown beside it, its mean times hold for independent normal bars."""
        rules = self.rules
        warn, alarm = threshold_for(self.drop, rules.arl_warn_years), threshold_for(self.drop, rules.arl_alarm_years)
        years = rules.arl_warn_years, rules.arl_alarm_years
        return _read("edge_cusum", self.cusum_value, warn, alarm, *years, self.bars, "about")

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (self.reference, self.bars, *self._scale.save(), self._cusum.value, *self._detector.save())

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave under the same rules; what follows is bit-identical.

        Raises:
            ValueError: it does not fit the rules.
        """
        self._detector.load(state[6:])
        self._cusum.value = state[5]
        self.refer(state[0])
        self._scale.load(state[2:5])
        self.bars = int(state[1])


class GapMonitor:
    """Does live do worse than its paper twin? A CUSUM over live minus twin, bar by bar, and their mean difference.

    What both share, the market and the strategy's own luck, falls out of the difference: it shows in days what returns alone show in weeks.

    Args:
        deviation: of the twin's evidence-bar returns, as known now.

    Raises:
        ValueError: a deviation that is not above 0.
    """

    __slots__ = ("_cusum", "_lagged", "_moments", "_scale", "rules")

    def __init__(self, rules: GapRules, deviation: float) -> None:
        self.rules = rules
        self._scale = RunningScale(rules.start * deviation, rules.floor * deviation, rules.decay, rules.start_bars)
        self._cusum = PageCusum(0.0, -rules.shift / _YEAR)
        self._moments, self._lagged = Moments(), LaggedSums()

    @property
    def value(self) -> float:
        """W, in nats."""
        return self._cusum.value

    @property
    def bars(self) -> int:
        """Bars that both had."""
        return self._moments.n

    def add(self, live: float, twin: float) -> None:
        """Take both returns of a bar; one that either lacks is left out by the caller.

        Raises:
            ValueError: one is not finite.
        """
        gap, clip = live - twin, self.rules.clip
        self._cusum.add(max(-clip, min(clip, self._scale.scaled(gap))))
        self._moments.add(gap)
        self._lagged.add(gap)

    def reading(self) -> Reading:
        """The CUSUM at this moment; its mean times hold for independent normal bars."""
        rules = self.rules
        warn, alarm = (
            threshold_for(rules.shift, rules.arl_warn_years),
            threshold_for(rules.shift, rules.arl_alarm_years),
        )
        return _read("gap", self.value, warn, alarm, rules.arl_warn_years, rules.arl_alarm_years, self.bars, "about")

    def mean_gap(self) -> MeanGap:
        """Mean of live minus twin with its 95 % confidence sequence, which allows for autocorrelation."""
        return mean_with_sequence(self._moments, self._lagged)

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (self._cusum.value, *self._scale.save(), *self._moments.save(), *self._lagged.save())

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave under the same rules; what follows is bit-identical."""
        self._cusum.value = state[0]
        self._scale.load(state[1:4])
        self._moments.load(state[4:10])
        self._lagged.load(state[10:])


class VarMonitor:
    """Does a strategy lose more than its value at risk more often than told? An e-detector over breaches.

    With I = 1 for a breach, L = (q / p)**I ((1 - q) / (1 - p))**(1 - I) for each q, a multiple of p: an e-value of "P(breach | past) is at most p".
    """

    __slots__ = ("_detector", "_held", "_hit", "bars", "breaches", "rules")

    def __init__(self, rules: VarRules) -> None:
        self.rules, self.bars, self.breaches = rules, 0, 0
        self._detector = EDetector(len(rules.multiples), _CAP * rules.arl_alarm_years * BARS_PER_YEAR)
        self._hit = list(rules.multiples)
        self._held = [(1 - m * rules.p) / (1 - rules.p) for m in rules.multiples]

    @property
    def value(self) -> float:
        """M, in bars."""
        return self._detector.value

    def add(self, change: float, value_at_risk: float | None) -> None:
        """Take the return of a bar and the value at risk told before it (a positive fraction of equity; ``None``: the bar is not counted).

        Raises:
            ValueError: the return is not finite.
        """
        check_return(change)
        if value_at_risk is None:
            return
        breach = change < -value_at_risk
        self._detector.add(self._hit if breach else self._held)
        self.bars += 1
        self.breaches += breach

    def reading(self) -> Reading:
        """The detector at this moment."""
        rules = self.rules
        warn, alarm = rules.arl_warn_years * BARS_PER_YEAR, rules.arl_alarm_years * BARS_PER_YEAR
        return _read("var", self.value, warn, alarm, rules.arl_warn_years, rules.arl_alarm_years, self.bars, "at least")

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (self.bars, self.breaches, *self._detector.save())

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave under the same rules; what follows is bit-identical.

        Raises:
            ValueError: it does not fit the rules.
        """
        self._detector.load(state[2:])
        self.bars, self.breaches = int(state[0]), int(state[1])


def shrunk_sharpe(sharpe: float, days: float, prior_deviation: float) -> float:
    """An annual ratio measured over ``days``, freed of the winner's curse: w SR, w = tau**2 / (tau**2 + 365 / days).

    tau is the deviation of true ratios among strategies, around 0 (normal prior, James and Stein 1961); 0 without a day.
    """
    if days <= 0:
        return 0.0
    square = prior_deviation * prior_deviation
    return sharpe * square / (square + 365 / days)


def drawdown_limit(volatility: float, reference: float, q: float) -> float | None:
    """The drawdown below which a strategy of this annual volatility and Sharpe ratio lies a share ``q`` of the time: sigma ln(1 / q) / (2 SR).

    Stationary law of a Brownian motion's drawdown, exponential with rate 2 SR / sigma. ``None`` for a reference that is not above 0: it has no such law.
    """
    if not 0 < q < 1 or volatility < 0:
        raise ValueError(f"q, volatility: expected between 0 and 1, and 0 or more, found {q}, {volatility}")
    return round(volatility * log(1 / q) / (2 * reference), _DECIMALS) if reference > 0 else None


def drawdown_reading(
    rules: DrawdownRules, drawdown: float, volatility: float | None, reference: float, bars: int
) -> Reading:
    """Drawdown, a positive fraction of the peak, against the scaled limit, or against the hard one where that is nearer or the only one."""
    scaled = None if volatility is None else drawdown_limit(volatility, reference, rules.q)
    limit = rules.hard if scaled is None else min(scaled, rules.hard)
    level = Level.ALARM if drawdown >= limit else Level.CALM
    words = f"drawdown {drawdown:.1%} of {limit:.1%}"
    if limit == rules.hard:
        words += ", the hard limit"
    else:
        words += f", under which a healthy strategy lies {rules.q:.0%} of the time"
    return _plain_limit("drawdown", level, drawdown, limit, bars, words)


def cause(
    edge: Level, twin_edge: Level, gap: Level, coverage: float, coverage_min: float = 0.99, risk: Level = Level.CALM
) -> Finding:
    """Tell lost edge, worse execution and bad data apart.

    Args:
        edge: of the live track's edge monitor.
        twin_edge: of the same monitor over the paper twin, which fills as simulated.
        gap: of live minus twin.
        coverage: share of bars of the window for which the data were whole; under ``coverage_min`` nothing else is believed.
        risk: of the breach monitor, or of the drawdown's.
    """
    level = worst((edge, gap, risk))
    if coverage < coverage_min:
        return Finding(
            Cause.BAD_DATA,
            level,
            f"bad data: {coverage:.1%} of bars are whole, {coverage_min:.1%} are needed; no conclusion about the strategy",
        )
    live, twin, apart = edge is not Level.CALM, twin_edge is not Level.CALM, gap is not Level.CALM
    found, words = Cause.NONE, "nothing is raised"
    if apart and live and twin:
        found = Cause.LOST_EDGE_AND_WORSE_EXECUTION
        words = "lost edge and worse execution: the twin fell as well, and live lies below its twin beyond chance"
    elif apart:
        found, words = Cause.WORSE_EXECUTION, "worse execution: live lies below its paper twin beyond chance"
        words += "; the twin's own edge holds" if not twin else ""
    elif live and twin:
        found, words = Cause.LOST_EDGE, "lost edge: live and its paper twin fell below the reference together"
    elif live:
        found = Cause.NOT_KNOWN
        words = "not known: live fell below the reference, its twin did not, and their gap is within chance so far"
    elif risk is not Level.CALM:
        found, words = Cause.MORE_RISK, "more risk than told: losses are larger than announced; the mean has not fallen"
    return Finding(found, level, words)


def mean_with_sequence(moments: Moments, lagged: LaggedSums) -> MeanGap:
    """Mean of values and its 95 % confidence sequence over the long-run variance; both arguments are of the same values."""
    if moments.n < SHARPE_BARS_MIN:
        return MeanGap(moments.mean, None, None, moments.n)
    reach = radius(sqrt(lagged.mean_variance(moments.mean)), moments.n)
    return MeanGap(moments.mean, moments.mean - reach, moments.mean + reach, moments.n)


def _read(
    name: str, value: float, warn: float, alarm: float, warn_years: float, alarm_years: float, bars: int, how: str
) -> Reading:
    level = Level.ALARM if value >= alarm else Level.WARN if value >= warn else Level.CALM
    words = (
        f"{name}: {level.value.lower()} at {value:,.1f} (warning {warn:,.1f}, alarm {alarm:,.1f}); mean time between "
        f"false ones {how} {warn_years:g} and {alarm_years:g} years"
    )
    return Reading(
        monitor=name,
        level=level,
        value=value,
        warn=warn,
        alarm=alarm,
        arl_warn_years=warn_years,
        arl_alarm_years=alarm_years,
        bars=bars,
        words=words,
    )


def _plain_limit(name: str, level: Level, value: float, limit: float, bars: int, words: str) -> Reading:
    return Reading(
        monitor=name,
        level=level,
        value=value,
        warn=None,
        alarm=limit,
        arl_warn_years=None,
        arl_alarm_years=None,
        bars=bars,
        words=words,
    )
