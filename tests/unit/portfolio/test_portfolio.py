"""The portfolio as a whole: marks, exposure, several instruments, and what it refuses."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from decimal import Decimal

import pytest

from genesis.errors import ConfigError, IntegrityError
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.portfolio.ledger import Account, Purpose
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import TradeBasis
from tests.kit.fills import FX, SPOT, fill_of, fills_of

ETH = Instrument("ETHUSDT", "TEST", "ETH", "USDT", Decimal("0.001"), Decimal("0.0001"))
# The same asset at a venue that counts it ten thousand times finer than the eight decimals of the other.
FINE = Instrument("BTCUSDT", "FINE", "BTC", "USDT", Decimal("0.1"), Decimal("1E-12"))


def two() -> Portfolio:
    """Long 2 BTC at 100, short 3 ETH at 10."""
    portfolio = Portfolio(Money(10_000, "USDT"), [SPOT, ETH])
    for instrument, text in ((SPOT, "buy 2 @ 100"), (ETH, "sell 3 @ 10")):
        for fill, _ in fills_of(instrument, text):
            portfolio.apply_fill(fill)
    return portfolio


def money(portfolio: Portfolio, units: int) -> Money:
    value = portfolio.to_money(units)
    return Money(value.amount.normalize(), value.currency)


def test_several_instruments_are_marked_in_one_currency_scale() -> None:
    """Equity, profit and exposure at 110 and 9: the short's fall is a gain."""
    portfolio = two()
    marks = {SPOT.id: SPOT.ticks("110"), ETH.id: ETH.ticks("9")}
    assert money(portfolio, portfolio.cash_units) == Money(9_830, "USDT")
    assert money(portfolio, portfolio.equity(marks)) == Money(10_023, "USDT")
    assert money(portfolio, portfolio.unrealized(marks)) == Money(23, "USDT")
    assert money(portfolio, portfolio.open_pnl(marks)) == Money(23, "USDT")
    assert money(portfolio, portfolio.gross_units(marks)) == Money(247, "USDT")
    assert money(portfolio, portfolio.net_units(marks)) == Money(193, "USDT")
    assert money(portfolio, portfolio.turnover_units) == Money(230, "USDT")
    assert portfolio.to_text(portfolio.turnover_units) == "230.00000000000"


def test_only_what_is_held_needs_a_mark() -> None:
    """A flat instrument is not asked for, a held one must be marked."""
    portfolio = Portfolio(Money(10_000, "USDT"), [SPOT, ETH])
    assert portfolio.equity({}) == portfolio.budget_units
    portfolio.apply_fill(fill_of(SPOT, Side.BUY, 1, 10_000))
    assert portfolio.equity({SPOT.id: 10_000}) == portfolio.budget_units
    with pytest.raises(KeyError):
        portfolio.equity({ETH.id: 10_000})


def test_one_asset_at_two_venues_is_one_account_at_the_finer_scale() -> None:
    """1 BTC counted in 10**-8 and half a BTC in 10**-12 are 1.5 BTC held, and the ledger balances."""
    portfolio = Portfolio(Money(10_000, "USDT"), [SPOT, FINE])
    portfolio.apply_fill(fill_of(SPOT, Side.BUY, 1_000, 10_000))
    portfolio.apply_fill(fill_of(FINE, Side.BUY, 5 * 10**11, 1_000))
    portfolio.ledger.check()
    accounts = portfolio.ledger.accounts()
    assert accounts[Account(Purpose.HOLDINGS, "BTC")] == 15 * 10**11
    assert accounts[Account(Purpose.INVENTORY, "USDT", FINE.id)] == 50 * 10**portfolio.decimals
    assert money(portfolio, portfolio.cash_units) == Money(9_850, "USDT")


def test_a_fee_is_taken_at_its_own_scale() -> None:
    """A fee written with 2 decimals, or with 12 of which the last are zero, is the same money."""
    for fee, decimals in ((5, 2), (5 * 10**10, 12)):
        portfolio = Portfolio(Money(10_000, "USDT"), [SPOT])
        portfolio.apply_fill(fill_of(SPOT, Side.BUY, 1, 10_000, fee, decimals=decimals))
        assert money(portfolio, portfolio.fees_units) == Money("0.05", "USDT")


def test_capital_that_comes_or_goes_is_no_return() -> None:
    """1,000 that became 900, and 100 more: cash is 1,000, the budget 1,100, and the index still says 0.9. 50 less: likewise."""
    portfolio = Portfolio(Money(1_000, "USDT"), [SPOT])
    unit = 10**portfolio.decimals
    for side, ticks in ((Side.BUY, 10_000), (Side.SELL, 9_000)):
        portfolio.apply_fill(fill_of(SPOT, side, 10_000, ticks))
    assert portfolio.equity({}) == 900 * unit
    portfolio.add_capital(100 * unit, 900 * unit)
    assert (portfolio.cash_units, portfolio.budget_units) == (1_000 * unit, 1_100 * unit)
    assert portfolio.ledger.accounts()[Account(Purpose.CAPITAL, "USDT")] == -1_100 * unit
    assert portfolio.index_units == 11_111_111_111_111  # 1,000 x 1,000 / 900 = 1,111.11..., rounded down
    portfolio.add_capital(-50 * unit, 1_000 * unit)
    assert (portfolio.cash_units, portfolio.budget_of("USDT")) == (950 * unit, 1_050 * unit)
    assert portfolio.index_units == 10_555_555_555_555  # of that 95 %: 1,055.55..., rounded down
    portfolio.ledger.check()


def test_what_was_never_marked_is_worth_nothing() -> None:
    """Before the first fill or mark."""
    assert Portfolio(Money(1_000, "USDT"), [SPOT]).holding(SPOT).worth == 0


def refused(portfolio: Portfolio, instrument: Instrument, fee: int, currency: str, decimals: int) -> None:
    portfolio.apply_fill(fill_of(instrument, Side.BUY, 1, 10_000, fee, currency, decimals=decimals))


@pytest.mark.parametrize(
    ("instrument", "fee", "currency", "decimals", "error", "message"),
    [
        (SPOT, 1, "BNB", 8, ConfigError, "fill t-1.1: fee currency: expected one of USDT, BTC, found BNB"),
        (
            SPOT,
            1,
            "USDT",
            11,
            IntegrityError,
            "fill t-1.1: fee: expected at most 10 decimals of USDT, found 0.00000000001",
        ),
        (SPOT, 1, "BTC", 9, IntegrityError, "fill t-1.1: fee: expected at most 8 decimals of BTC, found 0.000000001"),
        (FX, 0, "USD", 10, IntegrityError, "fill t-1.1: expected an instrument of BTCUSDT.TEST, found 'EURUSD.TEST'"),
    ],
    ids=["a third asset", "finer than the quote ledger", "finer than the base ledger", "not our instrument"],
)
def test_a_fill_that_cannot_be_posted_changes_nothing(
    instrument: Instrument, fee: int, currency: str, decimals: int, error: type[Exception], message: str
) -> None:
    """It is refused by name, and no balance has moved."""
    portfolio = Portfolio(Money(10_000, "USDT"), [SPOT])
    before = portfolio.ledger.accounts()
    with pytest.raises(error, match=message):
        refused(portfolio, instrument, fee, currency, decimals)
    assert portfolio.ledger.accounts() == before
    assert portfolio.position_units(SPOT.id) == portfolio.turnover_units == 0


@pytest.mark.parametrize(
    ("budget", "instruments", "message"),
    [
        (Money(1, "USDT"), [], "portfolio: expected at least one instrument, found none"),
        (
            Money(1, "BTC"),
            [replace(SPOT, quote="BTC")],
            "BTCUSDT.TEST: expected an asset other than its quote, found BTC for both",
        ),
        (Money(1, "USDT"), [SPOT, SPOT], "BTCUSDT.TEST: expected each instrument once, found it again"),
        (Money(0, "USDT"), [SPOT], "budget: expected more than 0, found 0 USDT"),
        (Money("1E-11", "USDT"), [SPOT], "budget: expected a multiple of 0.0000000001, found 0.00000000001 USDT"),
    ],
)
def test_a_portfolio_that_cannot_be_kept_is_refused(budget: Money, instruments: list[Instrument], message: str) -> None:
    """The operator is told what was expected and what was found."""
    with pytest.raises(ConfigError, match=message):
        Portfolio(budget, instruments)


@pytest.mark.parametrize("basis", TradeBasis)
@pytest.mark.parametrize("method", CostMethod)
def test_a_portfolio_is_small_and_stays_small(method: CostMethod, basis: TradeBasis) -> None:
    """A portfolio of one instrument costs under 8 kB, and 2,000 fills that keep one lot open add under 1 kB."""
    fills = [fill_of(SPOT, side, 10, 10_000 + at % 7, 3, at=at) for at in range(1, 1001) for side in Side]
    Portfolio(Money(10_000, "USDT"), [SPOT], method, basis)
    tracemalloc.start()
    try:
        start = tracemalloc.get_traced_memory()[0]
        portfolio = Portfolio(Money(10_000, "USDT"), [SPOT], method, basis)
        portfolio.apply_fill(fills[0])
        fresh = tracemalloc.get_traced_memory()[0]
        for fill in fills[1:]:
            portfolio.apply_fill(fill)
        grown = tracemalloc.get_traced_memory()[0] - fresh
    finally:
        tracemalloc.stop()
    assert fresh - start < 8_000
    assert grown < 1_000
