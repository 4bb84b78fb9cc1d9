"""Rates read from the tape: which row counts at a moment, and how old it may be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.clock import NS_PER_MINUTE
from genesis.errors import ConfigError
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.market import BarSpec
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.portfolio.conversion import NoRate, RateProblem
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.tape_rates import TapeRates
from genesis.portfolio.valuation import Valuation
from genesis.tape.stream import Stream, StreamKind
from tests.kit.fills import SECOND, fill_of

EUR = Instrument("EURUSD", "T", "EUR", "USD", Decimal("0.01"), Decimal("0.01"))
BTCUSD = Instrument("BTCUSD", "T", "BTC", "USD", Decimal("0.01"), Decimal("0.001"))
BTCEUR = Instrument("BTCEUR", "T", "BTC", "EUR", Decimal("0.01"), Decimal("0.001"))
ETHBTC = Instrument("ETHBTC", "T", "ETH", "BTC", Decimal("0.00001"), Decimal("0.001"))
PERP = Instrument("EURUSD", "P", "EUR", "USD", Decimal("0.01"), Decimal("0.01"), InstrumentKind.PERPETUAL)
SCALES = {"EUR": 10, "USD": 12, "BTC": 13, "ETH": 8}


def rows(stream: Stream, *values: dict[str, int]) -> Stream:
    """Rows that have arrived; columns that are not named are 0."""
    columns = {n: np.array([v.get(n, 0) for v in values], np.int64) for n in stream.columns}
    stream.append(columns)
    return stream


def trades(instrument: Instrument, *prices: tuple[int, int]) -> Stream:
    """Prints of (second, ticks)."""
    stream = Stream(instrument, StreamKind.TRADES)
    return rows(stream, *({"ts": s * SECOND, "ticks": t, "lots": 1} for s, t in prices))


def bars(instrument: Instrument, spec: str, *closes: tuple[int, int]) -> Stream:
    """Bars that close at (second, ticks)."""
    stream = Stream(instrument, StreamKind.BARS, BarSpec.parse(spec))
    return rows(stream, *({"ts": s * SECOND, "close": t, "open": t, "high": t, "low": t} for s, t in closes))


def told(rates: TapeRates, amount: int, now: int, included: bool = False) -> int | NoRate:
    """USD units of EUR units at a moment."""
    rates.look(now, included)
    return rates.convert(amount, "EUR", "USD", now)


def worth(rates: TapeRates, second: int, included: bool = False) -> int | NoRate:
    """USD cents of one EUR."""
    found = told(rates, 10**10, second * SECOND, included)
    return found if isinstance(found, NoRate) else found // 10**10


def test_the_rows_before_a_moment_count_and_those_at_it_where_it_is_said() -> None:
    """At second 5 the print of second 5 is known only once the moment's rows have had their turn; looking back forgets it again."""
    rates = TapeRates([trades(EUR, (1, 110), (5, 120))], SCALES)
    assert [worth(rates, s) for s in (5, 6, 2)] == [110, 120, 110]
    assert worth(rates, 5, included=True) == 120
    rates.look(5 * SECOND)
    assert rates.convert(10**10, "EUR", "USD", 5 * SECOND) == 110 * 10**10
    missing = worth(rates, 1)
    assert isinstance(missing, NoRate)
    assert missing.problem is RateProblem.NO_PRICE


@pytest.mark.parametrize(("spec", "limit_s"), [("1m", 120), ("5m", 360), ("1h", 3660), ("500t", 60)])
def test_a_bar_may_be_an_interval_older(spec: str, limit_s: int) -> None:
    """A bar says nothing until the next one closes; one of trades has no interval."""
    rates = TapeRates([bars(EUR, spec, (0, 110))], SCALES)
    assert worth(rates, limit_s) == 110
    stale = told(rates, 1, limit_s * SECOND + 1)
    assert isinstance(stale, NoRate)
    assert (stale.problem, stale.limit_ns) == (RateProblem.STALE, limit_s * SECOND)


def test_a_quote_has_two_sides() -> None:
    """What is owned sells at 1.10, what is owed costs 1.12."""
    quotes = rows(Stream(EUR, StreamKind.QUOTES), {"ts": 0, "bid_ticks": 110, "ask_ticks": 112})
    rates = TapeRates([quotes], SCALES)
    assert worth(rates, 1) == 110
    assert told(rates, -(10**10), SECOND) == -112 * 10**10


def test_a_perpetual_is_no_rate() -> None:
    """It exchanges no currencies."""
    missing = worth(TapeRates([trades(PERP, (0, 110))], SCALES), 1)
    assert isinstance(missing, NoRate)
    assert missing.problem is RateProblem.NO_PATH


def test_an_asset_may_lie_on_the_way() -> None:
    """EUR buys BTC at 50,000.00 and BTC sells at 60,000.00: a EUR is 1.20 USD."""
    rates = TapeRates([trades(BTCEUR, (0, 5_000_000)), trades(BTCUSD, (0, 6_000_000))], SCALES)
    assert worth(rates, 1) == 120


# ---- what is owned


def test_what_is_owed_on_one_market_and_owned_on_another_is_gone() -> None:
    """2 BTC bought for USD, 0.5 sold for EUR, 0.2 paid for ETH: 1.3 BTC are left, on the market that has them."""
    accounts = Portfolio([Money(10_000, "USD")], [BTCUSD, BTCEUR, ETHBTC])
    accounts.apply_fill(fill_of(BTCUSD, Side.BUY, 2000, 100))
    accounts.apply_fill(fill_of(BTCEUR, Side.SELL, 500, 100))
    accounts.apply_fill(fill_of(ETHBTC, Side.BUY, 1000, 20_000))
    cash, held = accounts.netted()
    btc = 10 ** accounts.scales["BTC"]
    assert held == {BTCUSD.id: 13 * btc // 10, BTCEUR.id: 0, ETHBTC.id: 10 ** accounts.scales["ETH"]}
    assert cash["BTC"] == 0


@pytest.mark.parametrize("first", Side)
def test_what_was_bought_here_and_sold_there_is_nothing(first: Side) -> None:
    """1 BTC bought on one market and sold on another, or the other way round: no BTC is told of either."""
    accounts = Portfolio([Money(10_000, "USD")], [BTCUSD, BTCEUR])
    accounts.apply_fill(fill_of(BTCUSD, first, 1000, 100))
    accounts.apply_fill(fill_of(BTCEUR, Side(-first), 1000, 100))
    assert accounts.netted()[1] == {BTCUSD.id: 0, BTCEUR.id: 0}


def test_the_first_market_tells_of_all_it_has_and_the_next_of_what_is_left() -> None:
    """1 BTC bought on each of two markets and 0.5 paid for ETH: 1 is told of the first and 0.5 of the second."""
    accounts = Portfolio([Money(10_000, "USD")], [BTCUSD, BTCEUR, ETHBTC])
    accounts.apply_fill(fill_of(BTCUSD, Side.BUY, 1000, 100))
    accounts.apply_fill(fill_of(BTCEUR, Side.BUY, 1000, 100))
    accounts.apply_fill(fill_of(ETHBTC, Side.BUY, 1000, 50_000))
    cash, held = accounts.netted()
    btc = 10 ** accounts.scales["BTC"]
    assert (held[BTCUSD.id], held[BTCEUR.id], cash["BTC"]) == (btc, btc // 2, 0)


def test_netting_knows_the_last_unit() -> None:
    """Two units of the ledger bought here and one sold there: one is left, here."""
    here, there = (replace(i, lot=Decimal("1E-8")) for i in (BTCUSD, BTCEUR))
    accounts = Portfolio([Money(10_000, "USD")], [here, there])
    accounts.apply_fill(fill_of(here, Side.BUY, 1, 100))
    assert accounts.netted()[1] == {here.id: 1, there.id: 0}
    accounts.apply_fill(fill_of(here, Side.BUY, 1, 100))
    accounts.apply_fill(fill_of(there, Side.SELL, 1, 100))
    assert accounts.netted()[1] == {here.id: 1, there.id: 0}


def test_cash_of_an_asset_is_told_less_what_contracts_cost() -> None:
    """EUR is money and asset: 50 of 500 EUR went into a contract and 100 were bought for USD. 600 are owned; cash is 450, the market has 100."""
    perpetual = replace(BTCEUR, symbol="BTCEUR-P", kind=InstrumentKind.PERPETUAL)
    accounts = Portfolio([Money(10_000, "USD"), Money(500, "EUR")], [EUR, perpetual])
    accounts.apply_fill(fill_of(perpetual, Side.BUY, 500, 10_000))
    accounts.apply_fill(fill_of(EUR, Side.BUY, 10_000, 110))
    cash, held = accounts.netted()
    eur = 10 ** accounts.scales["EUR"]
    assert accounts.owned_of("EUR") == 600 * eur
    assert (cash["EUR"], held) == (450 * eur, {EUR.id: 100 * eur})


@given(
    st.lists(
        st.tuples(
            st.sampled_from([BTCUSD, BTCEUR, ETHBTC]), st.sampled_from(Side), st.integers(1, 5000), st.integers(1, 5000)
        ),
        max_size=20,
    )
)
def test_netting_keeps_what_is_owned_and_has_one_sign(fills: list[tuple[Instrument, Side, int, int]]) -> None:
    """Of every asset the parts add up to what is owned, and none of them is owed where another is owned."""
    accounts = Portfolio([Money(10_000, "USD"), Money(1, "BTC")], [BTCUSD, BTCEUR, ETHBTC])
    for second, (instrument, side, lots, ticks) in enumerate(fills, 1):
        accounts.apply_fill(fill_of(instrument, side, lots, ticks, at=second))
    cash, held = accounts.netted()
    for asset, places in {"BTC": [BTCUSD, BTCEUR], "ETH": [ETHBTC]}.items():
        parts = [cash.get(asset, 0), *(held[i.id] for i in places)]
        assert sum(parts) == accounts.owned_of(asset)
        assert min(parts) >= 0 or max(parts) <= 0
    assert cash["USD"] == accounts.cash_of("USD")


def test_a_money_without_a_way_is_refused() -> None:
    """No instrument leads from BTC to USD."""
    accounts = Portfolio([Money(10_000, "USD")], [ETHBTC])
    with pytest.raises(ConfigError, match="BTC: expected instruments whose prices lead from it to USD, found ETHBTC.T"):
        Valuation(accounts, [trades(ETHBTC, (0, 1))])


def test_a_valuation_begins_when_everything_has_a_rate() -> None:
    """1 BTC beside 100 USD: nothing is known before its first price, and from then on the budget is 60,100 USD."""
    accounts = Portfolio([Money(100, "USD"), Money(1, "BTC")], [BTCUSD])
    valuation = Valuation(accounts, [trades(BTCUSD, (60, 6_000_000))])
    cash, held = accounts.netted()
    before = valuation.equity(cash, held, NS_PER_MINUTE, included=False)
    assert isinstance(before, NoRate)
    assert not valuation.begun
    unit = 10**accounts.decimals
    assert valuation.equity(cash, held, NS_PER_MINUTE, included=True) == 60_100 * unit
    assert (valuation.begun, accounts.budget_units, accounts.index_units) == (True, 60_100 * unit, 60_100 * unit)


def test_a_valuation_that_is_begun_by_itself_looks_at_the_rows_of_its_moment() -> None:
    """Two EUR beside 100 USD: before any price nothing begins, and with the print of that second 102.40 USD are the budget."""
    accounts = Portfolio([Money(100, "USD"), Money(2, "EUR")], [EUR])
    valuation = Valuation(accounts, [trades(EUR, (60, 120))])
    assert isinstance(valuation.begin(59 * SECOND), NoRate)
    assert valuation.begin(60 * SECOND) is None
    assert accounts.budget_units == 1_024 * 10**accounts.decimals // 10


def test_positions_in_several_moneys_are_worth_their_sum() -> None:
    """1 BTC for 100 USD and one for 80 EUR, worth 110 USD and 85 EUR, at 1.20: equity 10,016 USD, 16 not realised.

    Where the EUR has no fresh rate its position counts as nothing beside the 10 USD of the other.
    """
    accounts = Portfolio([Money(10_000, "USD")], [BTCUSD, BTCEUR])
    accounts.apply_fill(fill_of(BTCUSD, Side.BUY, 1000, 10_000))
    accounts.apply_fill(fill_of(BTCEUR, Side.BUY, 1000, 8_000))
    valuation = Valuation(accounts, [trades(EUR, (0, 120))])
    assert valuation.begun
    usd, eur = 10 ** accounts.scales["USD"], 10 ** accounts.scales["EUR"]
    values = {BTCUSD.id: 110 * usd, BTCEUR.id: 85 * eur}
    cash, _ = accounts.netted()
    assert valuation.equity(cash, values, SECOND, included=False) == 10_016 * usd
    assert valuation.unrealized(values, SECOND) == 16 * usd
    assert valuation.unrealized(values, 61 * SECOND) == 10 * usd
