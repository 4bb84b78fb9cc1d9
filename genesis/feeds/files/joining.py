"""Files that follow one another, as an exchange publishes them by day or by month, into one stream."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec
import numpy as np

from genesis.clock import iso_utc
from genesis.feeds.files.gaps import bar_gaps, counts_up, id_gaps
from genesis.feeds.files.reading import GapInfo, Reading, ReadReport, latency_of
from genesis.model.market import BarKind
from genesis.tape.stream import Column, StreamKind

# Of these any file begins by itself. A book does not: what stood in it when the file before ended is lost.
JOINABLE = (StreamKind.BARS, StreamKind.TRADES, StreamKind.MARK, StreamKind.FUNDING)
# Of one moment the last row of a file and the first of the next may be: two trades, a candle's close and the next one's open.
_MAY_MEET = (StreamKind.TRADES, StreamKind.MARK)


def joined(readings: Sequence[Reading]) -> Reading:
    """One reading of several of the same stream, in the order of their times, whatever order they come in; one alone is itself.

    What is missing between two files is a gap, as it is within one. The digest is that of the files' digests.

    Raises:
        ValueError: two files overlap, one has no rows, one has another clock, or they are of a book.
    """
    if len(readings) == 1:
        return readings[0]
    if readings[0].kind not in JOINABLE:
        sources = " and ".join(r.report.source for r in readings[:2])
        raise ValueError(
            f"expected one file for {readings[0].name}, found {sources}; what stands in a book when a file ends is not in the next"
        )
    for reading in readings:
        if not reading.rows:
            raise ValueError(
                f"{reading.report.source}: expected rows, to stand among {len(readings)} files, found none"
            )
        if reading.report.clock != "exchange":
            raise ValueError(
                f"{reading.report.source}: expected the exchange's time alone, to stand among {len(readings)} files, found times of arrival"
            )
    parts = sorted(readings, key=lambda r: (int(r.columns["ts"][0]), r.report.source))
    border: list[GapInfo] = []
    for before, after in zip(parts, parts[1:], strict=False):
        _ensure_after(before, after)
        border.extend(_between(before, after))
    columns = {name: np.concatenate([p.columns[name] for p in parts]) for name in parts[0].columns}
    kept = set(parts[0].extras).intersection(*(p.extras for p in parts))
    extras = {name: np.concatenate([p.extras[name] for p in parts]) for name in kept}
    return msgspec.structs.replace(parts[0], columns=columns, extras=extras, report=_report(parts, columns, border))


def _ensure_after(before: Reading, after: Reading) -> None:
    """The later one begins when the earlier one has ended, and no trade lies in both."""
    ends, begins = int(before.columns["ts"][-1]), int(after.columns["ts"][0])
    sources = f"{before.report.source} and {after.report.source}"
    if begins < ends or (begins == ends and before.kind not in _MAY_MEET):
        found = f"{iso_utc(begins)} in the second, where the first ends at {iso_utc(ends)}"
        raise ValueError(f"{sources}: expected files that follow one another, found {found}")
    if before.kind is StreamKind.TRADES:
        shared = np.intersect1d(before.columns["trade_id"], after.columns["trade_id"])
        shared = shared[shared >= 0]
        if len(shared):
            raise ValueError(f"{sources}: expected each trade in one file, found trade id {shared[0]} in both")


def _between(before: Reading, after: Reading) -> tuple[GapInfo, ...]:
    """What is missing between two files."""
    if before.kind is StreamKind.BARS and before.spec is not None and before.spec.kind is BarKind.TIME:
        opens = np.array([before.columns["time_open"][-1], after.columns["time_open"][0]])
        return bar_gaps(opens, before.spec.step, before.instrument.calendar)
    if before.kind is StreamKind.TRADES:
        if not (_counted(before) and _counted(after)):
            return ()
        ids = np.array([before.columns["trade_id"].max(), after.columns["trade_id"].min()])
        return id_gaps(ids, np.array([before.columns["ts"][-1], after.columns["ts"][0]]))
    return _silence(before.columns["ts"], after.columns["ts"])


def _silence(before: Column, after: Column) -> tuple[GapInfo, ...]:
    """Where rows come in a step, and between two files at least one of them did not."""
    steps = np.diff(np.unique(before))
    usual = int(np.median(steps)) if len(steps) else 0
    ends, begins = int(before[-1]), int(after[0])
    if not usual or begins - ends < 2 * usual:
        return ()
    return (GapInfo(ends + usual, begins, None, "no rows between two files"),)


def _counted(reading: Reading) -> bool:
    ids = np.sort(reading.columns["trade_id"])
    return bool(ids[0] >= 0) and (len(ids) == 1 or counts_up(ids))


def _report(parts: Sequence[Reading], columns: dict[str, Column], border: Sequence[GapInfo]) -> ReadReport:
    reports = [p.report for p in parts]
    gaps = sorted([*border, *(g for r in reports for g in r.gaps)], key=lambda g: (g.time_to, g.time_from))
    return msgspec.structs.replace(
        reports[0],
        source=f"{reports[0].source} to {reports[-1].source} ({len(reports)} files)",
        sha256=sha256("".join(f"{r.sha256}\n" for r in reports).encode()).hexdigest(),
        rows_read=sum(r.rows_read for r in reports),
        rows_kept=sum(r.rows_kept for r in reports),
        latency=latency_of(columns["ts"], columns["time_event"]) if reports[0].latency is not None else None,
        event_steps_back=sum(r.event_steps_back for r in reports),
        duplicates=sum(r.duplicates for r in reports),
        repairs=tuple(x for r in reports for x in r.repairs),
        gaps=tuple(gaps),
    )
