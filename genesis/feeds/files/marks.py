"""Mark prices from files: single prices, and candles of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genesis.feeds.files.bars import bar_interval, ohlcv_columns, order_bars, read_prices
from genesis.feeds.files.formats import Format
from genesis.feeds.files.gaps import bar_gaps
from genesis.feeds.files.options import ReadOptions
from genesis.feeds.files.reading import Reading
from genesis.feeds.files.rows import Rows
from genesis.feeds.files.tables import Table
from genesis.model.instruments import Instrument
from genesis.model.mark_prices import mark_grid
from genesis.model.market import BarKind, BarSpec
from genesis.tape.stream import Column, StreamKind

_PARTS = ("open", "high", "low", "close")


def read_marks(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """One mark stream of single prices, each its own low and high."""
    rows = Rows(table, options.policies)
    time, price = ("ts_ns", "mark_e8") if table.format is Format.MARK else ("time", "mark")
    rows.time("time_event", time, options.time_format if table.format is Format.MARK_PRICES else None)
    rows.price("mark", price, mark_grid(instrument))
    rows.in_order("time_event", time)
    times, mark = rows["time_event"], rows["mark"]
    columns = {"ts": times, "time_event": times, "seq": np.zeros(len(rows), np.int64)}
    columns |= {"mark": mark, "low": mark, "high": mark}
    return (Reading(instrument, StreamKind.MARK, None, columns, rows.report("exchange")),)


def read_mark_candles(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """Two rows a candle: its open when it opens, and its close, with the candle's low and high, when it closes.

    The open is known at once, and is the mark of a funding settlement at that moment; the extremes are known at the close only.
    """
    rows = Rows(table, options.policies)
    names = ohlcv_columns(table, options)
    rows.time("time_open", names.time)
    read_prices(rows, mark_grid(instrument), {part: getattr(names, part) for part in _PARTS})
    order_bars(rows, names.time)
    step = bar_interval(rows, names.time, options)
    gaps = bar_gaps(rows["time_open"], step, instrument.calendar)
    facts: dict[str, int | str] = {"candles": len(rows), "interval": str(BarSpec(BarKind.TIME, step))}
    columns = _two_a_candle({name: rows[name] for name in ("time_open", *_PARTS)}, step)
    return (Reading(instrument, StreamKind.MARK, None, columns, rows.report("exchange", gaps=gaps, facts=facts)),)


def _two_a_candle(candle: Mapping[str, Column], step: int) -> dict[str, Column]:
    opens = candle["time_open"]

    def pairs(first: Column, second: Column) -> Column:
        return np.column_stack((first, second)).reshape(-1)

    times = pairs(opens, opens + step)
    return {
        "ts": times,
        "time_event": times,
        "seq": np.zeros(len(times), np.int64),
        "mark": pairs(candle["open"], candle["close"]),
        "low": pairs(candle["open"], candle["low"]),
        "high": pairs(candle["open"], candle["high"]),
    }
