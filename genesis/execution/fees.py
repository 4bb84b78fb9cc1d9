"""What a venue charges for a fill, in integers."""

from __future__ import annotations

from decimal import Decimal
from math import gcd
from typing import Final

from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.model.grid import EXACT, currency_grid
from genesis.model.instruments import Instrument
from genesis.model.orders import Liquidity, Side

_BUY: Final = Side.BUY
_MAKER: Final = Liquidity.MAKER
_RATE_DECIMALS = 12


class FeeCalculator:
    """Fees of one instrument as integers: no Decimal on the way of a fill."""

    __slots__ = ("_base", "_maker", "_quote", "_received", "_taker", "_worst")

    def __init__(self, schedule: FeeSchedule, instrument: Instrument, quote_decimals: int) -> None:
        self._maker, self._taker = _fraction(schedule.maker_bp), _fraction(schedule.taker_bp)
        self._worst = _fraction(max(schedule.maker_bp, schedule.taker_bp))
        self._received = schedule.currency is FeeCurrency.RECEIVED and not instrument.short_allowed
        self._base = (instrument.base, instrument.base_decimals, _truncation(instrument.base_decimals, schedule))
        self._quote = (instrument.quote, quote_decimals, _truncation(quote_decimals, schedule))

    def fee(self, side: Side, liquidity: Liquidity, base_units: int, quote_units: int) -> tuple[int, str, int]:
        """Fee of a fill as (units, currency, decimals); ``base_units`` and ``quote_units`` are what changed hands."""
        received_base = self._received and side is _BUY
        currency, decimals, step = self._base if received_base else self._quote
        top, bottom = self._maker if liquidity is _MAKER else self._taker
        units = (base_units if received_base else quote_units) * top // bottom
        return units - units % step, currency, decimals

    def quote_rate_on_buys(self) -> tuple[int, int]:
        """The higher rate as (numerator, denominator) where a buyer pays in quote on top of the price, else 0."""
        return (0, 1) if self._received else self.worst_rate()

    def worst_rate(self) -> tuple[int, int]:
        """The higher of the two rates as (numerator, denominator)."""
        return self._worst


def _fraction(rate_bp: Decimal) -> tuple[int, int]:
    """A rate in basis points as (numerator, denominator) in lowest terms: products with an amount mostly stay within a machine word."""
    grid = currency_grid(_RATE_DECIMALS)
    units, one = grid.from_decimal(rate_bp.scaleb(-4, EXACT)), grid.denominator
    common = gcd(units, one)
    return units // common, one // common


def _truncation(decimals: int, schedule: FeeSchedule) -> int:
    return int(10 ** max(0, decimals - schedule.decimals))
