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
from pathlib import Path
from typing import Any

import msgspec

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from genesis.errors import DataError
from genesis.feeds.files.symbol_entry import SymbolEntry, shown
from genesis.feeds.files.symbol_rules import rules_of
from genesis.model.grid import EXACT
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.rules import ExchangeRules, RateLimit
from genesis.model.venue_errors import Market

_GZIP = b"\x1f\x8b"
_INTERVALS = {"SECOND": NS_PER_SECOND, "MINUTE": NS_PER_MINUTE, "HOUR": NS_PER_HOUR, "DAY": NS_PER_DAY}


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
            listings[name] = _listing_of(SymbolEntry(entry, source), venue, order_limits)
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
        "malformed exchange information", source=source, field=field, expected=expected, found=shown(found)
    )


def _listing_of(entry: SymbolEntry, venue: str, order_limits: tuple[RateLimit, ...]) -> Listing:
    market = _market_of(entry)
    instrument = _instrument_of(entry, market, venue)
    return Listing(instrument, rules_of(entry, market, instrument, order_limits))


def _market_of(entry: SymbolEntry) -> Market:
    """Spot, or a linear perpetual; anything else is refused with its reason."""
    contract = entry.said("contractType")
    if not entry.has("contractType"):
        return Market.SPOT
    if entry.has("contractSize") or entry.said("marginAsset") == entry.said("baseAsset"):
        raise entry.complaint(
            "contractType", "a linear contract", f"an inverse one (margin in {entry.said('marginAsset')})"
        )
    if contract != "PERPETUAL":
        raise entry.complaint("contractType", "PERPETUAL", contract or "none")
    return Market.USDM


def _instrument_of(entry: SymbolEntry, market: Market, venue: str) -> Instrument:
    tick = entry.amount("PRICE_FILTER", "tickSize", positive=True)
    lot = entry.amount("LOT_SIZE", "stepSize", positive=True)
    min_qty, max_qty = entry.amount("LOT_SIZE", "minQty"), entry.amount("LOT_SIZE", "maxQty")
    # A number that the file pads with zeros is the same number, and a run names it by its text.
    try:
        return Instrument(
            symbol=entry.name,
            venue=venue,
            base=entry.word("baseAsset"),
            quote=entry.word("quoteAsset"),
            tick=tick.normalize(EXACT),
            lot=lot.normalize(EXACT),
            kind=InstrumentKind.SPOT if market is Market.SPOT else InstrumentKind.PERPETUAL,
            min_qty=min_qty.normalize(EXACT),
            max_qty=max_qty.normalize(EXACT) if max_qty else None,
            min_notional=_min_notional(entry).normalize(EXACT),
        )
    except ValueError as error:
        raise DataError(f"{entry.name}: {error}", source=entry.source) from None


def _min_notional(entry: SymbolEntry) -> Decimal:
    named = [n for n in ("MIN_NOTIONAL", "NOTIONAL") if n in entry.filters]
    return max((entry.least_notional(n) for n in named), default=Decimal(0))
