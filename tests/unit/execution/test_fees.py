"""Fees by a maker's and a taker's rate: of what was received, cut to the exchange's decimals and never up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from genesis.execution.fees import FeeCalculator, fee_calculator
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.model.orders import Liquidity, Side
from tests.kit.fills import FX, SPOT

USDT, BTC = SPOT.quote_decimals, SPOT.base_decimals
BUY, SELL, MAKER, TAKER = Side.BUY, Side.SELL, Liquidity.MAKER, Liquidity.TAKER


def fees(**schedule: Any) -> FeeCalculator:
    """A maker pays 2 bp and a taker 10."""
    rates = {"maker_bp": Decimal(2), "taker_bp": Decimal(10)}
    return fee_calculator(FeeSchedule(**{**rates, **schedule}), SPOT, USDT)


def test_the_ledger_is_finer_than_the_exchange() -> None:
    """The figures below are written at 10 decimals of USDT and 8 of BTC; the exchange charges at most 8."""
    assert (USDT, BTC) == (10, 8)


@pytest.mark.parametrize(
    ("side", "liquidity", "base", "quote", "fee"),
    [
        (SELL, TAKER, 100_000_000, 1_234_567_890_000, (1_234_567_800, "USDT", 10)),  # 0.1 % of 123.456789: 0.12345678|9
        (SELL, MAKER, 100_000_000, 1_234_567_890_000, (246_913_500, "USDT", 10)),  # 0.02 %: 0.02469135|78
        (BUY, TAKER, 12_345_678, 1_234_567_890_000, (12_345, "BTC", 8)),  # 0.1 % of 0.12345678: 0.00012345|678
        (BUY, MAKER, 12_345_678, 1_234_567_890_000, (2_469, "BTC", 8)),  # 0.02 %: 0.00002469|1
        (BUY, TAKER, 999, 99_900, (0, "BTC", 8)),
    ],
    ids=["sold as a taker", "sold as a maker", "bought as a taker", "bought as a maker", "less than the last decimal"],
)
def test_what_was_received_is_charged_and_cut(
    side: Side, liquidity: Liquidity, base: int, quote: int, fee: tuple[int, str, int]
) -> None:
    """A seller pays in quote, a buyer in base; what lies behind the eighth decimal is not charged."""
    assert fees().fee(side, liquidity, base, quote) == fee


def test_a_rate_that_is_no_whole_part() -> None:
    """7.5 bp, three four-thousandths, of 123.456789 USDT are 0.0925925917: 0.09259259 is charged."""
    fee = fees(taker_bp=Decimal("7.5")).fee(SELL, TAKER, 0, 1_234_567_890_000)
    assert fee == (925_925_900, "USDT", 10)
    assert type(fee[0]) is int


def test_a_buyer_pays_in_quote_where_the_schedule_or_the_instrument_says_so() -> None:
    """0.1 % of 100 USDT, whatever was bought; and of dollars where the base may be owed and cannot pay."""
    in_quote = fees(currency=FeeCurrency.QUOTE)
    assert in_quote.fee(BUY, TAKER, 12_345_678, 10**12) == (10**9, "USDT", 10)
    assert in_quote.quote_rate_on_buys() == (1, 1000)
    on_margin = fee_calculator(FeeSchedule(Decimal(2), Decimal(10)), FX, FX.quote_decimals)
    assert on_margin.fee(BUY, TAKER, 10**8, 10**12) == (10**9, "USD", 10)
    assert on_margin.quote_rate_on_buys() == (1, 1000)


def test_a_schedule_of_fewer_decimals_cuts_there() -> None:
    """At two decimals 0.1 % of 123.456789 is 0.12; at more than the ledger has nothing is cut but what it cannot hold."""
    assert fees(decimals=2).fee(SELL, TAKER, 0, 1_234_567_890_000) == (1_200_000_000, "USDT", 10)
    assert fees(decimals=12).fee(SELL, TAKER, 0, 1_234_567_890_000) == (1_234_567_890, "USDT", 10)
    assert fees(decimals=12).fee(BUY, TAKER, 12_345_678, 0) == (12_345, "BTC", 8)


@pytest.mark.parametrize(("maker", "taker"), [(2, 10), (10, 2)])
def test_the_worst_rate_is_the_higher_one(maker: int, taker: int) -> None:
    """10 bp are a thousandth, whoever pays them; a buyer who pays in what he receives needs no quote for it."""
    both = fees(maker_bp=Decimal(maker), taker_bp=Decimal(taker))
    assert both.worst_rate() == (1, 1000)
    assert both.quote_rate_on_buys() == (0, 1)


def test_the_full_formula_is_cut_to_the_exchanges_decimals_too() -> None:
    """10 + 1 bp of 123.456789 USDT are 0.1358024679: 0.13580246 is charged."""
    in_full = fees(seller_bp=Decimal(1))
    assert in_full.fee(SELL, TAKER, 0, 1_234_567_890_000) == (1_358_024_600, "USDT", 10)
