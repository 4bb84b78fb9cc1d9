"""The exchange's filters at their very bounds, its exact words, and which failure wins."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.execution.filters import OrderFilters
from genesis.execution.listing_rules import ListingRules
from genesis.feeds.files.exchange_info import Listing
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.orders import Order, OrderIntent, OrderType, Side
from genesis.model.rules import LotRange, PercentPrice, PriceRange, StpMode, TrailingRange
from genesis.model.venue_errors import Breach, Violation
from genesis.tape.references import TapeReferences
from tests.kit import exchange as x
from tests.kit.runs import START, marks_stream, trades_stream
from tests.kit.venue import TOUCH, Venue

SPOT_FILTERS = (
    x.PERCENT_BY_SIDE | {"avgPriceMins": 5},
    x.MARKET_LOT,
    x.NOTIONAL | {"applyMinToMarket": True, "applyMaxToMarket": True},
    x.MAX_NUM_ORDERS,
    x.MAX_NUM_ALGO_ORDERS,
    x.MAX_POSITION | {"maxPosition": "100"},
    x.TRAILING_DELTA,
)
USDM_FILTERS = (
    x.MARKET_LOT,
    {"filterType": "MAX_NUM_ORDERS", "limit": 25},
    {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 5},
    {"filterType": "MIN_NOTIONAL", "notional": "10"},
    {"filterType": "PERCENT_PRICE", "multiplierUp": "1.1", "multiplierDown": "0.9", "multiplierDecimal": "4"},
)


@pytest.fixture(scope="module")
def spot(tmp_path_factory: pytest.TempPathFactory) -> Listing:
    return x.listing_of(tmp_path_factory.mktemp("spot"), x.spot_symbol(*SPOT_FILTERS))


@pytest.fixture(scope="module")
def usdm(tmp_path_factory: pytest.TempPathFactory) -> Listing:
    return x.listing_of(tmp_path_factory.mktemp("usdm"), x.usdm_symbol(*USDM_FILTERS))


PRICED = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)


def prices(average: str | None = "100", mark: str | None = "100", scale: int = 1) -> TapeReferences:
    """References in ticks of 0.01 (``scale`` times as many): one trade at ``average``, one mark."""
    streams = []
    if average is not None:
        streams.append(trades_stream([(-START, int(Decimal(average) * 100) * scale, 7, 0)], PRICED))
    if mark is not None:
        units = int(Decimal(mark) * 10**8)
        streams.append(marks_stream([(-START, units, units, units)], PRICED))
    for stream in streams:
        stream.reveal(stream.recorded)
    return TapeReferences(streams)


def intent_of(listing: Listing, **values: Any) -> OrderIntent:
    """A buy of one unit at 100 unless said otherwise; prices and quantities in decimals."""
    wanted: dict[str, Any] = {
        "side": Side.BUY,
        "qty": "1",
        "type": OrderType.LIMIT,
        "limit": "100",
        "trigger": None,
    } | values
    instrument = listing.instrument
    ticks: dict[str, Any] = {
        f"{k}_ticks": None if wanted[k] is None else instrument.ticks(wanted[k]) for k in ("limit", "trigger")
    }
    others: dict[str, Any] = {k: v for k, v in wanted.items() if k not in ("side", "qty", "type", "limit", "trigger")}
    return OrderIntent(instrument, wanted["side"], instrument.lots(wanted["qty"]), wanted["type"], **ticks, **others)


def check(
    listing: Listing,
    intent: OrderIntent,
    references: TapeReferences | None = None,
    open_orders: int = 0,
    open_algo_orders: int = 0,
    base_units: int = 0,
    mode: StpMode = StpMode.EXPIRE_MAKER,
) -> Violation | None:
    filters = OrderFilters(listing.rules)
    return filters.check(intent, 0, references or prices(), open_orders, open_algo_orders, base_units, mode)


def said(found: Violation | None) -> tuple[int, str] | None:
    return None if found is None else (found.code, found.message)


PRICE = (-1013, "Filter failure: PRICE_FILTER")
BY_SIDE = (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE")
LOT = (-1013, "Filter failure: LOT_SIZE")
MARKET_LOT = (-1013, "Filter failure: MARKET_LOT_SIZE")
NOTIONAL = (-1013, "Filter failure: NOTIONAL")
TRAILING = (-1013, "Filter failure: TRAILING_DELTA")
MARKET: dict[str, Any] = {"type": OrderType.MARKET, "limit": None}
SELL: dict[str, Any] = {"side": Side.SELL}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, None),
        # PERCENT_PRICE_BY_SIDE around an average of 100: buys 20 to 120, sells 80 to 500.
        ({"limit": "120"}, None),
        ({"limit": "120.01"}, BY_SIDE),
        ({"limit": "20"}, None),
        ({"limit": "19.99"}, BY_SIDE),
        (SELL | {"limit": "500"}, None),
        (SELL | {"limit": "500.01"}, BY_SIDE),
        (SELL | {"limit": "80"}, None),
        (SELL | {"limit": "79.99"}, BY_SIDE),
        # PRICE_FILTER 0.01 to 100000, of limit and trigger.
        ({"limit": "100000.01"}, PRICE),
        ({"type": OrderType.STOP_LIMIT, "trigger": "100000"}, None),
        ({"type": OrderType.STOP_LIMIT, "trigger": "100000.01"}, PRICE),
        # LOT_SIZE 0.001 to 100.
        ({"qty": "100", "limit": "100"}, None),
        ({"qty": "100.001"}, LOT),
        # MARKET_LOT_SIZE 0.005 to 10 by 0.005, of market orders only.
        ({"qty": "10"} | MARKET, None),
        ({"qty": "10.005"} | MARKET, MARKET_LOT),
        ({"qty": "0.112"} | MARKET, MARKET_LOT),
        ({"qty": "0.112"}, None),
        ({"qty": "0.001"} | MARKET, MARKET_LOT),
        ({"qty": "12", "limit": None, "type": OrderType.STOP, "trigger": "110"}, None),
        # NOTIONAL 10 to 10000, of market orders at the average of 100.
        ({"qty": "0.1", "limit": "100"}, None),
        ({"qty": "0.1", "limit": "99.99"}, NOTIONAL),
        ({"qty": "100", "limit": "100.01"}, NOTIONAL),
        ({"qty": "0.1", "limit": "99.99", "reduce_only": True}, NOTIONAL),
        ({"qty": "0.1"} | MARKET, None),
        ({"qty": "0.095"} | MARKET, NOTIONAL),
        # TRAILING_DELTA of stop losses: 10 to 2000 above the market (buys), 20 to 1000 below it (sells).
        ({"type": OrderType.TRAILING_STOP, "limit": None, "trailing_bp": 10}, None),
        ({"type": OrderType.TRAILING_STOP, "limit": None, "trailing_bp": 9}, TRAILING),
        ({"type": OrderType.TRAILING_STOP, "limit": None, "trailing_bp": 2000}, None),
        ({"type": OrderType.TRAILING_STOP, "limit": None, "trailing_bp": 2001}, TRAILING),
        (SELL | {"type": OrderType.TRAILING_STOP, "limit": None, "trailing_bp": 20}, None),
        (SELL | {"type": OrderType.TRAILING_STOP, "limit": None, "trailing_bp": 19}, TRAILING),
        (SELL | {"type": OrderType.TRAILING_STOP, "limit": None, "trailing_bp": 1000}, None),
        (SELL | {"type": OrderType.TRAILING_STOP, "limit": None, "trailing_bp": 1001}, TRAILING),
    ],
)
def test_spot_filters_at_their_bounds(spot: Listing, values: dict[str, Any], expected: tuple[int, str] | None) -> None:
    """The bound itself passes, one step beyond it does not, and the words are the exchange's."""
    assert said(check(spot, intent_of(spot, **values))) == expected


MIN_NOTIONAL = (-4164, "Order's notional must be no smaller than 10 (unless you choose reduce only)")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, None),
        ({"limit": "110"}, None),
        ({"limit": "110.01"}, (-4016, "Price is higher than mark price multiplier cap.")),
        ({"limit": "90"}, None),
        ({"limit": "89.99"}, (-4024, "Price is lower than mark price multiplier floor.")),
        ({"limit": "100000.01"}, (-4002, "Price greater than max price.")),
        (
            {"type": OrderType.STOP_LIMIT, "trigger": "100000.01"},
            (-4007, "Stop price greater than max price."),
        ),
        ({"qty": "100.001"}, (-4005, "Quantity greater than max quantity.")),
        ({"qty": "0.001"} | MARKET, (-4004, "Quantity less than min quantity.")),
        ({"qty": "10.005"} | MARKET, (-4005, "Quantity greater than max quantity.")),
        ({"qty": "0.112"} | MARKET, (-4023, "Qty not increased by step size.")),
        ({"qty": "0.1"}, None),
        ({"qty": "0.099"}, MIN_NOTIONAL),
        ({"qty": "0.099", "reduce_only": True}, None),
        ({"qty": "0.1"} | MARKET, None),
        ({"qty": "0.095"} | MARKET, MIN_NOTIONAL),
    ],
)
def test_usdm_filters_at_their_bounds(usdm: Listing, values: dict[str, Any], expected: tuple[int, str] | None) -> None:
    """The futures market holds prices to the mark price and says which limit was broken."""
    assert said(check(usdm, intent_of(usdm, **values), prices(average="55", mark="100"))) == expected


@pytest.mark.parametrize(
    ("which", "full", "algo"),
    [
        (
            "spot",
            (-1013, "Filter failure: MAX_NUM_ORDERS"),
            (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"),
        ),
        ("usdm", (-2025, "Reach max open order limit."), (-4045, "Reach max stop order limit.")),
    ],
)
def test_open_orders_are_counted(
    which: str, full: tuple[int, str], algo: tuple[int, str], request: pytest.FixtureRequest
) -> None:
    """25 orders may be open, 5 of them waiting for a trigger; plain orders are not held to the second count."""
    listing: Listing = request.getfixturevalue(which)
    plain = intent_of(listing)
    stop = intent_of(listing, type=OrderType.STOP_LIMIT, trigger="110")

    assert check(listing, plain, open_orders=24, open_algo_orders=5) is None
    assert said(check(listing, plain, open_orders=25)) == full
    assert check(listing, stop, open_orders=24, open_algo_orders=4) is None
    assert said(check(listing, stop, open_orders=24, open_algo_orders=5)) == algo
    assert said(check(listing, stop, open_orders=25, open_algo_orders=5)) == full


@pytest.mark.parametrize("kind", [k for k in OrderType if k not in (OrderType.MARKET, OrderType.LIMIT)])
def test_every_type_with_a_trigger_is_an_algo_order(spot: Listing, kind: OrderType) -> None:
    """Stops, take-profits and trailing stops count for MAX_NUM_ALGO_ORDERS."""
    values: dict[str, Any] = {"type": kind, "limit": "100" if kind.has_limit else None}
    values |= {"trailing_bp": 100} if kind is OrderType.TRAILING_STOP else {"trigger": "110"}

    found = check(spot, intent_of(spot, **values), open_algo_orders=5)

    assert found is not None
    assert found.filter == "MAX_NUM_ALGO_ORDERS"


@pytest.mark.parametrize(
    ("side", "held", "passes"), [(Side.BUY, 99, True), (Side.BUY, 100, False), (Side.SELL, 100, True)]
)
def test_the_largest_position(spot: Listing, side: Side, held: int, passes: bool) -> None:
    """At most 100 BTC, this order included; sells are free. With 99.00000001 held, a buy of 1 is too much."""
    order = intent_of(spot, side=side)

    found = check(spot, order, base_units=held * 10**8)
    more = check(spot, order, base_units=held * 10**8 + 1)

    assert (found is None) is passes
    assert said(more) == (None if side is Side.SELL else (-1013, "Filter failure: MAX_POSITION"))


def test_a_filter_without_its_price_is_not_checked(spot: Listing) -> None:
    """Before the first trade there is no average: what needs one is passed, what does not is not."""
    silent = prices(average=None)

    assert check(spot, intent_of(spot, limit="5", qty="2"), silent) is None
    assert check(spot, intent_of(spot, qty="0.005", **MARKET), silent) is None
    assert said(check(spot, intent_of(spot, limit="5", qty="1.999"), silent)) == NOTIONAL


@pytest.mark.parametrize(("minimum", "maximum"), [(False, False), (True, False), (False, True)])
def test_market_orders_and_the_notional_flags(tmp_path: Path, minimum: bool, maximum: bool) -> None:
    """A market order is held to the bound whose flag is set, and to no other."""
    rule = x.NOTIONAL | {"maxNotional": "500", "applyMinToMarket": minimum, "applyMaxToMarket": maximum}
    listing = x.listing_of(tmp_path, x.spot_symbol(rule))

    small = check(listing, intent_of(listing, qty="0.05", **MARKET))
    large = check(listing, intent_of(listing, qty="50", **MARKET))

    assert said(small) == (NOTIONAL if minimum else None)
    assert said(large) == (NOTIONAL if maximum else None)


def test_the_old_names(tmp_path: Path) -> None:
    """PERCENT_PRICE holds both sides to one range, MIN_NOTIONAL market orders to the average where it says so."""
    listing = x.listing_of(tmp_path, x.spot_symbol(x.PERCENT, x.MIN_NOTIONAL))
    percent, least = (-1013, "Filter failure: PERCENT_PRICE"), (-1013, "Filter failure: MIN_NOTIONAL")

    for side in Side:
        assert check(listing, intent_of(listing, side=side, limit="130")) is None
        assert said(check(listing, intent_of(listing, side=side, limit="130.01"))) == percent
        assert check(listing, intent_of(listing, side=side, limit="70")) is None
        assert said(check(listing, intent_of(listing, side=side, limit="69.99"))) == percent
    assert said(check(listing, intent_of(listing, qty="0.099", **MARKET))) == least
    assert said(check(listing, intent_of(listing, qty="0.099"))) == least


@given(
    st.integers(1, 10**7), st.integers(1, 10**9), st.integers(1, 10**6), st.integers(1, 10**4), st.integers(1, 10**4)
)
def test_percent_price_is_exact(spot: Listing, limit: int, total: int, lots: int, up: int, down: int) -> None:
    """The verdict is that of exact fractions, for an average of any fineness."""
    rules = msgspec.structs.replace(
        spot.rules, percent=(PercentPrice(False, up, down, up, down, 1000, 0),), notional=(), market_lot=None
    )

    class Average:
        def reference(self, time_ns: int, minutes: int | None) -> tuple[int, int] | None:
            return total, lots

    order = OrderIntent(spot.instrument, Side.BUY, 1000, OrderType.LIMIT, limit)
    found = OrderFilters(rules).check(order, 0, Average(), 0, 0, 0, StpMode.EXPIRE_MAKER)

    assert (found is None) is (Decimal(down) / 1000 * total <= limit * lots <= Decimal(up) / 1000 * total)


@pytest.mark.parametrize(
    ("which", "limit", "trigger"),
    [
        ("spot", (-1013, "Filter failure: PRICE_FILTER"), (-1013, "Filter failure: PRICE_FILTER")),
        ("usdm", (-4013, "Price less than min price."), (-4013, "Price less than min price.")),
    ],
)
def test_limits_under_the_lowest_price(
    which: str, limit: tuple[int, str], trigger: tuple[int, str], request: pytest.FixtureRequest
) -> None:
    """With 50 as the lowest price, 50 passes and 49.99 does not, as a limit and as a trigger."""
    listing: Listing = request.getfixturevalue(which)
    rules = msgspec.structs.replace(listing.rules, price=PriceRange(5_000, None), percent=(), notional=())
    stop = {"type": OrderType.STOP, "limit": None}

    def answer(**values: Any) -> tuple[int, str] | None:
        return said(OrderFilters(rules).check(intent_of(listing, **values), 0, prices(), 0, 0, 0, StpMode.EXPIRE_MAKER))

    assert answer(limit="50") is None
    assert answer(limit="49.99") == limit
    assert answer(**stop, trigger="50") is None
    assert answer(**stop, trigger="49.99") == trigger


# ---- which failure wins


def test_the_first_failure_in_order_wins(spot: Listing) -> None:
    """An order that breaks every rule is refused for the first; each rule that is lifted uncovers the next."""
    rules = msgspec.structs.replace(
        spot.rules,
        trading=False,
        lot=LotRange(1, 10, 1),
        market_lot=LotRange(1, 10, 1),
        max_orders=0,
        max_algo_orders=0,
        max_position=0,
        trailing=TrailingRange(2, 3, 2, 3),
    )
    # No real order has a limit, a trigger and a delta; the filters look at each by itself.
    order = intent_of(
        spot, type=OrderType.TRAILING_STOP, qty="101", limit="100000.01", trigger="100000.01", trailing_bp=9
    )
    lifted: list[dict[str, Any]] = [
        {"trading": True},
        {"price": msgspec.structs.replace(rules.price, max_ticks=None)},
        {"percent": ()},
        {"lot": LotRange(1, None, 1)},
        {"notional": ()},
        {"max_orders": None},
        {"max_algo_orders": None},
        {"max_position": None},
        {"trailing": None},
    ]
    seen: list[str | None] = []
    for change in lifted:
        found = OrderFilters(rules).check(order, 0, prices(), 0, 0, 0, StpMode.EXPIRE_MAKER)
        seen.append(None if found is None else found.filter or found.message)
        rules = msgspec.structs.replace(rules, **change)

    assert seen == [
        "Market is closed.",
        "PRICE_FILTER",
        "PERCENT_PRICE_BY_SIDE",
        "LOT_SIZE",
        "NOTIONAL",
        "MAX_NUM_ORDERS",
        "MAX_NUM_ALGO_ORDERS",
        "MAX_POSITION",
        "TRAILING_DELTA",
    ]
    assert OrderFilters(rules).check(order, 0, prices(), 0, 0, 0, StpMode.EXPIRE_MAKER) is None


def test_lot_size_comes_before_market_lot_size(spot: Listing) -> None:
    """A market order outside both is refused for LOT_SIZE."""
    rules = msgspec.structs.replace(spot.rules, lot=LotRange(2, None, 1), market_lot=LotRange(2, None, 1))
    order = intent_of(spot, qty="0.001", **MARKET)

    assert said(OrderFilters(rules).check(order, 0, prices(), 0, 0, 0, StpMode.EXPIRE_MAKER)) == LOT


# ---- types, modes, the matching engine


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (OrderType.MARKET, "MARKET", "Market orders are not supported for this symbol."),
        (OrderType.STOP, "STOP_LOSS", "Stop loss orders are not supported for this symbol."),
        (OrderType.STOP_LIMIT, "STOP_LOSS_LIMIT", "Stop loss limit orders are not supported for this symbol."),
        (OrderType.TAKE_PROFIT, "TAKE_PROFIT", "Take profit orders are not supported for this symbol."),
        (
            OrderType.TAKE_PROFIT_LIMIT,
            "TAKE_PROFIT_LIMIT",
            "Take profit limit orders are not supported for this symbol.",
        ),
        (OrderType.TRAILING_STOP, "STOP_LOSS", "Trailing stop orders are not supported for this symbol."),
    ],
)
def test_a_type_the_symbol_does_not_take(tmp_path: Path, kind: OrderType, name: str, words: str) -> None:
    """It is refused in the exchange's words for that type."""
    listing = x.listing_of(tmp_path, x.spot_symbol(orderTypes=[t for t in x.SPOT_TYPES if t != name]))
    values: dict[str, Any] = {"type": kind, "limit": "100" if kind.has_limit else None}
    values["trigger"] = "110" if kind.has_trigger else None
    values["trailing_bp"] = 100 if kind is OrderType.TRAILING_STOP else None

    assert said(check(listing, intent_of(listing, **values))) == (-2010, words)


def test_post_only_needs_its_own_type(tmp_path: Path) -> None:
    """Without LIMIT_MAKER a post-only order is of an invalid type; a plain limit order passes."""
    listing = x.listing_of(tmp_path, x.spot_symbol(orderTypes=["LIMIT"]))

    assert said(check(listing, intent_of(listing, post_only=True))) == (-1116, "Invalid orderType.")
    assert check(listing, intent_of(listing)) is None


def test_self_trade_prevention_modes(spot: Listing, usdm: Listing) -> None:
    """A mode the symbol does not list is refused; a file that lists none allows all."""
    words = "This symbol does not allow the specified self-trade prevention mode."

    assert check(spot, intent_of(spot), mode=StpMode.DECREMENT) is None
    assert said(check(spot, intent_of(spot), mode=StpMode.NONE)) == (-1013, words)
    assert check(usdm, intent_of(usdm), mode=StpMode.NONE) is None


def engine(listing: Listing, values: dict[str, Any], **market: Any) -> tuple[int, str] | None:
    """What a venue says that knows the symbol's rules: flat, rich, last price 100, the other side of the book at 100 unless said otherwise."""
    seen: dict[str, Any] = {"position": 0, "affordable": True, "last": 10_000, "opposite": 10_000} | market
    intent, rich = intent_of(listing, **values), seen["affordable"]
    venue = Venue(TOUCH, listing.instrument)
    ear = venue.account(cash="10000" if rich else "0", coins="50" if rich else "0")
    party, sign = venue.parties["a"], int(intent.side)
    party.position = seen["position"]
    party.rules = ListingRules(OrderFilters(listing.rules), prices(), None, listing.instrument.lot_units)
    if seen["last"] is not None:
        venue.trade(seen["last"], 1)
    if seen["opposite"] is not None:
        # The order's own side is far below, so that nothing but the other one matters.
        near, far = seen["opposite"], seen["opposite"] - sign * 500
        venue.quote(*((far, 1, near, 1) if sign > 0 else (near, 1, far, 1)))
    venue.send(Order("o", "a", intent, venue.now, 1))
    if "o" not in ear.details:
        return None
    code, _, message = ear.details["o"].partition(" (")[0].partition(" ")
    return int(code), message


TRIGGERS = (-2010, "Order would trigger immediately.")
TAKES = (-2010, "Order would immediately match and take.")


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "expected"),
    [
        (OrderType.STOP, Side.BUY, "100.01", None),
        (OrderType.STOP, Side.BUY, "100", TRIGGERS),
        (OrderType.STOP, Side.SELL, "99.99", None),
        (OrderType.STOP, Side.SELL, "100", TRIGGERS),
        (OrderType.STOP, Side.SELL, "100.01", TRIGGERS),
        (OrderType.TAKE_PROFIT, Side.BUY, "99.99", None),
        (OrderType.TAKE_PROFIT, Side.BUY, "100", TRIGGERS),
        (OrderType.TAKE_PROFIT, Side.SELL, "100.01", None),
        (OrderType.TAKE_PROFIT, Side.SELL, "100", TRIGGERS),
        (OrderType.STOP_LIMIT, Side.BUY, "99", TRIGGERS),
        (OrderType.TAKE_PROFIT_LIMIT, Side.SELL, "99", TRIGGERS),
    ],
)
def test_an_order_that_would_trigger_at_once(
    spot: Listing, kind: OrderType, side: Side, trigger: str, expected: tuple[int, str] | None
) -> None:
    """Buy stops and sell take-profits wait above the last price, their counterparts below it; at it is too late."""
    values = {"type": kind, "side": side, "trigger": trigger, "limit": "100" if kind.has_limit else None}

    assert engine(spot, values) == expected
    assert engine(spot, values, last=None, opposite=None) is None


def test_the_activation_of_a_trailing_stop_is_no_trigger(spot: Listing) -> None:
    """Met at once it only begins to track, on spot."""
    trailing = {"type": OrderType.TRAILING_STOP, "limit": None, "trigger": "99", "trailing_bp": 100}

    assert engine(spot, trailing) is None


@pytest.mark.parametrize(
    ("side", "activation", "passes"),
    [(Side.BUY, "99.99", True), (Side.BUY, "100", False), (Side.SELL, "100.01", True), (Side.SELL, "100", False)],
)
def test_on_futures_an_activation_that_is_met_is_a_trigger_that_is_met(
    usdm: Listing, side: Side, activation: str, passes: bool
) -> None:
    """A buy is activated below the last price, a sell above it; without an activation price there is nothing to meet."""
    trailing = {"type": OrderType.TRAILING_STOP, "limit": None, "side": side, "trailing_bp": 100}

    expected = None if passes else (-2021, "Order would immediately trigger.")
    assert engine(usdm, trailing | {"trigger": activation}) == expected
    assert engine(usdm, trailing) is None


@pytest.mark.parametrize(
    ("side", "limit", "expected"),
    [
        (Side.BUY, "99.99", None),
        (Side.BUY, "100", TAKES),
        (Side.BUY, "101", TAKES),
        (Side.SELL, "100.01", None),
        (Side.SELL, "100", TAKES),
    ],
)
def test_a_post_only_order_that_would_take(
    spot: Listing, side: Side, limit: str, expected: tuple[int, str] | None
) -> None:
    """At the other side's best price it takes; a plain limit order may."""
    assert engine(spot, {"side": side, "limit": limit, "post_only": True}) == expected
    assert engine(spot, {"side": side, "limit": limit, "post_only": True}, last=None, opposite=None) is None
    assert engine(spot, {"side": side, "limit": limit}) is None


@pytest.mark.parametrize(
    ("side", "position", "passes"),
    [(Side.SELL, 5, True), (Side.SELL, 0, False), (Side.SELL, -5, False), (Side.BUY, -5, True), (Side.BUY, 5, False)],
)
def test_reduce_only_needs_a_position_on_the_other_side(usdm: Listing, side: Side, position: int, passes: bool) -> None:
    """Flat, or on the same side, there is nothing to reduce."""
    expected = None if passes else (-2022, "ReduceOnly Order is rejected.")

    assert engine(usdm, {"side": side, "reduce_only": True}, position=position) == expected


def test_the_engine_asks_in_order(spot: Listing, usdm: Listing) -> None:
    """Position, book or trigger, balance: of several failures the first is told. Margin is asked by risk, before the order is sent."""
    stop: dict[str, Any] = {"type": OrderType.STOP_LIMIT, "trigger": "99", "reduce_only": True}
    poor = (-2010, "Account has insufficient balance for requested action.")

    assert engine(spot, stop, affordable=False) == (-2022, "ReduceOnly Order is rejected.")
    assert engine(spot, stop, affordable=False, position=-1) == TRIGGERS
    assert engine(spot, {"post_only": True}, affordable=False) == TAKES
    assert engine(spot, {}, affordable=False) == poor
    assert engine(usdm, {}, affordable=False) is None
    assert engine(usdm, {"post_only": True}) == (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    )
    assert engine(usdm, {"type": OrderType.STOP, "limit": None, "trigger": "99"}) == (
        -2021,
        "Order would immediately trigger.",
    )


def test_an_order_that_is_late_is_not_open_yet(tmp_path: Path) -> None:
    """The symbol allows one open order. A late one, which has not arrived, leaves that place to the one before it and is refused itself."""
    listing = x.listing_of(tmp_path, x.spot_symbol(x.MAX_NUM_ORDERS | {"maxNumOrders": 1}))
    venue = Venue(TOUCH, listing.instrument)
    ear = venue.account(cash="10000")
    rules = ListingRules(OrderFilters(listing.rules), prices(), None, listing.instrument.lot_units)
    venue.parties["a"].rules = rules
    venue.quote(10_000, 5, 10_001, 5)
    venue.order("late", Side.BUY, 500, limit=9_900, late_by=1)
    venue.order("first", Side.BUY, 500, limit=9_900)
    venue.arrive_late("late")
    assert [h.order for h in ear.of("accepted")] == ["first"]
    assert ear.details == {"late": "-1013 Filter failure: MAX_NUM_ORDERS"}


def test_asking_changes_nothing(spot: Listing) -> None:
    """The same order asked about twice gets the same answer: a refused command leaves no trace."""
    filters, references = OrderFilters(spot.rules), prices()
    order = intent_of(spot, limit="120.01")

    first = filters.check(order, 0, references, 3, 2, 1, StpMode.EXPIRE_MAKER)
    second = filters.check(order, 0, references, 3, 2, 1, StpMode.EXPIRE_MAKER)

    assert first is second
    assert first is filters.refusal(Breach.PERCENT_SIDE_UP)


@given(
    price=st.integers(2_000, 12_000),
    lots=st.integers(1, 100_000),
    side=st.sampled_from(Side),
    scale=st.sampled_from([1, 10, 1000]),
)
def test_scaling_all_prices_changes_no_verdict(spot: Listing, price: int, lots: int, side: Side, scale: int) -> None:
    """All prices and all amounts of money times the same factor: the answer is the same."""
    order = OrderIntent(spot.instrument, side, lots, OrderType.LIMIT, price)
    finer = msgspec.structs.replace(
        spot.rules,
        price=msgspec.structs.replace(spot.rules.price, max_ticks=10_000_000 * scale),
        notional=tuple(
            msgspec.structs.replace(
                n, min_product=(n.min_product or 0) * scale, max_product=(n.max_product or 0) * scale
            )
            for n in spot.rules.notional
        ),
    )
    references = prices(scale=scale)
    scaled = OrderIntent(spot.instrument, side, lots, OrderType.LIMIT, price * scale)

    one = OrderFilters(spot.rules).check(order, 0, prices(), 0, 0, 0, StpMode.EXPIRE_MAKER)
    other = OrderFilters(finer).check(scaled, 0, references, 0, 0, 0, StpMode.EXPIRE_MAKER)

    assert said(one) == said(other)
