"""The grid of mark prices: finer than the tick, and derived from the instrument alone.

A mark price is an index or a mean of several prices, so it does not lie on the tick: Binance reports 8 decimals for contracts that tick
by 0.1. A mark is kept as whole units of 10**-d, d the tick's decimals and at least 8. The instrument alone says what a unit is worth:
no scale travels with the rows, and a whole number of units is one tick.
"""

from __future__ import annotations

from genesis.model.grid import Grid, currency_grid
from genesis.model.instruments import Instrument

MARK_DECIMALS_MIN = 8


def mark_decimals(instrument: Instrument) -> int:
    """Decimals of the instrument's mark prices, in quote per base."""
    return max(MARK_DECIMALS_MIN, instrument.price_grid.decimals)


def mark_grid(instrument: Instrument) -> Grid:
    """The grid on which its mark prices lie."""
    return currency_grid(mark_decimals(instrument))


def marks_per_tick(instrument: Instrument) -> int:
    """Mark units in one tick."""
    return mark_grid(instrument).from_decimal(instrument.tick)


def mark_value_unit(instrument: Instrument, decimals: int) -> int:
    """Ledger units (10**-decimals quote) of one mark unit times one base ledger unit, exactly.

    Raises:
        ValueError: the scale is too coarse to hold it.
    """
    needed = mark_decimals(instrument) + instrument.base_decimals
    if decimals < needed:
        raise ValueError(f"{instrument.id}: expected at least {needed} decimals for mark prices, found {decimals}")
    return int(10 ** (decimals - needed))
