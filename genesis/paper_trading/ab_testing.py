"""A/B tests: the variants of one strategy, on the same bars and with the same luck, compared for as long as they run.

The first variant is the champion. Two that decide the same at the same moment meet the same latency and slippage (`genesis.rng`), so that what differs is the
strategies alone; and only differences of the same bars are tested (`genesis.evidence.pairs`).

A champion loses its place to the challenger that is proven better (an adjusted paired E of 20), or when it is out: demoted, halted, rejected, archived; then the last good one before it
has it again, else the first variant that is not out. Each reign is a test of its own, from E = 1. What a proven successor holds, its predecessor gives (`Succession`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

import msgspec

from genesis.clock import NS_PER_DAY
from genesis.evidence.pair_rules import PairResult, PairRules
from genesis.evidence.pairs import Comparison
from genesis.model.promotion_events import VariantsCompared
from genesis.paper_trading.candidate import Candidate
from genesis.paper_trading.promotion_facts import Limit, Standing
from genesis.paper_trading.promotion_rules import PromotionRules, percent, written
from genesis.paper_trading.stages import CAPITAL, Stage

# Who can hold no capital until a person or time lets it begin again is no champion.
_OUT = frozenset({Stage.DEMOTED, Stage.HALTED, Stage.REJECTED, Stage.ARCHIVED})
_RISING = CAPITAL | {Stage.VALIDATED}


class Succession(msgspec.Struct, frozen=True):
    """A champion that was proven worse than its successor: what it ``held`` then, a fraction of its budget, and why."""

    before: str
    after: str
    held: Decimal
    words: str

    def limit(self, successor: Standing, rules: PromotionRules) -> Limit:
        """The greatest fraction that the predecessor may hold: what it held less what its successor holds and may take next."""
        step = rules.allocation_increment if successor.fraction else rules.initial_allocation
        taken = successor.fraction + (step if successor.stage in _RISING else 0)
        left = max(Decimal(0), self.held - taken)
        return Limit(left, f"{self.words}; of {percent(self.held)} it held {percent(left)} are left to it")


class AbTest:
    """One experiment, fed an evidence bar at a time.

    Args:
        name: of the strategy whose variants they are.
        candidates: two or more, the champion first.
        swaps: whether a champion loses its place by itself; else persons act on the answer.

    Raises:
        ValueError: fewer than two, or more than the rules allow.
    """

    def __init__(self, name: str, candidates: Sequence[Candidate], rules: PairRules, swaps: bool) -> None:
        self.name, self._rules, self._swaps = name, rules, swaps
        self._candidates = {c.track.name: c for c in candidates}
        self._names = tuple(self._candidates)
        self._comparison = Comparison(rules, self._names)
        self._trades = dict.fromkeys(self._names, 0)
        self._told: tuple[object, ...] = ()
        # Those before the present champion, the last one last; by name, who was proven worse than whom.
        self._reigned: list[str] = []
        self._successions: dict[str, Succession] = {}

    @property
    def champion(self) -> str:
        """Who is compared with all others."""
        return self._comparison.names[0]

    @property
    def successions(self) -> Collection[Succession]:
        """Former champions that were proven worse, and are not champions again."""
        return self._successions.values()

    def close_bar(self, now: int, standings: Mapping[str, Standing]) -> list[VariantsCompared]:
        """Take the bar that has just closed, unless a variant lacks it; tell at midnight, and whenever a challenger's standing or the champion changes.

        ``standings`` are those of before the bar, by version.
        """
        compared, reign = self._compare(), self._comparison
        events = [self._tell(now, reign)] if compared and self._is_news(now) else []
        if self._swaps and self._succeed(standings):
            if not events and compared:
                events = [self._tell(now, reign)]
            events.append(self._tell(now, self._comparison))
        return events

    def _compare(self) -> bool:
        """Whether all variants have the bar."""
        candidates = [self._candidates[n] for n in self._comparison.names]
        whole = [c.portfolio.bar_return for c in candidates]
        counts = {c.track.name: c.portfolio.trades.n for c in candidates}
        changes = [change for change in whole if change is not None]
        if len(changes) < len(whole):
            return False
        closed = [counts[n] - self._trades[n] for n in self._comparison.names]
        self._trades = counts
        self._comparison.add(changes, closed)
        return True

    def _is_news(self, now: int) -> bool:
        told = tuple(r.standing for r in self.results())
        if now % NS_PER_DAY and told == self._told:
            return False
        self._told = told
        return True

    def _tell(self, now: int, reign: Comparison) -> VariantsCompared:
        return VariantsCompared(now, None, self.name, tuple(written(r) for r in reign.results()))

    # ---- who is champion

    def _succeed(self, standings: Mapping[str, Standing]) -> bool:
        """Whether the place of the champion has gone to another."""
        out = {n for n in self._names if standings[n].stage in _OUT}
        champion = self.champion
        if champion in out:
            return self._fall_back(champion, out)
        better = self._comparison.winner()
        if better is None or better.challenger in out:
            return False
        words = f"{better.challenger} is proven better (E {better.adjusted:.1f} of {self._rules.decide_at:g}) and is the champion of {self.name}"
        held = standings[champion].fraction
        self._successions[champion] = Succession(champion, better.challenger, held, words)
        self._reigned.append(champion)
        self._crown(better.challenger)
        return True

    def _fall_back(self, champion: str, out: Collection[str]) -> bool:
        good = [n for n in self._reigned if n not in out]
        others = good[-1:] or [n for n in self._names if n not in out]
        if not others:
            return False
        self._reigned = [n for n in self._reigned if n != others[0]]
        self._reigned.append(champion)
        self._crown(others[0])
        return True

    def _crown(self, name: str) -> None:
        self._successions.pop(name, None)
        # Whoever lost its place to somebody who has lost it since is held back by nobody.
        self._successions = {
            n: s for n, s in self._successions.items() if s.after == name or s.after in self._successions
        }
        self._comparison = Comparison(self._rules, (name, *(n for n in self._names if n != name)))
        self._told = ()

    def results(self) -> tuple[PairResult, ...]:
        """Each challenger beside the champion."""
        return self._comparison.results()
