"""Trades from files: the plain schema, Freqtrade's, Binance's archives and the order-by-order package's."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from genesis.feeds.files.arrival import engine_time
from genesis.feeds.files.exact import flags, numbers, to_units
from genesis.feeds.files.formats import Format
from genesis.feeds.files.gaps import counts_up, id_gaps
from genesis.feeds.files.options import ReadOptions
from genesis.feeds.files.reading import Reading, latency_of, steps_back
from genesis.feeds.files.rows import Rows
from genesis.feeds.files.tables import Table
from genesis.model.grid import Grid
from genesis.model.instruments import Instrument
from genesis.tape.stream import StreamKind

_ONE = Decimal(1)


class _Fields(msgspec.Struct, frozen=True):
    """Which column of a format is what. ``maker`` says whether the buyer was the maker; ``side`` is the taker's."""

    time: str
    id: str
    price: str
    size: str
    side: str = ""
    maker: str = ""
    sent: str = ""
    arrived: str = ""
    line: str = ""
    extras: tuple[str, ...] = ()


_ORDER_IDS = ("buy_order_id", "sell_order_id")
_FIELDS: dict[Format, _Fields] = {
    Format.TRADES: _Fields(
        time="ts_ns",
        id="trade_id",
        price="price_e8",
        size="qty_e8",
        side="side",
        sent="event_ts_ns",
        arrived="recv_ts_ns",
        line="line",
        extras=("first_trade_id", "last_trade_id", *_ORDER_IDS),
    ),
    Format.FREQTRADE_TRADES: _Fields(time="timestamp", id="id", price="price", size="amount", side="side"),
    Format.BINANCE_AGGTRADES: _Fields(
        time="transact_time",
        id="agg_trade_id",
        price="price",
        size="quantity",
        maker="is_buyer_maker",
        extras=("first_trade_id", "last_trade_id"),
    ),
    Format.BINANCE_TRADES: _Fields(time="time", id="id", price="price", size="qty", maker="is_buyer_maker"),
    Format.OB_TRADES: _Fields(
        time="exchange_timestamp",
        id="trade_id",
        price="price",
        size="amount",
        side="side",
        arrived="timestamp",
        extras=_ORDER_IDS,
    ),
}
_SIDES = {"buy": 1, "sell": -1, "": 0}
# The buyer was the maker: the taker sold.
_TAKERS = {"true": -1, "false": 1}
_OF_A_COUNTER = (Format.BINANCE_AGGTRADES, Format.BINANCE_TRADES)


def read_trades(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """One trades stream in order of arrival where the file has it, else of the exchange's time."""
    rows, fields = Rows(table, options.policies), _FIELDS[table.format]
    rows.time("time_event", fields.time)
    rows.price("ticks", fields.price, instrument.price_grid)
    rows.size("lots", fields.size, instrument.qty_grid, least=1)
    _sides(rows, fields)
    for extra in fields.extras:
        if rows.has(extra):
            rows.integer(extra, extra)
    counted, facts = _ids(rows, fields)
    ts, offset = engine_time(rows, fields.time, fields.arrived, fields.sent)
    rows.columns["seq"] = rows["line"] if rows.has(fields.line) else np.zeros(len(rows), np.int64)
    event = rows["time_event"]
    names = ("time_event", "seq", "trade_id", "ticks", "lots", "side")
    columns = {"ts": ts, **{name: rows[name] for name in names}}
    known = counted and (table.format in _OF_A_COUNTER or counts_up(np.sort(rows["trade_id"])))
    report = rows.report(
        "exchange" if offset is None else "arrival",
        offset_ns=offset,
        latency=None if offset is None else latency_of(ts, event),
        event_steps_back=steps_back(event),
        gaps=id_gaps(rows["trade_id"], ts) if known else (),
        facts=facts,
    )
    extras = {name: rows[name] for name in fields.extras if rows.has(name)}
    return (Reading(instrument, StreamKind.TRADES, None, columns, report, extras),)


def _sides(rows: Rows, fields: _Fields) -> None:
    if fields.maker:
        rows.codes("side", fields.maker, _TAKERS)
    elif rows.has(fields.side):
        rows.codes("side", fields.side, _SIDES)
    else:
        rows.columns["side"] = np.zeros(len(rows), np.int64)
    if rows.has(fields.line):
        rows.integer("line", fields.line)


def _ids(rows: Rows, fields: _Fields) -> tuple[bool, dict[str, int | str]]:
    """Trade ids, each once; whether they are the source's own numbers."""
    if rows.has(fields.id):
        ids = rows.raw(fields.id)
        units, faults = to_units(ids, Grid(_ONE))
        if not faults.any():
            rows.columns["trade_id"] = units
            rows.unique(units, fields.id, "trade id")
            return True, {}
        # Ids that are words: what they are is compared, and the place in the file stands for them.
        coded = pc.dictionary_encode(ids.cast(pa.string()))
        codes = numbers(coded.indices.cast(pa.int64()), -1)
        given = (codes >= 0) & flags(pc.not_equal(ids.cast(pa.string()), ""))
        rows.unique(codes, fields.id, "trade id", among=given)
    rows.columns["trade_id"] = rows.lines()
    return False, {"trade id": "the place in the file: the source has no numbers"}
