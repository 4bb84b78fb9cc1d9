"""The assumptions of a simulated venue, each named, with the mission's numbers as defaults."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from genesis.clock import NS_PER_MS
from genesis.model.grid import EXACT, currency_grid
from genesis.model.instruments import Instrument
from genesis.model.orders import Liquidity, Side
from genesis.rng import ClippedNormal, KeyedDraws

SLIPPAGE_SCALE = 10_000  # a draw in basis points times this is a fraction in 1e-8
ONE = 100_000_000


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


class FeeCalculator:
    """Fees of one instrument as integers: no Decimal on the way of a fill."""

    __slots__ = ("_base", "_decimals", "_quote", "_rate", "_received", "_scale", "_step")

    def __init__(self, schedule: FeeSchedule, instrument: Instrument, quote_decimals: int) -> None:
        self._scale = 10**12
        self._rate = {
            Liquidity.MAKER: _bp_units(schedule.maker_bp, self._scale),
            Liquidity.TAKER: _bp_units(schedule.taker_bp, self._scale),
        }
        self._received = schedule.currency is FeeCurrency.RECEIVED and not instrument.short_allowed
        self._base = (instrument.base, instrument.base_decimals, _truncation(instrument.base_decimals, schedule))
        self._quote = (instrument.quote, quote_decimals, _truncation(quote_decimals, schedule))

    def fee(self, side: Side, liquidity: Liquidity, base_units: int, quote_units: int) -> tuple[int, str, int]:
        """Fee of a fill as (units, currency, decimals); ``base_units`` and ``quote_units`` are what changed hands."""
        received_base = self._received and side is Side.BUY
        currency, decimals, step = self._base if received_base else self._quote
        units = (base_units if received_base else quote_units) * self._rate[liquidity] // self._scale
        return units - units % step, currency, decimals

    def worst_rate(self) -> tuple[int, int]:
        """The higher of the two rates as (numerator, denominator)."""
        return max(self._rate.values()), self._scale


def _bp_units(rate: Decimal, scale: int) -> int:
    return currency_grid(12).from_decimal(rate.scaleb(-4, EXACT)) * scale // 10**12


def _truncation(decimals: int, schedule: FeeSchedule) -> int:
    return int(10 ** max(0, decimals - schedule.decimals))


class ExecutionProfile(msgspec.Struct, frozen=True):
    """A named set of assumptions. ``spec`` is the mission's: latency one way and slippage, both clipped normals.

    The whole latency draw is spent on the way in; the answer takes an independent draw times ``response_factor``; a cancel
    travels like an entry. Slippage is drawn once an order, for taker fills only, against us to the tick, bounded by the limit.
    ``prints_share`` and ``bar_share`` are the largest share of a print or of a bar's volume that one order may take;
    ``None`` for a bar means that its volume does not bind.
    """

    name: str = "spec"
    latency_ms: ClippedNormal = ClippedNormal(10, 2, 5, 15)
    response_factor: float = 0.5
    slippage_bp: ClippedNormal = ClippedNormal(2, 1, 2, 5)
    prints_share: Decimal = Decimal("0.2")
    bar_share: Decimal | None = Decimal("0.1")

    def __post_init__(self) -> None:
        for name, share in (("prints_share", self.prints_share), ("bar_share", self.bar_share)):
            if share is not None and not 0 < share <= 1:
                raise ValueError(f"{name}: expected above 0 and at most 1, found {share}")
        if self.latency_ms.low < 0 or self.slippage_bp.low < 0:
            raise ValueError("latency_ms and slippage_bp: expected a lower bound of 0 or more")


class Luck:
    """The profile's draws for one order, keyed by the moment of its decision."""

    __slots__ = ("_draws", "_latency", "_response", "_slippage")

    def __init__(self, profile: ExecutionProfile, draws: KeyedDraws) -> None:
        self._draws = draws
        self._latency = profile.latency_ms
        self._slippage = profile.slippage_bp
        self._response = profile.response_factor

    def entry_ns(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        """How long the order travels to the venue."""
        return self._draws.clipped_normal(self._latency, NS_PER_MS, "latency.entry", instrument, decided_ns, ordinal)

    def cancel_ns(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        """How long a cancel travels to the venue."""
        return self._draws.clipped_normal(self._latency, NS_PER_MS, "latency.cancel", instrument, decided_ns, ordinal)

    def response_ns(self, instrument: str, decided_ns: int, ordinal: int, answer: int) -> int:
        """How long the venue's ``answer``-th answer travels back."""
        purpose = f"latency.response.{answer}"
        whole = self._draws.clipped_normal(self._latency, NS_PER_MS, purpose, instrument, decided_ns, ordinal)
        return int(whole * self._response)

    def slippage(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        """The order's adverse slippage as a fraction in 1e-8."""
        return self._draws.clipped_normal(self._slippage, SLIPPAGE_SCALE, "slippage", instrument, decided_ns, ordinal)


def slipped(ticks: int, side: int, fraction: int) -> int:
    """``ticks`` made worse by ``fraction`` (in 1e-8) and rounded against us to the tick; never below one tick."""
    if side > 0:
        return -(-ticks * (ONE + fraction) // ONE)
    return max(1, ticks * (ONE - fraction) // ONE)
