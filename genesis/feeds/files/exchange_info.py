"""An exchange's information file: instruments and rules by symbol.

Read are the answer of Binance's ``exchangeInfo`` (spot and USD-M futures) as plain JSON, gzipped or not, and the form recorders keep it
in: one HTTP answer a line, ``URL -> receive time: JSON``. Old filter names (PERCENT_PRICE, MIN_NOTIONAL; 2021) and new ones
(PERCENT_PRICE_BY_SIDE, NOTIONAL) may stand together. One malformed symbol does not spoil the others: it is refused with its reason.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from decimal import Decimal
from math import gcd
from pathlib import Path
from typing import Any

import msgspec

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from genesis.errors import DataError
from genesis.model.grid import CEILING, EXACT, FLOOR, Grid, currency_grid, parse_decimal, plain
from genesis.model.instruments import Instrument, InstrumentKind
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

_GZIP = b"\x1f\x8b"
# More than any price or size has; a number with more would only cost memory.
_DIGITS = 30
_INTERVALS = {"SECOND": NS_PER_SECOND, "MINUTE": NS_PER_MINUTE, "HOUR": NS_PER_HOUR, "DAY": NS_PER_DAY}

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


class Listing(msgspec.Struct, frozen=True):
    """One symbol: what is traded, and under which rules."""

    instrument: Instrument
    rules: ExchangeRules


class ExchangeInfo(msgspec.Struct, frozen=True):
    """A whole file. ``refused`` has the reason for every symbol that is not in ``listings``; together they are all symbols of the file.

    ``server_time_ns`` is when the exchange wrote it, ``None`` where it does not say. ``order_limits`` are its limits on new orders.
    """

    source: str
    venue: str
    server_time_ns: int | None
    order_limits: tuple[RateLimit, ...]
    listings: dict[str, Listing]
    refused: dict[str, str]

    def listing(self, symbol: str) -> Listing:
        """What the file says of ``symbol``.

        Raises:
            DataError: the symbol was refused (with the reason), or the file has none of that name.
        """
        found = self.listings.get(symbol)
        if found is not None:
            return found
        if symbol in self.refused:
            raise DataError(self.refused[symbol])
        raise DataError("no such symbol", source=self.source, field="symbol", expected=symbol, found="none")

    def unknown_filters(self) -> dict[str, int]:
        """Filters this version does not know and does not check, with the number of symbols that have them."""
        names = sorted({n for x in self.listings.values() for n in x.rules.unknown_filters})
        return {n: sum(n in x.rules.unknown_filters for x in self.listings.values()) for n in names}


def read_exchange_info(path: Path, venue: str) -> ExchangeInfo:
    """Read an information file; its symbols become instruments of ``venue``.

    Raises:
        DataError: the file cannot be read, is no exchange information, or its limits are malformed. A malformed symbol is refused alone.
    """
    source = str(path)
    document = _document(_text(path), source)
    symbols = document.get("symbols")
    if not isinstance(symbols, list):
        raise _wrong(source, "symbols", "a list of symbols", symbols)
    order_limits = _order_limits(document, source)
    listings: dict[str, Listing] = {}
    refused: dict[str, str] = {}
    for number, entry in enumerate(symbols):
        if not isinstance(entry, dict) or not isinstance(entry.get("symbol"), str):
            raise _wrong(source, f"symbols[{number}].symbol", "a symbol's name", entry)
        name = entry["symbol"]
        if name in listings or name in refused:
            raise _wrong(source, f"symbols[{number}].symbol", "each symbol once", f"{name} again")
        try:
            listing = _Symbol(entry, source, venue).listing()
            rules = msgspec.structs.replace(listing.rules, order_limits=order_limits)
            listings[name] = msgspec.structs.replace(listing, rules=rules)
        except DataError as error:
            refused[name] = str(error)
    return ExchangeInfo(source, venue, _server_time(document), order_limits, listings, refused)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode("utf-8")
    except OSError as error:
        raise DataError(
            f"expected a readable file, found: {(error.strerror or str(error)).lower()}", source=str(path)
        ) from None
    except (EOFError, zlib.error):
        raise DataError("expected a whole gzip file, found a damaged one", source=str(path)) from None
    except UnicodeDecodeError as error:
        raise DataError(f"expected UTF-8 text, found another byte at {error.start}", source=str(path)) from None


def _document(text: str, source: str) -> dict[str, Any]:
    """The JSON object of a plain file, or of the one recorded answer that lists symbols."""
    if text.lstrip().startswith("{"):
        return _object(text, source, None)
    answers: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), 1):
        head, arrow, rest = line.partition(" -> ")
        _, colon, body = rest.partition(": ")
        if arrow and colon and "exchangeInfo" in head:
            answers.append(_object(body, source, number))
    if len(answers) != 1:
        expected = "JSON, or one recorded line 'URL of exchangeInfo -> time: JSON'"
        raise DataError("no exchange information", source=source, expected=expected, found=f"{len(answers)} of them")
    return answers[0]


def _object(text: str, source: str, line: int | None) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(f"expected JSON, found: {str(error).lower()}", source=source, line=line) from None
    if not isinstance(document, dict):
        raise DataError(f"expected a JSON object, found {type(document).__name__}", source=source, line=line)
    return document


def _server_time(document: Mapping[str, Any]) -> int | None:
    value = document.get("serverTime")
    return value * 1_000_000 if type(value) is int else None


def _order_limits(document: Mapping[str, Any], source: str) -> tuple[RateLimit, ...]:
    limits = document.get("rateLimits", [])
    if not isinstance(limits, list):
        raise _wrong(source, "rateLimits", "a list", limits)
    out: list[RateLimit] = []
    for number, entry in enumerate(limits):
        where = f"rateLimits[{number}]"
        if not isinstance(entry, dict):
            raise _wrong(source, where, "an object", entry)
        if entry.get("rateLimitType") != "ORDERS":
            continue
        interval, count, limit = (entry.get(k) for k in ("interval", "intervalNum", "limit"))
        if interval not in _INTERVALS:
            raise _wrong(source, f"{where}.interval", f"one of {', '.join(_INTERVALS)}", interval)
        if type(count) is not int or count < 1:
            raise _wrong(source, f"{where}.intervalNum", "1 or more", count)
        if type(limit) is not int or limit < 1:
            raise _wrong(source, f"{where}.limit", "1 or more", limit)
        out.append(RateLimit(limit, interval, count, count * _INTERVALS[interval]))
    return tuple(out)


def _wrong(source: str, field: str, expected: str, found: object) -> DataError:
    return DataError(
        "malformed exchange information", source=source, field=field, expected=expected, found=_shown(found)
    )


def _shown(value: object) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


class _Symbol:
    """Reads one entry of ``symbols``; every complaint names the file, the symbol, the filter and the field."""

    def __init__(self, entry: dict[str, Any], source: str, venue: str) -> None:
        self._entry, self._source, self._venue = entry, source, venue
        self._name: str = entry["symbol"]
        self._filters: dict[str, dict[str, Any]] = {}

    def listing(self) -> Listing:
        """The instrument and its rules; raises `DataError`."""
        market = self._market()
        self._filters = self._by_type()
        instrument = self._instrument(market)
        return Listing(instrument, self._rules(market, instrument))

    # ---- what it is

    def _market(self) -> Market:
        """Spot, or a linear perpetual; anything else is refused with its reason."""
        entry = self._entry
        contract = entry.get("contractType")
        if "contractType" not in entry:
            return Market.SPOT
        if "contractSize" in entry or entry.get("marginAsset") == entry.get("baseAsset"):
            raise self._complaint(
                "contractType", "a linear contract", f"an inverse one (margin in {entry.get('marginAsset')})"
            )
        if contract != "PERPETUAL":
            raise self._complaint("contractType", "PERPETUAL", contract or "none")
        return Market.USDM

    def _instrument(self, market: Market) -> Instrument:
        tick = self._amount("PRICE_FILTER", "tickSize", positive=True)
        lot = self._amount("LOT_SIZE", "stepSize", positive=True)
        min_qty, max_qty = self._amount("LOT_SIZE", "minQty"), self._amount("LOT_SIZE", "maxQty")
        # A number that the file pads with zeros is the same number, and a run names it by its text.
        try:
            return Instrument(
                symbol=self._name,
                venue=self._venue,
                base=self._word("baseAsset"),
                quote=self._word("quoteAsset"),
                tick=tick.normalize(EXACT),
                lot=lot.normalize(EXACT),
                kind=InstrumentKind.SPOT if market is Market.SPOT else InstrumentKind.PERPETUAL,
                min_qty=min_qty.normalize(EXACT),
                max_qty=max_qty.normalize(EXACT) if max_qty else None,
                min_notional=self._min_notional().normalize(EXACT),
            )
        except ValueError as error:
            raise DataError(f"{self._name}: {error}", source=self._source) from None

    def _min_notional(self) -> Decimal:
        bounds = [
            self._amount(name, self._notional_field(name))
            for name in ("MIN_NOTIONAL", "NOTIONAL")
            if name in self._filters
        ]
        return max(bounds, default=Decimal(0))

    def _notional_field(self, name: str) -> str:
        """The futures market writes ``notional`` where the spot market writes ``minNotional``."""
        return "notional" if "notional" in self._filters[name] else "minNotional"

    # ---- its rules

    def _rules(self, market: Market, instrument: Instrument) -> ExchangeRules:
        status = self._word("status")
        names = self._names("orderTypes")
        spot = market is Market.SPOT
        modes = self._stp_modes()
        return ExchangeRules(
            symbol=self._name,
            market=market,
            status=status,
            trading=status == "TRADING" and self._entry.get("isSpotTradingAllowed", True) is True,
            order_types=names,
            allowed=self._allowed(market, names),
            post_only_allowed="LIMIT_MAKER" in names if spot else "GTX" in self._names("timeInForce"),
            price=self._price_range(instrument.price_grid),
            percent=self._percent(),
            lot=self._lots("LOT_SIZE", instrument),
            market_lot=self._lots("MARKET_LOT_SIZE", instrument) if "MARKET_LOT_SIZE" in self._filters else None,
            notional=self._notional(market, instrument),
            iceberg_parts=self._count("ICEBERG_PARTS", "limit"),
            max_orders=self._count("MAX_NUM_ORDERS", "maxNumOrders", "limit"),
            max_algo_orders=self._count("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", "limit"),
            max_iceberg_orders=self._count("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", "limit"),
            max_position=self._max_position(instrument),
            lot_units=instrument.lot_units,
            trailing=self._trailing(),
            stp_modes=modes,
            stp_default=self._stp_default(modes),
            precision=self._precision(),
            unknown_filters=tuple(n for n in self._filters if n not in _CHECKED and n not in _UNCHECKED),
            unchecked_filters=tuple(n for n in self._filters if n in _UNCHECKED),
        )

    def _allowed(self, market: Market, names: tuple[str, ...]) -> tuple[OrderType, ...]:
        table = _SPOT_TYPES if market is Market.SPOT else _USDM_TYPES
        allowed = {table[n] for n in names if n in table}
        if market is Market.SPOT and OrderType.STOP in allowed and self._entry.get("allowTrailingStop") is True:
            allowed.add(OrderType.TRAILING_STOP)
        return tuple(t for t in OrderType if t in allowed)

    def _price_range(self, grid: Grid) -> PriceRange:
        least, most = self._amount("PRICE_FILTER", "minPrice"), self._amount("PRICE_FILTER", "maxPrice")
        return PriceRange(grid.round(least, CEILING), grid.round(most, FLOOR) if most else None)

    def _percent(self) -> tuple[PercentPrice, ...]:
        out: list[PercentPrice] = []
        if "PERCENT_PRICE" in self._filters:
            up, down = (self._amount("PERCENT_PRICE", f, positive=True) for f in ("multiplierUp", "multiplierDown"))
            # The futures market's filter has no minutes: its reference is the mark price.
            minutes = None if "multiplierDecimal" in self._filters["PERCENT_PRICE"] else self._minutes("PERCENT_PRICE")
            out.append(_percent_price(False, (up, down, up, down), minutes))
        if "PERCENT_PRICE_BY_SIDE" in self._filters:
            fields = ("bidMultiplierUp", "bidMultiplierDown", "askMultiplierUp", "askMultiplierDown")
            bounds = tuple(self._amount("PERCENT_PRICE_BY_SIDE", f, positive=True) for f in fields)
            out.append(_percent_price(True, bounds, self._minutes("PERCENT_PRICE_BY_SIDE")))
        return tuple(out)

    def _lots(self, name: str, instrument: Instrument) -> LotRange:
        grid = instrument.qty_grid
        step, least, most = (self._amount(name, f) for f in ("stepSize", "minQty", "maxQty"))
        return LotRange(
            grid.round(least, CEILING), grid.round(most, FLOOR) if most else None, _step_lots(step, instrument.lot)
        )

    def _notional(self, market: Market, instrument: Instrument) -> tuple[NotionalRange, ...]:
        unit = Grid(EXACT.multiply(instrument.tick, instrument.lot))
        out: list[NotionalRange] = []
        if "MIN_NOTIONAL" in self._filters:
            field = self._notional_field("MIN_NOTIONAL")
            least = self._amount("MIN_NOTIONAL", field)
            spot = market is Market.SPOT
            to_market = self._flag("MIN_NOTIONAL", "applyToMarket") if spot else True
            minutes = self._minutes("MIN_NOTIONAL") if spot else None
            text = plain(least)
            product = unit.round(least, CEILING) or None
            out.append(NotionalRange("MIN_NOTIONAL", product, None, to_market, False, minutes, text, not spot))
        if "NOTIONAL" in self._filters:
            least, most = (self._amount("NOTIONAL", f) for f in ("minNotional", "maxNotional"))
            out.append(
                NotionalRange(
                    "NOTIONAL",
                    unit.round(least, CEILING) or None,
                    unit.round(most, FLOOR) if most else None,
                    self._flag("NOTIONAL", "applyMinToMarket"),
                    self._flag("NOTIONAL", "applyMaxToMarket"),
                    self._minutes("NOTIONAL"),
                    plain(least),
                    False,
                )
            )
        return tuple(out)

    def _max_position(self, instrument: Instrument) -> int | None:
        if "MAX_POSITION" not in self._filters:
            return None
        return currency_grid(instrument.base_decimals).round(self._amount("MAX_POSITION", "maxPosition"), FLOOR)

    def _trailing(self) -> TrailingRange | None:
        if "TRAILING_DELTA" not in self._filters:
            return None
        fields = ("minTrailingAboveDelta", "maxTrailingAboveDelta", "minTrailingBelowDelta", "maxTrailingBelowDelta")
        return TrailingRange(*(self._whole("TRAILING_DELTA", f) for f in fields))

    def _stp_modes(self) -> tuple[StpMode, ...]:
        if "allowedSelfTradePreventionModes" not in self._entry:
            return ()
        return tuple(
            self._mode("allowedSelfTradePreventionModes", n) for n in self._names("allowedSelfTradePreventionModes")
        )

    def _stp_default(self, modes: tuple[StpMode, ...]) -> StpMode | None:
        if "defaultSelfTradePreventionMode" not in self._entry:
            return None
        mode = self._mode("defaultSelfTradePreventionMode", self._word("defaultSelfTradePreventionMode"))
        if modes and mode not in modes:
            allowed = ", ".join(m.value for m in modes)
            raise self._complaint("defaultSelfTradePreventionMode", f"one of {allowed}", mode.value)
        return mode

    def _mode(self, field: str, name: str) -> StpMode:
        try:
            return StpMode(name)
        except ValueError:
            raise self._complaint(field, f"one of {', '.join(m.value for m in StpMode)}", name) from None

    def _precision(self) -> Precision:
        entry = self._entry
        quote = "quoteAssetPrecision" if "quoteAssetPrecision" in entry else "quotePrecision"
        commissions = [
            self._entry_whole(f) if f in entry else None
            for f in ("baseCommissionPrecision", "quoteCommissionPrecision")
        ]
        return Precision(self._entry_whole("baseAssetPrecision"), self._entry_whole(quote), *commissions)

    # ---- fields

    def _by_type(self) -> dict[str, dict[str, Any]]:
        filters = self._entry.get("filters")
        if not isinstance(filters, list):
            raise self._complaint("filters", "a list", filters)
        out: dict[str, dict[str, Any]] = {}
        for number, item in enumerate(filters):
            kind = item.get("filterType") if isinstance(item, dict) else None
            if not isinstance(kind, str):
                raise self._complaint(f"filters[{number}].filterType", "a filter's name", item)
            if kind in out:
                raise self._complaint(f"filters[{number}].filterType", "each filter once", f"{kind} again")
            out[kind] = item
        for needed in ("PRICE_FILTER", "LOT_SIZE"):
            if needed not in out:
                raise self._complaint("filters", needed, ", ".join(out) or "none")
        return out

    def _field(self, name: str, field: str) -> Any:
        if field not in self._filters[name]:
            raise self._complaint(f"{name}.{field}", "a value", None)
        return self._filters[name][field]

    def _amount(self, name: str, field: str, *, positive: bool = False) -> Decimal:
        """A decimal written as text, at least 0."""
        value = self._field(name, field)
        expected = "a decimal above 0" if positive else "a decimal of 0 or more"
        if not isinstance(value, str):
            raise self._complaint(f"{name}.{field}", f"{expected}, as text", value)
        try:
            amount = parse_decimal(value)
        except ValueError:
            raise self._complaint(f"{name}.{field}", expected, value) from None
        if amount < 0 or (positive and not amount):
            raise self._complaint(f"{name}.{field}", expected, value)
        if not -_DIGITS <= int(amount.as_tuple().exponent) <= amount.adjusted() <= _DIGITS:
            raise self._complaint(f"{name}.{field}", f"a decimal of at most {_DIGITS} digits on either side", value)
        return amount

    def _whole(self, name: str, field: str) -> int:
        value = self._field(name, field)
        if type(value) is not int or value < 0:
            raise self._complaint(f"{name}.{field}", "a whole number of 0 or more", value)
        return value

    def _count(self, name: str, *fields: str) -> int | None:
        """The first of ``fields`` that the filter has: the futures market writes ``limit`` for every count."""
        if name not in self._filters:
            return None
        return self._whole(name, next((f for f in fields if f in self._filters[name]), fields[0]))

    def _minutes(self, name: str) -> int:
        return self._whole(name, "avgPriceMins")

    def _flag(self, name: str, field: str) -> bool:
        value = self._field(name, field)
        if not isinstance(value, bool):
            raise self._complaint(f"{name}.{field}", "true or false", value)
        return value

    def _entry_whole(self, field: str) -> int:
        value = self._entry.get(field)
        if type(value) is not int or value < 0:
            raise self._complaint(field, "a whole number of 0 or more", value)
        return value

    def _word(self, field: str) -> str:
        value = self._entry.get(field)
        if not isinstance(value, str) or not value:
            raise self._complaint(field, "text", value)
        return value

    def _names(self, field: str) -> tuple[str, ...]:
        value = self._entry.get(field)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self._complaint(field, "a list of names", value)
        return tuple(value)

    def _complaint(self, field: str, expected: str, found: object) -> DataError:
        return DataError(self._name, source=self._source, field=field, expected=expected, found=_shown(found))


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
