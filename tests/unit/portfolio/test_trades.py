"""What a closed trade says: from when to when, how much, and whether risk ended it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import ClosedTrade, TradeBasis
from tests.kit.fills import FX, SECOND, SPOT, fills_of

BASES = pytest.mark.parametrize("basis", TradeBasis)


def after(text: str, basis: TradeBasis = TradeBasis.FLAT_TO_FLAT, instrument: Instrument = FX) -> list[ClosedTrade]:
    """The trades that these fills close, under FIFO cost."""
    portfolio = Portfolio(Money(10_000, instrument.quote), [instrument], CostMethod.FIFO, basis)
    return [trade for fill, forced in fills_of(instrument, text) for trade in portfolio.apply_fill(fill, forced)]


@BASES
def test_a_trade_carries_times_size_notionals_and_result(basis: TradeBasis) -> None:
    """Every field of a plain short is what its two fills say, in ledger units."""
    usd = 10**FX.quote_decimals
    trades = after("sell 2 @ 100 fee 0.1\nbuy 2 @ 90 fee 0.2", basis)
    result = 20 * usd - 3 * usd // 10
    expected = ClosedTrade(
        FX.id, Side.SELL, SECOND, 2 * SECOND, 2 * 10**8, 200 * usd, 180 * usd, 3 * usd // 10, result, 2, False
    )
    assert trades == [expected]


@BASES
def test_the_size_of_a_trade_is_the_largest_position(basis: TradeBasis) -> None:
    """What is sold and bought again within it does not add to its size."""
    (trade,) = after("buy 2 @ 100 order a\nsell 1.5 @ 100\nbuy 1 @ 100 order a\nsell 1.5 @ 100", basis)
    assert (trade.qty, trade.entry_notional) == (2 * 10**8, 300 * 10**FX.quote_decimals)


@BASES
@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("buy 2 @ 100\nsell 2 @ 90 forced", [True]),
        ("buy 2 @ 100\nsell 1 @ 90 forced\nsell 1 @ 90", [True]),
        ("buy 2 @ 100\nsell 2 @ 90", [False]),
        ("buy 2 @ 100 forced\nsell 2 @ 90", [False]),
        ("buy 2 @ 100\nsell 3 @ 90 forced\nbuy 1 @ 90", [True, False]),
    ],
    ids=["exit", "part of the exit", "not forced", "an entry is no exit", "what a flip opens is no exit"],
)
def test_a_forced_exit_is_flagged(text: str, flags: list[bool], basis: TradeBasis) -> None:
    """A trade is forced when risk ordered any of the fills that shrank it, and only then."""
    assert [trade.forced for trade in after(text, basis)] == flags


def test_a_trade_begins_when_the_position_leaves_flat() -> None:
    """Dust, and a purchase that left only dust, do not start a trade."""
    (trade,) = after(
        """
        buy  0.001 @ 100 fee 0.0001 BTC
        buy  2 @ 100
        sell 2 @ 100
        """,
        instrument=SPOT,
    )
    assert (trade.time_open, trade.time_close) == (2 * SECOND, 3 * SECOND)


@BASES
def test_a_flip_closes_one_trade_and_opens_the_next_at_the_fills_price(basis: TradeBasis) -> None:
    """Two of five sold close what was bought, three open a short; the fee is split as the quantity, and each trade has notionals of its own."""
    usd = 10**FX.quote_decimals
    first, second = after("buy 2 @ 100\nsell 5 @ 110 fee 0.5\nbuy 3 @ 90 fee 0.3", basis)
    assert (first.side, first.qty, first.entry_notional, first.exit_notional) == (
        Side.BUY,
        2 * 10**8,
        200 * usd,
        220 * usd,
    )
    assert (second.side, second.qty, second.entry_notional, second.exit_notional) == (
        Side.SELL,
        3 * 10**8,
        330 * usd,
        270 * usd,
    )
    assert (first.fees, second.fees) == (2 * usd // 10, 6 * usd // 10)
    assert (first.pnl, second.pnl) == (20 * usd - first.fees, 60 * usd - second.fees)


@BASES
@pytest.mark.parametrize(("first", "then"), [("buy", "sell"), ("sell", "buy")])
def test_a_position_of_one_lot_is_a_trade(basis: TradeBasis, first: str, then: str) -> None:
    """Under one lot is flat; exactly one, long or short, is not: what is left of two still belongs to the trade that the last lot ends."""
    (trade,) = after(f"{first} 0.2 @ 100\n{then} 0.1 @ 101\n{then} 0.1 @ 102", basis)
    assert (trade.qty, trade.fills) == (2 * FX.lot_units, 3)
    one = after(f"{first} 0.1 @ 100 order a\n{first} 0.1 @ 100 order b\n{then} 0.2 @ 101", basis)
    assert [t.qty for t in one] == ([2 * FX.lot_units] if basis is TradeBasis.FLAT_TO_FLAT else [FX.lot_units] * 2)


@BASES
def test_selling_dust_and_more_opens_a_short(basis: TradeBasis) -> None:
    """From dust on the long side a sale opens a short trade: flat has no side, and the dust sold is no trade."""
    trades = after("buy 1 @ 100 fee 0.0005 BTC\nsell 0.999 @ 100\nsell 1 @ 100\nbuy 1 @ 90", basis, SPOT)
    assert [trade.side for trade in trades] == [Side.BUY, Side.SELL]
    assert trades[1].qty == 99_950_000


def test_a_strategy_that_is_never_flat_has_no_trades_from_flat_to_flat_but_has_lots() -> None:
    """Two lots in turn, never flat: none closes flat to flat, both first sales close a lot."""
    text = "buy 1 @ 100\nbuy 1 @ 101\nsell 1 @ 102\nbuy 1 @ 100\nsell 1 @ 103"
    assert after(text) == []
    lots = after(text, TradeBasis.FIFO_LOT)
    assert [(t.time_open // SECOND, t.time_close // SECOND) for t in lots] == [(1, 3), (2, 5)]


def test_lots_of_one_order_are_apart_when_another_came_between() -> None:
    """First in, first out is by time: an order's later part does not overtake another order's lot."""
    text = "buy 1 @ 100 order a\nbuy 1 @ 101 order b\nbuy 1 @ 102 order a\nsell 2 @ 110\nsell 1 @ 110"
    lots = after(text, TradeBasis.FIFO_LOT)
    assert [t.entry_notional // 10**FX.quote_decimals for t in lots] == [100, 101, 102]


def test_a_lot_too_small_alone_joins_the_next() -> None:
    """A purchase behind a lot, taken under one lot by its fee, is part of the lot bought after it."""
    text = "buy 1 @ 100\nbuy 0.001 @ 100 fee 0.0001 BTC\nbuy 1 @ 100\nsell 1 @ 100\nsell 1 @ 100"
    lots = after(text, TradeBasis.FIFO_LOT, SPOT)
    assert [(t.qty, t.fills, t.time_open // SECOND) for t in lots] == [(10**8, 2, 1), (100_090_000, 3, 3)]


def test_a_small_lot_left_alone_waits_without_being_a_trade() -> None:
    """When the lot before it is sold, under a lot is flat: one trade, and the rest joins what is bought next."""
    text = "buy 1 @ 100\nbuy 0.001 @ 100 fee 0.0001 BTC\nsell 1 @ 100"
    assert [t.qty for t in after(text, TradeBasis.FIFO_LOT, SPOT)] == [10**8]
    lots = after(text + "\nbuy 1 @ 100\nsell 1 @ 100", TradeBasis.FIFO_LOT, SPOT)
    assert [(t.qty, t.fees) for t in lots] == [(10**8, 0), (100_090_000, 10**8)]


@BASES
def test_a_fee_that_eats_the_whole_fill_waits_for_a_trade(basis: TradeBasis) -> None:
    """Nothing arrived, the fee is paid: the next trade bears it."""
    (trade,) = after("buy 0.001 @ 100 fee 0.001 BTC\nbuy 1 @ 100\nsell 1 @ 100", basis, SPOT)
    usdt = 10**SPOT.quote_decimals
    assert (trade.fees, trade.pnl, trade.time_open) == (usdt // 10, -usdt // 10, 2 * SECOND)


@BASES
def test_a_flips_fee_that_does_not_divide_leaves_the_rest_to_what_it_opened(basis: TradeBasis) -> None:
    """Of 10 units of fee on one closed and two opened 3 belong to the trade that ends, a third rounded down, and 7 to the next."""
    trades = after("buy 1 @ 100\nsell 3 @ 110 fee 0.000000001\nbuy 2 @ 110", basis)
    assert [(t.fees, t.fills) for t in trades] == [(3, 2), (7, 2)]


def test_a_fee_on_two_lots_that_does_not_divide_leaves_the_rest_to_the_last() -> None:
    """Of 10 units of fee on lots of one and two 3 belong to the first, a third rounded down, and 7 to the second."""
    text = "buy 1 @ 100 order a\nbuy 2 @ 100 order b\nsell 3 @ 110 fee 0.000000001"
    assert [t.fees for t in after(text, TradeBasis.FIFO_LOT)] == [3, 7]


@BASES
def test_a_fee_that_eats_its_fill_is_borne_by_the_trade_that_is_open(basis: TradeBasis) -> None:
    """Nothing of the second purchase arrived; its 0.1 of fee is a cost of what the first one holds."""
    (trade,) = after("buy 1 @ 100\nbuy 0.001 @ 100 fee 0.001 BTC\nsell 1 @ 100", basis, SPOT)
    fee = 10**SPOT.quote_decimals // 10
    assert (trade.fees, trade.pnl, trade.time_open) == (fee, -fee, SECOND)


def test_an_order_that_fills_on_is_one_lot_since_its_first_fill() -> None:
    """The first part is exactly one lot, so the trade began there, whatever joins it."""
    (lot,) = after("buy 0.1 @ 100 order a\nbuy 0.1 @ 100 order a\nsell 0.2 @ 100", TradeBasis.FIFO_LOT)
    assert (lot.time_open, lot.qty) == (SECOND, 2 * FX.lot_units)


@BASES
def test_the_least_that_can_be_held_has_a_side(basis: TradeBasis) -> None:
    """Where a lot is one unit of the ledger, one lot bought is a long trade, one sold a short one, and one more belongs to it."""
    finest = replace(FX, lot=Decimal("1E-8"))
    assert finest.lot_units == 1
    lot, two = "0.00000001", "0.00000002"
    trades = after(f"buy {lot} @ 100\nsell {lot} @ 110\nsell {lot} @ 110\nbuy {lot} @ 100", basis, finest)
    assert [(t.side, t.qty, t.pnl) for t in trades] == [(Side.BUY, 1, 1000), (Side.SELL, 1, 1000)]
    trades = after(f"buy {lot} @ 100 order a\nbuy {lot} @ 100 order a\nsell {two} @ 110", basis, finest)
    assert [(t.side, t.qty, t.pnl) for t in trades] == [(Side.BUY, 2, 2000)]
