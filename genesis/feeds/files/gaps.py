"""What is missing between the rows: bars the calendar expects, and ids that a counter skipped."""

from __future__ import annotations

import numpy as np

from genesis.clock import NS_PER_HOUR
from genesis.feeds.files.reading import GapInfo
from genesis.model.calendars import is_open
from genesis.model.instruments import Calendar
from genesis.model.market import BarKind, BarSpec
from genesis.tape.stream import Column

# Ids that step by one this often are a counter of this market; else they are shared with other markets, and prove
# nothing.
_COUNTER_SHARE = 0.9


def bar_gaps(opens: Column, step: int, calendar: Calendar) -> tuple[GapInfo, ...]:
    """Bars of ``step`` ns missing between increasing ``opens`` (ns), closed hours left out.

    A bar is expected where the market is open at any time in it. The gap runs from the first missing open to the next
    bar's.
    """
    out: list[GapInfo] = []
    for i in np.flatnonzero(np.diff(opens) >= 2 * step).tolist():
        missing = np.arange(int(opens[i]) + step, int(opens[i + 1]) - step + 1, step, dtype=np.int64)
        expected = missing[_expected(missing, step, calendar)]
        if len(expected):
            detail = f"{len(expected)} bars of {BarSpec(BarKind.TIME, step)} missing"
            out.append(GapInfo(int(expected[0]), int(opens[i + 1]), len(expected), detail))
    return tuple(out)


def _expected(opens: Column, step: int, calendar: Calendar) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if calendar is Calendar.ALWAYS:
        return np.ones(len(opens), np.bool_)
    first, last = opens // NS_PER_HOUR, (opens + step - 1) // NS_PER_HOUR
    start = int(first[0])
    hours = range(start, int(last[-1]) + 1)
    # How many open hours lie before each hour: a bar is expected where the count grows within it.
    opened = np.concatenate(([0], np.cumsum([is_open(calendar, hour * NS_PER_HOUR) for hour in hours])))
    expected: np.ndarray[tuple[int], np.dtype[np.bool_]] = opened[last + 1 - start] > opened[first - start]
    return expected


def counts_up(ids: Column) -> bool:
    """Whether increasing ``ids`` are a counter of this market alone, judged by how often they step by one."""
    steps = np.diff(ids)
    return len(steps) > 0 and float(np.mean(steps == 1)) >= _COUNTER_SHARE


def id_gaps(ids: Column, ts: Column) -> tuple[GapInfo, ...]:
    """Ids that a counter skipped, by the engine time of the rows beside the gap."""
    order = np.argsort(ids, kind="stable")
    ids, ts = ids[order], ts[order]
    out: list[GapInfo] = []
    for i in np.flatnonzero(np.diff(ids) > 1).tolist():
        first, last = int(ids[i]) + 1, int(ids[i + 1]) - 1
        times = sorted((int(ts[i]), int(ts[i + 1])))
        out.append(GapInfo(times[0], times[1], last - first + 1, f"trade ids {first} to {last} missing"))
    return tuple(out)
