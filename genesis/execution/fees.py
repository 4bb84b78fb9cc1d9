"""What a venue charges for a fill, in integers."""

from __future__ import annotations

from decimal import Decimal
from math import gcd
from typing import Final

from genesis.execution.commission import commission
from genesis.execution.profile import FeeCurrency, FeeSchedule, SideBps
from genesis.model.commission import RATE_SCALE, CommissionRates, SideRates
from genesis.model.grid import EXACT, currency_grid
from genesis.model.instruments import Instrument
from genesis.model.orders import Liquidity, Side

_BUY: Final = Side.BUY
_MAKER: Final = Liquidity.MAKER
_SCALE = 10**12


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


class FullFees(FeeCalculator):
    """Fees by the exchange's full formula: standard, tax and special commission, by role and side."""

    __slots__ = ("_rates",)

    def __init__(self, schedule: FeeSchedule, instrument: Instrument, quote_decimals: int) -> None:
        super().__init__(schedule, instrument, quote_decimals)
        self._rates = commission_rates(schedule)

    def fee(self, side: Side, liquidity: Liquidity, base_units: int, quote_units: int) -> tuple[int, str, int]:
        """As of a maker's and a taker's rate, with all that is added to them."""
        received_base = self._received and side is _BUY
        currency, decimals, step = self._base if received_base else self._quote
        units = commission(base_units if received_base else quote_units, side, liquidity, self._rates)
        return units - units % step, currency, decimals

    def worst_rate(self) -> tuple[int, int]:
        """The highest rate that any trade pays, as (numerator, denominator)."""
        worst = max(commission(RATE_SCALE, side, liquidity, self._rates) for side in Side for liquidity in Liquidity)
        return worst, RATE_SCALE


def fee_calculator(schedule: FeeSchedule, instrument: Instrument, quote_decimals: int) -> FeeCalculator:
    """What works out the fees of an instrument under a schedule."""
    kind = FullFees if schedule.in_full else FeeCalculator
    return kind(schedule, instrument, quote_decimals)


def commission_rates(schedule: FeeSchedule) -> CommissionRates:
    """A schedule as the exchange states an account's rates."""
    discount = schedule.discount
    return CommissionRates(
        _side_rates(schedule),
        _side_rates(schedule.tax or SideBps()),
        _side_rates(schedule.special or SideBps()),
        None if discount is None else currency_grid(8).from_decimal(discount.multiplier),
    )


def _side_rates(rates: SideBps | FeeSchedule) -> SideRates:
    maker, taker, buyer, seller = (
        _bp_units(rate, RATE_SCALE) for rate in (rates.maker_bp, rates.taker_bp, rates.buyer_bp, rates.seller_bp)
    )
    return SideRates(maker, taker, buyer, seller)


def _bp_units(rate: Decimal, scale: int) -> int:
    return currency_grid(12).from_decimal(rate.scaleb(-4, EXACT)) * scale // 10**12


def _fraction(rate: Decimal) -> tuple[int, int]:
    """A rate in basis points as (numerator, denominator) in lowest terms: products with an amount mostly stay within a machine word."""
    units = _bp_units(rate, _SCALE)
    common = gcd(units, _SCALE)
    return units // common, _SCALE // common


def _truncation(decimals: int, schedule: FeeSchedule) -> int:
    return int(10 ** max(0, decimals - schedule.decimals))
