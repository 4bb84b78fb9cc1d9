"""A decision while it is made: the case, what was found so far, and the step it comes to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from genesis.clock import NS_PER_DAY
from genesis.paper_trading.promotion_facts import NOTHING, Answer, Command, Facts, Room, Standing
from genesis.paper_trading.promotion_guards import Case, Words
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.stages import CAPITAL, Move, Stage

JUDGED = CAPITAL | {Stage.PAPER, Stage.VALIDATED}


class Step:
    """A move that is due: the fraction after it, why, and what else changes of the standing."""

    __slots__ = ("changes", "fraction", "move", "why")

    def __init__(self, move: Move, fraction: Decimal, why: Words, **changes: Any) -> None:
        self.move, self.fraction, self.why, self.changes = move, fraction, why, changes


class Minutes:
    """What is known of one version at one moment, and what has been said and changed until now."""

    __slots__ = ("answers", "before", "calls", "case", "commands", "facts", "now", "reasons", "rules")

    def __init__(
        self, rules: PromotionRules, standing: Standing, facts: Facts, room: Room, commands: tuple[Command, ...]
    ) -> None:
        self.rules, self.facts, self.now = rules, facts, facts.time_ns
        self.before, self.commands = standing, commands
        self.case = Case(rules, standing, facts, room)
        self.answers: dict[int, Answer] = {}
        self.reasons: list[str] = []
        self.calls: list[str] = []

    @property
    def standing(self) -> Standing:
        """Where the version stands by now."""
        return self.case.standing

    def set(self, **changes: Any) -> None:
        """Change the standing."""
        self.case.standing = msgspec.structs.replace(self.case.standing, **changes)

    def call(self, why: str) -> None:
        """Call a person."""
        self.calls.append(why)

    def again(self) -> dict[str, Any]:
        """What the next attempt of the same identity begins with: whoever lets it begin, its thresholds are raised."""
        return self.anew() | {"attempt": self.standing.attempt + 1}

    def raised_by(self, attempt: int) -> str:
        """What a further attempt means, in words."""
        times = self.rules.penalty(attempt)
        return f"evidence begins anew, and every threshold of it is {times:f} times that of the first"

    def anew(self) -> dict[str, Any]:
        """What an attempt begins with: evidence, counters and time of its own."""
        return {
            "evidence_from_ns": self.now,
            "deadline_ns": self.now + self.rules.paper_max_days * NS_PER_DAY,
            "frozen": None,
            "errors": 0,
            "inconclusive": 0,
            "failures": 0,
            "halt": None,
            "halted_fraction": NOTHING,
            "ended": None,
            "proven": False,
        }
