"""An exchange's rules for one symbol, read from its entry in the information file."""

from __future__ import annotations

from decimal import Decimal
from math import gcd

from genesis.feeds.files.symbol_entry import SymbolEntry
from genesis.model.grid import CEILING, EXACT, FLOOR, Grid, currency_grid, plain
from genesis.model.instruments import Instrument
from genesis.model.orders import OrderType
from genesis.model.rules import (
    ExchangeRules,
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

# The exchange's names of the model's order types. A spot trailing stop is a stop loss with a delta, where the symbol allows it.
_SPOT_TYPES = {
    "LIMIT": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_LOSS": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT,
    "TAKE_PROFIT_LIMIT": OrderType.TAKE_PROFIT_LIMIT,
}
_USDM_TYPES = {
    "LIMIT": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_MARKET": OrderType.STOP,
    "STOP": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT_LIMIT,
    "TRAILING_STOP_MARKET": OrderType.TRAILING_STOP,
}
# Known, and without use for orders that are neither icebergs nor lists nor amended, of one account that trades one symbol at a time.
_UNCHECKED = frozenset(
    {
        "ICEBERG_PARTS",
        "MAX_NUM_ICEBERG_ORDERS",
        "MAX_NUM_ORDER_LISTS",
        "MAX_NUM_ORDER_AMENDS",
        "EXCHANGE_MAX_NUM_ORDERS",
        "EXCHANGE_MAX_NUM_ALGO_ORDERS",
        "EXCHANGE_MAX_NUM_ICEBERG_ORDERS",
        "EXCHANGE_MAX_NUM_ORDER_LISTS",
        "MAX_ASSET",
        "POSITION_RISK_CONTROL",
    }
)
_CHECKED = frozenset(
    {
        "PRICE_FILTER",
        "PERCENT_PRICE",
        "PERCENT_PRICE_BY_SIDE",
        "LOT_SIZE",
        "MARKET_LOT_SIZE",
        "MIN_NOTIONAL",
        "NOTIONAL",
        "MAX_NUM_ORDERS",
        "MAX_NUM_ALGO_ORDERS",
        "MAX_POSITION",
        "TRAILING_DELTA",
    }
)


def rules_of(
    entry: SymbolEntry, market: Market, instrument: Instrument, order_limits: tuple[RateLimit, ...]
) -> ExchangeRules:
    """The exchange's rules for orders of an instrument.

    Raises:
        DataError: a rule is malformed.
    """
    status = entry.word("status")
    names = entry.names("orderTypes")
    spot = market is Market.SPOT
    modes = _stp_modes(entry)
    return ExchangeRules(
        symbol=entry.name,
        market=market,
        status=status,
        trading=status == "TRADING" and entry.said("isSpotTradingAllowed", True) is True,
        order_types=names,
        allowed=_allowed(entry, market, names),
        post_only_allowed="LIMIT_MAKER" in names if spot else "GTX" in entry.names("timeInForce"),
        price=_price_range(entry, instrument.price_grid),
        percent=_percent(entry),
        lot=_lots(entry, "LOT_SIZE", instrument),
        market_lot=_lots(entry, "MARKET_LOT_SIZE", instrument) if "MARKET_LOT_SIZE" in entry.filters else None,
        notional=_notional(entry, market, instrument),
        iceberg_parts=entry.count("ICEBERG_PARTS", "limit"),
        max_orders=entry.count("MAX_NUM_ORDERS", "maxNumOrders", "limit"),
        max_algo_orders=entry.count("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", "limit"),
        max_iceberg_orders=entry.count("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", "limit"),
        max_position=_max_position(entry, instrument),
        lot_units=instrument.lot_units,
        trailing=_trailing(entry),
        order_limits=order_limits,
        stp_modes=modes,
        stp_default=_stp_default(entry, modes),
        precision=_precision(entry),
        unknown_filters=tuple(n for n in entry.filters if n not in _CHECKED and n not in _UNCHECKED),
        unchecked_filters=tuple(n for n in entry.filters if n in _UNCHECKED),
    )


def _allowed(entry: SymbolEntry, market: Market, names: tuple[str, ...]) -> tuple[OrderType, ...]:
    table = _SPOT_TYPES if market is Market.SPOT else _USDM_TYPES
    allowed = {table[n] for n in names if n in table}
    if market is Market.SPOT and OrderType.STOP in allowed and entry.said("allowTrailingStop") is True:
        allowed.add(OrderType.TRAILING_STOP)
    return tuple(t for t in OrderType if t in allowed)


def _price_range(entry: SymbolEntry, grid: Grid) -> PriceRange:
    least, most = entry.amount("PRICE_FILTER", "minPrice"), entry.amount("PRICE_FILTER", "maxPrice")
    return PriceRange(grid.round(least, CEILING), grid.round(most, FLOOR) if most else None)


def _percent(entry: SymbolEntry) -> tuple[PercentPrice, ...]:
    out: list[PercentPrice] = []
    if "PERCENT_PRICE" in entry.filters:
        up, down = (entry.amount("PERCENT_PRICE", f, positive=True) for f in ("multiplierUp", "multiplierDown"))
        # The futures market's filter has no minutes: its reference is the mark price.
        minutes = None if "multiplierDecimal" in entry.filters["PERCENT_PRICE"] else entry.minutes("PERCENT_PRICE")
        out.append(_percent_price(False, (up, down, up, down), minutes))
    if "PERCENT_PRICE_BY_SIDE" in entry.filters:
        fields = ("bidMultiplierUp", "bidMultiplierDown", "askMultiplierUp", "askMultiplierDown")
        bounds = tuple(entry.amount("PERCENT_PRICE_BY_SIDE", f, positive=True) for f in fields)
        out.append(_percent_price(True, bounds, entry.minutes("PERCENT_PRICE_BY_SIDE")))
    return tuple(out)


def _lots(entry: SymbolEntry, name: str, instrument: Instrument) -> LotRange:
    grid = instrument.qty_grid
    step, least, most = (entry.amount(name, f) for f in ("stepSize", "minQty", "maxQty"))
    return LotRange(
        grid.round(least, CEILING), grid.round(most, FLOOR) if most else None, _step_lots(step, instrument.lot)
    )


def _notional(entry: SymbolEntry, market: Market, instrument: Instrument) -> tuple[NotionalRange, ...]:
    unit = Grid(EXACT.multiply(instrument.tick, instrument.lot))
    out: list[NotionalRange] = []
    if "MIN_NOTIONAL" in entry.filters:
        least = entry.least_notional("MIN_NOTIONAL")
        spot = market is Market.SPOT
        to_market = entry.flag("MIN_NOTIONAL", "applyToMarket") if spot else True
        minutes = entry.minutes("MIN_NOTIONAL") if spot else None
        text = plain(least)
        product = unit.round(least, CEILING) or None
        out.append(NotionalRange("MIN_NOTIONAL", product, None, to_market, False, minutes, text, not spot))
    if "NOTIONAL" in entry.filters:
        least, most = (entry.amount("NOTIONAL", f) for f in ("minNotional", "maxNotional"))
        out.append(
            NotionalRange(
                "NOTIONAL",
                unit.round(least, CEILING) or None,
                unit.round(most, FLOOR) if most else None,
                entry.flag("NOTIONAL", "applyMinToMarket"),
                entry.flag("NOTIONAL", "applyMaxToMarket"),
                entry.minutes("NOTIONAL"),
                plain(least),
                False,
            )
        )
    return tuple(out)


def _max_position(entry: SymbolEntry, instrument: Instrument) -> int | None:
    if "MAX_POSITION" not in entry.filters:
        return None
    return currency_grid(instrument.base_decimals).round(entry.amount("MAX_POSITION", "maxPosition"), FLOOR)


def _trailing(entry: SymbolEntry) -> TrailingRange | None:
    if "TRAILING_DELTA" not in entry.filters:
        return None
    fields = ("minTrailingAboveDelta", "maxTrailingAboveDelta", "minTrailingBelowDelta", "maxTrailingBelowDelta")
    return TrailingRange(*(entry.whole("TRAILING_DELTA", f) for f in fields))


def _stp_modes(entry: SymbolEntry) -> tuple[StpMode, ...]:
    if not entry.has("allowedSelfTradePreventionModes"):
        return ()
    return tuple(
        _mode(entry, "allowedSelfTradePreventionModes", n) for n in entry.names("allowedSelfTradePreventionModes")
    )


def _stp_default(entry: SymbolEntry, modes: tuple[StpMode, ...]) -> StpMode | None:
    if not entry.has("defaultSelfTradePreventionMode"):
        return None
    mode = _mode(entry, "defaultSelfTradePreventionMode", entry.word("defaultSelfTradePreventionMode"))
    if modes and mode not in modes:
        allowed = ", ".join(m.value for m in modes)
        raise entry.complaint("defaultSelfTradePreventionMode", f"one of {allowed}", mode.value)
    return mode


def _mode(entry: SymbolEntry, field: str, name: str) -> StpMode:
    try:
        return StpMode(name)
    except ValueError:
        raise entry.complaint(field, f"one of {', '.join(m.value for m in StpMode)}", name) from None


def _precision(entry: SymbolEntry) -> Precision:
    quote = "quoteAssetPrecision" if entry.has("quoteAssetPrecision") else "quotePrecision"
    commissions = [
        entry.own_whole(f) if entry.has(f) else None for f in ("baseCommissionPrecision", "quoteCommissionPrecision")
    ]
    return Precision(entry.own_whole("baseAssetPrecision"), entry.own_whole(quote), *commissions)


def _percent_price(by_side: bool, bounds: tuple[Decimal, ...], minutes: int | None) -> PercentPrice:
    """Four multiples as integers over one scale."""
    decimals = max(Grid(b).decimals for b in bounds)
    bid_up, bid_down, ask_up, ask_down = (int(b.scaleb(decimals, EXACT)) for b in bounds)
    return PercentPrice(by_side, bid_up, bid_down, ask_up, ask_down, 10**decimals, minutes)


def _step_lots(step: Decimal, lot: Decimal) -> int:
    """The least number of lots that is also a multiple of ``step``; 1 where a step of 0 disables the rule."""
    if not step:
        return 1
    grid = currency_grid(max(Grid(step).decimals, Grid(lot).decimals))
    units = grid.from_decimal(step)
    return units // gcd(units, grid.from_decimal(lot))
