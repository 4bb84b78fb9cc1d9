"""The rules of the bet: numbers that are fixed before the first return and recorded with the run."""

from __future__ import annotations

from enum import Enum
from math import sqrt

import msgspec

from genesis.metrics.ratios import BARS_PER_YEAR


class Source(Enum):
    """Where evidence comes from. Replayed history opens simulated venues only; live data, gathered while the process ran, may open real ones."""

    REPLAY = "replay"
    LIVE_FEED = "live_feed"


class BettingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a strategy's returns are bet upon.

    ``bets_sharpe``: annual Sharpe ratios, for each of which an equal part of the stake bets its best fraction, at most ``bet_cap``.
    ``kappa``: no bar's scaled loss is more than this. ``upper_clip``: what a scaled gain counts at most. ``decay``: weight of the past in the
    bars' running variance. ``warmup_bars``: bars with a return that is not zero before the first bet. ``bound_deviations``: the loss bound in
    standard deviations of those bars. ``cap``: winnings above it are taken off the table.

    Raises:
        ValueError: a bet that the worst bar could more than lose, or a number out of its range.
    """

    bets_sharpe: tuple[float, ...] = (1.5, 3.0, 5.0, 8.0, 12.0)
    bet_cap: float = 0.12
    kappa: float = 8.0
    upper_clip: float = 6.0
    decay: float = 0.94
    warmup_bars: int = 12
    bound_deviations: float = 12.0
    cap: float = 200.0

    def __post_init__(self) -> None:
        if not self.bets_sharpe or min(self.bets_sharpe) <= 0:
            raise ValueError(f"bets_sharpe: expected ratios above 0, found {self.bets_sharpe}")
        if not 0 < self.bet_cap * self.kappa < 1:
            raise ValueError(f"bet_cap: expected above 0 and under 1 / kappa, found {self.bet_cap} of {self.kappa}")
        if not 0 <= self.decay < 1 or self.warmup_bars < 2 or self.bound_deviations <= 0 or self.cap <= 1:
            raise ValueError(
                "rules: expected a decay of 0 to 1, 2 warm-up bars or more, a bound above 0 and a cap above 1, found "
                f"{self.decay}, {self.warmup_bars}, {self.bound_deviations}, {self.cap}"
            )
        if self.upper_clip <= 0:
            raise ValueError(f"upper_clip: expected above 0, found {self.upper_clip}")

    @property
    def bets(self) -> tuple[float, ...]:
        """Fractions of the stake per unit of scaled return: the annual ratio over the root of bars a year, capped."""
        return tuple(min(s / sqrt(BARS_PER_YEAR), self.bet_cap) for s in self.bets_sharpe)


class FutilityRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is found out that a strategy is not as good as it would have to be.

    ``min_sharpe``: the annual ratio that is doubted. ``multiples`` of it are bet on, each at most ``bet_cap``; ``alpha``: how often a strategy that has
    the ratio may be given up, at most. ``lose_most``: the part of a bet that one bar may cost; gains beyond that count no more. ``decay`` of the running
    variance, ``floor`` the least scale as a share of the deviation known at the start.

    Raises:
        ValueError: a number out of its range.
    """

    min_sharpe: float = 1.5
    multiples: tuple[float, ...] = (1.0, 2.0, 4.0)
    alpha: float = 0.05
    bet_cap: float = 0.12
    lose_most: float = 0.88
    decay: float = 0.98
    floor: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.min_sharpe < sqrt(BARS_PER_YEAR) or not self.multiples or min(self.multiples) <= 0:
            raise ValueError(f"min_sharpe, multiples: expected above 0, found {self.min_sharpe}, {self.multiples}")
        if not 0 < self.alpha < 1 or not 0 <= self.decay < 1 or self.floor <= 0:
            raise ValueError(
                f"alpha, decay, floor: expected 0 to 1, 0 to 1, above 0, found {self.alpha}, {self.decay}, {self.floor}"
            )
        if self.lose_most <= 0 or self.bet_cap <= 0 or self.lose_most >= 1:
            raise ValueError(
                f"lose_most, bet_cap: expected between 0 and 1, and above 0, found {self.lose_most}, {self.bet_cap}"
            )

    @property
    def bets(self) -> tuple[float, ...]:
        """Fractions of the stake per unit of scaled return."""
        return tuple(min(m * self.min_sharpe / sqrt(BARS_PER_YEAR), self.bet_cap) for m in self.multiples)


class HedgeRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the benchmark is taken out of a strategy's returns.

    ``decay``: weight of the past, bar by bar, in the regression on the benchmark. ``beta_bars``: bars it needs before the first residual.
    ``raw_floor``: the least scale of the bet on residuals, as a share of the running deviation of the returns themselves. The bets are those of
    `BettingRules`, and so is the other least scale: a bound of as many deviations of the residuals, over kappa.

    Raises:
        ValueError: a number out of its range.
    """

    decay: float = 0.995
    beta_bars: int = 12
    raw_floor: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.decay < 1 or self.beta_bars < 2 or self.raw_floor < 0:
            raise ValueError(
                "decay, beta_bars, raw_floor: expected 0 to 1, 2 or more, 0 or more, found "
                f"{self.decay}, {self.beta_bars}, {self.raw_floor}"
            )

    @staticmethod
    def floor(betting: BettingRules) -> float:
        """The least scale of the bet, as a share of the residuals' deviation in the warm-up."""
        return betting.bound_deviations / betting.kappa
