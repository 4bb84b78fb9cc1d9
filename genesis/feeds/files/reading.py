"""What a reader hands over: the columns of one stream, and a report of what it read, repaired and found missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
import numpy as np

from genesis.feeds.files.policies import Policy, Problem
from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec
from genesis.tape.stream import ABSENT, Column, Stream, StreamKind

EXAMPLES = 3
# On the exchange's clock by their nature: no capture has their arrival.
_ALONE = (StreamKind.BARS, StreamKind.MARK, StreamKind.FUNDING)


class GapInfo(msgspec.Struct, frozen=True):
    """Market data are missing in [``time_from``, ``time_to``), engine ns; ``missing`` bars or ids where known."""

    time_from: int
    time_to: int
    missing: int | None
    detail: str


class Repair(msgspec.Struct, frozen=True):
    """Rows of one problem that a policy repaired: how many, and the first of them."""

    problem: Problem
    policy: Policy
    count: int
    examples: tuple[str, ...]


class Latency(msgspec.Struct, frozen=True):
    """Feed latency in ns, engine time minus the exchange's own time, over the rows that have both."""

    least: int
    median: int
    most: int


class ReadReport(msgspec.Struct, frozen=True):
    """What a reader did with one file.

    ``rows_kept`` counts the rows of the file that are on the tape or in the book it was built from. ``clock`` is
    ``arrival`` where engine time is the source's own arrival time plus ``offset_ns``, else ``exchange``.
    ``event_steps_back`` counts rows whose exchange time is earlier than the row before; they are kept as they are.
    ``facts`` holds what only this format knows.
    """

    source: str
    sha256: str
    format: str
    container: str
    time_unit: str
    rows_read: int
    rows_kept: int
    clock: str
    offset_ns: int | None = None
    latency: Latency | None = None
    event_steps_back: int = 0
    duplicates: int = 0
    repairs: tuple[Repair, ...] = ()
    gaps: tuple[GapInfo, ...] = ()
    facts: Mapping[str, int | str] = {}


class Reading(msgspec.Struct, frozen=True, eq=False):
    """One stream of one file: ``columns`` as `Stream.record` takes them, ``extras`` more of the same rows."""

    instrument: Instrument
    kind: StreamKind
    spec: BarSpec | None
    columns: Mapping[str, Column]
    report: ReadReport
    extras: Mapping[str, Column] = {}

    @property
    def rows(self) -> int:
        """Rows of the stream."""
        return len(self.columns["ts"])

    @property
    def name(self) -> str:
        """The name of its stream."""
        return Stream(self.instrument, self.kind, self.spec).name

    def stream(self, label: str = "") -> Stream:
        """A stream with these rows recorded and none revealed; see `Stream` for its ``label``."""
        stream = Stream(self.instrument, self.kind, self.spec, label)
        stream.record(self.columns)
        return stream


class Steps(msgspec.Struct, frozen=True):
    """The largest powers of ten on which all prices (``tick``) and sizes (``lot``) lie; ``None`` where all of them are
    zero.

    A lower bound on the venue's own steps, proposed where nobody declared them.
    """

    tick: Decimal | None
    lot: Decimal | None


def latency_of(ts: Column, event: Column) -> Latency | None:
    """Latency over the rows that have an exchange time; ``None`` where no row has."""
    known = event != ABSENT
    if not known.any():
        return None
    delay = np.sort(ts[known] - event[known])
    return Latency(int(delay[0]), int(delay[len(delay) // 2]), int(delay[-1]))


def steps_back(times: Column) -> int:
    """Rows whose time is earlier than the row before, absent times left out."""
    known = times[times != ABSENT]
    return int(np.count_nonzero(known[1:] < known[:-1]))


def align_capture(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Put the streams of one capture on one clock.

    Where all of them have arrival times, the common offset is the largest that one of them needs so that no feed
    latency is negative. Where one of them has only the exchange's time (order-by-order data is in file order), all
    follow the exchange's time: a stream's engine time is then the running maximum of it.

    Raises:
        ValueError: bars, mark prices and funding are no part of a capture.
    """
    alone = next((r.kind.value for r in readings if r.kind in _ALONE), None)
    if alone is not None:
        raise ValueError(f"capture: expected trades, quotes or depth, found {alone}")
    offsets = [r.report.offset_ns for r in readings]
    needed = [offset for offset in offsets if offset is not None]
    if len(needed) < len(offsets):
        return tuple(_on_exchange_clock(r) for r in readings)
    return tuple(_shifted(r, max(needed) - own) for r, own in zip(readings, needed, strict=True))


def _shifted(reading: Reading, by: int) -> Reading:
    report = reading.report
    ts = reading.columns["ts"] + np.int64(by)
    gaps = tuple(
        msgspec.structs.replace(gap, time_from=gap.time_from + by, time_to=gap.time_to + by) for gap in report.gaps
    )
    offset = (report.offset_ns or 0) + by
    return _with_times(reading, ts, msgspec.structs.replace(report, offset_ns=offset, gaps=gaps))


def _on_exchange_clock(reading: Reading) -> Reading:
    report = reading.report
    if report.offset_ns is None:
        return reading
    arrived, event = reading.columns["ts"], reading.columns["time_event"]
    if not (event != ABSENT).all():
        raise ValueError(
            f"{report.source}: expected the exchange's time on every row, for one clock with order-by-order data"
        )
    ts = np.maximum.accumulate(event)
    gaps = tuple(
        msgspec.structs.replace(
            gap, time_from=_moved(gap.time_from, arrived, ts), time_to=_moved(gap.time_to, arrived, ts)
        )
        for gap in report.gaps
    )
    return _with_times(reading, ts, msgspec.structs.replace(report, clock="exchange", offset_ns=None, gaps=gaps))


def _moved(time: int, arrived: Column, ts: Column) -> int:
    return int(ts[min(int(np.searchsorted(arrived, time)), len(ts) - 1)])


def _with_times(reading: Reading, ts: Column, report: ReadReport) -> Reading:
    report = msgspec.structs.replace(report, latency=latency_of(ts, reading.columns["time_event"]))
    return msgspec.structs.replace(reading, columns={**reading.columns, "ts": ts}, report=report)
