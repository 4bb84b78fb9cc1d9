"""The tracks of a run, built from its configuration: every strategy and variant, beside it and under fault plans, and what the first entry tells of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genesis.config import Config
from genesis.config.schema import StrategyConfig
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules
from genesis.execution.fault_plan import FaultPlan
from genesis.execution.faults import venue_faults
from genesis.execution.profile import ExecutionProfile
from genesis.feeds.files import Reading
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.strategies.base import Strategy
from genesis.system.faulted import plan_values, plans_in_use
from genesis.system.identity import version_of
from genesis.system.strategies import build_strategy, find_strategy
from genesis.system.weighing import SOURCE


class TrackBuilder:
    """Adds tracks to a simulator in the configuration's order; ``facts`` are what the first entry tells of each, in the same order."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        readings: Sequence[Reading],
        simulator: PaperTradingSimulator,
        betting: BettingRules,
    ) -> None:
        self._config, self._folder, self._readings = config, folder, readings
        self._simulator, self._betting = simulator, betting
        self._instruments = {r.instrument.id: r.instrument for r in readings}
        self.facts: list[dict[str, object]] = []

    def add_all(self) -> None:
        """All tracks: the run's own profile, the realistic one beside it, and those under a fault plan."""
        config = self._config
        for profile in (config.execution, config.realistic) if config.run.realistic else (config.execution,):
            for strategy in config.strategies:
                self._add(strategy, profile)
        for plan_name, (plan, strategies) in plans_in_use(config).items():
            for strategy in strategies:
                self._add(strategy, config.execution, (plan_name, plan))

    def _add(
        self,
        strategy: StrategyConfig,
        profile: ExecutionProfile,
        faults: tuple[str, FaultPlan] | None = None,
    ) -> None:
        """Every variant under a profile. The profile that is not the run's own stands beside: the same strategy, on a track of its own.

        So does one under a fault plan (its name and values), beside the same strategy undisturbed, which was added before.
        """
        beside = profile is not self._config.execution
        instruments, rates = ([self._instruments[i] for i in ids] for ids in (strategy.instruments, strategy.rates))
        balances = tuple(Money(amount, currency) for currency, amount in strategy.balances.items())
        cls = find_strategy(strategy.strategy, self._folder)
        variants = [(f"{strategy.name}.{v.name}", {**strategy.params, **v.params}) for v in strategy.variants]
        data = [r.report.sha256 for r in self._readings if r.instrument in instruments or r.instrument in rates]
        for name, params in variants or [(strategy.name, dict(strategy.params))]:
            built = build_strategy(cls, instruments, params, f"strategies.{name}")
            budget = Money(strategy.budget, strategy.budget_currency or instruments[0].quote)
            track = f"{name}@{profile.name}" if beside else name
            # Under each profile a scope is one of its own, and so it is under each plan.
            scope = None if strategy.liquidity_scope is None else f"{strategy.liquidity_scope} {profile.name}"
            if faults is None:
                evidence = None if beside else Evidence(self._betting, SOURCE)
                self._simulator.add(
                    track,
                    built,
                    budget,
                    strategy.lots,
                    strategy.trade_basis,
                    profile,
                    scope,
                    evidence=evidence,
                    balances=balances,
                    rates=rates,
                )
            else:
                track = self._add_disturbed(name, built, budget, strategy, scope, *faults, balances, rates)
            version = version_of(cls, params, strategy.instruments, data, profile.name)
            scoped = {} if scope is None else {"liquidity_scope": strategy.liquidity_scope}
            under = {} if faults is None else {"faults": _plan_facts(name, *faults)}
            moneys = _moneys_facts(strategy) if self._simulator.tracks[-1].portfolio.valuation is not None else {}
            self.facts.append(
                scoped
                | under
                | moneys
                | {
                    "beside": name if beside else None,
                    "budget": str(budget),
                    "instruments": [i.id for i in instruments],
                    "name": track,
                    "params": {k: str(v) for k, v in params.items()},
                    "profile": profile.name,
                    "strategy": strategy.strategy.rpartition("/")[2],
                    "synthetic": cls.synthetic,
                    "tier": self._simulator.tracks[-1].gate.tier.name,
                    "version": version,
                }
            )

    def _add_disturbed(
        self,
        name: str,
        built: Strategy,
        budget: Money,
        strategy: StrategyConfig,
        scope: str | None,
        plan_name: str,
        plan: FaultPlan,
        balances: Sequence[Money],
        rates: Sequence[Instrument],
    ) -> str:
        """Add a strategy under a plan; the track's name."""
        undisturbed = next(t for t in self._simulator.tracks if t.name == name)
        track = self._simulator.add(
            f"{name}!{plan_name}",
            built,
            budget,
            strategy.lots,
            strategy.trade_basis,
            None,
            None if scope is None else f"{scope}!{plan_name}",
            plan_name,
            venue_faults(plan, self._config.run.seed),
            balances=balances,
            rates=rates,
        )
        track.compare_with(undisturbed)
        return track.name


def _plan_facts(of: str, name: str, plan: FaultPlan) -> dict[str, object]:
    return {"of": of, "plan": name, "values": plan_values(plan)}


def _moneys_facts(strategy: StrategyConfig) -> dict[str, object]:
    """What an account of several moneys starts with beside its budget, and what converts between them."""
    return {"balances": {c: str(a) for c, a in strategy.balances.items()}, "rates": list(strategy.rates)}
