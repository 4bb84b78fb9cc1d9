"""What a study of a promotion policy asks and what it finds: frozen values."""

from __future__ import annotations

from math import sqrt

import msgspec

from genesis.clock import NS_PER_HOUR
from genesis.evidence.payoffs import Payoff
from genesis.evidence.rules import BettingRules
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.validation_criteria import ValidationCriteria

BAR_NS = 4 * NS_PER_HOUR
BARS_A_DAY = 6
# Engine time of the simulated year's first midnight; nothing depends on the date.
BEGIN_NS = 19_700 * 24 * NS_PER_HOUR


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What is studied: the configuration that decides.

    Raises:
        ValueError: criteria of what is not simulated (costs, gaps in the data, a live side, the user's own); they would promote nobody.
    """

    criteria: ValidationCriteria = ValidationCriteria()
    rules: PromotionRules = PromotionRules()
    betting: BettingRules = BettingRules()

    def __post_init__(self) -> None:
        if self.criteria.unsimulated:
            found = ", ".join(self.criteria.unsimulated)
            raise ValueError(f"criteria: expected those of what is simulated, found {found}")


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is studied: ``families`` of ``members`` versions each, that trade ``trades_a_day`` times for ``days``.

    ``correlation`` between the members of a family, ``autocorrelation`` of one trade's result with the next. Budgets are 10,000 each, the account holds their sum.

    Raises:
        ValueError: a number out of its range.
    """

    families: int = 50
    members: int = 1
    days: int = 365
    trades_a_day: int = 24
    correlation: float = 0.5
    autocorrelation: float = 0.05
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("families", "members", "days", "trades_a_day"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 1 or more, found {getattr(self, name)}")
        if not 0 <= self.correlation < 1 or not 0 <= self.autocorrelation < 1:
            raise ValueError(
                f"correlation, autocorrelation: expected 0 to under 1, found {self.correlation}, {self.autocorrelation}"
            )

    @property
    def bars(self) -> int:
        """Evidence bars of the whole time."""
        return self.days * BARS_A_DAY


class Strategy(msgspec.Struct, frozen=True):
    """The strategy in question: its payoff, and its true annual Sharpe ratio, net of costs. Without an edge its look-alikes are as it is; beside one with an edge they have none."""

    payoff: Payoff
    sharpe: float

    @property
    def has_edge(self) -> bool:
        """Whether a promotion of it is right."""
        return self.sharpe > 0


class Rate(msgspec.Struct, frozen=True):
    """``hits`` of ``n`` independent cases."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share."""
        return self.hits / self.n

    @property
    def stderr(self) -> float:
        """Its standard error, with half a case where none or all were hit."""
        p = min(max(self.value, 0.5 / self.n), 1 - 0.5 / self.n)
        return sqrt(p * (1 - p) / self.n)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a strategy, one case a family.

    ``live``: it ever held capital; ``above_first``: more than the first step; ``half``, ``full``: that much. ``any_live``: any version of its family without edge was ever
    live. ``halted``, ``rejected``: at the end. ``decided``: live or rejected by then. ``days_to_live``: the median over all families, ``None`` where fewer than half
    get there. ``mean_share`` of its budget at work, over all bars and families. ``live_by_day``: the share that had been live by the end of each day.
    """

    strategy: Strategy
    live: Rate
    above_first: Rate
    half: Rate
    full: Rate
    any_live: Rate
    halted: Rate
    rejected: Rate
    decided: Rate
    days_to_live: float | None
    mean_share: float
    mean_share_stderr: float
    live_by_day: tuple[float, ...]
