"""Several currencies in one ledger: what each holds is explained by its accounts after every posting."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import ConfigError, IntegrityError
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.portfolio.conversion import NoRate, RateProblem
from genesis.portfolio.currencies import Rates
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.trade_books import split_funding
from genesis.portfolio.trades import TradeBasis
from tests.kit.fills import SECOND, SPOT, fill_of

PERP = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
ADAEUR = Instrument("ADAEUR", "TEST", "ADA", "EUR", Decimal("0.0001"), Decimal("0.1"))
BNB = Instrument("BNBUSDT", "TEST", "BNB", "USDT", Decimal("0.1"), Decimal("0.001"))
EURUSDT = Instrument("EURUSDT", "TEST", "EUR", "USDT", Decimal("0.0001"), Decimal("0.1"))
ALL = (SPOT, PERP, ADAEUR)
BUDGETS = (Money(10_000, "USDT"), Money(500, "EUR"), Money(2, "BNB"))
CLOSED = {SPOT.id: 0, PERP.id: 0, ADAEUR.id: 0}


def text(accounts: Portfolio, currency: str, units: int) -> str:
    """Ledger units as plain text."""
    return format(currency_grid(accounts.scales[currency]).to_decimal(units).normalize(), "f")


def test_what_names_no_currency_is_told_of_the_first_budgets() -> None:
    """After the same fill, cash, cost and profit without a name are those of USDT; EUR has its own."""
    accounts = Portfolio(BUDGETS, ALL)
    accounts.apply_fill(fill_of(SPOT, Side.BUY, 1000, 10_000))
    accounts.apply_fill(fill_of(ADAEUR, Side.BUY, 2000, 5000))
    assert (accounts.currency, accounts.cash_units) == ("USDT", accounts.cash_of("USDT"))
    assert text(accounts, "USDT", accounts.cash_units) == "9900"
    assert text(accounts, "USDT", accounts.turnover_units) == "100"
    assert text(accounts, "EUR", accounts.cash_of("EUR")) == "400"


def test_each_fill_posts_in_its_own_quote() -> None:
    """Buying ADA for 100 EUR leaves USDT alone."""
    accounts = Portfolio(BUDGETS, ALL)
    accounts.apply_fill(fill_of(ADAEUR, Side.BUY, 2000, 5000))  # 200 ADA at 0.5
    assert text(accounts, "EUR", accounts.cash_of("EUR")) == "400"
    assert text(accounts, "USDT", accounts.cash_of("USDT")) == "10000"
    accounts.ledger.check()


def test_a_fee_in_bnb_is_paid_in_bnb_and_borne_by_the_trade() -> None:
    """1 BTC bought and sold at 100 with 0.0003 BNB (0.08 USDT) and 0.0002 BNB (0.05 USDT): the trade lost 0.13, cash did not."""
    accounts = Portfolio(BUDGETS, ALL)
    value = currency_grid(accounts.scales["USDT"]).from_text
    accounts.apply_fill(fill_of(SPOT, Side.BUY, 1000, 10_000, 30_000, "BNB"), fee_value=value("0.08"))
    (trade,) = accounts.apply_fill(fill_of(SPOT, Side.SELL, 1000, 10_000, 20_000, "BNB"), fee_value=value("0.05"))
    assert text(accounts, "BNB", accounts.cash_of("BNB")) == "1.9995"
    assert text(accounts, "BNB", accounts.fees_of("BNB")) == "0.0005"
    assert text(accounts, "USDT", accounts.cash_of("USDT")) == "10000"
    assert (text(accounts, "USDT", trade.pnl), text(accounts, "USDT", trade.fees)) == ("-0.13", "0.13")
    assert text(accounts, "USDT", accounts.fees_elsewhere_of("USDT")) == "0.13"


def test_funding_has_an_account_of_its_own_and_belongs_to_the_trade() -> None:
    """A short of 1 BTC from 100 to 90 that received 0.5 and paid 0.2 made 10.3 and its fees are none of it."""
    accounts = Portfolio([Money(10_000, "USDT")], [PERP])
    unit = currency_grid(accounts.scales["USDT"]).from_text
    accounts.apply_fill(fill_of(PERP, Side.SELL, 1000, 10_000))
    accounts.apply_funding(PERP.id, unit("0.5"), 0)
    accounts.apply_funding(PERP.id, unit("-0.2"), 0)
    assert text(accounts, "USDT", accounts.owned_of("USDT")) == "10000.3"
    (trade,) = accounts.apply_fill(fill_of(PERP, Side.BUY, 1000, 9_000))
    assert text(accounts, "USDT", trade.pnl) == "10.3"
    assert text(accounts, "USDT", accounts.funding_of("USDT")) == "0.3"
    assert accounts.funding_units == accounts.funding_of("USDT")
    assert text(accounts, "USDT", accounts.realized_of("USDT")) == "10"
    assert text(accounts, "USDT", accounts.cash_of("USDT")) == "10010.3"


def test_a_perpetual_is_marked_finer_than_its_tick() -> None:
    """1 BTC at 100 marked at 100.00000001 has made one hundred-millionth."""
    accounts = Portfolio([Money(10_000, "USDT")], [PERP])
    accounts.apply_fill(fill_of(PERP, Side.BUY, 1000, 10_000))
    assert text(accounts, "USDT", accounts.unrealized_of("USDT", {PERP.id: 10_000_000_001})) == "0.00000001"
    assert text(accounts, "USDT", accounts.owned_of("USDT")) == "10000"


def test_funding_on_lots_is_split_by_quantity() -> None:
    """Lots of 1 and 2 that paid 0.3: 0.1 and 0.2 of it."""
    accounts = Portfolio([Money(10_000, "USDT")], [PERP], basis=TradeBasis.FIFO_LOT)
    unit = currency_grid(accounts.scales["USDT"]).from_text
    accounts.apply_fill(fill_of(PERP, Side.BUY, 1000, 10_000, at=1))
    accounts.apply_fill(fill_of(PERP, Side.BUY, 2000, 10_000, at=2))
    accounts.apply_funding(PERP.id, unit("-0.3"), 0)
    closed = accounts.apply_fill(fill_of(PERP, Side.SELL, 3000, 10_000, at=3))
    assert [text(accounts, "USDT", t.pnl) for t in closed] == ["-0.1", "-0.2"]


@given(change=st.integers(-(10**20), 10**20), units=st.lists(st.integers(1, 10**12), min_size=1, max_size=6))
def test_a_split_loses_nothing(change: int, units: list[int]) -> None:
    """The parts add up, whatever the sign of the payment and of the lots."""
    for sign in (1, -1):
        parts = split_funding(change, [sign * u for u in units])
        assert sum(parts) == change
        assert all(part * change >= 0 for part in parts)


@pytest.mark.parametrize(
    ("change", "lots", "parts"),
    [
        (600, [1, 2, 3], [100, 200, 300]),
        (10, [1, 1, 1], [3, 3, 4]),
        (-10, [1, 1, 1], [-4, -3, -3]),
        (7, [0, 0], [0, 7]),
    ],
    ids=["by quantity", "received, rounded down", "paid, rounded down", "nothing is held"],
)
def test_a_settlement_is_split_by_quantity_and_rounded_down(change: int, lots: list[int], parts: list[int]) -> None:
    """Each lot's share of what is left is rounded down, so that what is received comes later and what is paid sooner; the last has the rest."""
    assert split_funding(change, lots) == parts


def test_equity_is_reported_in_one_currency() -> None:
    """10,000 USDT, 500 EUR at 1.08 and 2 BNB at 260.0: 11,060 USDT. With EUR 61 s old there is no equity."""
    accounts = Portfolio(BUDGETS, ALL)
    rates = Rates([BNB, EURUSDT], accounts.scales)
    rates.show(BNB.id, 100 * SECOND, 2600, 2602)
    rates.show(EURUSDT.id, 100 * SECOND, 10_800, 10_801)
    equity = accounts.equity_in("USDT", {}, rates, 100 * SECOND)
    assert isinstance(equity, int)
    assert text(accounts, "USDT", equity) == "11060"
    rates.show(BNB.id, 161 * SECOND, 2600, 2602)
    error = accounts.equity_in("USDT", {}, rates, 161 * SECOND)
    assert isinstance(error, NoRate)
    assert (error.problem, error.instrument) == (RateProblem.STALE, EURUSDT.id)


ETHBTC = Instrument("ETHBTC", "TEST", "ETH", "BTC", Decimal("0.00001"), Decimal("0.001"))


def test_a_currency_may_be_money_and_asset_at_once() -> None:
    """1 BTC bought for 100 USDT, 2 ETH bought for 0.1 BTC, 1 ETH sold for 0.06 BTC: 0.96 BTC are owned, and 1 ETH."""
    accounts = Portfolio([Money(10_000, "USDT")], [SPOT, ETHBTC])
    accounts.apply_fill(fill_of(SPOT, Side.BUY, 1000, 10_000))
    accounts.apply_fill(fill_of(ETHBTC, Side.BUY, 2000, 5_000))
    accounts.apply_fill(fill_of(ETHBTC, Side.SELL, 1000, 6_000))
    assert text(accounts, "BTC", accounts.cash_of("BTC")) == "-0.04"
    assert text(accounts, "BTC", accounts.owned_of("BTC")) == "0.96"
    assert text(accounts, "ETH", accounts.owned_of("ETH")) == "1"
    assert text(accounts, "BTC", accounts.realized_of("BTC")) == "0.01"
    assert text(accounts, "USDT", accounts.owned_of("USDT")) == "9900"
    accounts.ledger.check()


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(ALL),
        st.sampled_from((Side.BUY, Side.SELL)),
        st.integers(1, 5000),
        st.integers(1, 20_000),
        st.integers(-(10**6), 10**6),
        st.sampled_from(("quote", "base", "BNB")),
        st.integers(-(10**12), 10**12),
    ),
    max_size=25,
)


@pytest.mark.parametrize("basis", list(TradeBasis))
@given(actions=ACTIONS, marks=st.tuples(*[st.integers(1, 10**13)] * 3))
def test_equity_is_explained_after_every_posting(
    basis: TradeBasis, actions: list[tuple[Instrument, Side, int, int, int, str, int]], marks: tuple[int, int, int]
) -> None:
    """Both identities hold in every money, to the unit, whatever is traded, charged, settled, and at any marks."""
    accounts = Portfolio(BUDGETS, ALL, basis=basis)
    at = dict(zip(CLOSED, marks, strict=True))
    closed = dict.fromkeys(accounts.moneys, 0)
    for second, (instrument, side, lots, ticks, fee, paid_in, funding) in enumerate(actions, 1):
        currency = instrument.quote if paid_in == "quote" or instrument is PERP else paid_in
        currency = instrument.base if currency == "base" else currency
        if currency == instrument.base:
            fee = min(abs(fee), lots * instrument.lot_units)
        fill = fill_of(instrument, side, lots, ticks, fee, currency, second)
        for trade in accounts.apply_fill(fill, fee_value=fee * 10**6 if currency == "BNB" else 0):
            closed[instrument.quote] += trade.pnl
        if accounts.position_units(PERP.id):
            accounts.apply_funding(PERP.id, funding, 0)
        accounts.ledger.check()
        for money in accounts.moneys:
            equity, budget = accounts.equity_of(money, at), accounts.budget_of(money)
            kept = accounts.realized_of(money) + accounts.unrealized_of(money, at)
            assert equity == budget + kept - accounts.fees_of(money) + accounts.funding_of(money)
            if money != "BNB":  # nothing is quoted in it: its fees are borne by the trades of the others
                results = closed[money] + accounts.open_pnl_of(money, at)
                assert equity - budget == results + accounts.fees_elsewhere_of(money)


def test_a_further_money_may_start_with_nothing() -> None:
    """A budget of 0 EUR beside one of USDT is one."""
    accounts = Portfolio([Money(10_000, "USDT"), Money(0, "EUR")], ALL)
    assert (accounts.budget_of("EUR"), accounts.cash_of("EUR")) == (0, 0)


def test_a_fee_elsewhere_of_no_known_value_is_paid_and_borne_by_no_trade() -> None:
    """A fee in BNB leaves its cash; without a value in USDT no trade is charged, and nothing is flagged as forced."""
    accounts = Portfolio(BUDGETS, ALL)
    accounts.apply_fill(fill_of(SPOT, Side.BUY, 1000, 10_000, 30_000, "BNB"))
    (trade,) = accounts.apply_fill(fill_of(SPOT, Side.SELL, 1000, 10_000))
    assert (trade.fees, trade.forced, accounts.fees_elsewhere_of("USDT")) == (0, False, 0)
    assert text(accounts, "BNB", accounts.cash_of("BNB")) == "1.9997"


# ---- refusals


@pytest.mark.parametrize(
    ("budgets", "instruments", "says"),
    [
        (BUDGETS, (), "portfolio: expected at least one instrument, found none"),
        (BUDGETS, (SPOT, SPOT), "BTCUSDT.TEST: expected each instrument once, found it again"),
        ((BUDGETS[0], BUDGETS[0]), (SPOT,), "USDT: expected each budget once, found it again"),
        ((Money(0, "USDT"),), (SPOT,), "budget: expected more than 0, found 0 USDT"),
        ((BUDGETS[0], Money(-1, "EUR")), (SPOT,), "budget: expected 0 or more, found -1 EUR"),
        ((Money(Decimal("1E-20"), "USDT"),), (SPOT,), "budget: expected a multiple of"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    budgets: tuple[Money, ...], instruments: tuple[Instrument, ...], says: str
) -> None:
    """Budgets are given once and are real, and so are instruments."""
    with pytest.raises(ConfigError, match=says):
        Portfolio(budgets, instruments)


def test_funding_of_what_is_no_perpetual_is_refused() -> None:
    """A spot position has no funding, and neither has what we do not trade."""
    accounts = Portfolio(BUDGETS, ALL)
    accounts.apply_fill(fill_of(SPOT, Side.BUY, 1000, 100))
    with pytest.raises(IntegrityError, match=r"BTCUSDT.TEST: funding: expected a perpetual of ours, found none"):
        accounts.apply_funding(SPOT.id, 1, 0)
    with pytest.raises(IntegrityError, match="X: funding: expected a perpetual of ours"):
        accounts.apply_funding("X", 1, 0)


@pytest.mark.parametrize("basis", TradeBasis)
def test_funding_heard_after_the_position_was_closed_belongs_to_the_next_trade(basis: TradeBasis) -> None:
    """Nothing is lost: the next trade opens when its fill says, and its result is 5 less."""
    accounts = Portfolio(BUDGETS, ALL, basis=basis)
    paid = -5 * 10 ** accounts.scales["USDT"]
    accounts.apply_funding(PERP.id, paid, 0)
    assert accounts.open_pnl(CLOSED) == paid
    accounts.apply_fill(fill_of(PERP, Side.SELL, 1000, 10_000, at=7))
    (trade,) = accounts.apply_fill(fill_of(PERP, Side.BUY, 1000, 10_000, at=8))
    assert (trade.side, trade.time_open, trade.pnl, trade.funding) == (Side.SELL, 7 * SECOND, paid, paid)
    accounts.ledger.check()


def test_a_fee_in_a_currency_without_cash_is_refused() -> None:
    """GBP is not ours."""
    accounts = Portfolio(BUDGETS, ALL)
    with pytest.raises(ConfigError, match=r"fee currency: expected one of USDT, EUR, BNB, BTC, found GBP"):
        accounts.apply_fill(fill_of(SPOT, Side.BUY, 1000, 100, 1, "GBP"))
