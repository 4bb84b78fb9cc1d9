"""The study of policies decides as the ladder does, and its columns are the runtime's recurrences."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.clock import NS_PER_DAY
from genesis.evidence.columns import closed, e_values, futilities
from genesis.evidence.families import closed_adjustment
from genesis.evidence.futility import Futility
from genesis.evidence.gathering import Evidence
from genesis.evidence.hedging import HedgedEvidence
from genesis.evidence.payoffs import Payoff
from genesis.evidence.rules import BettingRules, FutilityRules, HedgeRules, Source
from genesis.evidence.simulated import added, chosen
from genesis.metrics.ratios import Moments, sharpe
from genesis.paper_trading.family import Family as Tried
from genesis.paper_trading.policy import study
from genesis.paper_trading.policy_families import BUDGET, Family
from genesis.paper_trading.policy_shown import time_of, weigh, weigh_all
from genesis.paper_trading.policy_values import Policy, Strategy, World
from genesis.paper_trading.policy_years import Year, years
from genesis.paper_trading.promotion_facts import AccountFacts, Facts
from genesis.paper_trading.promotion_manager import StrategyPromotionManager
from genesis.paper_trading.promotion_rules import MinDwell, Profile, PromotionRules
from genesis.paper_trading.stages import Stage
from genesis.paper_trading.validation_criteria import DrawdownLimit, SharpeUse, ValidationCriteria
from genesis.paper_trading.verdicts import Measurements, Mode, Status, Window, overall
from genesis.rng import study as chance_of

BETS = BettingRules()
NO_WIN_RATE = ValidationCriteria(win_rate_mode=Mode.OFF)
CASES = {
    "given": (Policy(), Strategy(Payoff.SMALL_WINS, 0.0), 1),
    "given, climbing": (Policy(), Strategy(Payoff.SMALL_WINS, 8.0), 1),
    "given, three": (Policy(), Strategy(Payoff.SMALL_WINS, 5.0), 3),
    "balanced": (
        Policy(criteria=NO_WIN_RATE, rules=PromotionRules(profile=Profile.BALANCED)),
        Strategy(Payoff.TREND, 8.0),
        1,
    ),
    "pilot, three, quick": (
        Policy(
            criteria=NO_WIN_RATE,
            rules=PromotionRules(
                profile=Profile.PILOT, min_dwell=MinDwell(days=1, trades=0), cooldown_days=2, paper_max_days=60
            ),
        ),
        Strategy(Payoff.SYMMETRIC, 10.0),
        3,
    ),
}


class Slowly:
    """One member as the run keeps it: every bar, by the runtime's own processes."""

    def __init__(self, year: Year, member: int, policy: Policy) -> None:
        self.year, self.member, self.policy = year, member, policy
        self.live: Evidence | None = None
        self.live_trades = self.cents = 0
        self.begin(-1)

    def begin(self, bar: int) -> None:
        self.first = bar
        self.evidence = Evidence(self.policy.betting, Source.REPLAY)
        self.moments = Moments()
        self.against: Futility | None = None
        self.fall, self.wins, self.trades = 0.0, 0, 0
        self.now = self.peak = self.opened = self.equity_after(bar)

    def equity_after(self, bar: int) -> float:
        done = 0 if bar < 0 else int(self.year.trades[bar])
        return 1.0 if done == 0 else float(self.year.equity[self.member, done - 1])

    def close(self, bar: int, fraction: float) -> None:
        before = 0 if bar == 0 else int(self.year.trades[bar - 1])
        for trade in range(before, int(self.year.trades[bar])):
            self.now = float(self.year.equity[self.member, trade])
            self.peak = max(self.peak, self.now)
            self.fall = max(self.fall, 1 - self.now / self.peak)
            self.wins += int(self.year.won[self.member, trade])
            self.trades += 1
            self.live_trades += self.live is not None or self.live_trades > 0
        change = self.now / self.opened - 1
        if self.evidence.loss_bound is not None:
            change = max(change, -0.8 * self.evidence.loss_bound)
        self.opened = self.now
        self.evidence.add(change)
        self.moments.add(change)
        if self.against is not None:
            self.against.add(change)
        elif self.evidence.loss_bound is not None and self.evidence.deviation:
            self.against = Futility(FutilityRules(), self.evidence.deviation)
        if self.live is not None:
            self.live.add(change)
            self.cents += round(change * fraction * 1_000_000)

    def facts(self, bar: int, name: str, adjusted: float) -> Facts:
        estimate = sharpe(self.moments)
        measured = Measurements(
            window=Window(time_of(self.first), time_of(bar)),
            trades=self.trades,
            bars=self.moments.n,
            warmup_bars=self.evidence.warmup_bars,
            sharpe=None if estimate is None else estimate.value,
            drawdown_max=self.fall,
            win_rate=self.wins / self.trades if self.trades else None,
        )
        live = self.live
        return Facts(
            time_ns=time_of(bar),
            version=name,
            identity=name,
            evidence_from_ns=time_of(self.first),
            budget=BUDGET,
            verdicts=self.policy.criteria.judge(measured),
            adjusted=adjusted,
            e_live=None if live is None or live.loss_bound is None else live.e_value,
            futility=None if self.against is None else self.against.value,
            bound_broken=self.evidence.bound_broken,
            live_trades=self.live_trades,
            live_pnl=Decimal(self.cents).scaleb(-2),
        )


def unhedged() -> HedgedEvidence:
    """Without a benchmark there are no residuals, and their E stays 1."""
    return HedgedEvidence(HedgeRules(), BETS)


def slowly(policy: Policy, year: Year) -> tuple[Any, list[str]]:
    """(members, bars) capital fractions and the last stages, every look of the ladder taken."""
    names = [f"v{i}" for i in range(len(year.equity))]
    members = [Slowly(year, i, policy) for i in range(len(names))]
    manager = StrategyPromotionManager(policy.rules)
    account = AccountFacts(equity=len(names) * BUDGET, live_max=len(names), budget_max=Decimal(1))
    shares = np.zeros((len(names), len(year.trades)))
    tried = Tried()
    for name, member in zip(names, members, strict=True):
        manager.register(name, name)
        tried.begin(name, member.evidence, unhedged())
    for bar in range(len(year.trades)):
        for name, member in zip(names, members, strict=True):
            member.close(bar, float(manager.standing(name).fraction))
        adjusted = tried.adjusted(names)
        facts = [m.facts(bar, n, adjusted[n][0]) for m, n in zip(members, names, strict=True)]
        midnight = time_of(bar) % NS_PER_DAY == 0
        due = []
        for fact in facts:
            stage = manager.standing(fact.version).stage
            may = stage.holds_capital or stage in (Stage.VALIDATED, Stage.HALTED, Stage.DRAFT)
            met = stage is Stage.PAPER and overall(fact.verdicts) is Status.PASSED
            if midnight or may or met:
                due.append(fact)
        manager.evaluate(due, account)
        tried.hold([n for n in names if manager.standing(n).fraction])
        for i, (name, member) in enumerate(zip(names, members, strict=True)):
            standing = manager.standing(name)
            shares[i, bar] = float(standing.fraction)
            if not standing.fraction:
                member.live = None
            elif member.live is None:
                member.live = Evidence(policy.betting, Source.REPLAY)
            if standing.evidence_from_ns != time_of(member.first):
                member.begin(bar)
                tried.begin(name, member.evidence, unhedged())
    return shares, [manager.standing(n).stage.value for n in names]


@pytest.mark.parametrize("case", CASES)
def test_looks_left_out_change_nothing(case: str) -> None:
    """Capital of every bar, and every last stage, is that of a ladder that looks at every bar and keeps evidence bar by bar."""
    policy, strategy, members = CASES[case]
    world = World(families=3, members=members, days=100, seed=5)
    rose = 0.0
    for year in years(policy, world, strategy, 11, world.families):
        shown = [year.shown(policy, i, -1) for i in range(members)]
        weigh_all(policy, shown)
        family = Family(policy, year, shown)
        family.live_through()
        shares, stages = slowly(policy, year)
        fast = np.array([m.shares for m in family.members])
        assert np.argwhere(fast != shares).tolist() == []
        assert [family.manager.standing(m.name).stage.value for m in family.members] == stages
        rose += float(shares.sum())
    assert rose > 0


returns = st.lists(
    st.lists(st.sampled_from([0.0, 0.01, -0.01, 0.002, -0.003, 0.05, -0.2]), min_size=30, max_size=30),
    min_size=1,
    max_size=4,
)


@given(returns)
@settings(max_examples=40, deadline=None)
def test_columns_are_the_runtime_s_evidence(rows: list[list[float]]) -> None:
    """E and futility of columns, with bars that do not move and a broken bound among them, are those of the processes that a run keeps."""
    columns = np.array(rows)
    found, against = e_values(columns, BETS), futilities(columns, BETS, FutilityRules())
    for i, row in enumerate(rows):
        evidence, doubt = Evidence(BETS, Source.REPLAY), None
        for bar, change in enumerate(row):
            evidence.add(change)
            if doubt is not None:
                doubt.add(change)
            elif evidence.loss_bound is not None and evidence.deviation:
                doubt = Futility(FutilityRules(), evidence.deviation)
            assert found[i, bar] == pytest.approx(evidence.e_value, rel=1e-9, abs=1e-12)
            assert against[i, bar] == pytest.approx(1.0 if doubt is None else doubt.value, rel=1e-9, abs=1e-12)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_the_family_s_adjustment_in_columns(values: list[float]) -> None:
    """What columns make of a family is what the runtime makes of it."""
    assert closed(np.array(values)).tolist() == pytest.approx(closed_adjustment(values), rel=1e-12)


def test_one_version_weighed_alone_is_weighed_as_among_others() -> None:
    """A later attempt, weighed by the runtime's own processes, has the evidence that columns give."""
    policy = Policy()
    year = next(years(policy, World(families=1, days=40), Strategy(Payoff.SYMMETRIC, 5.0), 3, 1))
    alone, among = year.shown(policy, 0, 20), year.shown(policy, 0, 20)
    weigh(policy, alone)
    weigh_all(policy, [among])
    assert alone.e.tolist() == pytest.approx(among.e.tolist(), rel=1e-9)
    assert alone.futility.tolist() == pytest.approx(among.futility.tolist(), rel=1e-9)
    assert alone.e[-1] != 1


@pytest.mark.parametrize(
    "criteria",
    [
        ValidationCriteria(),
        NO_WIN_RATE,
        ValidationCriteria(min_days=20, drawdown_mode=Mode.ADVISORY),
        ValidationCriteria(sharpe_use=SharpeUse.LOWER_BOUND),
        ValidationCriteria(win_rate_mode=Mode.OFF, drawdown_window_days=2, max_drawdown=Decimal("0.02")),
        ValidationCriteria(win_rate_mode=Mode.OFF, drawdown_limit=DrawdownLimit.VOL_SCALED),
    ],
)
def test_codes_are_the_verdicts_of_the_criteria(criteria: ValidationCriteria) -> None:
    """Which looks are taken is chosen by the status that the criteria give at the look."""
    policy = Policy(criteria=criteria)
    codes = {Status.FAILED: 0, Status.INCONCLUSIVE: 1, Status.PASSED: 2}
    seen = set()
    for payoff in Payoff:
        year = next(years(policy, World(families=1, days=40, trades_a_day=5), Strategy(payoff, 8.0), 3, 1))
        shown = year.shown(policy, 0, -1)
        for bar in range(len(shown.returns)):
            status = overall(criteria.judge(shown.measured(bar)))
            assert status is not None
            assert shown.codes[bar] == codes[status]
            seen.add(status)
    assert len(seen) > 1


def test_nothing_enforced_has_a_code_of_its_own() -> None:
    """Where no criterion is enforced, none is failed or open."""
    off = ValidationCriteria(
        trades_mode=Mode.OFF, days_mode=Mode.OFF, sharpe_mode=Mode.OFF, drawdown_mode=Mode.OFF, win_rate_mode=Mode.OFF
    )
    year = next(years(Policy(), World(families=1, days=2), Strategy(Payoff.TREND, 0.0), 3, 1))
    assert set(year.shown(Policy(criteria=off), 0, -1).codes.tolist()) == {3}


@pytest.mark.parametrize(
    ("payoff", "share"), [(Payoff.SYMMETRIC, 0.5), (Payoff.SMALL_WINS, 0.65), (Payoff.TREND, 0.38)]
)
def test_payoffs_have_the_shape_they_are_named_for(payoff: Payoff, share: float) -> None:
    """Innovations have mean 0 and variance 1, win as often as said, and look-alikes correlate as asked and keep the shape."""
    drawn = chosen(chance_of(1), 40_000, 2, 0.5, payoff)
    assert abs(drawn.mean()) < 0.02
    assert drawn.var() == pytest.approx(1, abs=0.1)
    assert (drawn > 0).mean() == pytest.approx(share, abs=0.01)
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] == pytest.approx(0.5, abs=0.05)
    rounder = added(chance_of(1), 40_000, 2, 0.5, payoff)
    assert np.corrcoef(rounder[:, 0], rounder[:, 1])[0, 1] == pytest.approx(0.5, abs=0.05)


def test_a_study_is_seeded_and_tells_how_far_it_is() -> None:
    """The same seed gives the same outcomes, another one others; progress ends at all families."""
    told: list[tuple[int, int]] = []
    asked = (Policy(), World(families=4, days=30), [Strategy(Payoff.SMALL_WINS, 0.0), Strategy(Payoff.SMALL_WINS, 8.0)])
    first = study(*asked, lambda done, total: told.append((done, total)))
    assert study(*asked) == first
    assert study(asked[0], World(families=4, days=30, seed=2), asked[2]) != first
    assert told[-1] == (8, 8)
    assert first[1].live.value >= first[0].live.value
