"""Whatever happens, in whatever order: the invariants of promotion (statistics.md 4.7) over versions that share an account."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from genesis.audit.entry import encode
from genesis.evidence.rules import Source
from genesis.paper_trading.promotion_facts import (
    TAKES,
    AccountFacts,
    Command,
    DataState,
    Evaluation,
    Facts,
    Halt,
    Level,
    Order,
    Pause,
    Reading,
    Standing,
)
from genesis.paper_trading.promotion_manager import Round, StrategyPromotionManager, recompute
from genesis.paper_trading.promotion_record import entries_of
from genesis.paper_trading.promotion_rules import Expiry, Gate, Gates, MinDwell, Profile, PromotionRules
from genesis.paper_trading.stages import STAGES, Action, HaltKind, Move, Stage
from tests.kit.outsider import assert_follows
from tests.kit.promotions import BAR, DAY, FAILED, PASSED, T0, UNDECIDED, UNMEASURABLE

NAMES = ("a", "b", "c", "d")
UPWARD = {Move.VALIDATE, Move.GO_LIVE, Move.STEP_UP, Move.FORCE, Move.RECOVER, Move.RESTORE}
SLACK = Decimal("0.9")


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value five times of six or so: what is rare in life must be rare here, or nothing ever rises."""
    return st.sampled_from([usual] * 5 * len(others) + list(others))


RULES = st.builds(
    PromotionRules,
    profile=mostly(Profile.GIVEN, Profile.BALANCED, Profile.STRICT, Profile.PILOT),
    initial_allocation=mostly(Decimal("0.10"), Decimal("0.25")),
    max_allocation=mostly(Decimal("1.00"), Decimal("0.30"), Decimal("0.25")),
    min_dwell=st.builds(MinDwell, days=st.sampled_from([1, 3]), trades=st.sampled_from([0, 4])),
    deramp_hysteresis=mostly(Decimal("0.5"), Decimal(1)),
    cooldown_days=st.sampled_from([0, 1]),
    max_attempts=st.sampled_from([1, 3]),
    paper_max_days=mostly(365, 5),
    on_expiry=st.sampled_from(Expiry),
    failure_limit=st.sampled_from([1, 3]),
    inconclusive_limit=st.sampled_from([1, 3]),
    consecutive_error_limit=st.sampled_from([1, 3]),
    gates=st.builds(Gates, go_live=mostly(Gate.AUTO, Gate.MANUAL), each_step=mostly(Gate.AUTO, Gate.MANUAL)),
    auto_promote=mostly(True, False),
    four_eyes=st.booleans(),
)
ACCOUNTS = st.builds(
    AccountFacts,
    equity=st.sampled_from([Decimal(n) for n in (9_000, 20_000, 21_000, 100_000, 110_000)]),
    live_max=mostly(4, 0, 1, 2),
    budget_max=mostly(Decimal(1), Decimal("0.2")),
    open_max=mostly(Decimal(1), Decimal("0.5")),
)
EVIDENCE = st.sampled_from([0.0, 0.9, 2.5, 4.0, 9.9, 12.0, 25.0, 50.0, 100.0, 200.0])
# One thing that is not as it should be at a look.
TROUBLES: list[dict[str, Any]] = [
    *({"verdicts": v} for v in (FAILED, UNDECIDED, UNMEASURABLE, ())),
    *({"monitors": (Reading(n, level, "so it is"),)} for n in ("edge", "gap") for level in (Level.WARN, Level.ALARM)),
    *({"halt": Halt(k, "it is"), "live_flat": False} for k in HaltKind),
    *({"data": d} for d in (DataState.STALE, DataState.DEGRADED)),
    {"data": DataState.STALE, "halt": Halt(HaltKind.RISK, "it is"), "live_flat": False},
    {"bound_broken": True},
    {"futility": 25.0},
    {"e_stress": 0.5},
    {"e_live": 0.5},
    {"residual": 1.0},
    {"venue_simulated": False},
    {"venue_simulated": False, "source": Source.LIVE_FEED},
    {"venue_simulated": False, "source": Source.LIVE_FEED, "synthetic": True},
    {"least_fraction": Decimal("0.2")},
    {"live_flat": False},
]
ORDERS = st.tuples(
    st.sampled_from([*Order, Order.PROMOTE, Order.PROMOTE, Order.RESTORE]),
    st.sampled_from([*NAMES * 4, None, "nobody"]),
    st.sampled_from(["ann", "bob", "cyd"]),
)


class Promotion(RuleBasedStateMachine):
    """Four versions, one account; looks that are calm, looks at which anything is so, and persons."""

    @initialize(rules=RULES, account=ACCOUNTS)
    def begin(self, rules: PromotionRules, account: AccountFacts) -> None:
        self.terms, self.account = rules, account
        self.manager = StrategyPromotionManager(rules)
        self.now = T0
        self.identity = dict.fromkeys(NAMES, 0)
        self.trades = dict.fromkeys(NAMES, 0)
        self.evidence = dict.fromkeys(NAMES, 25.0)
        self.profit = dict.fromkeys(NAMES, Decimal(0))
        self.latest: dict[str, Evaluation] = {}

    # ---- what can happen

    @rule(looks=st.integers(1, 8), bars=st.sampled_from([1, 6, 18]))
    def all_is_well(self, looks: int, bars: int) -> None:
        for _ in range(looks):
            self._trade()
            self._look(bars * BAR)

    @rule(restored=st.booleans(), looks=st.integers(1, 4))
    def everybody_goes_on(self, restored: bool, looks: int) -> None:
        """Whatever stood still is let go, whatever waited is approved, and time goes by."""
        if restored:
            self._look(BAR, {}, [Command(i, Order.RESTORE, v, "ann", "the feed is back") for i, v in enumerate(NAMES)])
        self._look(BAR, {}, [Command(1, Order.RESUME, None, "ann", "go on")])
        for _ in range(looks):
            approvals = [
                Command(i, Order.APPROVE, v, who, "yes") for who in ("ann", "bob") for i, v in enumerate(NAMES)
            ]
            self._trade()
            self._look(18 * BAR, {}, approvals)

    @rule(version=st.sampled_from(NAMES), evidence=EVIDENCE)
    def other_evidence(self, version: str, evidence: float) -> None:
        self.evidence[version] = evidence

    @rule(
        version=st.sampled_from(NAMES),
        trouble=st.sampled_from(TROUBLES),
        later=st.sampled_from([1, BAR, 6 * BAR]),
        absent=st.sets(st.sampled_from(NAMES), max_size=2),
    )
    def one_is_in_trouble(self, version: str, trouble: dict[str, Any], later: int, absent: set[str]) -> None:
        """Others may not be looked at meanwhile, but for those that have never been."""
        self._look(later, {version: trouble}, absent=absent if self.latest else set())

    @rule(
        trouble=st.sampled_from([t for t in TROUBLES if not {"halt", "bound_broken", "futility"} & set(t)]),
        looks=st.integers(1, 3),
    )
    def all_are_in_trouble(self, trouble: dict[str, Any], looks: int) -> None:
        """A feed that stands still, a market that turns: what halts is rarer than that."""
        for _ in range(looks):
            self._look(BAR, dict.fromkeys(NAMES, trouble))

    @rule(
        orders=st.lists(ORDERS, min_size=1, max_size=3), version=st.sampled_from(NAMES), trouble=mostly({}, *TROUBLES)
    )
    def persons(self, orders: list[tuple[Order, str | None, str]], version: str, trouble: dict[str, Any]) -> None:
        commands = [
            Command(i, order, target, author, "so I want it") for i, (order, target, author) in enumerate(orders)
        ]
        self._look(BAR, {version: trouble}, commands)

    @precondition(lambda self: self.latest)
    @rule(
        order=st.sampled_from(sorted(TAKES, key=str)),
        whom=st.sampled_from([*NAMES, None]),
        trouble=mostly({}, *TROUBLES),
    )
    def a_person_who_does_not_wait(self, order: Order, whom: str | None, trouble: dict[str, Any]) -> None:
        """Only who is named is looked at, in the middle of a bar."""
        looked = set(NAMES) if whom is None else {whom}
        self._look(1, {sorted(looked)[0]: trouble}, [Command(1, order, whom, "ann", "now")], set(NAMES) - looked)

    @rule(version=st.sampled_from(NAMES))
    def another_identity(self, version: str) -> None:
        self.identity[version] += 1

    @rule(account=ACCOUNTS)
    def another_account(self, account: AccountFacts) -> None:
        self.account = account

    @rule(version=st.sampled_from(NAMES), earned=st.sampled_from([-500, -150, 200]))
    def a_profit(self, version: str, earned: int) -> None:
        if version in self.latest and self.manager.standing(version).fraction:
            self.profit[version] += earned

    @precondition(lambda self: self.latest)
    @rule()
    def saved_and_loaded(self) -> None:
        state, standings = self.manager.save(), dict(self.manager.standings)
        self.manager = StrategyPromotionManager(self.terms)
        self.manager.load(state)
        assert self.manager.standings == standings
        assert self.manager.save() == state

    @precondition(lambda self: self.latest)
    @rule(version=st.sampled_from(NAMES), trouble=st.sampled_from(TROUBLES))
    def the_kill_switch_and_the_way_back(self, version: str, trouble: dict[str, Any]) -> None:
        """From wherever it stands, in one event, without waiting for the bar; who had ended goes back to that."""
        self._look(1, {version: trouble}, [Command(1, Order.HALT, version, "ann", "stop")])
        assert self.manager.standing(version).stage is Stage.HALTED
        ended = self.manager.standing(version).ended
        self._look(BAR, {}, [Command(2, Order.RESUME, version, "ann", "go")])
        assert self.manager.standing(version).stage is (ended or Stage.PAPER)

    # ---- what must be true of every decision

    def _trade(self) -> None:
        for version in NAMES:
            self.trades[version] += 5

    def _look(
        self,
        later: int,
        troubles: dict[str, dict[str, Any]] | None = None,
        commands: list[Command] | None = None,
        absent: AbstractSet[str] = frozenset(),
    ) -> None:
        # Time between two looks is of whole bars, or the next look is one in the middle of a bar.
        self.now = self.now + 1 if later == 1 else (self.now + later) // BAR * BAR
        facts = [self._facts(v, (troubles or {}).get(v, {})) for v in NAMES if v not in absent]
        before = dict(self.manager.standings)
        found = self.manager.evaluate(facts, self.account, commands or [])
        assert {e.version for e in found.evaluations} == set(NAMES) - absent
        for evaluation in found.evaluations:
            self._judge(evaluation, before.get(evaluation.version))
        self._account_is_kept(found)
        self.latest |= {e.version: e for e in found.evaluations}

    def _facts(self, version: str, trouble: dict[str, Any]) -> Facts:
        known = self.manager.standings.get(version)
        good: dict[str, Any] = {
            "time_ns": self.now,
            "version": version,
            "identity": f"{version}{self.identity[version]}",
            "evidence_from_ns": T0 if known is None else known.evidence_from_ns,
            "budget": Decimal(10_000 if version in "ab" else 2_000),
            "verdicts": PASSED,
            "adjusted": self.evidence[version],
            "e_live": 1.5,
            "live_trades": self.trades[version],
            "live_pnl": self.profit[version],
        }
        return Facts(**(good | trouble))

    def _judge(self, e: Evaluation, before: Standing | None) -> None:
        assert before is None or e.before == before
        assert e.after == self.manager.standing(e.version)
        assert recompute(e) == e
        assert_follows(e)
        assert len(e.answers) == len(e.commands)
        self._moved_by_the_table(e)
        self._rose_by_the_rules(e)
        self._acted(e)
        if not e.facts.at_bar:
            assert e.move in (None, Move.HALT, Move.DEMOTE, Move.ARCHIVE)
            assert e.after.fraction in (e.before.fraction, 0)
            assert e.after.cleared_pnl == e.before.cleared_pnl

    def _moved_by_the_table(self, e: Evaluation) -> None:
        if e.move is None:
            assert (e.after.stage, e.after.fraction) == (e.before.stage, e.before.fraction)
            assert e.reasons or e.after.stage in (Stage.STABLE, Stage.HALTED, Stage.REJECTED, Stage.ARCHIVED)
        else:
            assert STAGES[e.before.stage, e.move] is e.after.stage
            assert e.reasons
        moved = [x for x in entries_of(Round((e,)), e.time_ns) if type(x).__name__ == "StageChanged"]
        assert len(moved) == (e.move is not None)
        for entry in moved:
            encode(entry)
        if e.move is Move.CHANGE:
            assert (e.after.epoch, e.after.frozen, e.after.fraction) == (e.before.epoch + 1, None, 0)
            assert e.after.evidence_from_ns == self.now
        else:
            assert e.after.epoch == e.before.epoch
        again = e.move in (Move.RETRY, Move.RESUME)
        assert e.after.attempt - e.before.attempt == again or e.move is Move.CHANGE
        # Evidence begins anew with another identity, or at a raised threshold.
        assert e.move in (Move.REGISTER, Move.CHANGE) or again or e.after.evidence_from_ns == e.before.evidence_from_ns

    def _rose_by_the_rules(self, e: Evaluation) -> None:
        rules, before, after = self.terms, e.before, e.after
        if e.move in UPWARD:
            assert after.pause is Pause.NONE
            assert e.facts.level is Level.CALM
            assert e.facts.data is DataState.FRESH
        if after.fraction <= before.fraction:
            return
        assert after.fraction <= rules.max_allocation
        assert after.fraction <= e.room.fraction
        if e.move is Move.RESTORE:
            assert after.fraction <= max(rules.initial_allocation, before.committed)
            return
        assert e.facts.venue_simulated or (e.facts.source is Source.LIVE_FEED and not e.facts.synthetic)
        assert e.facts.least_fraction <= after.fraction
        if not before.fraction:
            assert SLACK * rules.initial_allocation <= after.fraction + Decimal("0.0001")
            assert after.fraction <= min(rules.initial_allocation, e.room.fraction)
            assert e.facts.live_flat
        else:
            assert after.fraction - before.fraction <= rules.allocation_increment
            assert self.now - before.stepped_ns >= rules.min_dwell.days * DAY
            assert e.facts.live_trades - before.stepped_trades >= rules.min_dwell.trades
        if after.forced:
            assert e.move is Move.FORCE
            return
        assert e.facts.verdicts == () or e.facts.verdicts == PASSED
        if rules.needs_evidence or before.fraction:
            least = rules.needed(after.fraction, after.attempt) if before.fraction else rules.needed_live(after.attempt)
            assert e.facts.counted >= least

    def _acted(self, e: Evaluation) -> None:
        if e.action in (Action.JOIN, Action.STEP_UP):
            assert e.after.stage.holds_capital
        if e.action is Action.REDUCE:
            assert e.after.fraction <= e.before.fraction
        if e.action is Action.FLATTEN:
            assert e.facts.data is not DataState.STALE
        if e.before.stage.holds_capital and not e.after.stage.holds_capital:
            assert e.action in (Action.DEMOTE, Action.FLATTEN, Action.HOLD)
            assert e.after.committed == (0 if e.facts.live_flat else e.before.fraction)

    # ---- what must be true of all versions together

    def _account_is_kept(self, found: Round) -> None:
        account, rules = self.account, self.terms
        everyone = found.evaluations
        rose = [e for e in everyone if e.after.fraction > e.before.fraction]
        standings = self.manager.standings
        held = {v: (s.fraction or s.committed) * s.budget for v, s in standings.items()}
        unproven = [e for e in everyone if e.facts.counted < rules.proven_evidence]
        pool = sum(held[v] for v, s in standings.items() if not s.proven)
        cap = rules.unproven_capital_max * account.equity
        if rose:
            assert sum(held.values()) <= account.open_max * account.equity
            assert sum(1 for amount in held.values() if amount) <= account.live_max
            for e in rose:
                assert held[e.version] <= account.budget_max * account.equity
                assert e not in unproven or pool <= cap
        if (
            len(everyone) < len(NAMES)
            or not everyone[0].facts.at_bar
            or any(e.facts.data is DataState.STALE for e in everyone)
        ):
            return
        # What is being sold cannot be taken back twice; all else fits, within a tenth of equity.
        kept = [e for e in everyone if e.after.fraction]
        leaving = [e for e in everyone if not e.after.fraction and e.after.committed]
        left = sum(held[e.version] for e in leaving if not e.before.fraction)
        assert len(kept) <= max(0, account.live_max - sum(1 for e in leaving if not e.before.fraction))
        assert not kept or sum(held[e.version] for e in kept) + left <= account.open_max * account.equity / SLACK
        assert (
            not [e for e in kept if e in unproven] or sum(held[e.version] for e in kept if e in unproven) <= cap / SLACK
        )

    @invariant()
    def capital_is_where_it_may_be(self) -> None:
        for s in getattr(self, "latest", {}).values():
            assert s.after.stage.holds_capital == (s.after.fraction > 0)
            assert 0 <= s.after.fraction <= self.terms.max_allocation
            assert not s.after.forced or s.after.stage.holds_capital

    @invariant()
    def capital_without_a_persons_word_has_its_evidence(self) -> None:
        """At most twice what the rule allows; under `given` the first step is free."""
        for e in getattr(self, "latest", {}).values():
            free = e.after.forced or (
                not self.terms.needs_evidence and e.after.fraction <= self.terms.initial_allocation
            )
            if e.after.fraction and not free and e.facts.at_bar and e.facts.data is not DataState.STALE:
                least = self.terms.needed(e.after.fraction * self.terms.deramp_hysteresis, e.after.attempt)
                assert e.facts.counted >= least


class ThoroughPromotion(Promotion):
    """The same, for the slow suite."""


def _with(machine: type[Promotion], examples: int) -> Any:
    case = machine.TestCase
    case.settings = settings(
        max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    return case


TestPromotion = _with(Promotion, 15)
TestPromotionThoroughly = pytest.mark.slow(_with(ThoroughPromotion, 600))
