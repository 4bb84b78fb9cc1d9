"""A/B tests: the variants of one strategy, on the same bars and with the same luck, compared for as long as they run.

The first variant is the champion. Two that decide the same at the same moment meet the same latency and slippage (`genesis.rng`), so that what differs is the
strategies alone; and only differences of the same bars are tested (`genesis.evidence.pairs`).
"""

from __future__ import annotations

from collections.abc import Sequence

from genesis.clock import NS_PER_DAY
from genesis.evidence.pair_rules import PairResult, PairRules
from genesis.evidence.pairs import Comparison
from genesis.model.events import VariantsCompared
from genesis.paper_trading.candidate import Candidate
from genesis.paper_trading.promotion_rules import written


class AbTest:
    """One experiment, fed an evidence bar at a time.

    Args:
        name: of the strategy whose variants they are.
        candidates: two or more, the champion first.

    Raises:
        ValueError: fewer than two, or more than the rules allow.
    """

    def __init__(self, name: str, candidates: Sequence[Candidate], rules: PairRules) -> None:
        self.name = name
        self._candidates = tuple(candidates)
        self._comparison = Comparison(rules, [c.track.name for c in candidates])
        self._trades = [0] * len(candidates)
        self._told: tuple[object, ...] = ()

    def close_bar(self, now: int) -> list[VariantsCompared]:
        """Take the bar that has just closed, unless a variant lacks it; tell at midnight, and whenever a challenger's standing changes."""
        changes = [c.portfolio.bar_return for c in self._candidates]
        counts = [c.portfolio.trades.n for c in self._candidates]
        closed = [now_n - before for now_n, before in zip(counts, self._trades, strict=True)]
        whole = [change for change in changes if change is not None]
        if len(whole) < len(changes):
            return []
        self._trades = counts
        self._comparison.add(whole, closed)
        results = self.results()
        told = tuple(r.standing for r in results)
        if now % NS_PER_DAY and told == self._told:
            return []
        self._told = told
        return [VariantsCompared(now, None, self.name, tuple(written(r) for r in results))]

    def results(self) -> tuple[PairResult, ...]:
        """Each challenger beside the champion."""
        return self._comparison.results()
