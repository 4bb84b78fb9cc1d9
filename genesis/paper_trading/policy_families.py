"""A family's life under a policy: every look that may change anything, taken by the manager of the runtime."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec
import numpy as np

from genesis.clock import NS_PER_DAY
from genesis.evidence.columns import closed
from genesis.evidence.families import closed_adjustment
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import Source
from genesis.paper_trading.policy_shown import PASSED, Shown, time_of, weigh
from genesis.paper_trading.policy_values import BAR_NS, BEGIN_NS, Policy
from genesis.paper_trading.policy_years import Year
from genesis.paper_trading.promotion_facts import AccountFacts, Facts, Standing
from genesis.paper_trading.promotion_manager import StrategyPromotionManager
from genesis.paper_trading.promotion_rules import Gates, PromotionRules
from genesis.paper_trading.stages import Stage

BUDGET: Final = Decimal(10_000)
_CENTS: Final = 1_000_000  # of a budget
_ENDS = (Stage.REJECTED, Stage.HALTED, Stage.ARCHIVED)


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
        hit = (shown.codes[at:] >= PASSED) | (shown.futility[at:] >= 1 / float(self._rules.futility_alpha))
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
        met = bool(member.shown.codes[member.shown.at(bar)] == PASSED)
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
