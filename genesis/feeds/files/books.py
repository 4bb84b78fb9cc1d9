"""Quotes (best bid and ask) and depth (level-2 snapshots and diffs) from files.

The sequence rules of a Binance book: after a snapshot, diffs it already holds are left out and the first one applied
must reach it (spot: U <= id+1 <= u; futures: U <= id <= u); from then on spot needs U == u before + 1, futures pu == u
before. A break is a gap. Source: Binance API documentation, "How to manage a local order book correctly", spot and
USD-M futures.
"""

from __future__ import annotations

import msgspec
import numpy as np

from genesis.feeds.files.arrival import engine_time
from genesis.feeds.files.options import ReadOptions
from genesis.feeds.files.reading import GapInfo, Reading, latency_of, steps_back
from genesis.feeds.files.rows import Rows
from genesis.feeds.files.tables import Table
from genesis.model.instruments import Instrument
from genesis.tape.stream import ABSENT, Column, StreamKind

_BOOK_SIDES = {"bid": 1, "ask": -1, "buy": 1, "sell": -1}
_FLAGS = {"true": 1, "false": 0, "1": 1, "0": 0}
# The fact of a book that began with no snapshot.
INCOMPLETE = "book"


def read_quotes(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """One quotes stream: best bid and ask after each change."""
    rows = Rows(table, options.policies)
    _times(rows)
    for side in ("bid", "ask"):
        rows.price(f"{side}_ticks", f"{side}_px_e8", instrument.price_grid)
        rows.size(f"{side}_lots", f"{side}_qty_e8", instrument.qty_grid)
    if rows.has("update_id"):
        rows.integer("update_id", "update_id")
    ts, offset = _engine_time(rows)
    event = rows["time_event"]
    names = ("time_event", "seq", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")
    columns = {"ts": ts, **{name: rows[name] for name in names}}
    report = rows.report(
        "exchange" if offset is None else "arrival",
        offset_ns=offset,
        latency=None if offset is None else latency_of(ts, event),
        event_steps_back=steps_back(event),
        facts={"crossed quotes": int(np.count_nonzero(rows["bid_ticks"] >= rows["ask_ticks"]))},
    )
    extras = {"update_id": rows["update_id"]} if rows.has("update_id") else {}
    return (Reading(instrument, StreamKind.QUOTES, None, columns, report, extras),)


def read_depth(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """One depth stream: snapshots, and after each the diffs it does not yet hold, once they can be applied."""
    rows = Rows(table, options.policies)
    _times(rows)
    rows.codes("side", "side", _BOOK_SIDES)
    rows.codes("snapshot", "is_snapshot", _FLAGS)
    rows.price("ticks", "price_e8", instrument.price_grid)
    rows.size("lots", "qty_e8", instrument.qty_grid)
    rows.integer("last", "final_id")
    rows.integer("first", "first_id", optional=True)
    if rows.has("prev_final_id"):
        rows.integer("previous", "prev_final_id", optional=True)
    else:
        rows.columns["previous"] = np.full(len(rows), ABSENT, np.int64)
    ts, offset = _engine_time(rows)
    messages = _Messages(rows)
    plan = _Plan(messages, ts)
    places, moments = messages.rows_of(plan.order), messages.rows_of(plan.order, plan.moments)
    columns = {"ts": ts[moments], "time_event": rows["time_event"][places], "seq": rows["seq"][moments]}
    columns |= {name: rows[name][places] for name in ("snapshot", "side", "ticks", "lots")}
    event = rows["time_event"]
    report = rows.report(
        "exchange" if offset is None else "arrival",
        offset_ns=offset,
        latency=None if offset is None else latency_of(columns["ts"], columns["time_event"]),
        event_steps_back=steps_back(event),
        gaps=tuple(plan.gaps),
        facts=plan.facts(),
    )
    report = msgspec.structs.replace(report, rows_kept=len(np.unique(places)))
    return (Reading(instrument, StreamKind.DEPTH, None, columns, report, {"update_id": rows["last"][places]}),)


def _times(rows: Rows) -> None:
    rows.time("time_event", "ts_ns", optional=rows.has("recv_ts_ns"))
    if rows.has("line"):
        rows.integer("seq", "line")
    else:
        rows.columns["seq"] = np.zeros(len(rows), np.int64)


def _engine_time(rows: Rows) -> tuple[Column, int | None]:
    return engine_time(rows, "ts_ns", "recv_ts_ns", "event_ts_ns")


class _Messages:
    """Rows of one message: where each message starts and stops, and its ids."""

    def __init__(self, rows: Rows) -> None:
        keys = np.stack([rows[name] for name in ("seq", "last", "snapshot")])
        new = np.flatnonzero((keys[:, 1:] != keys[:, :-1]).any(axis=0)) + 1
        self.starts = np.concatenate(([0], new)) if len(rows) else np.empty(0, np.int64)
        self.stops = np.append(self.starts[1:], len(rows)) if len(rows) else self.starts
        self.first, self.last, self.previous, self.snapshot = (
            rows[name][self.starts].tolist() for name in ("first", "last", "previous", "snapshot")
        )

    def rows_of(self, order: list[int], instead: list[int] | None = None) -> Column:
        """Places of the rows of the messages in ``order``; or as often the first row of the messages ``instead``."""
        chosen = np.array(order, np.int64)
        lengths = (self.stops - self.starts)[chosen]
        places: Column
        if instead is not None:
            places = np.repeat(self.starts[np.array(instead, np.int64)], lengths)
            return places
        before = np.cumsum(lengths) - lengths
        places = np.arange(int(lengths.sum()), dtype=np.int64) + np.repeat(self.starts[chosen] - before, lengths)
        return places


class _Plan:
    """Which messages go on the tape, in which order, and at the moment of which message each becomes known."""

    def __init__(self, messages: _Messages, ts: Column) -> None:
        self.m = messages
        self.ts = ts
        self.order: list[int] = []
        self.moments: list[int] = []
        self.gaps: list[GapInfo] = []
        self.applied: set[int] = set()
        self.replayed = 0
        self._book_id: int | None = None
        self._fresh = False
        waits = any(messages.snapshot)
        for k, is_snapshot in enumerate(messages.snapshot):
            if is_snapshot:
                self._take_snapshot(k)
            elif self._book_id is not None or not waits:
                self._take_diff(k, k)

    def facts(self) -> dict[str, int | str]:
        """Messages by what became of them."""
        snapshots = sum(self.m.snapshot)
        out: dict[str, int | str] = {
            "snapshots": snapshots,
            "diffs applied": len(self.applied),
            "diffs left out": len(self.m.snapshot) - snapshots - len(self.applied),
            "diffs applied after a later snapshot": self.replayed,
        }
        if not snapshots:
            out[INCOMPLETE] = "incomplete: no snapshot, only levels that changed are known"
        return out

    def _take_snapshot(self, k: int) -> None:
        self._emit(k, k)
        self._book_id, self._fresh = self.m.last[k], True
        # Diffs that came before the snapshot but that it does not hold yet apply on top of it, now.
        first = k
        while first > 0 and not self.m.snapshot[first - 1] and not self._held(first - 1):
            first -= 1
        for diff in range(first, k):
            self.replayed += 1
            self._take_diff(diff, k)

    def _held(self, k: int) -> bool:
        """Whether the snapshot in the book already holds the diff."""
        if self._book_id is None:
            return False
        last: int = self.m.last[k]
        return last < self._book_id if self._is_future(k) else last <= self._book_id

    def _is_future(self, k: int) -> bool:
        return bool(self.m.previous[k] != ABSENT)

    def _take_diff(self, k: int, moment: int) -> None:
        if self._fresh and self._held(k):
            return
        if self._book_id is not None:
            self._check(k, moment, self._book_id)
        self._book_id, self._fresh = self.m.last[k], False
        self.applied.add(k)
        self._emit(k, moment)

    def _check(self, k: int, moment: int, book_id: int) -> None:
        first, last, previous = self.m.first[k], self.m.last[k], self.m.previous[k]
        if self._is_future(k):
            follows = first <= book_id <= last if self._fresh else previous == book_id
            expected, found = f"pu {book_id}", f"pu {previous}"
        else:
            follows = first <= book_id + 1 <= last if self._fresh else first == book_id + 1
            expected, found = f"U {book_id + 1}", f"U {first}"
        if follows:
            return
        before = self.moments[-1] if self.moments else moment
        missing = first - book_id - 1 if first > book_id + 1 and not self._is_future(k) else None
        times = [int(self.ts[self.m.starts[i]]) for i in (before, moment)]
        self.gaps.append(
            GapInfo(times[0], times[1], missing, f"depth sequence broken: expected {expected}, found {found}")
        )

    def _emit(self, k: int, moment: int) -> None:
        self.order.append(k)
        self.moments.append(moment)
