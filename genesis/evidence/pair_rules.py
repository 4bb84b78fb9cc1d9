"""What a comparison of variants goes by, and what it says."""

from __future__ import annotations

from enum import Enum
from math import sqrt

import msgspec

from genesis.evidence.rules import FutilityRules
from genesis.metrics.ratios import BARS_PER_YEAR


class Standing(Enum):
    """How a challenger stands to the champion; `BETTER` and `WORSE` may be acted on, at `FUTILE` the trial may be stopped."""

    BETTER = "BETTER"
    WORSE = "WORSE"
    FUTILE = "FUTILE"
    OPEN = "OPEN"
    ALIKE = "ALIKE"


class PairRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How challengers are compared with the champion.

    ``max_variants`` counts the champion. ``decide_at``: the adjusted E at which a difference may be acted on. ``bets_sharpe``: annual Sharpe ratios of
    the difference that are bet on, each at most ``bet_cap``. ``clip``: what a scaled difference counts at most in favour of a bet. ``warmup_bars`` bars
    that differ come before the first bet; ``floor``: the least scale, as a share of their deviation. ``cap``: winnings above it are taken off the table.
    ``futility``: the advantage, an annual ratio of the difference, that would be worth a change, and when its absence is believed.

    Raises:
        ValueError: a number out of its range.
    """

    max_variants: int = 3
    decide_at: float = 20.0
    bets_sharpe: tuple[float, ...] = (1.5, 3.0, 5.0, 8.0, 12.0)
    bet_cap: float = 0.12
    clip: float = 6.0
    decay: float = 0.98
    warmup_bars: int = 12
    floor: float = 0.5
    cap: float = 200.0
    futility: FutilityRules = FutilityRules()

    def __post_init__(self) -> None:
        if self.max_variants < 2:
            raise ValueError(f"max_variants: expected 2 or more, found {self.max_variants}")
        if not self.bets_sharpe or min(self.bets_sharpe) <= 0 or not 0 < self.bet_cap * self.clip < 1:
            raise ValueError(
                "bets_sharpe, bet_cap: expected ratios above 0 and a cap under 1 / clip, found "
                f"{self.bets_sharpe}, {self.bet_cap}"
            )
        if not 1 < self.decide_at <= self.cap / 2 or not 0 <= self.decay < 1 or self.warmup_bars < 2 or self.floor <= 0:
            raise ValueError(
                "decide_at, decay, warmup_bars, floor: expected 1 to half the cap, 0 to 1, 2 or more, above 0, found "
                f"{self.decide_at}, {self.decay}, {self.warmup_bars}, {self.floor}"
            )

    @property
    def bets(self) -> tuple[float, ...]:
        """Fractions of the stake per unit of scaled difference."""
        return tuple(min(s / sqrt(BARS_PER_YEAR), self.bet_cap) for s in self.bets_sharpe)


class PairResult(msgspec.Struct, frozen=True, kw_only=True):
    """A challenger beside the champion, over the same ``bars``.

    ``e_value``: two-sided; ``adjusted``: for all challengers. ``mean_bp``: challenger less champion, basis points of equity a bar, ``low_bp`` to
    ``high_bp`` its 95 % confidence sequence (``None`` under 42 bars); the three ``trade_bp`` are the same over the mean number of closed ``trades`` of
    both, ``None`` without any. ``futility``: E against an advantage that is worth a change.
    """

    champion: str
    challenger: str
    standing: Standing
    e_value: float
    adjusted: float
    futility: float
    bars: int
    trades: float
    mean_bp: float
    low_bp: float | None
    high_bp: float | None
    trade_bp: float | None
    trade_low_bp: float | None
    trade_high_bp: float | None
    words: str
