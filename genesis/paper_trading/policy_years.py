"""Simulated time: families of look-alikes, trade by trade."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import numpy as np

from genesis.evidence.columns import Counts, Floats, WarmUp
from genesis.evidence.simulated import chosen, shocks, stepwise
from genesis.metrics.returns import YEAR_DAYS
from genesis.paper_trading.policy_shown import CUT_AT, Shown
from genesis.paper_trading.policy_values import BARS_A_DAY, Policy, Strategy, World


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
        least = opened * (1 - CUT_AT * warm.bound)
        after = np.where(stopped, now, now * (1 + change))
        cut = warm.begun & (after <= least) & ~stopped
        won[step] = (after > now) & ~cut
        now = np.where(cut, least, after)
        stopped = stopped | cut
        equity[step] = now
    for family in range(families):
        own = slice(family * world.members, (family + 1) * world.members)
        yield Year(np.ascontiguousarray(equity[:, own].T), np.ascontiguousarray(won[:, own].T), trades)
