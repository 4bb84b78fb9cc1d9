"""One strategy version, as the entries tell of it."""

from __future__ import annotations

from fractions import Fraction

from .comparing import Document
from .evidence import Bars
from .monitors import Risk, Watch


class Version:
    """One strategy version: what its reference track has shown in this attempt, and its live side."""

    def __init__(self, facts: Document, rules: Document, start: int) -> None:
        self.identity, self.budget, self.rules = facts["version"], Fraction(facts["budget"].split()[0]), rules
        self.since, self.bars, self.attempt = start, Bars(rules), 1
        self.trades = self.wins = self.losses = self.live_trades = 0
        self.won = self.lost = Fraction(0)
        self.best = list[Fraction]()
        # Of the bars of all attempts.
        self.risk = Risk()
        # The attempts that were there when it went live, while it holds capital.
        self.beside: dict[str, Bars] = {}
        self.sampled: tuple[int, float] | None = None
        # At half as much again of costs; none where they do not follow from the entries.
        self.stress: Bars | None = Bars(rules)
        self.halt, self.stopped, self.earned = "", False, Fraction(0)
        self.after: Document | None = None
        self.live: str | None = None
        self.watch: Watch | None = None
        self.watched_from = start
        # E of the live tracks of this attempt that are closed, multiplied; and the attempt in which the present one was opened.
        self.live_before: float | None = None
        self.live_since = start
        self.decided: Document | None = None
        # The last evidence bar at which it was looked at, the verdicts told there, and what the user's own criteria were given.
        self.judged: tuple[int, list[Document], Document | None] = (0, [], None)

    def begin(self, now: int) -> None:
        self.since, self.bars, self.attempt = now, Bars(self.rules), self.attempt + 1
        self.stress = None if self.stress is None else Bars(self.rules)
        self.trades = self.wins = self.losses = 0
        self.won = self.lost = Fraction(0)
        self.best = []
        self.sampled = self.live_before = None

    def breakeven(self) -> float:
        """The share of trades that has to win at the mean win and the mean loss of all so that nothing is lost: L / (W + L)."""
        win = self.won / self.wins if self.wins else Fraction(0)
        loss = self.lost / self.losses if self.losses else Fraction(0)
        return float(loss / (win + loss)) if win + loss else 0.0

    def live_evidence(self, live: Bars | None) -> float | None:
        """E of all live tracks of this attempt, one after the other."""
        if live is None or self.live_since != self.since or live.bound is None:
            return self.live_before
        return live.e_value * (1.0 if self.live_before is None else self.live_before)

    def watch_by(self, now: int) -> None:
        """From the next bar on, as soon as the reference varies."""
        if self.watch is None and len(self.bars.returns) > 1 and self.bars.spread():
            self.watch, self.watched_from = Watch(self.bars, self.risk), now
