"""How often a promotion policy is wrong, how long it takes to be right, and how much capital works meanwhile: by simulation.

The decisions are those of the runtime: `StrategyPromotionManager.evaluate` over verdicts of `ValidationCriteria`. Evidence comes from the columns of
`genesis.evidence.columns`, the live track's from `Evidence` itself. A look whose facts lie on the same side of every threshold as those of the last look, which changed
nothing, is not taken; that this loses nothing is a test.

Left out: monitors, tiers and a venue that costs live more than paper, all of which only take capital away; the hedge against a benchmark, so the market is flat. Persons
approve at once what the gates ask of them, and do nothing else. Profits do not change the account's equity. A bar's loss is cut at 80 % of the loss bound, as risk does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import repeat
from math import sqrt
from typing import Any, Final

import msgspec
import numpy as np

from genesis.clock import NS_PER_DAY
from genesis.evidence.betting import BettingProcess
from genesis.evidence.columns import Counts, Floats, WarmUp, closed, e_values, futilities
from genesis.evidence.families import closed_adjustment
from genesis.evidence.futility import Futility
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import FutilityRules, Source
from genesis.evidence.simulated import chosen, shocks, stepwise
from genesis.metrics.ratios import BARS_PER_YEAR, SHARPE_BARS_MIN, Moments, sharpe
from genesis.metrics.returns import NO_DEVIATION, YEAR_DAYS
from genesis.metrics.trades import breakeven_rate
from genesis.paper_trading.policy_values import BAR_NS, BARS_A_DAY, BEGIN_NS, Outcome, Policy, Rate, Strategy, World
from genesis.paper_trading.promotion_facts import AccountFacts, Facts, Standing
from genesis.paper_trading.promotion_manager import StrategyPromotionManager
from genesis.paper_trading.promotion_rules import Gates, PromotionRules
from genesis.paper_trading.stages import Stage
from genesis.paper_trading.validation_criteria import (
    ONE_SIDED_95,
    DrawdownLimit,
    Measurements,
    Mode,
    SharpeUse,
    ValidationCriteria,
    Window,
)

BUDGET: Final = Decimal(10_000)
_CENTS: Final = 1_000_000  # of a budget
# Risk flattens a track at this part of its loss bound.
_CUT_AT = 0.8
_FAILED, _OPEN, _PASSED, _NONE_ENFORCED = 0, 1, 2, 3
# So many values of a step are drawn at once at most.
_AT_ONCE = 400
_ENDS = (Stage.REJECTED, Stage.HALTED, Stage.ARCHIVED)


def time_of(bar: int) -> int:
    """Engine time at which a bar closes; bar -1 is the begin."""
    return BEGIN_NS + (bar + 1) * BAR_NS


class Shown:
    """What one version has shown from a bar on, a column each: trades and wins so far, deepest fall, Sharpe ratio, evidence, and what the criteria make of it.

    Args:
        first: the bar after which it begins.
        equity: after each trade, from 1.
        won: whether each trade won.
        trades: closed by the end of each bar.
        start: equity at the begin.
    """

    __slots__ = (
        "_gained",
        "codes",
        "deviation",
        "e",
        "fall",
        "first",
        "futility",
        "ratio",
        "ratio_error",
        "returns",
        "trades",
        "warmup",
        "wins",
    )

    def __init__(self, policy: Policy, first: int, start: float, equity: Floats, won: Counts, trades: Counts) -> None:
        path = np.concatenate([[start], equity])
        change = np.diff(path)
        # What the trades up to each bar have won, and lost.
        self._gained = tuple(
            np.concatenate([[0.0], np.cumsum(change * side)])[trades] for side in (change > 0, change < 0)
        )
        self.first, self.trades = first, trades
        self.wins = np.concatenate([[0], np.cumsum(won)])[trades]
        self.fall = _falls(path, trades, policy.criteria.window_bars)
        ends = path[trades]
        self.returns: Floats = ends / np.concatenate([[start], ends[:-1]]) - 1
        self.deviation = _deviations(self.returns)
        self.ratio = _ratios(self.returns, self.deviation)
        self.ratio_error = _ratio_errors(self.returns) if policy.criteria.sharpe_use is SharpeUse.LOWER_BOUND else None
        warm = WarmUp(policy.betting, 1)
        for bar in range(len(self.returns)):
            warm.add(self.returns[bar : bar + 1])
            if warm.begun[0]:
                break
        self.warmup = int(warm.bars[0])
        if warm.begun[0]:
            cut = -_CUT_AT * warm.bound[0]
            self.returns[self.warmup :] = np.maximum(self.returns[self.warmup :], cut)
        self.e = self.futility = np.ones(0)
        self.codes = _codes(policy.criteria, self)

    def at(self, bar: int) -> int:
        """The place of a bar in the columns."""
        return bar - self.first - 1

    def breakeven(self, i: int) -> float | None:
        """The share of trades up to a place that has to win so that nothing is lost."""
        wins, (won, lost) = int(self.wins[i]), (x[i] for x in self._gained)
        return breakeven_rate(wins, Decimal(float(won)), int(self.trades[i]) - wins, Decimal(float(lost)))

    def least_wins(self, criteria: ValidationCriteria) -> Floats:
        """What each bar's win rate is held against."""
        return np.array([criteria.least_wins(self.breakeven(i)) for i in range(len(self.trades))])

    def most_fall(self, criteria: ValidationCriteria) -> Floats:
        """What each bar's drawdown is held against."""
        if criteria.drawdown_limit is DrawdownLimit.ABSOLUTE:
            return np.full(len(self.trades), float(criteria.max_drawdown))
        bars = range(self.first + 1, self.first + 1 + len(self.trades))
        return np.array([criteria.most_fall(self.measured(bar)) for bar in bars])

    def measured(self, bar: int) -> Measurements:
        """What the criteria judge at a bar."""
        i = self.at(bar)
        bars, trades = i + 1, int(self.trades[i])
        ratio = float(self.ratio[i])
        error = np.nan if self.ratio_error is None else float(self.ratio_error[i])
        return Measurements(
            window=Window(time_of(self.first), time_of(bar)),
            trades=trades,
            bars=bars,
            warmup_bars=min(bars, self.warmup),
            sharpe=None if np.isnan(ratio) else ratio,
            sharpe_stderr=None if np.isnan(error) else error,
            volatility=float(self.deviation[i]) * sqrt(BARS_PER_YEAR) if i else None,
            drawdown_max=float(self.fall[i]),
            win_rate=float(self.wins[i]) / trades if trades else None,
            breakeven=self.breakeven(i),
        )


def weigh_all(policy: Policy, shown: Sequence[Shown]) -> None:
    """The evidence of versions that begin at the same bar."""
    returns = np.stack([s.returns for s in shown])
    evidence, against = e_values(returns, policy.betting), futilities(returns, policy.betting, FutilityRules())
    for one, e, futility in zip(shown, evidence, against, strict=True):
        one.e, one.futility = e, futility


def weigh(policy: Policy, shown: Shown) -> None:
    """The evidence of one version, by the runtime's own processes."""
    warm = shown.returns[: shown.warmup]
    shown.e, shown.futility = np.ones(len(shown.returns)), np.ones(len(shown.returns))
    moved = Moments(warm[warm != 0].tolist()).deviation()
    if len(warm) == len(shown.returns) or not moved:
        return
    bets = BettingProcess(policy.betting, policy.betting.bound_deviations * moved, moved * moved)
    against = Futility(FutilityRules(), Moments(warm.tolist()).deviation() or moved)
    for i, change in enumerate(shown.returns[shown.warmup :].tolist(), shown.warmup):
        bets.add(change)
        against.add(change)
        shown.e[i], shown.futility[i] = bets.value, against.value


def _falls(path: Floats, trades: Counts, window: int | None) -> Floats:
    """The deepest fall of the equity at the end of each bar, over all or over the latest ``window`` bars."""
    if window is None:
        return np.asarray(np.maximum.accumulate(1 - path / np.maximum.accumulate(path))[trades])
    begins = np.concatenate([np.zeros(window, dtype=np.int64), trades])
    parts = (path[begin : end + 1] for begin, end in zip(begins, trades, strict=False))
    return np.array([(1 - part / np.maximum.accumulate(part)).max() for part in parts])


def _deviations(returns: Floats) -> Floats:
    """Standard deviation (ddof 1) of the bars so far; 0 at the first."""
    n = np.arange(1, len(returns) + 1)
    # Less their overall mean, squares cancel little.
    centred = returns - returns.mean()
    squares = np.cumsum(centred * centred) - np.cumsum(centred) ** 2 / n
    return np.asarray(np.sqrt(np.maximum(squares, 0) / np.maximum(n - 1, 1)))


def _ratios(returns: Floats, deviation: Floats) -> Floats:
    """The annual Sharpe ratio of the bars so far; nan while it is undefined."""
    n = np.arange(1, len(returns) + 1)
    mean = np.cumsum(returns) / n
    defined = (n >= SHARPE_BARS_MIN) & (deviation > NO_DEVIATION)
    return np.asarray(np.where(defined, mean / np.where(defined, deviation, 1.0), np.nan) * sqrt(BARS_PER_YEAR))


def _ratio_errors(returns: Floats) -> Floats:
    """The standard error of the annual Sharpe ratio of the bars so far, as the runtime estimates it; nan while it is undefined."""
    moments, found = Moments(), np.full(len(returns), np.nan)
    for i, change in enumerate(returns.tolist()):
        moments.add(change)
        estimate = sharpe(moments)
        if estimate is not None:
            found[i] = estimate.stderr
    return found


def _codes(criteria: ValidationCriteria, shown: Shown) -> Counts:
    """The status of the enforced criteria at every bar, by which looks are chosen; what decides is judged at the look."""
    n, trades = np.arange(1, len(shown.returns) + 1), shown.trades
    needed = criteria.min_days * BARS_A_DAY
    valid = n - np.minimum(n, shown.warmup)
    rate = shown.wins / np.maximum(trades, 1)
    least = float(criteria.min_win_rate) if criteria.win_rate_margin is None else shown.least_wins(criteria)
    most = shown.most_fall(criteria)
    ratio = shown.ratio if shown.ratio_error is None else shown.ratio - ONE_SIDED_95 * shown.ratio_error
    asked: list[tuple[Mode, Any, Any]] = [
        (criteria.trades_mode, trades >= criteria.min_trades, True),
        (criteria.days_mode, valid >= needed, True),
        (criteria.sharpe_mode, (n >= needed) & ~np.isnan(ratio), ratio >= float(criteria.min_sharpe)),
        (criteria.drawdown_mode, valid >= needed, shown.fall <= most),
        (criteria.win_rate_mode, trades >= criteria.min_trades, rate >= least),
    ]
    enforced = [(enough, met) for mode, enough, met in asked if mode is Mode.ENFORCE]
    if not enforced:
        return np.full(len(n), _NONE_ENFORCED)
    failed, open_ = np.zeros(len(n), dtype=bool), np.zeros(len(n), dtype=bool)
    for enough, met in enforced:
        failed |= enough & np.logical_not(met)
        open_ |= ~np.asarray(enough)
    if criteria.drawdown_mode is Mode.ENFORCE:
        failed |= shown.fall > most
    return np.asarray(np.where(failed, _FAILED, np.where(open_, _OPEN, _PASSED)))


class Year:
    """One family's simulated time: the equity of every member after every trade, and which trades won; (members, trades)."""

    __slots__ = ("equity", "trades", "won")

    def __init__(self, equity: Floats, won: Counts, trades: Counts) -> None:
        self.equity, self.won, self.trades = equity, won, trades

    def shown(self, policy: Policy, member: int, first: int) -> Shown:
        """What a member shows after bar ``first``, as criteria see it; evidence is not weighed yet."""
        done = 0 if first < 0 else int(self.trades[first])
        start = 1.0 if done == 0 else float(self.equity[member, done - 1])
        trades = self.trades[first + 1 :] - done
        return Shown(policy, first, start, self.equity[member, done:], self.won[member, done:], trades)


def years(policy: Policy, world: World, strategy: Strategy, seed: int, families: int) -> Iterator[Year]:
    """Families of look-alikes; the first member is the strategy, and without an edge all are."""
    a_year = world.trades_a_day * YEAR_DAYS
    steps = world.days * world.trades_a_day
    ratios = np.full(world.members, 0.0 if strategy.has_edge else strategy.sharpe)
    ratios[0] = strategy.sharpe
    phi, rho = world.autocorrelation, world.correlation
    shocked = shocks(seed, families, steps, phi, world.members, rho, strategy.payoff, chosen)
    n = families * world.members
    equity, won = np.ones((steps, n)), np.zeros((steps, n), dtype=np.int8)
    warm, opened, now = WarmUp(policy.betting, n), np.ones(n), np.ones(n)
    stopped = np.zeros(n, dtype=bool)
    trades = (np.arange(1, world.bars + 1) * world.trades_a_day) // BARS_A_DAY
    bar = 0
    for step, change in enumerate(stepwise(shocked, repeat(ratios, steps), a_year)):
        while trades[bar] <= step:
            warm.add(now / opened - 1)
            opened, stopped, bar = now, np.zeros(n, dtype=bool), bar + 1
        change = np.maximum(change.reshape(n), -0.99)
        least = opened * (1 - _CUT_AT * warm.bound)
        after = np.where(stopped, now, now * (1 + change))
        cut = warm.begun & (after <= least) & ~stopped
        won[step] = (after > now) & ~cut
        now = np.where(cut, least, after)
        stopped = stopped | cut
        equity[step] = now
    for family in range(families):
        own = slice(family * world.members, (family + 1) * world.members)
        yield Year(np.ascontiguousarray(equity[:, own].T), np.ascontiguousarray(won[:, own].T), trades)


class _Attempt:
    """What a member has shown in one attempt; from bar ``until`` on it shows nothing more."""

    __slots__ = ("shown", "until")

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self.until: int | None = None

    def e(self, bar: int) -> float:
        """E at a bar; the last one where it has ended."""
        last = bar if self.until is None else min(bar, self.until)
        return float(self.shown.e[self.shown.at(last)])


class _Member:
    """One version on its way; ``beside`` are the attempts that were there when it went live, while it is."""

    __slots__ = (
        "attempt",
        "beside",
        "cents",
        "cleared",
        "live",
        "live_from",
        "name",
        "quiet",
        "seen",
        "shares",
        "shown",
    )

    def __init__(self, name: str, shown: Shown, bars: int) -> None:
        self.name, self.shown = name, shown
        self.attempt = _Attempt(shown)
        self.beside: list[_Attempt] = []
        self.live: Evidence | None = None
        self.live_from: int | None = None
        self.seen: tuple[object, ...] | None = None
        self.quiet = False
        self.cents = self.cleared = 0
        self.shares = np.zeros(bars)


class Family:
    """One family's life under a policy: every look that may change anything, taken by the manager of the runtime.

    Args:
        shown: of every member from the first bar, weighed.
    """

    def __init__(self, policy: Policy, year: Year, shown: Sequence[Shown]) -> None:
        rules = msgspec.structs.replace(policy.rules, auto_promote=True, gates=Gates())
        self._policy, self._year, self._rules = policy, year, rules
        members, self._bars = len(year.equity), len(year.trades)
        self.manager = StrategyPromotionManager(rules)
        self.members = [_Member(f"v{i}", s, self._bars) for i, s in enumerate(shown)]
        equity = members * BUDGET if rules.account_equity is None else rules.account_equity
        self._account = AccountFacts(equity=equity, live_max=members, budget_max=Decimal(1))
        self._most_lost = rules.unproven_loss_max * equity * 100
        self._marks = {a: _marks(rules, a) for a in range(1, rules.max_attempts + 1)}
        self._adjusted = np.ones((self._bars, members))
        self._adjust(0)

    def _adjust(self, first: int) -> None:
        """Everybody's evidence for the family, from a bar on."""
        values = np.stack([m.shown.e[m.shown.at(first) :] for m in self.members], axis=-1)
        self._adjusted[first:] = closed(values) if len(self.members) > 1 else values

    def live_through(self) -> None:
        """From the first bar to the last."""
        bar = 0
        while bar < self._bars:
            self._pass(bar)
            due = [i for i in range(len(self.members)) if self._is_due(i, bar)]
            if due:
                self._look(bar, due)
            self._hold(bar)
            bar = self._next(bar)

    def _e(self, bar: int, i: int) -> float:
        """A member's adjusted evidence at a bar: among those that were there when it went live, as `genesis.paper_trading.family` has it."""
        beside = self.members[i].beside
        if all(a.until is None for a in beside):
            return float(self._adjusted[bar, i])
        return closed_adjustment([a.e(bar) for a in beside])[i]

    # ---- time passes

    def _standing(self, i: int) -> Standing:
        return self.manager.standing(self.members[i].name)

    def _pass(self, bar: int) -> None:
        """A bar's return reaches those that hold capital."""
        for member in self.members:
            if member.live is None:
                continue
            change = float(member.shown.returns[member.shown.at(bar)])
            member.live.add(change)
            fraction = float(self.manager.standing(member.name).fraction)
            member.cents += round(change * fraction * _CENTS)

    def _hold(self, bar: int) -> None:
        """Who holds how much from the end of a bar on."""
        for member in self.members:
            fraction = self.manager.standing(member.name).fraction if member.name in self.manager.standings else 0
            member.shares[bar] = float(fraction)
            if not fraction:
                member.live = None
            elif member.live is None:
                member.live = Evidence(self._policy.betting, Source.REPLAY)
                member.live_from = bar if member.live_from is None else member.live_from

    def _next(self, bar: int) -> int:
        """The next bar at which anything can happen: the next one where capital is held."""
        if any(m.live is not None for m in self.members):
            return bar + 1
        return min((self._wakes(i, bar) for i in range(len(self.members))), default=self._bars)

    def _wakes(self, i: int, bar: int) -> int:
        """The first bar after ``bar`` at which a version without capital may be due."""
        standing = self._standing(i)
        if standing.stage in _ENDS:
            return self._bars
        if standing.stage is Stage.DEMOTED:
            over = standing.since_ns + self._rules.cooldown_days * NS_PER_DAY
            return max(bar + 1, -(-(over - BEGIN_NS) // BAR_NS) - 1)
        if standing.stage is not Stage.PAPER:
            return bar + 1
        shown, deadline = self.members[i].shown, -(-(standing.deadline_ns - BEGIN_NS) // BAR_NS) - 1
        at = shown.at(bar + 1)
        hit = (shown.codes[at:] >= _PASSED) | (shown.futility[at:] >= 1 / float(self._rules.futility_alpha))
        found = np.flatnonzero(hit)
        first = bar + 1 + int(found[0]) if len(found) else self._bars
        return min(first, deadline) if deadline > bar else first

    # ---- who is looked at

    def _is_due(self, i: int, bar: int) -> bool:
        """Whether a look can change anything: its facts lie elsewhere than those of the last look that changed nothing."""
        member = self.members[i]
        if member.name not in self.manager.standings:
            return True
        standing = self._standing(i)
        if standing.stage in _ENDS:
            return False
        midnight = time_of(bar) % NS_PER_DAY == 0
        met = bool(member.shown.codes[member.shown.at(bar)] == _PASSED)
        # The ladder asks for these at midnight alone, but for who is on paper and meets all criteria.
        waits = standing.stage is Stage.DEMOTED or (standing.stage is Stage.PAPER and not met)
        if waits and not midnight:
            return False
        seen = self._seen(i, bar)
        if member.quiet and seen == member.seen:
            return False
        member.seen = seen
        return True

    def _seen(self, i: int, bar: int) -> tuple[object, ...]:
        """On which side of every threshold the facts lie."""
        standing, member, rules = self._standing(i), self.members[i], self._rules
        at, now = member.shown.at(bar), time_of(bar)
        e = self._e(bar, i)
        live = None if member.live is None or member.live.loss_bound is None else member.live.e_value
        frozen = standing.frozen
        step = e
        if rules.needs_evidence and frozen is not None:
            step = min(e, frozen if live is None else frozen * live)
        marks = self._marks[standing.attempt]
        dwell = rules.min_dwell
        return (
            int(member.shown.codes[at]),
            bisect_right(marks, e),
            bisect_right(marks, step),
            live is not None and live >= 1,
            bool(member.shown.futility[at] >= 1 / float(rules.futility_alpha)),
            now >= standing.deadline_ns,
            now >= standing.stepped_ns + dwell.days * NS_PER_DAY,
            self._live_trades(member, bar) - standing.stepped_trades >= dwell.trades,
            now >= standing.since_ns + rules.cooldown_days * NS_PER_DAY,
            standing.fraction > 0 and self._lost(bar) > self._most_lost,
        )

    def _lost(self, bar: int) -> int:
        """What unproven versions have lost together, in cents, as the manager counts it."""
        proven = float(self._rules.proven_evidence)
        return sum(m.cleared - m.cents for i, m in enumerate(self.members) if self._e(bar, i) < proven)

    def _live_trades(self, member: _Member, bar: int) -> int:
        if member.live_from is None:
            return 0
        return int(self._year.trades[bar] - self._year.trades[member.live_from])

    # ---- a look

    def _look(self, bar: int, due: Sequence[int]) -> None:
        # Who holds capital or waits for it is looked at by the ladder at every bar: what it has earned and proven by now counts for all.
        known = [i for i in range(len(self.members)) if i in due or self._counts(i)]
        found = self.manager.evaluate([self._facts(i, bar) for i in known], self._account)
        moved = False
        anew = []
        self._keep_beside()
        for evaluation in found.evaluations:
            member = self.members[int(evaluation.version[1:])]
            member.quiet = evaluation.move is None and _settled(self._rules, evaluation.before, evaluation.after)
            moved = moved or evaluation.move is not None
            if bar + 1 < self._bars and evaluation.after.evidence_from_ns != time_of(member.shown.first):
                member.attempt.until = bar
                member.shown = self._year.shown(self._policy, int(member.name[1:]), bar)
                weigh(self._policy, member.shown)
                member.attempt = _Attempt(member.shown)
                anew.append(member)
        if anew:
            self._adjust(bar + 1)
        for member in self.members:
            if member.name in self.manager.standings:
                member.cleared = int(self.manager.standing(member.name).cleared_pnl * 100)
            member.quiet = member.quiet and not moved

    def _keep_beside(self) -> None:
        """Who holds capital since this bar is kept beside the present attempts; who holds none any more, beside nobody."""
        for member in self.members:
            held = member.name in self.manager.standings and self.manager.standing(member.name).fraction > 0
            if not held:
                member.beside = []
            elif not member.beside:
                member.beside = [m.attempt for m in self.members]

    def _counts(self, i: int) -> bool:
        return self.members[i].live is not None or self._standing(i).stage is Stage.VALIDATED

    def _facts(self, i: int, bar: int) -> Facts:
        member = self.members[i]
        shown, at = member.shown, member.shown.at(bar)
        bets = at >= shown.warmup
        live = member.live
        return Facts(
            time_ns=time_of(bar),
            version=member.name,
            identity=member.name,
            evidence_from_ns=time_of(shown.first),
            budget=BUDGET,
            verdicts=self._policy.criteria.judge(shown.measured(bar)),
            e_value=float(shown.e[at]),
            adjusted=self._e(bar, i),
            e_live=None if live is None or live.loss_bound is None else live.e_value,
            futility=float(shown.futility[at]) if bets else None,
            bound_broken=bool(shown.e[at] == 0),
            live_trades=self._live_trades(member, bar),
            live_pnl=_money(member.cents),
        )


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _marks(rules: PromotionRules, attempt: int) -> list[float]:
    """Every level of E that a decision of an attempt compares with."""
    rungs = rules.ladder
    levels = [rules.needed(f, attempt) for f in (*rungs, *(f * rules.deramp_hysteresis for f in rungs))]
    live = rules.needed_live(attempt)
    return sorted({*levels, live, live * float(rules.deramp_hysteresis), float(rules.proven_evidence)})


def _settled(rules: PromotionRules, before: Standing, after: Standing) -> bool:
    """Whether another look at the same facts would find the same: only counters beyond their limits may have moved."""
    return _worn(rules, before) == _worn(rules, after)


def _worn(rules: PromotionRules, standing: Standing) -> Standing:
    return msgspec.structs.replace(
        standing,
        look_ns=None,
        failures=min(standing.failures, rules.failure_limit),
        inconclusive=min(standing.inconclusive, rules.inconclusive_limit),
    )


def study(
    policy: Policy, world: World, strategies: Sequence[Strategy], progress: Callable[[int, int], None] | None = None
) -> tuple[Outcome, ...]:
    """What becomes of each strategy under a policy, one case a family.

    Strategies of one payoff meet the same chance, so that they differ by their edge alone. ``progress`` is told how many families of all have lived.
    """
    total, done, outcomes = len(strategies) * world.families, 0, []
    at_once = max(1, _AT_ONCE // world.members)
    for strategy in strategies:
        tally = _Tally(policy, world, strategy)
        for first in range(0, world.families, at_once):
            families = min(at_once, world.families - first)
            seed = world.seed * 1_000_003 + first
            found = list(years(policy, world, strategy, seed, families))
            shown = [[y.shown(policy, i, -1) for i in range(world.members)] for y in found]
            weigh_all(policy, [s for of_family in shown for s in of_family])
            for year, of_family in zip(found, shown, strict=True):
                family = Family(policy, year, of_family)
                family.live_through()
                tally.add(family)
                done += 1
                if progress is not None:
                    progress(done, total)
        outcomes.append(tally.outcome())
    return tuple(outcomes)


class _Tally:
    """What families came to."""

    def __init__(self, policy: Policy, world: World, strategy: Strategy) -> None:
        self._world, self._strategy = world, strategy
        self._first = float(policy.rules.initial_allocation)
        self._most = float(policy.rules.max_allocation)
        self._hits = dict.fromkeys(
            ("live", "above_first", "half", "full", "any_live", "halted", "rejected", "decided"), 0
        )
        self._days: list[float] = []
        self._shares: list[float] = []

    def add(self, family: Family) -> None:
        """Count a family that has lived through its time."""
        member = family.members[0]
        stage, greatest = family.manager.standing(member.name).stage, float(member.shares.max())
        live, rejected = member.live_from is not None, stage is Stage.REJECTED
        without_edge = family.members[1:] if self._strategy.has_edge else family.members
        told = {
            "live": live,
            "above_first": greatest > self._first + 1e-9,
            "half": greatest >= 0.5 - 1e-9,
            "full": greatest >= self._most - 1e-9,
            "any_live": any(m.live_from is not None for m in without_edge),
            "halted": stage is Stage.HALTED,
            "rejected": rejected,
            "decided": live or rejected,
        }
        for name, hit in told.items():
            self._hits[name] += hit
        self._days.append(float("inf") if member.live_from is None else (member.live_from + 1) / BARS_A_DAY)
        self._shares.append(float(member.shares.mean()))

    def outcome(self) -> Outcome:
        """All of it."""
        days, shares, n = np.sort(self._days), np.array(self._shares), len(self._days)
        median = float(days[(n - 1) // 2])
        by_day = np.searchsorted(days, np.arange(1, self._world.days + 1), side="right") / n
        return Outcome(
            strategy=self._strategy,
            days_to_live=None if median == float("inf") else median,
            mean_share=float(shares.mean()),
            mean_share_stderr=float(shares.std()) / sqrt(n),
            live_by_day=tuple(by_day.tolist()),
            **{name: Rate(hits, n) for name, hits in self._hits.items()},
        )
