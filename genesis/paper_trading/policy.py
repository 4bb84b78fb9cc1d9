"""How often a promotion policy is wrong, how long it takes to be right, and how much capital works meanwhile: by simulation.

The decisions are those of the runtime: `StrategyPromotionManager.evaluate` over verdicts of `ValidationCriteria`. Evidence comes from the columns of
`genesis.evidence.columns`, the live track's from `Evidence` itself. A look whose facts lie on the same side of every threshold as those of the last look, which changed
nothing, is not taken; that this loses nothing is a test.

Left out: monitors, tiers and a venue that costs live more than paper, all of which only take capital away; the hedge against a benchmark, so the market is flat. Persons
approve at once what the gates ask of them, and do nothing else. Profits do not change the account's equity. A bar's loss is cut at 80 % of the loss bound, as risk does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np

from genesis.paper_trading.policy_families import Family
from genesis.paper_trading.policy_shown import weigh_all
from genesis.paper_trading.policy_values import BARS_A_DAY, Outcome, Policy, Rate, Strategy, World
from genesis.paper_trading.policy_years import years
from genesis.paper_trading.stages import Stage

# So many values of a step are drawn at once at most.
_AT_ONCE = 400


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
