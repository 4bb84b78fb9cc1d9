"""Bars from files: plain candles, Freqtrade's, Binance's klines, any OHLCV with named columns, and quote bars."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genesis.clock import iso_utc
from genesis.feeds.files.formats import Format, OhlcvColumns, named_columns, usual_columns
from genesis.feeds.files.gaps import bar_gaps, steps_between
from genesis.feeds.files.options import QuoteBarsAs, ReadOptions
from genesis.feeds.files.policies import Problem
from genesis.feeds.files.reading import Reading, ReadReport
from genesis.feeds.files.rows import Rows
from genesis.feeds.files.tables import Table
from genesis.model.grid import Grid
from genesis.model.instruments import Instrument
from genesis.model.market import BarKind, BarSpec
from genesis.tape.stream import ABSENT, Column, StreamKind

_OHLC = ("open", "high", "low", "close")
_E8 = OhlcvColumns("ts_ns", "open_e8", "high_e8", "low_e8", "close_e8", "volume_e8")
_FREQTRADE = OhlcvColumns(time="date")
_KLINES = OhlcvColumns(time="open_time")
_NAMES = {
    Format.CANDLES: _E8,
    Format.MARK_CANDLES: _E8,
    Format.FREQTRADE_CANDLES: _FREQTRADE,
    Format.FREQTRADE_MARK: _FREQTRADE,
    Format.BINANCE_KLINES: _KLINES,
    Format.BINANCE_MARK_KLINES: _KLINES,
}


def read_bars(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """One bars stream: a row's ``ts`` is its close, open time plus interval."""
    rows = Rows(table, options.policies)
    names = ohlcv_columns(table, options)
    rows.time("time_open", names.time, _time_format(table, options))
    read_prices(rows, instrument.price_grid, {part: getattr(names, part) for part in _OHLC})
    facts: dict[str, int | str] = {"bars without volume": 0}
    if names.volume is not None:
        rows.size("lots", names.volume, instrument.qty_grid)
    else:
        rows.columns["lots"] = np.zeros(len(rows), np.int64)
        facts["volume"] = "0: the file has none"
    order_bars(rows, names.time)
    facts["bars without volume"] = int(np.count_nonzero(rows["lots"] == 0))
    return (_bars(rows, instrument, bar_interval(rows, names.time, options), facts),)


def read_quotebars(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """Quotes at each bar's close, or bars of one side, as the options name."""
    rows = Rows(table, options.policies)
    rows.time("time_open", "ts_ns")
    for side in ("bid", "ask"):
        read_prices(rows, instrument.price_grid, {part: f"{side}_{part}_e8" for part in _OHLC}, f"{side}_")
        rows.size(f"{side}_lots", f"{side}_size_e8", instrument.qty_grid)
    order_bars(rows, "ts_ns")
    interval = bar_interval(rows, "ts_ns", options)
    if options.quotebars is QuoteBarsAs.QUOTES:
        return (_closing_quotes(rows, instrument, interval),)
    side = options.quotebars.value
    for part in _OHLC:
        rows.columns[part] = rows[f"{side}_{part}"]
    rows.columns["lots"] = np.zeros(len(rows), np.int64)
    return (_bars(rows, instrument, interval, {"side": side, "volume": "0: quote bars have none"}),)


def ohlcv_columns(table: Table, options: ReadOptions) -> OhlcvColumns:
    """The names of the columns that hold a bar, for the table's format."""
    known = _NAMES.get(table.format)
    if known is not None:
        return known
    names = list(table.columns)
    if options.columns is not None:
        return named_columns(names, options.columns)
    return usual_columns(names) or OhlcvColumns()


def _time_format(table: Table, options: ReadOptions) -> str | None:
    return options.time_format if table.format is Format.OHLCV else None


def read_prices(rows: Rows, price_grid: Grid, fields: Mapping[str, str], prefix: str = "") -> None:
    """Read open, high, low and close from the columns ``fields`` names, and check them against each other."""
    for part, field in fields.items():
        rows.price(prefix + part, field, price_grid)
    high, low = rows[prefix + "high"], rows[prefix + "low"]

    def text(part: str, i: int) -> str:
        return price_grid.to_text(int(rows[prefix + part][i]))

    rows.check(
        Problem.INCONSISTENT,
        high < low,
        fields["high"],
        "high at or above low",
        lambda i: f"{text('high', i)} below {text('low', i)}",
    )
    for part in ("open", "close"):
        price, high, low = (rows[prefix + p] for p in (part, "high", "low"))
        rows.check(
            Problem.INCONSISTENT,
            (price < low) | (price > high),
            fields[part],
            f"{part} within low and high",
            lambda i, part=part: f"{text(part, i)}, low {text('low', i)}, high {text('high', i)}",  # type: ignore[misc]
        )


def order_bars(rows: Rows, field: str) -> None:
    """Each open time once, in order."""
    rows.unique(rows["time_open"], field, "open time")
    rows.in_order("time_open", field)


def bar_interval(rows: Rows, field: str, options: ReadOptions) -> int:
    """Given, or as the file's metadata or its close times say, or else the most frequent step between two bars.

    Not the smallest: one stray row would then close every bar before its time, and a strategy would see the future.
    """
    opens = rows["time_open"]
    step = options.interval_ns or _stated_interval(rows) or _most_frequent(np.diff(opens))
    if step is None:
        raise rows.refuse(
            "unknown bar length", None, field, "two bars or more, or the interval given", f"{len(opens)} bars"
        )
    if any(steps.min() < step for _, steps in steps_between(opens)):
        steps = np.diff(opens)
        i = int(np.argmin(steps)) + 1
        found = f"{BarSpec(BarKind.TIME, int(steps[i - 1]))} from {iso_utc(int(opens[i - 1]))}"
        expected = f"bars at least {BarSpec(BarKind.TIME, step)} apart, or the interval given"
        raise rows.refuse("bars overlap", i, field, expected, found)
    return step


def _most_frequent(lengths: Column) -> int | None:
    """The shortest of the most frequent ones; ``None`` of none."""
    if not len(lengths):
        return None
    if (lengths == lengths[0]).all():
        return int(lengths[0])
    values, counts = np.unique(lengths, return_counts=True)
    return int(values[np.argmax(counts)])


def metadata_interval(rows: Rows, what: str) -> int | None:
    """The interval that a file says of itself, in ns; ``what`` it is the length of, for the error where it is none."""
    text = rows.table.metadata.get("interval")
    if text is None:
        return None
    try:
        return BarSpec.parse(text).step
    except ValueError as error:
        raise rows.refuse("bad metadata", None, "interval", what, str(error)) from None


def _stated_interval(rows: Rows) -> int | None:
    stated = metadata_interval(rows, "a bar length")
    if stated is not None:
        return stated
    if rows.table.format not in (Format.BINANCE_KLINES, Format.BINANCE_MARK_KLINES) or not len(rows):
        return None
    rows.time("time_close", "close_time")
    # A kline's close time is the last moment before the next open, in the file's own unit.
    lengths = rows["time_close"] - rows["time_open"] + {"ms": 1_000_000, "us": 1_000}.get(rows.time_unit, 1)
    usual = _most_frequent(lengths)
    longest = int(np.argmax(lengths))
    if usual is None or usual <= 0:
        raise rows.refuse("unknown bar length", 0, "close_time", "a close after the open", f"{usual} ns after it")
    if lengths[longest] > usual:
        found = f"{int(lengths[longest]) / usual:.6g} times that"
        raise rows.refuse("bar too long", longest, "close_time", f"at most {BarSpec(BarKind.TIME, usual)}", found)
    return usual


def _bars(rows: Rows, instrument: Instrument, step: int, facts: Mapping[str, int | str]) -> Reading:
    opens = rows["time_open"]
    columns: dict[str, Column] = {"ts": opens + step, "time_open": opens, "seq": np.zeros(len(opens), np.int64)}
    columns |= {name: rows[name] for name in (*_OHLC, "lots")}
    report = _report(rows, instrument, step, facts)
    return Reading(instrument, StreamKind.BARS, BarSpec(BarKind.TIME, step), columns, report)


def _closing_quotes(rows: Rows, instrument: Instrument, step: int) -> Reading:
    opens = rows["time_open"]
    columns: dict[str, Column] = {
        "ts": opens + step,
        "time_event": np.full(len(opens), ABSENT, np.int64),
        "seq": np.zeros(len(opens), np.int64),
        "bid_ticks": rows["bid_close"],
        "bid_lots": rows["bid_lots"],
        "ask_ticks": rows["ask_close"],
        "ask_lots": rows["ask_lots"],
    }
    crossed = int(np.count_nonzero(rows["bid_close"] >= rows["ask_close"]))
    facts: dict[str, int | str] = {"crossed quotes": crossed}
    facts["quotes"] = f"the close of each {BarSpec(BarKind.TIME, step)} bar"
    return Reading(instrument, StreamKind.QUOTES, None, columns, _report(rows, instrument, step, facts))


def _report(rows: Rows, instrument: Instrument, step: int, facts: Mapping[str, int | str]) -> ReadReport:
    return rows.report("exchange", gaps=bar_gaps(rows["time_open"], step, instrument.calendar), facts=facts)
