"""What is missing between the rows: bars the calendar expects, and ids that a counter skipped."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from genesis.clock import NS_PER_HOUR
from genesis.feeds.files.blocks import blocks
from genesis.feeds.files.reading import GapInfo
from genesis.model.calendars import is_open
from genesis.model.instruments import Calendar
from genesis.model.market import BarKind, BarSpec
from genesis.tape.stream import Column

# Ids that step by one this often are a counter of this market; else they are shared with other markets, and prove
# nothing.
_COUNTER_SHARE = 0.9


def steps_between(times: Column) -> Iterator[tuple[int, Column]]:
    """The steps between neighbouring ``times``, some at once, each with the place of the time that the first of them leads from."""
    for block in blocks(len(times) - 1):
        yield block.start, np.diff(times[block.start : block.stop + 1])


def bar_gaps(opens: Column, step: int, calendar: Calendar) -> tuple[GapInfo, ...]:
    """Bars of ``step`` ns missing between increasing ``opens`` (ns), closed hours left out.

    A bar is expected where the market is open at any time in it. The gap runs from the first missing open to the next
    bar's.
    """
    out: list[GapInfo] = []
    for i in _long_steps(opens, 2 * step):
        missing = np.arange(int(opens[i]) + step, int(opens[i + 1]) - step + 1, step, dtype=np.int64)
        out.extend(_missing(missing, step, calendar, int(opens[i + 1])))
    return tuple(out)


def _long_steps(opens: Column, least: int) -> Iterator[int]:
    for start, steps in steps_between(opens):
        yield from (start + np.flatnonzero(steps >= least)).tolist()


def edge_gaps(opens: Column, step: int, calendar: Calendar, begin: int, end: int) -> tuple[GapInfo, ...]:
    """Bars of ``step`` ns missing in [``begin``, ``end``) before the first of increasing ``opens`` and after the last one, closed hours left out."""
    first, close = int(opens[0]), int(opens[-1]) + step
    before = np.arange(first - max(0, first - begin) // step * step, first, step, dtype=np.int64)
    after = np.arange(close, end - step + 1, step, dtype=np.int64)
    return (
        *_missing(before, step, calendar, first, " before the first"),
        *_missing(after, step, calendar, end, " after the last"),
    )


def _missing(opens: Column, step: int, calendar: Calendar, time_to: int, where: str = "") -> tuple[GapInfo, ...]:
    """The gap that bars at ``opens`` leave up to ``time_to``; none where the calendar expects none of them."""
    expected = opens[_expected(opens, step, calendar)] if len(opens) else opens
    if not len(expected):
        return ()
    detail = f"{len(expected)} bars of {BarSpec(BarKind.TIME, step)} missing{where}"
    return (GapInfo(int(expected[0]), time_to, len(expected), detail),)


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
