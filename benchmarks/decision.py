"""How long one decision takes: a million stored returns each of twenty variants, five criteria, the family's adjustment, the promotion table.

``python -m benchmarks.decision [--returns 1000000] [--variants 20] [--reps 200] [--cold 5]`` prints the 99th percentile of warm decisions, and what a fresh process takes from its first import to
the first decision over states that another one stored. Aims: 50 ms warm, 1 s cold.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from math import sqrt
from pathlib import Path

import numpy as np

from genesis.clock import NS_PER_DAY
from genesis.evidence.families import closed_adjustment
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source
from genesis.metrics.ratios import BARS_PER_YEAR, EVIDENCE_BAR_NS, Moments, sharpe
from genesis.paper_trading.promotion_facts import AccountFacts, Facts
from genesis.paper_trading.promotion_manager import StrategyPromotionManager
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Measurements, Window

BETS = BettingRules()
# One variant's stored state: evidence, moments of its returns, how many there are.
State = tuple[tuple[float, ...], tuple[float, ...], int]
_DEVIATION = 0.2 / sqrt(BARS_PER_YEAR)


def gathered(returns: int, seed: int) -> State:
    """The state after that many returns without an edge."""
    evidence, moments = Evidence(BETS, Source.REPLAY), Moments()
    for change in (_DEVIATION * np.random.default_rng(seed).standard_normal(returns)).tolist():
        evidence.add(change)
        moments.add(change)
    return evidence.save(), moments.save(), returns


class Desk:
    """Twenty versions, restored; each decision looks at all of them."""

    def __init__(self, states: list[State]) -> None:
        self._evidence: list[Evidence] = []
        self._moments: list[Moments] = []
        for kept, of_returns, _ in states:
            evidence, moments = Evidence(BETS, Source.REPLAY), Moments()
            evidence.load(kept)
            moments.load(of_returns)
            self._evidence.append(evidence)
            self._moments.append(moments)
        self._bars = states[0][2]
        self._manager = StrategyPromotionManager(PromotionRules())
        self._criteria = ValidationCriteria()
        budgets = Decimal(10_000 * len(states))
        self._account = AccountFacts(equity=budgets, live_max=len(states), budget_max=Decimal(1))
        self._now = self._bars * EVIDENCE_BAR_NS // NS_PER_DAY * NS_PER_DAY

    def decide(self) -> int:
        """One look at every version; how many evaluations it gave."""
        adjusted = closed_adjustment([e.e_value for e in self._evidence])
        facts = [self._facts(i, value) for i, value in enumerate(adjusted)]
        found = self._manager.evaluate(facts, self._account)
        self._now += EVIDENCE_BAR_NS
        return len([e.digest for e in found.evaluations])

    def _facts(self, i: int, adjusted: float) -> Facts:
        estimate = sharpe(self._moments[i])
        self._evidence[i].sharpe()
        measured = Measurements(
            window=Window(0, self._now),
            trades=self._bars,
            bars=self._bars,
            warmup_bars=self._evidence[i].warmup_bars,
            sharpe=None if estimate is None else estimate.value,
            sharpe_stderr=None if estimate is None else estimate.stderr,
            drawdown_max=0.05,
            win_rate=0.6,
        )
        return Facts(
            time_ns=self._now,
            version=f"v{i:02d}",
            identity=f"{i:064d}",
            evidence_from_ns=0,
            budget=Decimal(10_000),
            verdicts=self._criteria.judge(measured),
            e_value=self._evidence[i].e_value,
            adjusted=adjusted,
        )


def main() -> None:
    """Measure, and print both figures beside their aims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--returns", type=int, default=1_000_000)
    parser.add_argument("--variants", type=int, default=20)
    parser.add_argument("--reps", type=int, default=200)
    parser.add_argument("--cold", type=int, default=5)
    parser.add_argument("--restore", type=Path, help="decide once over the states of this file")
    asked = parser.parse_args()
    if asked.restore is not None:
        # Written by this program, a moment ago.
        Desk(pickle.loads(asked.restore.read_bytes())).decide()  # noqa: S301
        return
    # A variant's state is as large as any other's: one is gathered, all restore it.
    states = [gathered(asked.returns, 1)] * asked.variants
    desk, warm, worked = Desk(states), [], []
    for _ in range(asked.reps):
        begun, used = time.perf_counter(), time.process_time()
        desk.decide()
        warm.append(1000 * (time.perf_counter() - begun))
        worked.append(1000 * (time.process_time() - used))
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "states"
        kept.write_bytes(pickle.dumps(states))
        command, cold = [sys.executable, "-m", "benchmarks.decision", "--restore", str(kept)], []
        used = _used_by_children()
        for _ in range(asked.cold):
            begun = time.perf_counter()
            subprocess.run(command, check=True)
            cold.append(time.perf_counter() - begun)
        used = (_used_by_children() - used) / asked.cold
    p99, of_work = (statistics.quantiles(spent, n=100)[-1] for spent in (warm, worked))
    size = f"{asked.variants} variants of {asked.returns:,} returns"
    print(
        f"warm: p99 {p99:.1f} ms (of processor time {of_work:.1f} ms), median {statistics.median(warm):.1f} ms; aim 50 ms"
    )
    print(f"cold: worst {max(cold):.2f} s of {asked.cold} (of processor time {used:.2f} s on average); aim 1 s")
    print(f"{asked.reps} warm decisions over {size}; cold from a new process to its first decision")


def _used_by_children() -> float:
    """Seconds of processor time."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main()
