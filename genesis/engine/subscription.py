"""Bars of one series, as one track is given them."""

from __future__ import annotations

from genesis.engine.agenda import FAR, Rank
from genesis.engine.feed import InstrumentFeed
from genesis.tape.bars import BarSeries
from genesis.tape.stream import before


class Subscription:
    """A shared bar series and the next bar of it that this track has not been given.

    With bars alone a bar handed over is itself the row that marks the position: then ``is_mark``, and bars and rows have the same places.
    """

    __slots__ = ("at", "feed", "is_mark", "rank", "series")

    def __init__(self, series: BarSeries, feed: InstrumentFeed) -> None:
        self.series, self.feed = series, feed
        self.is_mark = feed.mark.stream is series.source and series.spec == series.source.spec
        self.at = 0
        self.rank = Rank.BOUNDARY if series.at_boundary else Rank.BAR

    def next_key(self) -> tuple[int, int]:
        """(time, rank) of the next closed bar; far away when there is none yet."""
        return (self.series.times[self.at], self.rank) if self.at < self.series.rows else (FAR, 0)

    def skip(self, now: int) -> None:
        """Begin after the bars that have closed up to ``now``."""
        self.at = before(self.series.times, 0, self.series.rows, now, True)
