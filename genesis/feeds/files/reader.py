"""`read`, `detect` and `infer_steps`: a file of any known format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

from genesis.errors import ConfigError, DataError
from genesis.feeds.files.bars import ohlcv_columns, read_bars, read_quotebars
from genesis.feeds.files.books import read_depth, read_quotes
from genesis.feeds.files.exact import decimals_of, number_wanted, shown
from genesis.feeds.files.formats import LAYOUTS, Format
from genesis.feeds.files.funding import read_funding
from genesis.feeds.files.marks import read_mark_candles, read_marks
from genesis.feeds.files.options import ReadOptions
from genesis.feeds.files.orders import read_orders
from genesis.feeds.files.policies import Policy, Problem, repairs
from genesis.feeds.files.reading import Reading, Steps
from genesis.feeds.files.rows import Rows, scale_of
from genesis.feeds.files.tables import Table, load
from genesis.feeds.files.trades import read_trades
from genesis.feeds.files.writer import read_tape
from genesis.model.grid import EXACT
from genesis.model.instruments import Instrument, InstrumentKind

_DEFAULT = ReadOptions()
_DECIMALS = 18  # of the finest step an instrument may have
_BARS = (Format.CANDLES, Format.FREQTRADE_CANDLES, Format.BINANCE_KLINES, Format.OHLCV)
_MARK_CANDLES = (Format.MARK_CANDLES, Format.FREQTRADE_MARK, Format.BINANCE_MARK_KLINES)
_FUNDING = (Format.FUNDING, Format.FUNDING_RATES, Format.FREQTRADE_FUNDING, Format.BINANCE_FUNDING)
OF_PERPETUALS = (*_MARK_CANDLES, *_FUNDING, Format.MARK, Format.MARK_PRICES)
_READERS: dict[Format, Callable[[Table, Instrument, ReadOptions], tuple[Reading, ...]]] = {
    Format.TRADES: read_trades,
    Format.FREQTRADE_TRADES: read_trades,
    Format.BINANCE_AGGTRADES: read_trades,
    Format.BINANCE_TRADES: read_trades,
    Format.OB_TRADES: read_trades,
    Format.L1: read_quotes,
    Format.L2: read_depth,
    Format.L3: read_orders,
    Format.OB_ORDERS: read_orders,
    Format.QUOTEBARS: read_quotebars,
    Format.TAPE: read_tape,
    Format.MARK: read_marks,
    Format.MARK_PRICES: read_marks,
    **dict.fromkeys(_MARK_CANDLES, read_mark_candles),
    **dict.fromkeys(_FUNDING, read_funding),
    **dict.fromkeys(_BARS, read_bars),
}


def read(path: Path, instrument: Instrument, options: ReadOptions = _DEFAULT) -> tuple[Reading, ...]:
    """The streams of one file: one, or depth and quotes of order-by-order data.

    Raises:
        DataError: the file is unreadable, empty, broken or of no known format, or a row is bad and its policy is to
        refuse. ConfigError: a policy does not fit its problem, or mark prices or funding are of something that has none.
    """
    table = load(path, options.known_format)
    if table.format in OF_PERPETUALS and instrument.kind is not InstrumentKind.PERPETUAL:
        what = f"{path}: {instrument.id}: {table.format.value}"
        raise ConfigError(f"{what}: expected a perpetual, found {instrument.kind.value}")
    readings = _READERS[table.format](table, instrument, options)
    for reading in readings:
        if not reading.rows:
            found = f"none of {reading.report.rows_read} rows"
            raise DataError("no usable rows", source=str(path), expected="at least one row", found=found)
    return readings


def detect(path: Path) -> Format:
    """The format of a file, told by its content; raises `DataError` where it cannot be told."""
    return load(path).format


def infer_steps(path: Path, options: ReadOptions = _DEFAULT) -> Steps:
    """The largest power-of-ten steps on which all prices and sizes of the file lie.

    Raises:
        DataError: the file cannot be read, or a value is no number (unless the policy drops such rows) or finer than any step.
    """
    table = load(path, options.known_format)
    rows = Rows(table, options.policies)
    price_fields, size_fields = _value_columns(table, options)
    return Steps(_step(rows, price_fields), _step(rows, size_fields))


def _value_columns(table: Table, options: ReadOptions) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if table.format in _BARS:
        names = ohlcv_columns(table, options)
        return (names.open, names.high, names.low, names.close), (names.volume,) if names.volume is not None else ()
    if table.format not in LAYOUTS:
        raise DataError("steps are known", source=table.source, expected="a market data file", found=table.format.value)
    if table.format in OF_PERPETUALS:
        # A mark price is finer than the tick, and a funding file has no price at all.
        expected, found = "trades, quotes, depth or bars", table.format.value
        raise DataError("no steps in this file", source=table.source, expected=expected, found=found)
    return LAYOUTS[table.format].prices, LAYOUTS[table.format].sizes


def _step(rows: Rows, fields: Iterable[str]) -> Decimal | None:
    """The power of ten of the last digit that is not zero, over all values; ``None`` where all of them are zero."""
    exponents: set[int] = set()
    for field in fields:
        values = decimals_of(rows.raw(field), scale_of(field))
        if None in values and rows.policies.get(Problem.UNREADABLE, Policy.REFUSE) is Policy.REFUSE:
            advice = None if values == {None} else repairs(Problem.UNREADABLE)
            raise _refuse(rows, field, "unreadable value", number_wanted, lambda value: value is None, advice)
        exponents.update(_last_digit(value) for value in values if value)
        if exponents and min(exponents) < -_DECIMALS:
            advice = (
                "a configuration may give tick and lot, and round to them: policies: {off_tick: round, off_lot: round}"
            )
            raise _refuse(
                rows, field, "too many decimals", lambda found: f"at most {_DECIMALS} decimals", _too_fine, advice
            )
    return Decimal(1).scaleb(min(exponents)) if exponents else None


def _last_digit(value: Decimal) -> int:
    return int(value.normalize(EXACT).as_tuple().exponent)


def _too_fine(value: Decimal | None) -> bool:
    return value is not None and _last_digit(value) < -_DECIMALS


def _refuse(
    rows: Rows,
    field: str,
    message: str,
    expected: Callable[[str], str],
    bad: Callable[[Decimal | None], bool],
    advice: str | None,
) -> DataError:
    """The error that names the first value of ``field`` that is ``bad``; ``expected`` says in place of what."""
    column, scale = rows.raw(field), scale_of(field)
    i = next(i for i in range(len(column)) if bad(*decimals_of(column.slice(i, 1), scale)))
    found = shown(column, i, scale)
    return rows.refuse(message, i, field, expected(found), found, advice)
