"""Runs of rows, and of bars, handed to a track's venue, marks and strategy until something else comes first."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Final

from genesis.engine.agenda import FAR, Rank
from genesis.engine.feed import InstrumentFeed
from genesis.engine.lane import Lane
from genesis.engine.subscription import Subscription
from genesis.execution.working import Working
from genesis.model.market import Depth, DepthLevel
from genesis.tape.stream import ABSENT, StreamKind, before, soon_before

if TYPE_CHECKING:
    from genesis.engine.track import Track

_RUN_ROWS: Final = 256
_NO_ROW = (FAR, 0, 0, 0)
_NONE_WORKING: list[Working] = []
_TRADES: Final = StreamKind.TRADES
_QUOTES: Final = StreamKind.QUOTES
_BARS: Final = StreamKind.BARS


class RowRuns:
    """Finds the next row that matters to a track, and runs over the rows of a lane, or the bars of a series, from there.

    A run ends where another source comes first, or where something was stirred: a fill, an order, a limit that broke.
    """

    def __init__(self, track: Track) -> None:
        self._track, self._agenda, self._marks = track, track.agenda, track.marks
        self._along, self._marking, self._stops = track.along, track.marking, track.stops
        self._strategy = track.strategy
        self._lanes = track.lanes
        self._only_lane = self._lanes[0] if len(self._lanes) == 1 else None
        self._only_feed = track.feeds[0] if len(track.feeds) == 1 else None
        self._by_lane = {lane.order: f for f in track.feeds for lane in f.lanes}

    def next_row(self, due_ns: int, included: bool) -> tuple[Lane | None, int, tuple[int, int, int, int] | None]:
        """The earliest row that matters before ``due_ns`` (or at it where ``included``), and the key of the next one of any other lane."""
        only = self._only_lane
        if only is not None:
            row = only.next_row(due_ns, included)
            return (only if row >= 0 else None), row, None
        best: Lane | None = None
        best_row, best_key, other = 0, _NO_ROW, None
        now = self._agenda.now
        for lane in self._lanes:
            if lane.cursor < lane.stream.rows and lane.stream.times[lane.cursor] < now:
                # Rows that mattered to nobody lie behind: an order that now waits for every row must not find them.
                self._by_lane[lane.order].settle(now, Rank.ROW)
            row = lane.next_row(due_ns, included)
            if row < 0:
                continue
            key = self._row_key(lane, row)
            if key < best_key:
                if best is not None:
                    other = best_key if other is None else min(other, best_key)
                best, best_row, best_key = lane, row, key
            elif other is None or key < other:
                other = key
        return best, best_row, other

    @staticmethod
    def _row_key(lane: Lane, row: int) -> tuple[int, int, int, int]:
        stream = lane.stream
        return stream.times[row], stream.seqs[row], lane.order, row

    def run_rows(
        self, lane: Lane, row: int, due_ns: int, included: bool, other: tuple[int, int, int, int] | None
    ) -> None:
        """Handle rows of one lane until something else comes first, or something was stirred."""
        along = self._along
        stream = lane.stream
        if self._marks.held and self._marking.rows_before(lane, row):
            return
        lane.cursor = row
        ts = stream.times
        if along.some and along.first_ns <= ts[row]:
            along.show_before(lane, row)
        stop = before(ts, row, min(row + _RUN_ROWS, stream.rows), due_ns, included)
        if other is not None and stop > row + 1 and self._row_key(lane, stop - 1) > other:
            stop = before(ts, row + 1, stop, other[0], False)
        if stop > row + 1:
            wanted = lane.wants_all or lane.matcher.bounds()[0]
            stop = self._marking.next_mark(lane, row, stop) if wanted else row + 1
        self._agenda.stirred = False
        self._agenda.rank = Rank.ROW
        feed = self._only_feed or self._by_lane[lane.order]
        if lane.kind is _TRADES:
            self._run_trades(feed, lane, stop)
        elif lane.kind is _BARS:
            self._run_bar_rows(feed, lane, stop)
        elif lane.kind is _QUOTES:
            self._run_quotes(feed, lane, stop)
        else:
            self._run_depth(feed, lane, stop)

    def _run_trades(self, feed: InstrumentFeed, lane: Lane, stop: int) -> None:
        along = self._along
        if not lane.wants_all or self._track.ended:
            self._run_unheard_trades(feed, lane, stop)
            return
        agenda, matcher, marks, mark = self._agenda, feed.matcher, self._marks, feed.mark
        stream, cursor, shown = lane.stream, lane.cursor, matcher.shown
        working = matcher.working if lane.leads else _NONE_WORKING
        worth, constant = (mark.worth, marks.constant) if mark.stream is stream else (0.0, 0.0)
        alone = len(marks.held) == 1
        heard = self._strategy.on_trade
        while cursor < stop:
            block, offset = stream.trades.at(cursor, stream.rows)
            times, ticks, prices, events = block.times, block.ticks, block.prices, block.events
            for place in range(offset, min(block.rows, offset + stop - cursor)):
                cursor += 1
                lane.cursor = cursor
                agenda.now = now = times[place]
                if along.some and along.first_ns <= now:
                    along.show_before(lane, cursor - 1)
                shown.last = ticks[place]
                if working:
                    happened = events[place].time_event
                    matcher.on_trade(
                        now, ticks[place], block.lots[place], block.sides[place], now if happened is None else happened
                    )
                if worth:
                    mark.cursor = cursor
                    mark.price = price = prices[place]
                    value = constant + worth * price if alone else marks.index()
                    if (value < marks.alarm or value > marks.calm) and marks.take(value, now):
                        self._stops.halt(now)
                try:
                    heard(events[place])
                except BaseException as error:  # noqa: BLE001 - whatever a strategy raises stops its own track
                    self._track.raised("on_trade", error)
                if agenda.stirred:
                    return

    def _run_unheard_trades(self, feed: InstrumentFeed, lane: Lane, stop: int) -> None:
        """Trades that only orders wait for, read one by one: mostly the first few end the wait, and no event need be made of them."""
        along = self._along
        agenda, matcher, marks, mark, stream = self._agenda, feed.matcher, self._marks, feed.mark, lane.stream
        times, columns, is_mark = stream.times, stream.columns, mark.stream is stream
        ticks_at, lots_at, side_at = columns["ticks"].item, columns["lots"].item, columns["side"].item
        event_at = columns["time_event"].item
        for row in range(lane.cursor, stop):
            lane.cursor = row + 1
            agenda.now = now = times[row]
            if along.some and along.first_ns <= now:
                along.show_before(lane, row)
            if lane.leads:
                happened = event_at(row)
                at = now if happened == ABSENT else happened
                matcher.on_trade(now, ticks_at(row), lots_at(row), side_at(row), at)
            if is_mark and mark.worth:
                mark.cursor, mark.price = row + 1, mark.price_at(row)
                value = marks.index()
                if (value < marks.alarm or value > marks.calm) and marks.take(value, now):
                    self._stops.halt(now)
            if agenda.stirred:
                return

    def _run_quotes(self, feed: InstrumentFeed, lane: Lane, stop: int) -> None:
        along = self._along
        agenda, matcher, marks, mark = self._agenda, feed.matcher, self._marks, feed.mark
        stream, cursor = lane.stream, lane.cursor
        worth, constant = (mark.worth, marks.constant) if mark.stream is stream else (0.0, 0.0)
        alone = len(marks.held) == 1
        heard = self._strategy.on_quote if lane.wants_all and not self._track.ended else None
        block, offset = stream.quotes.at(cursor, stream.rows)
        times, events, leads = block.times, block.events, lane.leads
        bids, bid_lots, asks, ask_lots = block.bids, block.bid_lots, block.asks, block.ask_lots
        prices = block.bid_prices if worth > 0 else block.ask_prices
        for place in range(offset, min(block.rows, offset + stop - cursor)):
            cursor += 1
            lane.cursor = cursor
            agenda.now = now = times[place]
            if along.some and along.first_ns <= now:
                along.show_before(lane, cursor - 1)
            if leads:
                matcher.on_quote(now, bids[place], bid_lots[place], asks[place], ask_lots[place])
            if worth:
                mark.cursor = cursor
                mark.price = price = prices[place]
                value = constant + worth * price if alone else marks.index()
                if (value < marks.alarm or value > marks.calm) and marks.take(value, now):
                    self._stops.halt(now)
            if heard is not None:
                try:
                    heard(events[place])
                except BaseException as error:  # noqa: BLE001
                    self._track.raised("on_quote", error)
            if agenda.stirred:
                return

    def _run_depth(self, feed: InstrumentFeed, lane: Lane, stop: int) -> None:
        """Depth rows, a message (equal time and sequence) at a time; the strategy hears the book after each message."""
        along = self._along
        agenda, times, seqs, start = self._agenda, lane.stream.times, lane.stream.seqs, lane.cursor
        while start < stop:
            now, seq, end = times[start], seqs[start], start + 1
            while end < stop and times[end] == now and seqs[end] == seq:
                end += 1
            agenda.now = now
            if along.some and along.first_ns <= now:
                along.show_before(lane, start)
            feed.show(lane, end)
            if self._message_ends(lane, now, seq):
                self._hear_depth(feed, now, lane.stream.columns["time_event"].item(end - 1))
                if agenda.stirred:
                    return
            start = end

    def _message_ends(self, lane: Lane, ts: int, seq: int) -> bool:
        stream, row = lane.stream, lane.cursor
        return row >= stream.rows or stream.times[row] != ts or stream.seqs[row] != seq

    def _hear_depth(self, feed: InstrumentFeed, ts: int, event: int) -> None:
        book = feed.matcher.shown.book
        if book is None:
            return
        sides = [tuple(starmap(DepthLevel, book.best(side, feed.depth_levels))) for side in (1, -1)]
        depth = Depth(feed.instrument, ts, None if event == ABSENT else event, sides[0], sides[1])
        self._track.call("on_depth", lambda: self._strategy.on_depth(depth))

    def _run_bar_rows(self, feed: InstrumentFeed, lane: Lane, stop: int) -> None:
        """Bar rows that move an order; the strategy hears bars through its subscription."""
        along = self._along
        agenda, matcher, times, columns = self._agenda, feed.matcher, lane.stream.times, lane.stream.columns
        begun, opened, high, low, close = (
            columns["time_open"].item,
            columns["open"].item,
            columns["high"].item,
            columns["low"].item,
            columns["close"].item,
        )
        lots = columns["lots"].item
        feed.note_prints(times[lane.cursor], Rank.BAR)
        # Read one by one: an order is mostly done with the first of them.
        for row in range(lane.cursor, stop):
            lane.cursor = row + 1
            agenda.now = now = times[row]
            if along.some and along.first_ns <= now:
                along.show_before(lane, row)
            if lane.leads:
                matcher.on_bar(now, begun(row), opened(row), high(row), low(row), close(row), lots(row))
            if agenda.stirred:
                return

    def run_bars(self, subscription: Subscription, closed_before: int) -> None:
        """Hand closed bars to the strategy until something else comes first."""
        along = self._along
        series, agenda, feed = subscription.series, self._agenda, subscription.feed
        stop = self._bars_in_a_row(subscription, closed_before)
        agenda.stirred, agenda.rank = False, subscription.rank
        hear, marks, mark, shown = self._strategy.on_bar, self._marks, feed.mark, feed.matcher.shown
        alone = subscription.is_mark and len(marks.held) == 1
        worth, constant = (mark.worth, marks.constant) if alone else (0.0, 0.0)
        # Where the lane's own rows are the bars, a bar handed over is a row passed, and shows the price.
        lane = feed.lanes[0] if subscription.is_mark else None
        at = subscription.at
        block, offset = series.events.at(at, series.rows)
        times, closes, events = block.times, block.closes, block.events
        for place in range(offset, min(block.rows, offset + stop - at)):
            agenda.now = now = times[place]
            at += 1
            if worth:
                if mark.cursor < at:
                    mark.cursor, mark.price = at, closes[place]
                    value = constant + worth * closes[place]
                    if (value < marks.alarm or value > marks.calm) and marks.take(value, now):
                        self._stops.halt(now)
            elif marks.held and self._marking.up_to(now, subscription.rank):
                return
            if along.some and along.first_ns <= now:
                along.show_to(now, subscription.rank)
            subscription.at = at
            if lane is not None and lane.cursor < at:
                lane.cursor, shown.last = at, block.close_ticks[place]
            try:
                hear(events[place])
            except BaseException as error:  # noqa: BLE001
                self._track.raised("on_bar", error)
            if agenda.stirred:
                return

    def _bars_in_a_row(self, subscription: Subscription, closed_before: int) -> int:
        """End of the run of bars that nothing can interrupt but what the strategy does."""
        series, start = subscription.series, subscription.at
        if len(self._track.subscriptions) > 1 or (self._track.margin is not None and self._marks.held):
            return start + 1
        for lane in self._lanes:
            if lane.wants_all or lane.matcher.working:
                return start + 1
        time_ns, rank = self._agenda.next_key()
        until = min(time_ns, closed_before)
        stop = min(series.rows, start + _RUN_ROWS)
        included = until == time_ns and until < closed_before and rank > subscription.rank
        return max(start + 1, soon_before(series.times, start, stop, until, included))
