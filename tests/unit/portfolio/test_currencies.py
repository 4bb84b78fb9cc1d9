"""Amounts in another currency: by the tape's prices, exactly, and never by an old one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.portfolio.conversion import NoRate, RateProblem
from genesis.portfolio.currencies import Rates
from tests.kit.fills import SECOND

BNB = Instrument("BNBUSDT", "T", "BNB", "USDT", Decimal("0.1"), Decimal("0.001"))
EUR = Instrument("EURUSD", "T", "EUR", "USD", Decimal("0.0001"), Decimal(1), InstrumentKind.FX)
USDT = Instrument("USDTUSD", "T", "USDT", "USD", Decimal("0.0001"), Decimal(1))
PERP = Instrument("BNBUSD", "T", "BNB", "USD", Decimal("0.1"), Decimal("0.01"), InstrumentKind.PERPETUAL)
SCALES = {"BNB": 8, "USDT": 10, "USD": 12, "EUR": 8, "GBP": 8}
NOW = 1_000 * SECOND


def rates(*shown: tuple[Instrument, int, int, int]) -> Rates:
    """Rates with (instrument, second, bid, ask) shown."""
    all_of_them = Rates([BNB, EUR, USDT, PERP], SCALES)
    for instrument, at, bid, ask in shown:
        all_of_them.show(instrument.id, at * SECOND, bid, ask)
    return all_of_them


def units(currency: str, text: str) -> int:
    """Ledger units."""
    return currency_grid(SCALES[currency]).from_text(text)


def converted(of: Rates, amount: str, source: str, target: str, now: int = NOW) -> str:
    """The amount as text in the target currency."""
    found = of.convert(units(source, amount), source, target, now)
    assert isinstance(found, int), found
    return format(currency_grid(SCALES[target]).to_decimal(found).normalize(), "f")


FRESH = rates((BNB, 990, 2600, 2602), (USDT, 995, 9990, 9992), (EUR, 1000, 10_800, 10_802))


@pytest.mark.parametrize(
    ("amount", "source", "target", "worth"),
    [
        ("2", "BNB", "USDT", "520"),  # sold at the bid of 260.0
        ("-2", "BNB", "USDT", "-520.4"),  # bought back at the ask of 260.2
        ("520.4", "USDT", "BNB", "2"),  # an owner of USDT buys BNB at the ask
        ("-520", "USDT", "BNB", "-2"),  # a debtor in USDT sells BNB at the bid
        ("2", "BNB", "USD", "519.48"),  # 520 USDT at the bid of 0.9990
        ("-2", "BNB", "USD", "-519.98368"),  # 520.4 USDT at the ask of 0.9992
        ("1000", "EUR", "USDT", "1080.8646917534"),  # 1,080 / 0.9992 = 1,080.864691753402...: down
        ("0.00000001", "BNB", "USDT", "0.0000026"),  # the least that can be owned sells at the bid too
        ("0", "GBP", "USD", "0"),  # nothing is worth nothing
        ("5", "GBP", "GBP", "5"),
    ],
)
def test_by_hand(amount: str, source: str, target: str, worth: str) -> None:
    """What is owned is sold at the bid or buys at the ask; what is owed the other way round; one rounding, down."""
    assert converted(FRESH, amount, source, target) == worth


def test_a_price_of_sixty_seconds_is_used_and_an_older_one_is_an_error() -> None:
    """At 60 s the rate stands; a nanosecond later the valuation is an error that says which price and how old."""
    one = rates((BNB, 940, 2600, 2600))
    assert converted(one, "1", "BNB", "USDT") == "260"
    stale = one.convert(units("BNB", "1"), "BNB", "USDT", NOW + 1)
    assert stale == NoRate(RateProblem.STALE, "BNB", "USDT", BNB.id, 60 * SECOND + 1, 60 * SECOND)
    assert str(stale) == "BNB to USDT: expected a price of BNBUSDT.T of at most 60 s, found one 60 s old"


@pytest.mark.parametrize(("bid", "ask"), [(0, 2700), (2700, 0), (0, 0)])
def test_a_side_that_nobody_offers_is_no_price(bid: int, ask: int) -> None:
    """A bid or ask of 0 leaves the price before it."""
    one = rates((BNB, 990, 2600, 2602), (BNB, 995, bid, ask))
    assert [converted(one, amount, "BNB", "USDT") for amount in ("1", "-1")] == ["260", "-260.2"]


def test_the_oldest_price_of_the_way_counts() -> None:
    """BNB is fresh and USDT is not: BNB to USD is an error of USDTUSD."""
    found = rates((BNB, 1000, 2600, 2600), (USDT, 900, 9990, 9990)).convert(1, "BNB", "USD", NOW)
    assert isinstance(found, NoRate)
    assert (found.problem, found.instrument) == (RateProblem.STALE, USDT.id)


def test_without_a_price_or_a_way_there_is_no_value() -> None:
    """USDT is not USD: without a price it has no value in USD, and GBP has no way at all. A perpetual is no rate."""
    none = rates()
    no_price = none.convert(1, "USDT", "USD", NOW)
    assert no_price == NoRate(RateProblem.NO_PRICE, "USDT", "USD", USDT.id)
    assert str(no_price) == "USDT to USD: expected a price of USDTUSD.T, found none yet"
    no_way = none.convert(1, "GBP", "USD", NOW)
    assert no_way == NoRate(RateProblem.NO_PATH, "GBP", "USD")
    assert str(no_way) == "GBP to USD: expected instruments on the tape that lead there, found none"
    assert none.convert(1, "USDT", "GBP", NOW) == NoRate(RateProblem.NO_PATH, "USDT", "GBP")
    only = Rates([PERP], SCALES)
    only.show(PERP.id, NOW, 2600, 2600)
    assert only.convert(1, "BNB", "USD", NOW) == NoRate(RateProblem.NO_PATH, "BNB", "USD")


@given(amount=st.integers(-(10**24), 10**24).filter(bool), bid=st.integers(1, 10**8), spread=st.integers(0, 10**4))
def test_there_and_back_never_gains(amount: int, bid: int, spread: int) -> None:
    """Converted and converted back, an asset is worth no more and a debt no less."""
    one = rates((BNB, 1000, bid, bid + spread))
    there = one.convert(amount, "BNB", "USDT", NOW)
    assert isinstance(there, int)
    back = one.convert(there, "USDT", "BNB", NOW)
    assert isinstance(back, int)
    assert back <= amount


@given(a=st.integers(0, 10**20), b=st.integers(0, 10**20))
def test_parts_are_worth_no_more_than_the_whole(a: int, b: int) -> None:
    """Rounding down takes less than one unit from each part."""
    values = [FRESH.convert(x, "EUR", "USDT", NOW) for x in (a, b, a + b)]
    one, two, both = (v for v in values if isinstance(v, int))
    assert one + two <= both <= one + two + 1
