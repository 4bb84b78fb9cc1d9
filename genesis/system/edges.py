"""Where a recording begins later than the others of its run, or ends earlier: what lies there is missing, and no evidence bar is made of it.

Without this a strategy on a market whose file ends in March would go on to earn days and returns of 0 for as long as another's file goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from genesis.clock import NS_PER_HOUR
from genesis.feeds.files import Reading
from genesis.feeds.files.gaps import edge_gaps
from genesis.feeds.files.reading import GapInfo
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.calendars import is_open
from genesis.model.market import BarKind
from genesis.system.companions import COMPANIONS
from genesis.tape.stream import StreamKind

_PRICES = (StreamKind.BARS, StreamKind.TRADES, StreamKind.QUOTES)


def with_edges(readings: Sequence[Reading]) -> list[Reading]:
    """The readings, those of prices with what they lack at the beginning and the end of the run among their gaps.

    Of time bars each one counts. Trades and quotes come when they come: only evidence bars without a single row count.
    """
    prices = [r for r in readings if r.kind not in COMPANIONS and r.rows]
    begin = min((int(r.columns["ts"][0]) for r in prices), default=0)
    end = max((int(r.columns["ts"][-1]) for r in prices), default=0)
    return [_with(r, begin, end) if r.kind in _PRICES and r.rows else r for r in readings]


def up_from_ns(readings: Sequence[Reading]) -> int:
    """Engine time from which the rows of prices tell of the market: the first bar's open, or the first row of what are no time bars.

    Where no market was open between that and the start of its evidence bar, the latter: that bar lacks nothing.
    """
    prices = [r for r in readings if r.kind not in COMPANIONS and r.rows]
    begin = min((_told_from(r) for r in prices), default=0)
    bar_ns = begin // EVIDENCE_BAR_NS * EVIDENCE_BAR_NS
    return begin if any(_any_open(r, bar_ns, begin) for r in prices) else bar_ns


def _told_from(reading: Reading) -> int:
    is_time = reading.spec is not None and reading.spec.kind is BarKind.TIME
    return int(reading.columns["time_open" if is_time else "ts"][0])


def _with(reading: Reading, begin: int, end: int) -> Reading:
    calendar, spec = reading.instrument.calendar, reading.spec
    if spec is not None and spec.kind is BarKind.TIME:
        found = edge_gaps(reading.columns["time_open"], spec.step, calendar, begin, end)
    else:
        found = _silent(reading, begin, end)
    if not found:
        return reading
    gaps = tuple(sorted((*reading.report.gaps, *found), key=lambda g: (g.time_to, g.time_from)))
    return msgspec.structs.replace(reading, report=msgspec.structs.replace(reading.report, gaps=gaps))


def _silent(reading: Reading, begin: int, end: int) -> tuple[GapInfo, ...]:
    """Evidence bars before the first row and after the last one in which the market was open."""
    first, last = int(reading.columns["ts"][0]), int(reading.columns["ts"][-1])
    edges = (
        (begin, first // EVIDENCE_BAR_NS * EVIDENCE_BAR_NS, "no rows before the first"),
        (-(-last // EVIDENCE_BAR_NS) * EVIDENCE_BAR_NS, end, "no rows after the last"),
    )
    return tuple(GapInfo(a, b, None, detail) for a, b, detail in edges if a < b and _any_open(reading, a, b))


def _any_open(reading: Reading, start: int, stop: int) -> bool:
    return any(is_open(reading.instrument.calendar, at) for at in range(start, stop, NS_PER_HOUR))
