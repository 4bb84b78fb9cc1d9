"""Which formats there are, and how a file is recognised by its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec

from genesis.errors import DataError


class Format(Enum):
    """What the rows of a file mean. ``x/1`` are the plain schemas with exact ``_e8`` integers and ns times."""

    TRADES = "trades/1"
    L1 = "l1/1"
    L2 = "l2/1"
    L3 = "l3/1"
    CANDLES = "candles/1"
    QUOTEBARS = "quotebars/1"
    FREQTRADE_CANDLES = "freqtrade-candles"
    FREQTRADE_TRADES = "freqtrade-trades"
    BINANCE_KLINES = "binance-klines"
    BINANCE_AGGTRADES = "binance-aggtrades"
    BINANCE_TRADES = "binance-trades"
    OB_ORDERS = "ob-analytics-orders"
    OB_TRADES = "ob-analytics-trades"
    OHLCV = "ohlcv"
    MARK = "mark/1"
    MARK_PRICES = "mark"
    MARK_CANDLES = "mark-candles/1"
    FREQTRADE_MARK = "freqtrade-mark"
    BINANCE_MARK_KLINES = "binance-mark-klines"
    FUNDING = "funding/1"
    FUNDING_RATES = "funding"
    FREQTRADE_FUNDING = "freqtrade-funding"
    BINANCE_FUNDING = "binance-funding"
    TAPE = "genesis.tape/1"


class Layout(msgspec.Struct, frozen=True):
    """The columns a format must have, which of them are prices and sizes, and their order in a file without header.

    ``unread`` are those that nobody asks for. ``named`` formats have the columns of another one, so only the user can tell them apart: they are never recognised.
    """

    required: tuple[str, ...]
    prices: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    positional: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    named: bool = False


_OHLC = ("open", "high", "low", "close")
_OHLC_E8 = tuple(f"{name}_e8" for name in _OHLC)
_BID_OHLC = tuple(f"bid_{name}" for name in _OHLC_E8)
_ASK_OHLC = tuple(f"ask_{name}" for name in _OHLC_E8)
_KLINES = ("open_time", *_OHLC, "volume", "close_time")
_KLINES_REST = ("quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore")
_AGG_FUTURES = (
    "agg_trade_id",
    "price",
    "quantity",
    "first_trade_id",
    "last_trade_id",
    "transact_time",
    "is_buyer_maker",
)
_TRADES_FUTURES = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")

# From the most telling to the plainest: a file is of the first format whose columns it has.
LAYOUTS: dict[Format, Layout] = {
    Format.L3: Layout(
        ("ts_ns", "order_id", "action", "side", "price_e8", "qty_e8"), prices=("price_e8",), sizes=("qty_e8",)
    ),
    Format.L2: Layout(
        ("is_snapshot", "first_id", "final_id", "side", "price_e8", "qty_e8"), prices=("price_e8",), sizes=("qty_e8",)
    ),
    Format.L1: Layout(
        ("bid_px_e8", "bid_qty_e8", "ask_px_e8", "ask_qty_e8"),
        prices=("bid_px_e8", "ask_px_e8"),
        sizes=("bid_qty_e8", "ask_qty_e8"),
    ),
    Format.QUOTEBARS: Layout(
        ("ts_ns", *_BID_OHLC, "bid_size_e8", *_ASK_OHLC, "ask_size_e8"),
        prices=(*_BID_OHLC, *_ASK_OHLC),
        sizes=("bid_size_e8", "ask_size_e8"),
    ),
    Format.CANDLES: Layout(("ts_ns", *_OHLC_E8, "volume_e8"), prices=_OHLC_E8, sizes=("volume_e8",)),
    Format.TRADES: Layout(("ts_ns", "price_e8", "qty_e8"), prices=("price_e8",), sizes=("qty_e8",)),
    Format.OB_ORDERS: Layout(
        ("id", "exchange_timestamp", "price", "volume", "action", "direction"), prices=("price",), sizes=("volume",)
    ),
    Format.OB_TRADES: Layout(
        ("trade_id", "timestamp", "exchange_timestamp", "price", "amount", "side"), prices=("price",), sizes=("amount",)
    ),
    Format.FREQTRADE_TRADES: Layout(
        ("timestamp", "id", "side", "price", "amount"),
        prices=("price",),
        sizes=("amount",),
        positional=("timestamp", "id", "type", "side", "price", "amount", "cost"),
    ),
    Format.BINANCE_KLINES: Layout(
        _KLINES, prices=_OHLC, sizes=("volume",), positional=_KLINES + _KLINES_REST, unread=_KLINES_REST
    ),
    Format.BINANCE_AGGTRADES: Layout(
        ("agg_trade_id", "price", "quantity", "transact_time", "is_buyer_maker"),
        prices=("price",),
        sizes=("quantity",),
        positional=(*_AGG_FUTURES, "is_best_match"),
    ),
    Format.BINANCE_TRADES: Layout(
        ("id", "price", "qty", "time", "is_buyer_maker"),
        prices=("price",),
        sizes=("qty",),
        positional=(*_TRADES_FUTURES, "is_best_match"),
    ),
    Format.FREQTRADE_CANDLES: Layout(
        ("date", *_OHLC, "volume"), prices=_OHLC, sizes=("volume",), positional=("date", *_OHLC, "volume")
    ),
    Format.MARK: Layout(("ts_ns", "mark_e8"), prices=("mark_e8",)),
    Format.FUNDING: Layout(("ts_ns", "rate_e8")),
    Format.BINANCE_FUNDING: Layout(
        ("calc_time", "last_funding_rate"), positional=("calc_time", "funding_interval_hours", "last_funding_rate")
    ),
    Format.MARK_PRICES: Layout(("time", "mark"), prices=("mark",)),
    Format.FUNDING_RATES: Layout(("time", "rate")),
    Format.MARK_CANDLES: Layout(("ts_ns", *_OHLC_E8), prices=_OHLC_E8, named=True),
    Format.FREQTRADE_MARK: Layout(("date", *_OHLC), prices=_OHLC, positional=("date", *_OHLC, "volume"), named=True),
    Format.BINANCE_MARK_KLINES: Layout(
        _KLINES, prices=_OHLC, positional=_KLINES + _KLINES_REST, unread=_KLINES_REST, named=True
    ),
    # The rate is ``funding_rate``, or ``open`` in candles whose other columns are zero.
    Format.FREQTRADE_FUNDING: Layout(("date",), positional=("date", "open", *_OHLC[1:], "volume"), named=True),
    Format.OHLCV: Layout(("time", *_OHLC), prices=_OHLC, sizes=("volume",), positional=("time", *_OHLC, "volume")),
}

# Plain OHLCV has the columns that the user names, a tape those of its kind.
OWN_COLUMNS = (Format.OHLCV, Format.TAPE)

# How a first column without a name is called here.
UNNAMED = "(unnamed)"
_TIME_NAMES = ("time", "date", "datetime", "timestamp", "open_time", "open time")
# pandas writes an index that has no name without one into CSV, and so into Parquet and Feather.
_INDEX_NAMES = (UNNAMED, "__index_level_0__")
_OHLCV_NAMES: dict[str, tuple[str, ...]] = {
    "time": (*_TIME_NAMES, *_INDEX_NAMES),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v"),
}
_FLAGS = {"true", "false"}


# What the exchange's own description of its archive calls the columns, without case, spaces and underscores.
_DESCRIBED: dict[Format, dict[str, str]] = {
    Format.BINANCE_AGGTRADES: {
        "aggtradeid": "agg_trade_id",
        "aggregatetradeid": "agg_trade_id",
        "price": "price",
        "quantity": "quantity",
        "firsttradeid": "first_trade_id",
        "lasttradeid": "last_trade_id",
        "timestamp": "transact_time",
        "transacttime": "transact_time",
        "wasthebuyerthemaker": "is_buyer_maker",
        "isbuyermaker": "is_buyer_maker",
        "wasthetradethebestpricematch": "is_best_match",
        "isbestmatch": "is_best_match",
    },
    Format.BINANCE_TRADES: {
        "id": "id",
        "tradeid": "id",
        "price": "price",
        "qty": "qty",
        "quoteqty": "quote_qty",
        "time": "time",
        "isbuyermaker": "is_buyer_maker",
        "isbestmatch": "is_best_match",
    },
}


def as_described(names: Sequence[str]) -> tuple[str, ...]:
    """A header in the words in which the exchange describes its archive, by the names that its files have; any other as it is."""
    plain = ["".join(c for c in name.lower() if c.isalnum()) for name in names]
    for fmt, described in _DESCRIBED.items():
        found = tuple(described.get(word, name) for word, name in zip(plain, names, strict=True))
        if set(LAYOUTS[fmt].required) <= set(found) and len(set(found)) == len(found):
            return found
    return tuple(names)


class OhlcvColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The column names of a plain OHLCV file. ``volume`` is ``None`` where the file has none: it is then 0."""

    time: str = "time"
    open: str = "open"
    high: str = "high"
    low: str = "low"
    close: str = "close"
    volume: str | None = "volume"


def usual_columns(names: Sequence[str]) -> OhlcvColumns | None:
    """The OHLCV columns among ``names`` where they have one of their usual names, in any case; else ``None``."""
    found = _usual(names)
    if any(found[part] is None for part in ("time", *_OHLC)):
        return None
    return msgspec.convert(found, OhlcvColumns)


def named_columns(names: Sequence[str], given: OhlcvColumns) -> OhlcvColumns:
    """``given``, and where it says nothing else and ``names`` has no such column, the one with a usual name."""
    default, found = OhlcvColumns(), _usual(names)
    out = {}
    for part, usual in found.items():
        name = getattr(given, part)
        unsaid = name == getattr(default, part) and name not in names
        out[part] = usual or name if unsaid else name
    return msgspec.convert(out, OhlcvColumns)


def _usual(names: Sequence[str]) -> dict[str, str | None]:
    by_lower = {name.strip().lower(): name for name in reversed(names)}
    return {part: next((by_lower[n] for n in usual if n in by_lower), None) for part, usual in _OHLCV_NAMES.items()}


def recognise(source: str, container: str, names: Sequence[str], metadata: Mapping[str, str]) -> Format:
    """The format of a file with these columns.

    Raises:
        DataError: no format fits; the nearest one's missing column is named where there is a nearest one.
    """
    named = metadata.get("schema")
    if named is not None and named in {f.value for f in Format}:
        return Format(named)
    have = set(names)
    # Freqtrade's candles are plain OHLCV; only its containers tell them apart.
    fits = [f for f, layout in LAYOUTS.items() if not layout.named and have.issuperset(layout.required)]
    if container.startswith("csv") and Format.FREQTRADE_CANDLES in fits:
        return Format.OHLCV
    if fits:
        return fits[0]
    if usual_columns(names) is not None:
        return Format.OHLCV
    raise _unknown(source, container, names)


def positional(source: str, fields: Sequence[str], width: int, container: str) -> Format:
    """The format of a file without header, from its width and its first row.

    Raises:
        DataError: it could be several, or none.
    """
    if container.startswith("json"):
        by_width = {6: Format.FREQTRADE_CANDLES, 7: Format.FREQTRADE_TRADES}
        if width in by_width:
            return by_width[width]
    else:
        flags = [i for i, field in enumerate(fields) if field.strip().lower() in _FLAGS]
        by_shape = {
            (12, ()): Format.BINANCE_KLINES,
            (7, (6,)): Format.BINANCE_AGGTRADES,
            (8, (6, 7)): Format.BINANCE_AGGTRADES,
            (6, (5,)): Format.BINANCE_TRADES,
            (7, (5, 6)): Format.BINANCE_TRADES,
        }
        known = by_shape.get((width, tuple(flags)))
        if known is not None:
            return known
    raise DataError(
        "cannot tell the format of a file without header; name it",
        source=source,
        line=1,
        expected="a header, or the columns of a known format",
        found=f"{width} columns",
    )


def missing_column(source: str, line: int | None, fmt: Format, names: Sequence[str]) -> DataError | None:
    """The error for the first column that ``fmt`` needs and the file lacks; ``None`` where it lacks none."""
    layout = LAYOUTS[fmt]
    for name in layout.required:
        if name not in names:
            return DataError(
                "missing column",
                source=source,
                line=line,
                field=name,
                expected=f"the columns of {fmt.value} ({', '.join(layout.required)})",
                found=", ".join(names),
            )
    return None


def _unknown(source: str, container: str, names: Sequence[str]) -> DataError:
    line = 1 if container.startswith("csv") else None
    usual = _usual(names)
    absent = [part for part in ("time", *_OHLC) if usual[part] is None]
    if len(absent) == 1:
        shown = [name for name in _OHLCV_NAMES[absent[0]] if name not in _INDEX_NAMES]
        return DataError(
            "missing column",
            source=source,
            line=line,
            field=absent[0],
            expected=f"one named {' or '.join(shown)}, in any case, or its name given in `columns`",
            found=", ".join(names),
        )
    lower = [name.strip().lower() for name in names]

    def share(fmt: Format) -> float:
        required = LAYOUTS[fmt].required
        return sum(name in lower for name in required) / len(required)

    nearest = max((f for f, layout in LAYOUTS.items() if not layout.named), key=share)
    error = missing_column(source, line, nearest, lower) if share(nearest) > 0.5 else None
    if error is not None:
        return error
    return DataError(
        "unknown format",
        source=source,
        line=line,
        field="columns",
        expected="the columns of one of " + ", ".join(f.value for f in LAYOUTS) + " (docs/DATA.md)",
        found=", ".join(names),
        advice="of candles with other names, `columns` says which is which",
    )
