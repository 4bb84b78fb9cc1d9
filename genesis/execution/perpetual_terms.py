"""What a configuration says of a perpetual beside its steps: leverage, the venue's brackets, and what marks it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from genesis.model.margin import MarginTier

LIQUIDATION_FEE = Decimal("0.0125")


class MarkedBy(Enum):
    """What values a position and judges its margin between settlements.

    ``MARK_PRICE`` is the venue's own rule. ``LAST_PRICE`` lets the price of the instrument itself stand in between mark prices that are
    hours apart; settlements use mark prices all the same.
    """

    MARK_PRICE = "mark_price"
    LAST_PRICE = "last_price"


class PerpetualTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``margin_tiers`` is the venue's bracket table in force; ``leverage`` sets the initial margin, notional / leverage.

    ``liquidation_fee`` is a fraction of the notional closed (``liquidationFee`` of Binance's exchangeInfo; 0.0125 for BTCUSDT in 2021).
    ``mark_age_max_s`` is the oldest a mark price may be at a settlement, and at an entry where mark prices value the position.
    """

    margin_tiers: tuple[MarginTier, ...]
    leverage: int = 1
    liquidation_fee: Decimal = LIQUIDATION_FEE
    marked_by: MarkedBy = MarkedBy.MARK_PRICE
    mark_age_max_s: int = 120

    def __post_init__(self) -> None:
        if not self.margin_tiers:
            raise ValueError("margin_tiers: expected the venue's brackets, found none")
        if self.leverage < 1:
            raise ValueError(f"leverage: expected 1 or more, found {self.leverage}")
        if not 0 <= self.liquidation_fee < 1:
            raise ValueError(f"liquidation_fee: expected 0 or more and below 1, found {self.liquidation_fee}")
        if self.mark_age_max_s < 1:
            raise ValueError(f"mark_age_max_s: expected 1 or more, found {self.mark_age_max_s}")
