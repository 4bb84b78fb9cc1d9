"""Rows that fill nothing and are shown along: a book's changes, the orders in it. No moment is theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from genesis.engine.agenda import FAR
from genesis.engine.feed import InstrumentFeed, passed
from genesis.engine.lane import Lane


class Along:
    """The lanes of a track whose rows are shown before whatever comes next.

    ``some`` is asked first, of every row: a compiled comparison with `FAR`, which no machine word holds, is slow. ``first_ns`` is a time
    before which no row lies that has yet to be shown.
    """

    __slots__ = ("_lanes", "first_ns", "some")

    # Rows that have arrived and are not closed yet may lie before it: every stretch begins with looking anew.
    made_anew: ClassVar[Mapping[str, object]] = {"first_ns": FAR}

    def __init__(self, feeds: Sequence[InstrumentFeed]) -> None:
        self._lanes = [(lane, f) for f in feeds for lane in f.lanes if lane.shown_along]
        self.some = bool(self._lanes)
        self.first_ns = FAR

    def note(self) -> None:
        """Find the time of the first row that has yet to be shown along."""
        first = FAR
        for lane, _ in self._lanes:
            if not lane.wants_all and lane.cursor < lane.stream.rows:
                time_ns = lane.stream.times[lane.cursor]
                if time_ns < first:
                    first = time_ns
        self.first_ns = first

    def show_before(self, of: Lane, row: int) -> None:
        """Show what comes before a row of another lane, so that whoever hears of that row finds book and queues as they then are."""
        time_ns, seq = of.stream.times[row], of.stream.seqs[row]
        for lane, feed in self._lanes:
            if not lane.wants_all:
                stop = lane.rows_until(time_ns, seq, of.order)
                if stop > lane.cursor:
                    feed.show(lane, stop)
        self.note()

    def show_to(self, now: int, rank: int) -> None:
        """Show what lies behind the present."""
        for lane, feed in self._lanes:
            if not lane.wants_all:
                stop = passed(lane.stream, lane.cursor, now, rank)
                if stop > lane.cursor:
                    feed.show(lane, stop)
        self.note()
