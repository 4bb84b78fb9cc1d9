"""How a track's position is marked: by every row of its price, also by those that are jumped over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genesis.engine.agenda import Rank
from genesis.engine.feed import passed
from genesis.engine.lane import Lane
from genesis.engine.subscription import Subscription
from genesis.model.grid import quotient
from genesis.tape.stream import before

if TYPE_CHECKING:
    from genesis.engine.track import Track


class Marking:
    """Brings the marks of a track to where it is going, and stops it where a loss limit breaks on the way."""

    def __init__(self, track: Track) -> None:
        self._track, self._marks, self._feeds = track, track.marks, track.feeds
        self._only_feed = self._feeds[0] if len(self._feeds) == 1 else None
        self._only_mark = self._marks.all[0] if len(self._marks.all) == 1 else None

    def position_changed(self) -> None:
        """A fill, a payment or capital has changed what is held: whoever values the account begins from there."""
        track = self._track
        if track.margin is not None:
            track.margin.changed(track.agenda.now)
        portfolio, agenda, feed = track.portfolio, track.agenda, self._only_feed
        budget = portfolio.index_units
        if track.price_age is not None:
            track.price_age.changed(agenda.now)
        if track.several is not None:
            track.several.account_changed(agenda.now, agenda.rank)
            return
        constant = quotient(portfolio.cash_units, budget)
        if feed is not None:
            mark, lane = feed.mark, feed.price_lane
            units = feed.holding.position.units
            worth = quotient(units * feed.price_unit, budget) if units else 0.0
            # While nothing was held the mark stayed behind: the lane knows better where the present is.
            start = lane.cursor if mark.stream is lane.stream else mark.cursor
            stop = passed(mark.stream, start, agenda.now, agenda.rank)
            self._marks.only_position_changed(constant, worth, stop)
            return
        worths = [quotient(f.holding.position.units * f.price_unit, budget) for f in self._feeds]
        stops = [passed(f.mark.stream, f.mark.cursor, agenda.now, agenda.rank) for f in self._feeds]
        self._marks.position_changed(constant, worths, stops)

    def marks_itself(self, bars: Subscription | None) -> bool:
        """Whether the next thing is a bar that is the very next row to mark: handing it over marks all there is to mark."""
        if bars is None or not bars.is_mark or len(self._marks.held) != 1:
            return False
        mark = bars.feed.mark
        return mark.worth != 0 and mark.cursor >= bars.at

    def next_mark(self, lane: Lane, row: int, stop: int) -> int:
        """Where a run of a lane's rows must end because a position is to be marked by a row that is not this lane's."""
        held = self._marks.held
        if len(held) > 1:
            return row + 1
        if not held or held[0].stream is lane.stream:
            return stop
        stream, cursor = held[0].stream, held[0].cursor
        # A row that marks comes after the rows of its moment.
        return before(lane.stream.times, row + 1, stop, stream.times[cursor], True) if cursor < stream.rows else stop

    def rows_before(self, lane: Lane, row: int) -> bool:
        """Mark the rows that were jumped over; whether a limit broke before ``row``, so that something new comes first. Something is held."""
        if len(self._marks.held) == 1 and self._own_row_next(lane, row):
            return False
        ts, only = lane.stream.times[row], self._only_mark
        if only is not None:
            stop = row if only.stream is lane.stream else passed(only.stream, only.cursor, ts, Rank.ROW)
            return stop > only.cursor and self._catch_up([stop])
        stops = [row if m.stream is lane.stream else passed(m.stream, m.cursor, ts, Rank.ROW) for m in self._marks.all]
        return self._catch_up(stops)

    def _own_row_next(self, lane: Lane, row: int) -> bool:
        mark = self._marks.held[0]
        return mark.stream is lane.stream and mark.cursor >= row

    def up_to(self, now: int, rank: int) -> bool:
        """Mark every row before this moment; whether a limit broke. Something is held."""
        only = self._only_mark
        if only is not None:
            stop = passed(only.stream, only.cursor, now, rank)
            return stop > only.cursor and self._catch_up([stop])
        return self._catch_up([passed(m.stream, m.cursor, now, rank) for m in self._marks.all])

    def _catch_up(self, stops: Sequence[int]) -> bool:
        if all(m.cursor >= s for m, s in zip(self._marks.all, stops, strict=True)):
            return False
        broke = self._marks.catch_up(stops)
        if broke is None:
            return False
        track = self._track
        track.agenda.now, track.agenda.rank = broke, Rank.BAR
        track.stops.halt(broke)
        return True
