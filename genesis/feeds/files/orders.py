"""Order-by-order data into depth and quotes, and where asked for the orders themselves.

Events of one moment of the exchange's clock are applied in file order and published together at its end, because within
it the book may cross. If it is still crossed then, an order whose delete was missed stands in the way: the oldest order
among the two levels that cross is dropped until they no longer do.
"""

from __future__ import annotations

import heapq
import json
from pathlib import Path

import msgspec
import numpy as np

from genesis.errors import DataError
from genesis.feeds.files.formats import Format
from genesis.feeds.files.options import ReadOptions
from genesis.feeds.files.reading import Reading, ReadReport, steps_back
from genesis.feeds.files.rows import Rows
from genesis.feeds.files.tables import Table
from genesis.model.instruments import Instrument
from genesis.tape.stream import COLUMNS, ORDER_CHANGED, ORDER_CREATED, ORDER_DELETED, Column, StreamKind

_BID, _ASK = 1, -1
_SIDES = {"bid": _BID, "ask": _ASK, "buy": _BID, "sell": _ASK}
_ACTIONS = {"created": ORDER_CREATED, "changed": ORDER_CHANGED, "deleted": ORDER_DELETED}


class _Fields(msgspec.Struct, frozen=True):
    time: str
    id: str
    side: str
    price: str
    size: str


_FIELDS = {
    Format.L3: _Fields("ts_ns", "order_id", "side", "price_e8", "qty_e8"),
    Format.OB_ORDERS: _Fields("exchange_timestamp", "id", "direction", "price", "volume"),
}


def read_orders(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """A depth stream (absolute sizes of the levels that changed) and the quotes stream derived from it.

    With ``options.orders`` the orders stream too: every event of the file in its order, and a delete for each stale order
    that was dropped.
    """
    rows, fields = Rows(table, options.policies), _FIELDS[table.format]
    rows.integer("id", fields.id)
    rows.codes("action", "action", _ACTIONS)
    rows.codes("side", fields.side, _SIDES)
    rows.time("time_event", fields.time)
    # Market orders are written with price 0; so are bids below the recorder's precision.
    rows.price("ticks", fields.price, instrument.price_grid, least=0)
    rows.size("lots", fields.size, instrument.qty_grid)
    rows.unique(rows["id"], fields.id, "order created", among=rows["action"] == ORDER_CREATED)
    snapshot, trailing = _synthetic(rows, options)
    book = OrderBook()
    ts = np.maximum.accumulate(rows["time_event"]) if len(rows) else rows["time_event"]
    _replay(rows, book, ts, snapshot, len(rows) - trailing)
    report = _report(rows, instrument, book, snapshot, trailing)
    streams = {
        StreamKind.DEPTH: _columns(COLUMNS[StreamKind.DEPTH], book.depth),
        StreamKind.QUOTES: _columns(COLUMNS[StreamKind.QUOTES], book.quotes),
    }
    if options.orders:
        streams[StreamKind.ORDERS] = _order_columns(rows, ts, len(rows) - trailing, book.dropped)
    return tuple(Reading(instrument, kind, None, columns, report) for kind, columns in streams.items())


class _Order:
    __slots__ = ("born", "lots", "side", "ticks")

    def __init__(self, side: int, ticks: int, lots: int, born: int) -> None:
        self.side, self.ticks, self.lots, self.born = side, ticks, lots, born


class _Side:
    """The levels of one side. ``sign`` turns prices so that the best is the smallest on the heap."""

    __slots__ = ("heap", "levels", "sign", "totals")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, dict[int, _Order]] = {}
        self.totals: dict[int, int] = {}
        self.heap: list[int] = []

    def add(self, order_id: int, order: _Order) -> None:
        if order.ticks not in self.levels:
            self.levels[order.ticks] = {}
            self.totals[order.ticks] = 0
        self.levels[order.ticks][order_id] = order
        self.resize(order.ticks, order.lots)

    def remove(self, order_id: int, order: _Order) -> None:
        level = self.levels[order.ticks]
        del level[order_id]
        self.totals[order.ticks] -= order.lots
        if not level:
            del self.levels[order.ticks], self.totals[order.ticks]

    def resize(self, ticks: int, by: int) -> None:
        # A level without anything displayed may have left the heap.
        if not self.totals[ticks]:
            heapq.heappush(self.heap, -self.sign * ticks)
        self.totals[ticks] += by

    def best(self) -> int | None:
        """The best price with something displayed. Prices whose level is gone leave the heap here."""
        while self.heap:
            ticks = -self.sign * self.heap[0]
            if self.totals.get(ticks):
                return ticks
            heapq.heappop(self.heap)
        return None


class OrderBook:
    """Every resting order, and the depth and quote rows published so far (tuples in the order of their columns).

    An order with price 0 is known but stands on no level.
    """

    def __init__(self) -> None:
        self.sides = {_BID: _Side(_BID), _ASK: _Side(_ASK)}
        self.orders: dict[int, _Order] = {}
        self.depth: list[tuple[int, ...]] = []
        self.quotes: list[tuple[int, ...]] = []
        # (ts, seq, order id, side, ticks, lots) of stale orders.
        self.dropped: list[tuple[int, int, int, int, int, int]] = []
        self.unknown_deletes = self.unknown_changes = self.best_changes = 0
        self._events = 0
        # Levels touched since the last publication, with what they showed then.
        self._touched: dict[tuple[int, int], int] = {}
        self._quote: tuple[int, ...] = ()

    def take(self, action: int, order_id: int, side: int, ticks: int, lots: int) -> None:
        """Apply one event. A changed order keeps its place in time unless its price changed."""
        self._events += 1
        if action == ORDER_CREATED:
            self._add(order_id, _Order(side, ticks, lots, self._events))
            return
        order = self.orders.get(order_id)
        if order is None:
            self.unknown_deletes += action == ORDER_DELETED
            self.unknown_changes += action == ORDER_CHANGED
        elif action == ORDER_DELETED:
            self._remove(order_id, order)
        elif order.ticks == ticks:
            self._resize(order, lots)
        else:
            self._remove(order_id, order)
            self._add(order_id, _Order(order.side, ticks, lots, self._events))

    def publish(self, ts: int, seq: int, snapshot: bool) -> None:
        """End a moment: uncross the book, then publish the levels and the quote that differ from before."""
        bid, ask = self._uncross(ts, seq)
        for (side, ticks), before in self._touched.items():
            lots = self.sides[side].totals.get(ticks, 0)
            if lots != before:
                self.depth.append((ts, ts, seq, int(snapshot), side, ticks, lots))
        self._touched.clear()
        if bid is None or ask is None:
            return
        quote = (bid, self.sides[_BID].totals[bid], ask, self.sides[_ASK].totals[ask])
        if quote != self._quote:
            self.best_changes += quote[::2] != self._quote[::2]
            self._quote = quote
            self.quotes.append((ts, ts, seq, *quote))

    def _uncross(self, ts: int, seq: int) -> tuple[int | None, int | None]:
        while True:
            bid, ask = self.sides[_BID].best(), self.sides[_ASK].best()
            if bid is None or ask is None or bid < ask:
                return bid, ask
            oldest = (next(iter(self.sides[side].levels[ticks].items())) for side, ticks in ((_BID, bid), (_ASK, ask)))
            order_id, order = min(oldest, key=lambda item: item[1].born)
            self.dropped.append((ts, seq, order_id, order.side, order.ticks, order.lots))
            self._remove(order_id, order)

    def _add(self, order_id: int, order: _Order) -> None:
        self.orders[order_id] = order
        if order.ticks:
            self._touch(order)
            self.sides[order.side].add(order_id, order)

    def _remove(self, order_id: int, order: _Order) -> None:
        del self.orders[order_id]
        if order.ticks:
            self._touch(order)
            self.sides[order.side].remove(order_id, order)

    def _resize(self, order: _Order, lots: int) -> None:
        if order.ticks:
            self._touch(order)
            self.sides[order.side].resize(order.ticks, lots - order.lots)
        order.lots = lots

    def _touch(self, order: _Order) -> None:
        key = (order.side, order.ticks)
        if key not in self._touched:
            self._touched[key] = self.sides[order.side].totals.get(order.ticks, 0)


def _replay(rows: Rows, book: OrderBook, ts: Column, snapshot: int, stop: int) -> None:
    """Apply rows up to ``stop``, publishing at the end of each moment with the number of its last row as ``seq``."""
    ends = np.append(np.flatnonzero(np.diff(ts[:stop])), stop - 1) if stop else np.empty(0, np.int64)
    events = [rows[name][:stop].tolist() for name in ("action", "id", "side", "ticks", "lots")]
    start = 0
    for end in ends.tolist():
        for event in zip(*(column[start : end + 1] for column in events), strict=True):
            book.take(*event)
        book.publish(int(ts[end]), int(rows.index[end]) + 1, start < snapshot)
        start = end + 1


def _columns(names: tuple[str, ...], rows: list[tuple[int, ...]]) -> dict[str, Column]:
    table = np.array(rows, np.int64).reshape(len(rows), len(names))
    return {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(names)}


def _order_columns(
    rows: Rows, ts: Column, stop: int, dropped: list[tuple[int, int, int, int, int, int]]
) -> dict[str, Column]:
    """The first ``stop`` rows as they are, and a delete of each dropped order at the end of the moment that dropped it."""
    seq = rows.index[:stop] + 1
    names = ("time_event", "id", "action", "side", "ticks", "lots")
    events = np.column_stack([ts[:stop], seq, *(rows[name][:stop] for name in names)])
    deletes = [(t, n, t, i, ORDER_DELETED, side, ticks, lots) for t, n, i, side, ticks, lots in dropped]
    if deletes:
        places = np.searchsorted(seq, [delete[1] for delete in deletes], side="right")
        events = np.insert(events, places, np.array(deletes, np.int64), axis=0)
    written = ("ts", "seq", "time_event", "order_id", "action", "side", "ticks", "lots")
    return {name: np.ascontiguousarray(events[:, i]) for i, name in enumerate(written)}


def _synthetic(rows: Rows, options: ReadOptions) -> tuple[int, int]:
    """How many of the rows only put in the opening book, and how many at the end only empty it."""
    snapshot, trailing = options.snapshot_rows, options.trailing_rows
    if snapshot is None and trailing is None:
        if rows.has("source"):
            words = np.array(rows.raw("source").to_pylist(), object)
            snapshot, trailing = int((words == "snapshot").sum()), int((words == "end").sum())
        elif rows.table.format is Format.OB_ORDERS:
            snapshot, trailing = _stated(rows)
    snapshot, trailing = snapshot or 0, trailing or 0
    if snapshot + trailing > len(rows):
        raise rows.refuse("truncated file", None, None, f"at least {snapshot + trailing} rows", str(len(rows)))
    return snapshot, trailing


def _stated(rows: Rows) -> tuple[int, int]:
    """What the recorder's ``meta.json`` beside the file says; nothing where there is none."""
    path = Path(rows.table.source).with_name("meta.json")
    if not path.exists():
        return 0, 0
    try:
        meta = json.loads(path.read_bytes())
        total, created, deleted = (int(meta[k]) for k in ("total_order_rows", "synthetic_created", "synthetic_deleted"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            "cannot be read", source=str(path), expected="the recorder's counts", found=repr(error)
        ) from None
    if total != rows.table.rows:
        raise rows.refuse("truncated file", None, None, f"{total} rows, as meta.json says", str(rows.table.rows))
    return created, deleted


def _report(rows: Rows, instrument: Instrument, book: OrderBook, snapshot: int, trailing: int) -> ReadReport:
    facts: dict[str, int | str] = {
        "snapshot rows": snapshot,
        "trailing rows left out": trailing,
        "deletes of unknown orders": book.unknown_deletes,
        "changes of unknown orders": book.unknown_changes,
        "stale orders dropped": len(book.dropped),
        "best bid or ask changes": book.best_changes,
    }
    if book.dropped:
        price, size = instrument.price_grid.to_text, instrument.qty_grid.to_text
        facts["stale orders"] = ", ".join(f"{price(ticks)} x {size(lots)}" for *_, ticks, lots in book.dropped)
    report = rows.report("exchange", event_steps_back=steps_back(rows["time_event"]), facts=facts)
    return msgspec.structs.replace(report, rows_kept=len(rows) - trailing)
