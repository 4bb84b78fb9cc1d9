"""How one track reads one stream: a cursor, and the search for the next row that matters to it.

"Matters" has one definition and two evaluators: handling a row that does not matter changes nothing (the single row), and the column search
finds no row later than the first that does. A property test holds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genesis.execution.matching import NEVER, Matcher
from genesis.tape.stream import Stream, StreamKind, before

_FIRST_SPAN = 64
_LONGEST_SPAN = 65_536
# Rows that move queues and sizes and fill nothing: no moment is theirs, they are shown before whatever comes next.
_SHOWN_ALONG = (StreamKind.ORDERS, StreamKind.DEPTH)
# With a book every row is looked at while an order works, and none else.
_NOT_SEARCHED = (StreamKind.ORDERS, StreamKind.QUOTES, StreamKind.DEPTH)


class Lane:
    """One stream as one track reads it. ``cursor`` is the first row not yet passed; ``wants_all`` a strategy asked for every row.

    A lane is ``shown_along`` where its rows fill nothing: unless a strategy asked for them, they do not matter by themselves.
    Where several tracks share a matcher, the lanes of one of them ``leads``: rows reach the matcher through those alone.
    """

    __slots__ = (
        "_bounds",
        "_found",
        "_high",
        "_low",
        "_searched",
        "cursor",
        "kind",
        "leads",
        "matcher",
        "order",
        "shown_along",
        "stream",
        "wants_all",
    )

    # How far was searched depends on how the tape was cut: a search begun anew finds the same row.
    made_anew: ClassVar[Mapping[str, object]] = {"_bounds": None, "_found": None, "_searched": 0}

    def __init__(self, stream: Stream, matcher: Matcher, order: int, leads: bool = True) -> None:
        self.stream, self.matcher, self.order = stream, matcher, order
        self.kind, self.leads = stream.kind, leads
        self.shown_along = stream.kind in _SHOWN_ALONG
        self.cursor = 0
        self.wants_all = False
        self._found: int | None = None
        self._searched = 0
        self._bounds: tuple[bool, int, int] | None = None
        bars = stream.kind is StreamKind.BARS
        self._low, self._high = ("low", "high") if bars else ("ticks", "ticks")

    def next_row(self, time_ns: int, included: bool) -> int:
        """The first row from the cursor on and before ``time_ns`` (or at it where ``included``) that matters; -1 when there is none."""
        stream, cursor = self.stream, self.cursor
        if cursor >= stream.rows:
            return -1
        first = stream.times[cursor]
        if first > time_ns or (first == time_ns and not included):
            return -1
        if self.wants_all:
            return cursor
        if self.shown_along:
            return -1
        matcher = self.matcher
        bounds = matcher.bounds()
        if bounds[0]:
            return cursor
        if not matcher.working:
            return -1
        stop = before(stream.times, cursor, stream.rows, time_ns, included)
        if bounds != self._bounds:
            self._bounds, self._found, self._searched = bounds, None, cursor
        if self._found is None or self._found < cursor:
            self._found = self._search(max(cursor, self._searched), stop, bounds[1], bounds[2])
        return self._found if self._found is not None and self._found < stop else -1

    def rows_until(self, time_ns: int, seq: int, order: int) -> int:
        """End of the rows from the cursor on that come before a row of another lane at ``time_ns`` with its ``seq`` and ``order``."""
        stream = self.stream
        times, seqs, rows = stream.times, stream.seqs, stream.rows
        row = before(times, self.cursor, rows, time_ns, False)
        while row < rows and times[row] == time_ns and (seqs[row] < seq or (seqs[row] == seq and self.order < order)):
            row += 1
        return row

    def _search(self, start: int, stop: int, low: int, high: int) -> int | None:
        self._searched = max(start, stop)
        if (low <= 0 and high >= NEVER) or self.kind in _NOT_SEARCHED:
            return None
        lows, highs = self.stream.columns[self._low], self.stream.columns[self._high]
        span = _FIRST_SPAN
        while start < stop:
            end = min(start + span, stop)
            hits = np.flatnonzero((lows[start:end] <= low) | (highs[start:end] >= high))
            if len(hits):
                self._searched = start + int(hits[0]) + 1
                return start + int(hits[0])
            start, span = end, min(2 * span, _LONGEST_SPAN)
        return None
