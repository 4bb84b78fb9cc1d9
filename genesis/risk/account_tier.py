"""The tier of a live account as its equity rises and falls (definitions.md, "Tiers")."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from genesis.risk.tiers import Tier

# So many daily closes in a row above a bound lead up; one moment below this share of it leads down.
_CLOSES_UP = 7
_DOWN_BELOW = Decimal("0.9")


class AccountTier:
    """Up after seven daily closes above the bound, down at once below 90 % of it; ``None`` is ``paper_only``, under the first bound.

    Args:
        tiers: lowest first.
        equity_usd: of the account when it is opened.
    """

    def __init__(self, tiers: Sequence[Tier], equity_usd: Decimal) -> None:
        self._tiers = tuple(tiers)
        self._place = self._by(equity_usd)
        self._closes = [0] * len(self._tiers)

    @property
    def tier(self) -> Tier | None:
        """The tier now."""
        return self._tiers[self._place] if self._place >= 0 else None

    def look(self, equity_usd: Decimal) -> None:
        """Take the equity of any moment: it may lead down."""
        while self._place >= 0 and equity_usd < _DOWN_BELOW * self._tiers[self._place].from_usd:
            # Who lost a tier earns it anew: closes of before do not count, however high the day ends.
            self._closes[self._place] = 0
            self._place -= 1

    def close_day(self, equity_usd: Decimal) -> None:
        """Take the equity at the end of a UTC day: it may lead up, one tier or more."""
        self.look(equity_usd)
        for place, tier in enumerate(self._tiers):
            self._closes[place] = self._closes[place] + 1 if equity_usd >= tier.from_usd else 0
        reached = [p for p, n in enumerate(self._closes) if n >= _CLOSES_UP]
        self._place = max([self._place, *reached])

    def _by(self, equity_usd: Decimal) -> int:
        reached = [p for p, tier in enumerate(self._tiers) if equity_usd >= tier.from_usd]
        return max(reached, default=-1)
