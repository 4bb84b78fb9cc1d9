"""Captures as Genesis reads them: recorded streams by its own readers, on one clock; and from them the joined tapes.

Apart from `benchmarks.captures`, because drivers of peers run where Genesis is not installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

import numpy as np

from benchmarks.captures import CAPTURES, Capture, Joined, Joiner, store
from benchmarks.workloads import DataMissing, data_folder
from genesis.feeds.files import Reading, align_capture, read
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.tape.stream import Stream, StreamKind

# The order of rows of one moment and one place in the capture: as the replay has it.
_PLACES = {StreamKind.TRADES: 0, StreamKind.QUOTES: 1, StreamKind.DEPTH: 2}
_FIELDS = {
    StreamKind.TRADES: ("ts", "seq", "side", "ticks", "lots"),
    StreamKind.QUOTES: ("ts", "seq", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots"),
    StreamKind.DEPTH: ("ts", "seq", "snapshot", "side", "ticks", "lots"),
}


def instrument(capture: Capture) -> Instrument:
    """What is traded. No spot: a quote on either side needs no inventory, as at the peers, who start with one."""
    market = capture.market
    lot = Decimal(1).scaleb(-market.size_decimals)
    return Instrument(market.symbol, "BENCH", market.base, market.quote, market.tick, lot, InstrumentKind.FX)


def streams(capture: Capture, changes: int | None = None) -> tuple[Instrument, list[Stream]]:
    """Recorded trades, quotes and depth of a capture on one clock, up to the ``changes``-th level change (all by default).

    Raises:
        DataMissing: a file is not there.
    """
    traded = instrument(capture)
    made = []
    readings = _readings(capture)
    stop = _stop(readings, changes)
    for reading in readings:
        kept = int(np.searchsorted(reading.columns["ts"], stop, side="right"))
        stream = Stream(traded, reading.kind, reading.spec)
        stream.record({name: np.ascontiguousarray(column[:kept]) for name, column in reading.columns.items()})
        made.append(stream)
    return traded, made


def prepare_captures() -> None:
    """Join every capture whose tape is not there yet.

    Raises:
        DataMissing: a recorded file is not there.
    """
    data_folder().mkdir(parents=True, exist_ok=True)
    for capture in CAPTURES:
        if not capture.path.exists():
            store(capture, joined(capture))


def joined(capture: Capture) -> Joined:
    """The three streams of a capture as one book and its trades."""
    joiner = Joiner()
    for (ts, _, place), rows in groupby(_merged(_readings(capture)), key=itemgetter(0, 1, 2)):
        if place == _PLACES[StreamKind.DEPTH]:
            levels = [row[3:] for row in rows]
            joiner.message(ts, bool(levels[0][0]), [(side, ticks, lots) for _, side, ticks, lots in levels])
        else:
            for row in rows:
                (joiner.quote if place else joiner.trade)(ts, *row[3:])
    return joiner.joined()


def _readings(capture: Capture) -> tuple[Reading, ...]:
    """Read with the steps of the files: contracts are lots too."""
    market = capture.market
    as_recorded = Instrument(market.symbol, "BENCH", market.base, market.quote, market.tick, capture.recorded_lot)
    found: list[Reading] = []
    for kind in ("trades", "l1", "l2"):
        path = capture.source(kind)
        if not path.exists():
            raise DataMissing(f"{capture.name}: expected {path.name} in the folder of recorded data, found none")
        found.extend(read(path, as_recorded))
    return align_capture(found)


def _stop(readings: tuple[Reading, ...], changes: int | None) -> int:
    """The time of the ``changes``-th level change; far away for all of them."""
    depth = next(reading for reading in readings if reading.kind is StreamKind.DEPTH)
    if changes is None or changes >= depth.rows:
        return 2**63 - 1
    return int(depth.columns["ts"][changes - 1])


def _merged(readings: tuple[Reading, ...]) -> Iterator[tuple[int, ...]]:
    """(ts, seq, place of its kind, ...) of every row, in the order of the replay."""
    rows: list[tuple[int, ...]] = []
    for reading in readings:
        place = _PLACES[reading.kind]
        columns = [reading.columns[name].tolist() for name in _FIELDS[reading.kind]]
        rows.extend((ts, seq, place, *rest) for ts, seq, *rest in zip(*columns, strict=True))
    # Stable: rows of one message keep the order of the file.
    return iter(sorted(rows, key=itemgetter(0, 1, 2)))
