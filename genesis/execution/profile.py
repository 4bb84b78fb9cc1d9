"""The assumptions of a simulated venue, each named, with the mission's numbers as defaults."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from genesis.rng import ClippedNormal


class FeeCurrency(Enum):
    """In which asset a venue takes its fee: what the order received (spot exchanges) or always the quote."""

    RECEIVED = "received"
    QUOTE = "quote"


class FeeSchedule(msgspec.Struct, frozen=True):
    """Maker and taker rates in basis points of the notional.

    The fee is truncated to ``decimals`` of its currency, as spot exchanges do (execution.md 3.5).
    """

    maker_bp: Decimal = Decimal(10)
    taker_bp: Decimal = Decimal(10)
    currency: FeeCurrency = FeeCurrency.RECEIVED
    decimals: int = 8

    def __post_init__(self) -> None:
        for name in ("maker_bp", "taker_bp"):
            rate = getattr(self, name)
            if not 0 <= rate < 1000:
                raise ValueError(f"{name}: expected 0 to 1000 basis points, found {rate}")
        if not 0 <= self.decimals <= 30:
            raise ValueError(f"decimals: expected 0 to 30, found {self.decimals}")


class ExecutionProfile(msgspec.Struct, frozen=True):
    """A named set of assumptions. ``spec`` is the mission's: latency one way and slippage, both clipped normals.

    The whole latency draw is spent on the way in; the answer takes an independent draw times ``response_factor``; a cancel
    travels like an entry. Slippage is drawn once an order, for taker fills only, against us to the tick, bounded by the limit.
    ``prints_share`` and ``bar_share`` are the largest share of a print or of a bar's volume that one order may take;
    ``None`` for a bar means that its volume does not bind. ``half_spread_bp`` is what a taker pays beside slippage where the data show
    no bid and ask (trades alone, bars alone): an assumption, to be stated.
    """

    name: str = "spec"
    latency_ms: ClippedNormal = ClippedNormal(10, 2, 5, 15)
    response_factor: float = 0.5
    slippage_bp: ClippedNormal = ClippedNormal(2, 1, 2, 5)
    prints_share: Decimal = Decimal("0.2")
    bar_share: Decimal | None = Decimal("0.1")
    half_spread_bp: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        for name, share in (("prints_share", self.prints_share), ("bar_share", self.bar_share)):
            if share is not None and not 0 < share <= 1:
                raise ValueError(f"{name}: expected above 0 and at most 1, found {share}")
        if not 0 <= self.half_spread_bp < 1000:
            raise ValueError(f"half_spread_bp: expected 0 to 1000 basis points, found {self.half_spread_bp}")
        if self.latency_ms.low < 0 or self.slippage_bp.low < 0:
            raise ValueError("latency_ms and slippage_bp: expected a lower bound of 0 or more")
