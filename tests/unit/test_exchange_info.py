"""Information files: every filter as integers of the instrument, and every malformed symbol refused with its reason."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import DataError
from genesis.feeds.files.exchange_info import read_exchange_info
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.orders import OrderType
from genesis.model.rules import (
    LotRange,
    NotionalRange,
    PercentPrice,
    Precision,
    PriceRange,
    RateLimit,
    StpMode,
    TrailingRange,
)
from genesis.model.venue_errors import Market
from tests.kit import exchange as x

SECOND = 1_000_000_000


def test_a_spot_symbol_with_every_filter(tmp_path: Path) -> None:
    """Prices are ticks, quantities lots, notionals ticks x lots; what is not used is kept by name."""
    filters = (
        x.PERCENT,
        x.PERCENT_BY_SIDE,
        x.MARKET_LOT,
        x.MIN_NOTIONAL,
        x.NOTIONAL,
        x.ICEBERG_PARTS,
        x.MAX_NUM_ORDERS,
        x.MAX_NUM_ALGO_ORDERS,
        x.MAX_NUM_ICEBERG_ORDERS,
        x.MAX_POSITION,
        x.TRAILING_DELTA,
        {"filterType": "OF_TOMORROW", "limit": 3},
    )
    listing = x.listing_of(tmp_path, x.spot_symbol(*filters))
    rules = listing.rules

    assert listing.instrument == Instrument(
        "BTCUSDT",
        "BINANCE",
        "BTC",
        "USDT",
        Decimal("0.01"),
        Decimal("0.001"),
        InstrumentKind.SPOT,
        Decimal("0.001"),
        Decimal(100),
        Decimal(10),
    )
    assert (rules.market, rules.status, rules.trading) == (Market.SPOT, "TRADING", True)
    assert rules.price == PriceRange(1, 10_000_000)
    assert rules.percent == (
        PercentPrice(False, 13, 7, 13, 7, 10, 5),
        PercentPrice(True, 12, 2, 50, 8, 10, 1),
    )
    assert rules.lot == LotRange(1, 100_000, 1)
    assert rules.market_lot == LotRange(5, 10_000, 5)
    # One tick times one lot is 0.00001 USDT.
    assert rules.notional == (
        NotionalRange("MIN_NOTIONAL", 1_000_000, None, True, False, 5, "10.00", False),
        NotionalRange("NOTIONAL", 1_000_000, 1_000_000_000, False, False, 5, "10.00000000", False),
    )
    assert (rules.iceberg_parts, rules.max_orders, rules.max_algo_orders, rules.max_iceberg_orders) == (10, 25, 5, 5)
    assert (rules.max_position, rules.lot_units) == (10 * 10**8, 100_000)
    assert rules.trailing == TrailingRange(10, 2000, 20, 1000)
    assert rules.stp_default is StpMode.EXPIRE_MAKER
    assert rules.stp_modes == (StpMode.EXPIRE_TAKER, StpMode.EXPIRE_MAKER, StpMode.EXPIRE_BOTH, StpMode.DECREMENT)
    assert rules.precision == Precision(8, 8, 8, 8)
    assert rules.allowed == tuple(OrderType)
    assert rules.post_only_allowed
    assert rules.unknown_filters == ("OF_TOMORROW",)
    assert rules.unchecked_filters == ("ICEBERG_PARTS", "MAX_NUM_ICEBERG_ORDERS")


def test_a_usdm_perpetual(tmp_path: Path) -> None:
    """The futures market names its fields otherwise: the reference is the mark price, and reduce-only is exempt from the minimum."""
    symbol = x.usdm_symbol(
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "0", "stepSize": "0.001"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.1500",
            "multiplierDown": "0.8500",
            "multiplierDecimal": "4",
        },
    )
    listing = x.listing_of(tmp_path, symbol)
    rules = listing.rules

    assert listing.instrument.kind is InstrumentKind.PERPETUAL
    assert listing.instrument.min_notional == 5
    assert rules.market is Market.USDM
    assert rules.allowed == tuple(OrderType)
    assert rules.post_only_allowed
    assert rules.percent == (PercentPrice(False, 115, 85, 115, 85, 100, None),)
    assert rules.notional == (NotionalRange("MIN_NOTIONAL", 500_000, None, True, False, None, "5", True),)
    assert (rules.max_orders, rules.max_algo_orders) == (200, 10)
    assert rules.market_lot == LotRange(1, None, 1)
    assert rules.precision == Precision(8, 8, None, None)
    assert (rules.stp_modes, rules.stp_default) == ((), None)


def test_a_spot_symbol_as_the_exchange_lists_it_in_2024(tmp_path: Path) -> None:
    """The numbers of a public capture of ETHUSDT: a market maximum off the step, a market step of 0, no STOP_LOSS and so no trailing stop."""
    filters = [
        x.PRICE | {"minPrice": "0.01000000", "maxPrice": "1000000.00000000", "tickSize": "0.01000000"},
        x.LOT | {"minQty": "0.00010000", "maxQty": "9000.00000000", "stepSize": "0.00010000"},
        x.ICEBERG_PARTS,
        x.MARKET_LOT | {"minQty": "0.00000000", "maxQty": "1701.08445000", "stepSize": "0.00000000"},
        x.TRAILING_DELTA | {"minTrailingBelowDelta": 10, "maxTrailingBelowDelta": 2000},
        x.PERCENT_BY_SIDE
        | {
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        x.NOTIONAL | {"minNotional": "5.00000000", "applyMinToMarket": True, "maxNotional": "9000000.00000000"},
        x.MAX_NUM_ORDERS | {"maxNumOrders": 200},
        x.MAX_NUM_ALGO_ORDERS,
    ]
    types = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]
    rules = x.listing_of(tmp_path, x.spot_symbol(filters=filters, orderTypes=types)).rules

    assert rules.price == PriceRange(1, 100_000_000)
    assert rules.lot == LotRange(1, 90_000_000, 1)
    assert rules.market_lot == LotRange(0, 17_010_844, 1)
    assert rules.percent == (PercentPrice(True, 50, 2, 50, 2, 10, 5),)
    assert rules.notional == (
        NotionalRange("NOTIONAL", 5_000_000, 9_000_000_000_000, True, False, 5, "5.00000000", False),
    )
    assert rules.allowed == (
        OrderType.MARKET,
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.TAKE_PROFIT_LIMIT,
    )
    assert rules.unknown_filters == ()


def test_a_usdm_symbol_as_the_exchange_lists_it_since_2025(tmp_path: Path) -> None:
    """No limit on algo orders, and a position control that is named and not checked."""
    filters = (
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    )
    rules = x.listing_of(tmp_path, x.usdm_symbol(*filters)).rules

    assert (rules.max_orders, rules.max_algo_orders) == (200, None)
    assert (rules.unchecked_filters, rules.unknown_filters) == (("POSITION_RISK_CONTROL",), ())


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        ("0", "0", PriceRange(0, None)),
        ("0.015", "0.039", PriceRange(2, 3)),
        ("0.02", "0.03", PriceRange(2, 3)),
    ],
)
def test_bounds_between_two_ticks(tmp_path: Path, least: str, most: str, expected: PriceRange) -> None:
    """A lower bound counts at the tick above it, an upper one at the tick below; 0 is no bound."""
    price = x.PRICE | {"minPrice": least, "maxPrice": most}

    assert x.listing_of(tmp_path, x.spot_symbol(filters=[price, x.LOT])).rules.price == expected


def test_amounts_between_two_units(tmp_path: Path) -> None:
    """One tick times one lot is 0.00001: notionals count at the unit inside, as does a position finer than the ledger."""
    notional = x.NOTIONAL | {"minNotional": "10.000005", "maxNotional": "20.000005"}
    symbol = x.spot_symbol(notional, x.MAX_POSITION | {"maxPosition": "10.000000009"})
    rules = x.listing_of(tmp_path, symbol).rules

    assert (rules.notional[0].min_product, rules.notional[0].max_product) == (1_000_001, 2_000_000)
    assert rules.max_position == 10 * 10**8


@pytest.mark.parametrize(
    ("step", "lots"), [("0", 1), ("0.001", 1), ("0.003", 3), ("0.0015", 3), ("0.0002", 1), ("1", 1000), ("0.7", 700)]
)
def test_the_step_of_market_orders_in_lots(tmp_path: Path, step: str, lots: int) -> None:
    """A market order must be a multiple of both steps: of their least common multiple."""
    symbol = x.spot_symbol(x.MARKET_LOT | {"stepSize": step})
    market_lot = x.listing_of(tmp_path, symbol).rules.market_lot

    assert market_lot is not None
    assert market_lot.step_lots == lots


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_a_minimum_notional_is_exact(tmp_path_factory: pytest.TempPathFactory, least: int, product: int) -> None:
    """Ticks x lots is under the integer bound exactly when price times quantity is under the amount the file writes."""
    amount = Decimal(least).scaleb(-7)
    folder = tmp_path_factory.getbasetemp()
    symbol = x.spot_symbol(x.MIN_NOTIONAL | {"minNotional": format(amount, "f")})
    bound = x.listing_of(folder, symbol).rules.notional[0].min_product

    assert (product < (bound or 0)) == (Decimal(product) * Decimal("0.01") * Decimal("0.001") < amount)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"filters": None}, "field 'filters': expected a list, found nothing"),
        ({"filters": [x.LOT]}, "field 'filters': expected PRICE_FILTER, found LOT_SIZE"),
        ({"filters": [x.PRICE, {}]}, "field 'filters[1].filterType': expected a filter's name, found {}"),
        ({"filters": [x.PRICE, x.LOT, x.LOT]}, "expected each filter once, found LOT_SIZE again"),
        (
            {"filters": [{"filterType": "PRICE_FILTER", "minPrice": "1"}, x.LOT]},
            "field 'PRICE_FILTER.tickSize': expected a value, found nothing",
        ),
        (
            {"filters": [x.PRICE | {"tickSize": "0.00"}, x.LOT]},
            "field 'PRICE_FILTER.tickSize': expected a decimal above 0, found 0.00",
        ),
        (
            {"filters": [x.PRICE | {"maxPrice": "high"}, x.LOT]},
            "field 'PRICE_FILTER.maxPrice': expected a decimal of 0 or more, found high",
        ),
        (
            {"filters": [x.PRICE | {"maxPrice": 1.5}, x.LOT]},
            "field 'PRICE_FILTER.maxPrice': expected a decimal of 0 or more, as text, found 1.5",
        ),
        (
            {"filters": [x.PRICE | {"maxPrice": "NaN"}, x.LOT]},
            "field 'PRICE_FILTER.maxPrice': expected a decimal of 0 or more, found NaN",
        ),
        (
            {"filters": [x.PRICE | {"maxPrice": "1E+999999999"}, x.LOT]},
            "field 'PRICE_FILTER.maxPrice': expected a decimal of at most 30 digits on either side, found 1E+999999999",
        ),
        (
            {"filters": [x.PRICE, x.LOT | {"minQty": "-1"}]},
            "field 'LOT_SIZE.minQty': expected a decimal of 0 or more, found -1",
        ),
        ({"filters": [x.PRICE, x.LOT | {"maxQty": "0.0001"}]}, "max_qty: expected above 0 and not under min_qty"),
        (
            {"filters": [x.PRICE, x.LOT, x.PERCENT | {"avgPriceMins": "5"}]},
            "field 'PERCENT_PRICE.avgPriceMins': expected a whole number of 0 or more, found 5",
        ),
        (
            {"filters": [x.PRICE, x.LOT, x.PERCENT_BY_SIDE | {"askMultiplierUp": "0"}]},
            "field 'PERCENT_PRICE_BY_SIDE.askMultiplierUp': expected a decimal above 0, found 0",
        ),
        (
            {"filters": [x.PRICE, x.LOT, x.MIN_NOTIONAL | {"applyToMarket": "yes"}]},
            "field 'MIN_NOTIONAL.applyToMarket': expected true or false, found yes",
        ),
        (
            {"filters": [x.PRICE, x.LOT, {"filterType": "MAX_NUM_ORDERS"}]},
            "field 'MAX_NUM_ORDERS.maxNumOrders': expected a value, found nothing",
        ),
        ({"baseAsset": None}, "field 'baseAsset': expected text, found nothing"),
        ({"status": None}, "field 'status': expected text, found nothing"),
        ({"orderTypes": "LIMIT"}, "field 'orderTypes': expected a list of names, found LIMIT"),
        ({"baseAssetPrecision": "8"}, "field 'baseAssetPrecision': expected a whole number of 0 or more, found 8"),
        ({"allowedSelfTradePreventionModes": ["SOME"]}, "expected one of NONE, EXPIRE_TAKER, EXPIRE_MAKER"),
        (
            {"defaultSelfTradePreventionMode": "NONE"},
            "expected one of EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, DECREMENT, found NONE",
        ),
        ({"contractType": "PERPETUAL", "marginAsset": "BTC"}, "expected a linear contract, found an inverse one"),
        ({"contractType": "NEXT_QUARTER", "marginAsset": "USDT"}, "expected PERPETUAL, found NEXT_QUARTER"),
    ],
)
def test_a_malformed_symbol_is_refused_alone(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    """The refusal names file, symbol, filter and field, what was expected and found; the other symbols load."""
    path = x.write_info(tmp_path / "info.json", x.spot_symbol(**change), x.spot_symbol(symbol="ETHUSDT"))
    info = read_exchange_info(path, "BINANCE")

    assert list(info.listings) == ["ETHUSDT"]
    assert list(info.refused) == ["BTCUSDT"]
    assert info.refused["BTCUSDT"].startswith(f"{path}: BTCUSDT: ")
    assert reason in info.refused["BTCUSDT"]
    with pytest.raises(DataError) as caught:
        info.listing("BTCUSDT")
    assert str(caught.value) == info.refused["BTCUSDT"]


def test_a_symbol_the_file_does_not_have(tmp_path: Path) -> None:
    """Asking for it is an error that names the file and the symbol."""
    path = x.write_info(tmp_path / "info.json", x.spot_symbol())

    with pytest.raises(DataError) as caught:
        read_exchange_info(path, "BINANCE").listing("XYZ")
    assert str(caught.value) == f"{path}: no such symbol: field 'symbol': expected XYZ, found none"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"",
            "no exchange information: expected JSON, or one recorded line 'URL of exchangeInfo -> time: JSON', found 0",
        ),
        (b"{", "expected JSON, found: input data was truncated"),
        (b"\xff", "expected UTF-8 text, found another byte at 0"),
        (b"\x1f\x8b", "expected a whole gzip file, found a damaged one"),
        (b"{}", "field 'symbols': expected a list of symbols, found nothing"),
        (b'{"symbols": [3]}', "field 'symbols[0].symbol': expected a symbol's name, found 3"),
        (b"https://x/exchangeInfo -> 1.5: [1]", "expected a JSON object, found list"),
        (b'{"symbols": [], "rateLimits": 4}', "field 'rateLimits': expected a list, found 4"),
        (b'{"symbols": [], "rateLimits": [4]}', "field 'rateLimits[0]': expected an object, found 4"),
        (
            b'{"symbols": [], "rateLimits": [{"rateLimitType": "ORDERS", "interval": "WEEK"}]}',
            "field 'rateLimits[0].interval': expected one of SECOND, MINUTE, HOUR, DAY, found WEEK",
        ),
        (
            b'{"symbols": [], "rateLimits": [{"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 0}]}',
            "field 'rateLimits[0].intervalNum': expected 1 or more, found 0",
        ),
        (
            b'{"symbols": [], "rateLimits": [{"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1}]}',
            "field 'rateLimits[0].limit': expected 1 or more, found nothing",
        ),
    ],
)
def test_a_file_that_is_no_exchange_information(tmp_path: Path, content: bytes, message: str) -> None:
    """It is refused whole, with the file's name."""
    path = tmp_path / "info"
    path.write_bytes(content)

    with pytest.raises(DataError) as caught:
        read_exchange_info(path, "BINANCE")
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The message says so in the system's words."""
    with pytest.raises(DataError, match="expected a readable file, found: no such file or directory"):
        read_exchange_info(tmp_path / "none", "BINANCE")


def test_a_symbol_written_twice(tmp_path: Path) -> None:
    """Two truths about one symbol spoil the file."""
    path = x.write_info(tmp_path / "info.json", x.spot_symbol(), x.spot_symbol())

    with pytest.raises(DataError, match="expected each symbol once, found BTCUSDT again"):
        read_exchange_info(path, "BINANCE")


def test_plain_gzipped_and_recorded_forms_are_the_same(tmp_path: Path) -> None:
    """The container changes nothing but the source's name."""
    document = json.dumps({"symbols": [x.spot_symbol()], "rateLimits": []})
    recorded = f"https://api.binance.com/api/v3/exchangeInfo -> 1633998511.13: {document}\nconfiguration: {{}}\n"
    forms = [document.encode(), gzip.compress(document.encode()), recorded.encode(), gzip.compress(recorded.encode())]
    listings = []
    for number, content in enumerate(forms):
        path = tmp_path / str(number)
        path.write_bytes(content)
        listings.append(read_exchange_info(path, "BINANCE").listings)

    assert all(found == listings[0] for found in listings)
    assert list(listings[0]) == ["BTCUSDT"]


def test_unknown_filters_are_counted(tmp_path: Path) -> None:
    """What is not checked is never silent."""
    odd = {"filterType": "OF_TOMORROW"}
    path = x.write_info(tmp_path / "i", x.spot_symbol(odd), x.spot_symbol(odd, symbol="A"), x.spot_symbol(symbol="B"))

    assert read_exchange_info(path, "BINANCE").unknown_filters() == {"OF_TOMORROW": 2}


@pytest.mark.parametrize(
    ("values", "trading"),
    [({}, True), ({"status": "BREAK"}, False), ({"isSpotTradingAllowed": False}, False)],
)
def test_whether_a_symbol_trades(tmp_path: Path, values: dict[str, Any], trading: bool) -> None:
    """Only a symbol whose status is TRADING, and that spot accounts may trade, takes orders."""
    assert x.listing_of(tmp_path, x.spot_symbol(**values)).rules.trading is trading


@pytest.mark.parametrize(
    ("values", "allowed"),
    [({"allowTrailingStop": None}, False), ({"orderTypes": ["LIMIT", "STOP_LOSS_LIMIT"]}, False), ({}, True)],
)
def test_trailing_stops_of_the_spot_market(tmp_path: Path, values: dict[str, Any], allowed: bool) -> None:
    """A market trailing stop is a stop loss with a delta: both must be allowed."""
    rules = x.listing_of(tmp_path, x.spot_symbol(**values)).rules

    assert (OrderType.TRAILING_STOP in rules.allowed) is allowed


# ---- the reference files: cryptofeed's recordings of 2021-10-12 (spot) and 2021-07-21 (futures)


@pytest.mark.parametrize(
    ("name", "listed", "refused", "limits"),
    [
        (
            "BINANCE",
            1695,
            {},
            (RateLimit(50, "SECOND", 10, 10 * SECOND), RateLimit(160_000, "DAY", 1, 86_400 * SECOND)),
        ),
        (
            "BINANCE_FUTURES",
            119,
            {"expected PERPETUAL, found none": 1, "expected PERPETUAL, found CURRENT_QUARTER": 2},
            (RateLimit(1200, "MINUTE", 1, 60 * SECOND), RateLimit(300, "SECOND", 10, 10 * SECOND)),
        ),
        (
            "BINANCE_DELIVERY",
            0,
            {"expected a linear contract, found an inverse one (margin in": 36},
            (RateLimit(1200, "MINUTE", 1, 60 * SECOND),),
        ),
    ],
)
def test_every_symbol_of_the_reference_files(
    market_data: Callable[[str], Path], name: str, listed: int, refused: dict[str, int], limits: tuple[RateLimit, ...]
) -> None:
    """All 1,853 symbols load or are refused with a stated reason; none has a filter that is not known."""
    info = read_exchange_info(market_data(f"reference/cryptofeed_{name}.0.gz"), "BINANCE")

    assert len(info.listings) == listed
    assert {r: sum(r in text for text in info.refused.values()) for r in refused} == refused
    assert len(info.refused) == sum(refused.values())
    assert info.unknown_filters() == {}
    assert info.order_limits == limits


def test_the_reference_rules_are_the_texts_of_the_file(market_data: Callable[[str], Path]) -> None:
    """For every spot symbol: back in decimals, the integers are the file's own numbers, cut to tick and lot where it says more."""
    path = market_data("reference/cryptofeed_BINANCE.0.gz")
    info = read_exchange_info(path, "BINANCE")
    document = json.loads("{" + gzip.decompress(path.read_bytes()).decode().splitlines()[0].partition(": {")[2])

    for entry in document["symbols"]:
        listing = info.listing(entry["symbol"])
        rules, price, lot = listing.rules, listing.instrument.price_grid, listing.instrument.qty_grid
        filters = {f["filterType"]: f for f in entry["filters"]}
        most = Decimal(filters["PRICE_FILTER"]["maxPrice"])
        assert price.to_decimal(rules.price.min_ticks) == Decimal(filters["PRICE_FILTER"]["minPrice"])
        assert rules.price.max_ticks is not None
        assert 0 <= most - price.to_decimal(rules.price.max_ticks) < listing.instrument.tick
        assert lot.to_decimal(rules.lot.min_lots) == Decimal(filters["LOT_SIZE"]["minQty"])
        assert rules.lot.max_lots is not None
        assert lot.to_decimal(rules.lot.max_lots) == Decimal(filters["LOT_SIZE"]["maxQty"])
        least = Decimal(filters["MIN_NOTIONAL"]["minNotional"])
        unit = listing.instrument.tick * listing.instrument.lot
        product = rules.notional[0].min_product or 0
        assert 0 <= product * unit - least < unit
