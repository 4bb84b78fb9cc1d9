"""A track: (strategy, executor, portfolio) advanced over a shared tape. Deterministic; no I/O, no clock.

The track jumps from moment to moment: it asks every source what comes next and takes the earliest by (time, rank). How the tape
was cut into chunks never shows, because only closed moments are handled and a row that matters to nobody changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import starmap
from typing import Any, Final, Protocol

import msgspec

from genesis.clock import NS_PER_DAY, NS_PER_SECOND
from genesis.engine.account import OpenState, OrderBook
from genesis.engine.agenda import FAR, FlattenAgain, Hour, Rank, Timer, TrackAgenda
from genesis.engine.desk import TrackDesk
from genesis.engine.executor.base import VenueAction
from genesis.engine.executor.simulated import SimulatedExecutor
from genesis.engine.feed import InstrumentFeed, passed
from genesis.engine.lane import Lane
from genesis.engine.margin import Leg, MarginAccount, Settlement
from genesis.engine.marks import Marks
from genesis.engine.price_age import PriceAge
from genesis.engine.several_desk import SeveralMoneysDesk
from genesis.engine.several_marks import SeveralMarks
from genesis.engine.share import REDUCES_SHARE, ShareDesk
from genesis.execution.working import Working
from genesis.invariants import ensure
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.events import (
    Event,
    FaultsInjected,
    FaultTime,
    FaultWindow,
    FundingPaid,
    Liquidated,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderPrevented,
    OrderRejected,
    OrderTriggered,
    TrackHalted,
    TrackStopped,
)
from genesis.model.grid import quotient
from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec, Depth, DepthLevel
from genesis.model.orders import OrderIntent, OrderStep, Side
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.trades import ClosedTrade
from genesis.risk.gate import RiskGate
from genesis.strategies.base import Strategy
from genesis.tape.bars import BarSeries
from genesis.tape.stream import ABSENT, StreamKind, before, soon_before

_RUN_ROWS: Final = 256
# Where in the loss bound of an evidence bar risk flattens (definitions.md, "Loss bound"): what is left is for the way out.
_BOUND_SHARE: Final = 0.8
_HOUR = Hour()
# Risk tries so often to close what the venue would not let it close, twice as long after each try: for a little over an hour.
_FLATTEN_TRIES: Final = 12
_FLATTEN_FIRST_NS: Final = NS_PER_SECOND
_ERROR_LENGTH = 500
_NO_ROW = (FAR, 0, 0, 0)
_NONE_WORKING: list[Working] = []
_TRADES: Final = StreamKind.TRADES
_QUOTES: Final = StreamKind.QUOTES
_BARS: Final = StreamKind.BARS
_FILL_PART: Final = OrderStep.FILL_PART
_FILL_ALL: Final = OrderStep.FILL_ALL


class Monitor(Protocol):
    """Looks at a track every ``look_every_ns`` of engine time (an hour, or a part of it); what it returns is journalled."""

    look_every_ns: int

    def observe(self, track: Track, time_ns: int) -> Sequence[Event]: ...

    def loss_bound(self, track: Track) -> float | None: ...

    def traded(self, track: Track, trade: ClosedTrade) -> Sequence[Event]: ...

    def final(self, track: Track, time_ns: int) -> Sequence[Event]: ...


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


class Track:
    """One strategy with its own venue, account and risk; ``advance`` is the whole life of it.

    Args:
        name: unique in the run.
        strategy: not yet started.
        feeds: one an instrument, in the strategy's order.
        portfolio: holding exactly the budget.
        series: finds or makes the shared bar series of an instrument.
        start_ns: engine time of the evaluation's start.
        scope: the liquidity scope that it shares with others; ``None`` where it is alone.
    """

    def __init__(
        self,
        name: str,
        strategy: Strategy,
        feeds: Sequence[InstrumentFeed],
        portfolio: Portfolio,
        agenda: TrackAgenda,
        executor: SimulatedExecutor,
        gate: RiskGate,
        monitor: Monitor,
        series: Callable[[Instrument, BarSpec], BarSeries],
        start_ns: int,
        journalled: bool = True,
        scope: str | None = None,
    ) -> None:
        self.scope = scope
        self.name, self.strategy, self.portfolio, self.gate = name, strategy, portfolio, gate
        self.feeds = tuple(feeds)
        self.agenda, self.executor, self._monitor = agenda, executor, monitor
        self.orders = OrderBook()
        self.subscriptions: list[Subscription] = []
        self.entries: list[Event] = []
        self.forbidden: str | None = None
        self.ended = False
        self._series = series
        self._lanes = sorted((lane for f in self.feeds for lane in f.lanes), key=lambda lane: lane.order)
        self._hears_orders = type(strategy).on_order is not Strategy.on_order
        self._hears_fills = type(strategy).on_fill is not Strategy.on_fill
        self._only_lane = self._lanes[0] if len(self._lanes) == 1 else None
        self._by_lane = {lane.order: f for f in self.feeds for lane in f.lanes}
        self._along = [(lane, f) for f in self.feeds for lane in f.lanes if lane.shown_along]
        # Asked first, of every row: a compiled comparison with `FAR`, which no machine word holds, is slow.
        self._has_along = bool(self._along)
        # No row that is shown along and has not been shown lies before this time.
        self._along_ns = FAR
        self._feed_by_id = {f.instrument.id: f for f in self.feeds}
        self._budget = portfolio.cash_units
        halt, valuation = float(gate.tier.drawdown_halt), portfolio.valuation
        self._several = None if valuation is None else SeveralMarks(self.feeds, portfolio, valuation, halt)
        self.marks: Marks = self._several or Marks([f.mark for f in self.feeds], halt)
        legs = [f.leg for f in self.feeds if f.leg is not None]
        self.margin = MarginAccount(legs, portfolio) if legs else None
        self._only_feed = self.feeds[0] if len(self.feeds) == 1 else None
        self._only_mark = self.marks.all[0] if len(self.marks.all) == 1 else None
        # The index when the UTC day and the evidence bar began, and when a halt for one of them ends.
        self._day_index = self._bar_index = 1.0
        self._bar_floor = float("-inf")
        self._lifts_ns: int | None = None
        self._journalled = journalled
        # How often risk has tried again to close what it wanted closed, and when it tries next.
        self._flatten_tries = 0
        self._flatten_next: FlattenAgain | None = None
        self.price_age: PriceAge | None = None
        self.undisturbed: Track | None = None
        self.desk = TrackDesk(self, journalled) if valuation is None else SeveralMoneysDesk(self, journalled, valuation)
        # Where only a share of the budget is traded, the strategy talks to this desk.
        self.share: ShareDesk | None = None
        agenda.now = start_ns
        self.start_ns = start_ns

    def feed_of(self, instrument_id: str) -> InstrumentFeed:
        """The feed of one of the track's instruments."""
        return self._feed_by_id[instrument_id]

    def market(self) -> tuple[int | None, float | None]:
        """The first instrument's price in ticks, and what equal parts in each, bought at the tape's first price, have returned.

        ``None`` before there is a price, and of instruments that are not all quoted in the budget's currency.
        """
        agenda, price, total = self.agenda, None, 0.0
        for feed in self.feeds:
            feed.settle(agenda.now, agenda.rank)
            now, first = feed.matcher.touch(-1), feed.price.first_ticks(agenda.now)
            if price is None:
                price = now
            if not now or not first:
                return price, None
            total += now / first
        if self._several is not None and any(f.instrument.quote != self.portfolio.currency for f in self.feeds):
            # Equal parts of one money in instruments of several quotes: what they returned would be a rate's doing too.
            return price, None
        return price, total / len(self.feeds) - 1

    # ---- life

    def start(self) -> None:
        """Let the strategy subscribe, and set the first hour."""
        self._begin()
        self.strategy.attach(self.desk)
        self._call("on_start", self.strategy.on_start)

    def _begin(self) -> None:
        self.marks.drawdown.start(self.start_ns)
        if self._several is not None:
            self._several.account_changed(self.start_ns, Rank.HOUR)
        self._day_index = self._bar_index = self.marks.index()
        self._set_floor()
        every = self._monitor.look_every_ns
        self.agenda.add((self.start_ns // every + 1) * every, Rank.HOUR, _HOUR)

    def take_over(self, from_track: Track, share: Fraction, state: Mapping[str, Any] | None) -> None:
        """Begin in the middle of a tape, flat, with a copy of another track's strategy (`copy_of`) in the state in which it is now.

        The copy loads ``state`` where there is any, hears what the other one subscribed to, from the next moment on, and trades
        ``share`` of the budget. Both tracks have handled every moment up to ``start_ns`` of this one.
        """
        now = self.start_ns
        self.share = ShareDesk(self, share)
        self.strategy.attach(self.share)
        self.agenda.rank = Rank.HOUR
        for feed, other in zip(self.feeds, from_track.feeds, strict=True):
            feed.begin(now, other)
        for lane, other_lane in zip(self._lanes, from_track._lanes, strict=True):
            lane.wants_all = other_lane.wants_all
        for subscription in from_track.subscriptions:
            feed = self._feed_by_id[subscription.feed.instrument.id]
            ours = Subscription(subscription.series, feed)
            ours.at = subscription.at
            self.subscriptions.append(ours)
        for due_ns, timer in from_track.agenda.timers():
            self.agenda.add(due_ns, Rank.TIMER, timer)
        self._begin()
        self._note_along()
        if state is not None:
            self._call("on_load", lambda: self.strategy.on_load(state))

    def subscribe_bars(self, instrument: Instrument, spec: BarSpec) -> None:
        """Give the strategy bars of ``spec``; asking twice changes nothing."""
        series = self._series(instrument, spec)
        if all(s.series is not series for s in self.subscriptions):
            subscription = Subscription(series, self._feed_by_id[instrument.id])
            subscription.at = _bars_before(series, self.agenda.now)
            self.subscriptions.append(subscription)

    def advance(self, closed_before: int) -> None:
        """Handle every moment before ``closed_before`` (engine ns)."""
        agenda, margin, liquidates = self.agenda, self.margin, False
        self._note_along()
        if margin is not None:
            margin.schedule(agenda, closed_before)
        while True:
            due_ns, due_rank = agenda.next_key()
            bars = self._next_bars()
            if bars is not None:
                bar_ns, bar_rank = bars.next_key()
                if bar_ns < due_ns or (bar_ns == due_ns and bar_rank < due_rank):
                    due_ns, due_rank = bar_ns, bar_rank
                else:
                    bars = None
            if due_ns >= closed_before:
                due_ns, due_rank = closed_before, -1
            if margin is not None:
                hit = margin.next_hit(due_ns, due_rank > Rank.LIQUIDATION)
                liquidates = hit < FAR
                if liquidates:
                    due_ns, due_rank, bars = hit, Rank.LIQUIDATION, None
            lane, row, other = self._next_row(due_ns, due_rank > Rank.ROW)
            if lane is not None:
                self._run_rows(lane, row, due_ns, due_rank > Rank.ROW, other)
            elif self.marks.held and not self._marks_itself(bars) and self._mark_up_to(due_ns, due_rank):
                continue
            elif due_ns >= closed_before:
                if self.scope is not None:
                    self._show_others(closed_before)
                return
            elif liquidates:
                self._liquidate(due_ns)
            elif bars is not None:
                self._run_bars(bars, closed_before)
            else:
                self._handle_agenda()
                # What is due at this very instant follows at once: the moment's rows and bars have had their turn.
                while agenda.rank > Rank.BAR and agenda.next_key()[0] == agenda.now:
                    self._handle_agenda()

    def next_time(self, closed_before: int) -> int:
        """Engine time of the next moment that this track has to handle; ``closed_before`` where there is none before it."""
        due = self.agenda.next_key()[0]
        bars = self._next_bars()
        if bars is not None:
            due = min(due, bars.next_key()[0])
        due = min(due, closed_before)
        if self.margin is not None:
            self.margin.schedule(self.agenda, due)
            due = min(due, self.agenda.next_key()[0], self.margin.next_hit(due, False))
        lane, row, _ = self._next_row(due, False)
        return due if lane is None else min(due, lane.stream.times[row])

    def finish(self, time_ns: int) -> None:
        """The tape has ended at ``time_ns``: a last sample, the strategy hears it, and what it orders now is not sent."""
        self.agenda.now, self.agenda.rank = time_ns, Rank.HOUR
        self._show_along_to(time_ns, Rank.HOUR)
        self.entries.extend(self._monitor.final(self, time_ns))
        self.forbidden = "the tape has ended"
        self._call("on_stop", self.strategy.on_stop)
        if self.undisturbed is not None:
            self.entries.append(self._faults_injected(time_ns, self.undisturbed))

    # ---- faults on purpose

    def compare_with(self, undisturbed: Track) -> None:
        """This track stands under a fault plan: tell at the end what it did, beside the same strategy without."""
        self.undisturbed = undisturbed
        for track in (self, undisturbed):
            if track.price_age is None:
                track.price_age = PriceAge(track.feeds)

    def _faults_injected(self, time_ns: int, undisturbed: Track) -> Event:
        faults = self.executor.faults
        injected: dict[str, int] = {} if faults is None else faults.injected
        names = [f.instrument.id for f in self.feeds]
        times = [] if faults is None else faults.times(names, self.start_ns, time_ns + 1)
        hit = [] if faults is None else sorted(faults.hit.items(), key=lambda found: (found[0][2], found[0]))
        ages = [None if t.price_age is None else t.price_age.until(time_ns) for t in (self, undisturbed)]
        return FaultsInjected(
            time_ns,
            self.name,
            injected,
            tuple(FaultTime(*t) for t in times),
            tuple(FaultWindow(*window, hits) for window, hits in hit),
            ages[0],
            ages[1],
        )

    # ---- what comes next

    def _next_bars(self) -> Subscription | None:
        subscriptions = self.subscriptions
        if len(subscriptions) <= 1 or self.ended:
            return subscriptions[0] if subscriptions and not self.ended else None
        return min(subscriptions, key=Subscription.next_key)

    def _next_row(self, due_ns: int, included: bool) -> tuple[Lane | None, int, tuple[int, int, int, int] | None]:
        """The earliest row that matters before ``due_ns`` (or at it where ``included``), and the key of the next one of any other lane."""
        only = self._only_lane
        if only is not None:
            row = only.next_row(due_ns, included)
            return (only if row >= 0 else None), row, None
        best: Lane | None = None
        best_row, best_key, other = 0, _NO_ROW, None
        now = self.agenda.now
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

    # ---- rows that are shown along

    def _note_along(self) -> None:
        """Find the time of the first row that has yet to be shown along."""
        first = FAR
        for lane, _ in self._along:
            if not lane.wants_all and lane.cursor < lane.stream.rows:
                time_ns = lane.stream.times[lane.cursor]
                if time_ns < first:
                    first = time_ns
        self._along_ns = first

    def _show_along_before(self, of: Lane, row: int) -> None:
        """Show what comes before a row of another lane, so that whoever hears of that row finds book and queues as they then are."""
        time_ns, seq = of.stream.times[row], of.stream.seqs[row]
        for lane, feed in self._along:
            if not lane.wants_all:
                stop = lane.rows_until(time_ns, seq, of.order)
                if stop > lane.cursor:
                    feed.show(lane, stop)
        self._note_along()

    def _show_along_to(self, now: int, rank: int) -> None:
        """Show what lies behind the present."""
        for lane, feed in self._along:
            if not lane.wants_all:
                stop = passed(lane.stream, lane.cursor, now, rank)
                if stop > lane.cursor:
                    feed.show(lane, stop)
        self._note_along()

    def _show_others(self, closed_before: int) -> None:
        """Tracks that share this one's venue see its market through its lanes: show what nobody of this track waited for."""
        for feed in self.feeds:
            feed.settle(closed_before, Rank.ROW)

    # ---- rows

    def _run_rows(
        self, lane: Lane, row: int, due_ns: int, included: bool, other: tuple[int, int, int, int] | None
    ) -> None:
        """Handle rows of one lane until something else comes first, or something was stirred."""
        stream = lane.stream
        if self.marks.held and self._mark_rows_before(lane, row):
            return
        lane.cursor = row
        ts = stream.times
        if self._has_along and self._along_ns <= ts[row]:
            self._show_along_before(lane, row)
        stop = before(ts, row, min(row + _RUN_ROWS, stream.rows), due_ns, included)
        if other is not None and stop > row + 1 and self._row_key(lane, stop - 1) > other:
            stop = before(ts, row + 1, stop, other[0], False)
        if stop > row + 1:
            wanted = lane.wants_all or lane.matcher.bounds()[0]
            stop = self._next_mark(lane, row, stop) if wanted else row + 1
        self.agenda.stirred = False
        self.agenda.rank = Rank.ROW
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
        if not lane.wants_all or self.ended:
            self._run_unheard_trades(feed, lane, stop)
            return
        agenda, matcher, marks, mark = self.agenda, feed.matcher, self.marks, feed.mark
        stream, cursor, shown = lane.stream, lane.cursor, matcher.shown
        working = matcher.working if lane.leads else _NONE_WORKING
        worth, constant = (mark.worth, marks.constant) if mark.stream is stream else (0.0, 0.0)
        alone = len(marks.held) == 1
        heard = self.strategy.on_trade
        while cursor < stop:
            block, offset = stream.trades.at(cursor, stream.rows)
            times, ticks, prices, events = block.times, block.ticks, block.prices, block.events
            for place in range(offset, min(block.rows, offset + stop - cursor)):
                cursor += 1
                lane.cursor = cursor
                agenda.now = now = times[place]
                if self._has_along and self._along_ns <= now:
                    self._show_along_before(lane, cursor - 1)
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
                        self._halt(now)
                try:
                    heard(events[place])
                except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a strategy raises stops its own track
                    self._stop("on_trade", error)
                if agenda.stirred:
                    return

    def _run_unheard_trades(self, feed: InstrumentFeed, lane: Lane, stop: int) -> None:
        """Trades that only orders wait for, read one by one: mostly the first few end the wait, and no event need be made of them."""
        agenda, matcher, marks, mark, stream = self.agenda, feed.matcher, self.marks, feed.mark, lane.stream
        times, columns, is_mark = stream.times, stream.columns, mark.stream is stream
        ticks_at, lots_at, side_at = columns["ticks"].item, columns["lots"].item, columns["side"].item
        event_at = columns["time_event"].item
        for row in range(lane.cursor, stop):
            lane.cursor = row + 1
            agenda.now = now = times[row]
            if self._has_along and self._along_ns <= now:
                self._show_along_before(lane, row)
            if lane.leads:
                happened = event_at(row)
                at = now if happened == ABSENT else happened
                matcher.on_trade(now, ticks_at(row), lots_at(row), side_at(row), at)
            if is_mark and mark.worth:
                mark.cursor, mark.price = row + 1, mark.price_at(row)
                value = marks.index()
                if (value < marks.alarm or value > marks.calm) and marks.take(value, now):
                    self._halt(now)
            if agenda.stirred:
                return

    def _run_quotes(self, feed: InstrumentFeed, lane: Lane, stop: int) -> None:
        agenda, matcher, marks, mark = self.agenda, feed.matcher, self.marks, feed.mark
        stream, cursor = lane.stream, lane.cursor
        worth, constant = (mark.worth, marks.constant) if mark.stream is stream else (0.0, 0.0)
        alone = len(marks.held) == 1
        heard = self.strategy.on_quote if lane.wants_all and not self.ended else None
        block, offset = stream.quotes.at(cursor, stream.rows)
        times, events, leads = block.times, block.events, lane.leads
        bids, bid_lots, asks, ask_lots = block.bids, block.bid_lots, block.asks, block.ask_lots
        prices = block.bid_prices if worth > 0 else block.ask_prices
        for place in range(offset, min(block.rows, offset + stop - cursor)):
            cursor += 1
            lane.cursor = cursor
            agenda.now = now = times[place]
            if self._has_along and self._along_ns <= now:
                self._show_along_before(lane, cursor - 1)
            if leads:
                matcher.on_quote(now, bids[place], bid_lots[place], asks[place], ask_lots[place])
            if worth:
                mark.cursor = cursor
                mark.price = price = prices[place]
                value = constant + worth * price if alone else marks.index()
                if (value < marks.alarm or value > marks.calm) and marks.take(value, now):
                    self._halt(now)
            if heard is not None:
                try:
                    heard(events[place])
                except (Exception, SystemExit) as error:  # noqa: BLE001
                    self._stop("on_quote", error)
            if agenda.stirred:
                return

    def _run_depth(self, feed: InstrumentFeed, lane: Lane, stop: int) -> None:
        """Depth rows, a message (equal time and sequence) at a time; the strategy hears the book after each message."""
        agenda, times, seqs, start = self.agenda, lane.stream.times, lane.stream.seqs, lane.cursor
        while start < stop:
            now, seq, end = times[start], seqs[start], start + 1
            while end < stop and times[end] == now and seqs[end] == seq:
                end += 1
            agenda.now = now
            if self._has_along and self._along_ns <= now:
                self._show_along_before(lane, start)
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
        self._call("on_depth", lambda: self.strategy.on_depth(depth))

    def _run_bar_rows(self, feed: InstrumentFeed, lane: Lane, stop: int) -> None:
        """Bar rows that move an order; the strategy hears bars through its subscription."""
        agenda, matcher, times, columns = self.agenda, feed.matcher, lane.stream.times, lane.stream.columns
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
            if self._has_along and self._along_ns <= now:
                self._show_along_before(lane, row)
            if lane.leads:
                matcher.on_bar(now, begun(row), opened(row), high(row), low(row), close(row), lots(row))
            if agenda.stirred:
                return

    # ---- bars

    def _run_bars(self, subscription: Subscription, closed_before: int) -> None:
        """Hand closed bars to the strategy until something else comes first."""
        series, agenda, feed = subscription.series, self.agenda, subscription.feed
        stop = self._bars_in_a_row(subscription, closed_before)
        agenda.stirred, agenda.rank = False, subscription.rank
        hear, marks, mark, shown = self.strategy.on_bar, self.marks, feed.mark, feed.matcher.shown
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
                        self._halt(now)
            elif marks.held and self._mark_up_to(now, subscription.rank):
                return
            if self._has_along and self._along_ns <= now:
                self._show_along_to(now, subscription.rank)
            subscription.at = at
            if lane is not None and lane.cursor < at:
                lane.cursor, shown.last = at, block.close_ticks[place]
            try:
                hear(events[place])
            except (Exception, SystemExit) as error:  # noqa: BLE001
                self._stop("on_bar", error)
            if agenda.stirred:
                return

    def _bars_in_a_row(self, subscription: Subscription, closed_before: int) -> int:
        """End of the run of bars that nothing can interrupt but what the strategy does."""
        series, start = subscription.series, subscription.at
        if len(self.subscriptions) > 1 or (self.margin is not None and self.marks.held):
            return start + 1
        for lane in self._lanes:
            if lane.wants_all or lane.matcher.working:
                return start + 1
        time_ns, rank = self.agenda.next_key()
        until = min(time_ns, closed_before)
        stop = min(series.rows, start + _RUN_ROWS)
        included = until == time_ns and until < closed_before and rank > subscription.rank
        return max(start + 1, soon_before(series.times, start, stop, until, included))

    # ---- agenda

    def _handle_agenda(self) -> None:
        agenda = self.agenda
        item = agenda.pop()
        if self._has_along and self._along_ns <= agenda.now:
            self._show_along_to(agenda.now, agenda.rank)
        if isinstance(item, VenueAction):
            feed = self._only_feed or self._feed_by_id[item.instrument_id]
            feed.settle(agenda.now, agenda.rank)
            item.happen(agenda.now)
        elif isinstance(item, Hour):
            self._hour()
        elif isinstance(item, Timer):
            if not self.ended:
                self._timer(item)
        elif isinstance(item, Settlement):
            self._settle(item)
        elif isinstance(item, FlattenAgain):
            if item is self._flatten_next:
                self._flatten_again()
        else:
            self._hear(item)

    def _timer(self, timer: Timer) -> None:
        if timer.every_ns is not None:
            self.agenda.add(self.agenda.now + timer.every_ns, Rank.TIMER, timer)
        self._call("on_timer", lambda: self.strategy.on_timer(timer.name))

    def _hour(self) -> None:
        now = self.agenda.now
        self.agenda.add(now + self._monitor.look_every_ns, Rank.HOUR, _HOUR)
        self.entries.extend(self._monitor.observe(self, now))
        if now % EVIDENCE_BAR_NS == 0:
            self._new_bar(now)

    def _new_bar(self, now: int) -> None:
        """An evidence bar begins, and maybe a UTC day: losses count from here, and a halt for the one before ends."""
        self._bar_index = self.marks.index()
        if now % NS_PER_DAY == 0:
            self._day_index = self._bar_index
        if self._lifts_ns is not None and now >= self._lifts_ns:
            self._lifts_ns, self.forbidden = None, None
        self._set_floor()

    def _set_floor(self) -> None:
        """The index under which the day's loss, or the bar's, is too large; none for a track that is halted already."""
        bound = self._monitor.loss_bound(self)
        self._bar_floor = float("-inf") if bound is None else self._bar_index * (1 - _BOUND_SHARE * bound)
        if not self.forbidden:
            self.marks.limit(self.marks.drawdown_halt, max(self._day_floor(), self._bar_floor))

    def _day_floor(self) -> float:
        return self._day_index * (1 - float(self.gate.tier.daily_loss_max))

    # ---- what the venue says

    def _hear(self, event: OrderEvent) -> None:
        state = self.orders.by_id.get(event.order.client_order_id)
        if state is None:
            return
        # Not isinstance, which is slow for structs: events have no subclasses.
        if type(event) is OrderFilled:
            if self._journalled:
                event = self.desk.with_position(event)
            if state.liquidates:
                event = self._charged(event)
            self.entries.append(event)
            self._fill(state, event)
            return
        self.entries.append(event)
        step = _STEP.get(type(event))
        if step is not None:
            state.step(step)
        elif isinstance(event, OrderPrevented):
            state.prevented += event.prevented_lots
        elif isinstance(event, OrderCancelRejected):
            self._try_to_flatten_later()
        if state.status.is_final:
            self._close_order(state.order.client_order_id)
            if state.liquidates:
                self._stays_open(state)
            elif state.forced and isinstance(event, OrderRejected):
                self._try_to_flatten_later()
        share = self.share
        heard = event if share is None else share.told_of(event)
        if self._hears_orders:
            self._call("on_order", lambda: self.strategy.on_order(heard))
        if share is not None and state.status.is_final:
            share.ended(state.order.client_order_id)

    def _close_order(self, client_order_id: str) -> None:
        self.orders.by_id.pop(client_order_id, None)
        self.executor.forget(client_order_id)

    def _fill(self, state: OpenState, fill: OrderFilled) -> None:
        state.filled += fill.last_lots
        if fill.leaves_lots:
            state.step(_FILL_PART)
        else:
            state.step(_FILL_ALL)
            self._close_order(state.order.client_order_id)
            if state.liquidates:
                self._stays_open(state)
        trades = self.portfolio.apply_fill(fill, state.forced)
        self._position_changed()
        if self.executor.faults is not None and not state.forced:
            # What was executed before a halt may be heard of long after it.
            self._try_to_flatten_later()
        if self._several is not None and state.forced and state.status.is_final:
            # What it brought may be what another instrument's position is to be closed with.
            self._try_to_flatten_later()
        for trade in trades:
            self.entries.extend(self._monitor.traded(self, trade))
        heard, share = fill, self.share
        if share is not None:
            heard = share.told_of_fill(state, fill)
            if state.status.is_final:
                share.ended(state.order.client_order_id)
        now = self.agenda.now
        if self.marks.touch(now):
            self._halt(now)
        if self._hears_fills and not self.ended:
            try:
                self.strategy.on_fill(heard)
            except (Exception, SystemExit) as error:  # noqa: BLE001
                self._stop("on_fill", error)

    def _position_changed(self) -> None:
        if self.margin is not None:
            self.margin.changed(self.agenda.now)
        portfolio, budget, agenda, feed = self.portfolio, self._budget, self.agenda, self._only_feed
        if self.price_age is not None:
            self.price_age.changed(agenda.now)
        if self._several is not None:
            self._several.account_changed(agenda.now, agenda.rank)
            return
        constant = quotient(portfolio.cash_units, budget)
        if feed is not None:
            mark, lane = feed.mark, feed.price_lane
            units = feed.holding.position.units
            worth = quotient(units * feed.price_unit, budget) if units else 0.0
            # While nothing was held the mark stayed behind: the lane knows better where the present is.
            start = lane.cursor if mark.stream is lane.stream else mark.cursor
            stop = passed(mark.stream, start, agenda.now, agenda.rank)
            self.marks.only_position_changed(constant, worth, stop)
            return
        worths = [quotient(f.holding.position.units * f.price_unit, budget) for f in self.feeds]
        stops = [passed(f.mark.stream, f.mark.cursor, agenda.now, agenda.rank) for f in self.feeds]
        self.marks.position_changed(constant, worths, stops)

    # ---- perpetuals

    def _settle(self, due: Settlement) -> None:
        """Funding is settled on the venue's position, and posted once the fills before it have been heard."""
        now, leg, margin = self.agenda.now, due.leg, self.margin
        if margin is None:
            return
        name, contract = leg.instrument.id, leg.contract
        if now == due.time_ns:
            due.units = self.executor.position_units(name)
            problem = leg.mark_problem(now) if due.units else None
            if problem is not None:
                self._hold(f"funding could not be worked out: {problem}")
                due.units = 0
            due.mark = (leg.mark_price(now) or (0, 0))[0]
        heard = self.agenda.fills_heard_at(name, due.time_ns)
        if heard:
            self.agenda.add(heard, Rank.FUNDING, due)
            return
        if not due.units:
            return
        change = contract.funding(due.units, due.mark, due.rate_e8)
        self.portfolio.apply_funding(name, change)
        currency, decimals = leg.holding.purse.currency, leg.holding.purse.decimals
        seen = self.desk.seen(leg.funding, due.row + 1)
        self.entries.append(
            FundingPaid(
                now,
                self.name,
                leg.instrument,
                due.time_ns,
                due.units,
                due.mark,
                due.rate_e8,
                change,
                currency,
                decimals,
                seen,
            )
        )
        self._position_changed()
        if self.marks.touch(now):
            self._halt(now)

    def _hold(self, detail: str) -> None:
        """No new entries: what has happened to the account cannot be told any more."""
        action = "no new entries; the position is kept"
        self._lifts_ns, self.forbidden = None, detail
        self.entries.append(TrackHalted(self.agenda.now, self.name, "MARK_PRICE", detail, action))

    def _liquidate(self, now: int) -> None:
        """The venue closes a position by force, and the track is halted: its orders are cancelled, what else it holds is flattened."""
        self.agenda.now, self.agenda.rank, self.agenda.stirred = now, Rank.LIQUIDATION, False
        margin = self.margin
        place = None if margin is None else margin.judge(now)
        if margin is None or place is None:
            return
        leg, found = margin.legs[place], margin.statement(now)
        held, purse, watched = leg.held_at(now), leg.holding.purse, leg.watched[-1]
        event = Liquidated(
            now,
            self.name,
            leg.instrument,
            held.units,
            held.mark,
            found.wallet,
            found.unrealized,
            found.maintenance,
            purse.currency,
            purse.decimals,
            self.desk.seen(watched.stream, watched.stream.first_after(now)),
        )
        self.entries.append(event)
        self._lifts_ns, self.forbidden = None, f"liquidated: {event.detail()}"
        self.marks.limit(None, float("-inf"))
        for client_order_id, state in list(self.orders.by_id.items()):
            if not state.forced:
                self.desk.cancel(client_order_id)
        leg.closing = True
        self._close_by_force(leg)
        for feed in self.feeds:
            if feed.leg is not leg and not self._is_being_closed(feed.instrument):
                self._flatten_one(feed.instrument, "flatten")

    def _close_by_force(self, leg: Leg) -> None:
        """Send the order that closes a position; one of risk that is on its way already becomes the venue's."""
        state = next((s for s in self.orders.by_id.values() if s.forced and _of(s, leg.instrument)), None)
        if state is None:
            state = self._flatten_one(leg.instrument, "liquidation", by_venue=True)
        if state is not None:
            state.liquidates = True

    def _is_being_closed(self, instrument: Instrument) -> bool:
        return any(s.forced and _of(s, instrument) for s in self.orders.by_id.values())

    def _charged(self, fill: OrderFilled) -> OrderFilled:
        """The fill with the liquidation fee in its fee."""
        leg = None if self.margin is None else self.margin.leg(fill.order.intent.instrument)
        if self.margin is None or leg is None:
            return fill
        return msgspec.structs.replace(fill, fee=self.margin.charged(fill, leg))

    def _stays_open(self, state: OpenState) -> None:
        """The venue's order has ended. What it left open is judged by the rows to come."""
        margin = self.margin
        leg = None if margin is None else margin.leg(state.order.intent.instrument)
        if margin is not None and leg is not None:
            leg.closing = False
            margin.changed(self.agenda.now)

    # ---- marks

    def _marks_itself(self, bars: Subscription | None) -> bool:
        """Whether the next thing is a bar that is the very next row to mark: handing it over marks all there is to mark."""
        if bars is None or not bars.is_mark or len(self.marks.held) != 1:
            return False
        mark = bars.feed.mark
        return mark.worth != 0 and mark.cursor >= bars.at

    def _next_mark(self, lane: Lane, row: int, stop: int) -> int:
        """Where a run of a lane's rows must end because a position is to be marked by a row that is not this lane's."""
        held = self.marks.held
        if len(held) > 1:
            return row + 1
        if not held or held[0].stream is lane.stream:
            return stop
        stream, cursor = held[0].stream, held[0].cursor
        # A row that marks comes after the rows of its moment.
        return before(lane.stream.times, row + 1, stop, stream.times[cursor], True) if cursor < stream.rows else stop

    def _mark_rows_before(self, lane: Lane, row: int) -> bool:
        """Mark the rows that were jumped over; whether a limit broke before ``row``, so that something new comes first. Something is held."""
        if len(self.marks.held) == 1 and self._own_row_next(lane, row):
            return False
        ts, only = lane.stream.times[row], self._only_mark
        if only is not None:
            stop = row if only.stream is lane.stream else passed(only.stream, only.cursor, ts, Rank.ROW)
            return stop > only.cursor and self._catch_up([stop])
        stops = [row if m.stream is lane.stream else passed(m.stream, m.cursor, ts, Rank.ROW) for m in self.marks.all]
        return self._catch_up(stops)

    def _own_row_next(self, lane: Lane, row: int) -> bool:
        mark = self.marks.held[0]
        return mark.stream is lane.stream and mark.cursor >= row

    def _mark_up_to(self, now: int, rank: int) -> bool:
        """Mark every row before this moment; whether a limit broke. Something is held."""
        only = self._only_mark
        if only is not None:
            stop = passed(only.stream, only.cursor, now, rank)
            return stop > only.cursor and self._catch_up([stop])
        return self._catch_up([passed(m.stream, m.cursor, now, rank) for m in self.marks.all])

    def _catch_up(self, stops: Sequence[int]) -> bool:
        if all(m.cursor >= s for m, s in zip(self.marks.all, stops, strict=True)):
            return False
        broke = self.marks.catch_up(stops)
        if broke is None:
            return False
        self.agenda.now, self.agenda.rank = broke, Rank.BAR
        self._halt(broke)
        return True

    # ---- capital

    @property
    def is_idle(self) -> bool:
        """Flat, and nothing works or is on its way."""
        return not self.orders.by_id and self.is_flat

    @property
    def is_flat(self) -> bool:
        """No position of a lot or more."""
        return not any(self.desk.position_lots(f.instrument) for f in self.feeds)

    def add_capital(self, units: int) -> None:
        """Ledger units come in, or leave where ``units`` is below 0: a cash flow, which is never a return.

        Raises:
            IntegrityError: nothing would be left to trade with.
        """
        before = self.desk.equity_units()
        ensure(
            min(before, before + units) > 0, f"track {self.name}: capital: expected equity, found {before} + {units}"
        )
        self.portfolio.add_capital(units, before)
        self.executor.deposit(self.portfolio.currency, units, self.portfolio.decimals)
        self._budget = self.portfolio.index_units
        self._position_changed()

    def raise_share(self, share: Fraction, units: int) -> None:
        """More of the budget is traded from now on, with what is entered anew."""
        ensure(self.share is not None, f"track {self.name}: share: expected a track that trades one")
        if self.share is not None:
            self.add_capital(units)
            self.share.share = share

    def lower_share(self, share: Fraction) -> None:
        """Less of the budget is traded: entries are cancelled and what is held is reduced in proportion, at once."""
        if self.share is None:
            return
        was, self.share.share = self.share.share, share
        self.cancel_entries()
        for feed in self.feeds:
            held = self.desk.position_lots(feed.instrument)
            kept = abs(held) * share.numerator * was.denominator // (share.denominator * was.numerator)
            self.reduce(feed, abs(held) - kept)

    def reduce(self, feed: InstrumentFeed, lots: int) -> None:
        """Close ``lots`` of what is held, at market."""
        held = self.desk.position_lots(feed.instrument)
        lots = min(lots, abs(held))
        if lots:
            self._close_position(feed, lots if held > 0 else -lots, REDUCES_SHARE)

    def cancel_entries(self) -> None:
        """Cancel every order that would add to a position; what protects one stays."""
        for client_order_id, state in list(self.orders.by_id.items()):
            intent = state.order.intent
            closes = self.desk.position_lots(intent.instrument) * int(intent.side) < 0
            if not state.forced and not intent.reduce_only and not closes:
                self.desk.cancel(client_order_id)

    def forbid_entries(self, why: str) -> None:
        """From now on only what reduces a position is sent; it stays so."""
        self._lifts_ns = None
        self.forbidden = why
        self.cancel_entries()

    def allow_entries(self) -> None:
        """Entries are sent again; losses count from here."""
        self._lifts_ns = self.forbidden = None
        self._day_index = self._bar_index = self.marks.index()
        self._set_floor()

    def flatten(self, why: str) -> None:
        """Cancel everything and close what is held, now."""
        self.forbid_entries(why)
        self._flatten()

    # ---- stops

    def _halt(self, now: int) -> None:
        """A loss limit broke: entries are cancelled and the position is flattened now."""
        halt, drawdown, index = self.marks.drawdown_halt, self.marks.current_drawdown(), self.marks.index()
        if halt is not None and drawdown >= halt:
            reason, detail = "DRAWDOWN", f"expected a drawdown under {halt:.2%}, found {drawdown:.4%}"
            self._lifts_ns, self.forbidden, halt = None, detail, None
        else:
            reason, detail, lifts_ns = self._broken_floor(now, index)
            if self.forbidden is None:
                self._lifts_ns, self.forbidden = lifts_ns, detail
        self.marks.limit(halt, float("-inf"))
        self.entries.append(TrackHalted(now, self.name, reason, detail, "entries cancelled, flattened at market"))
        self._flatten()

    def _broken_floor(self, now: int, index: float) -> tuple[str, str, int]:
        """Which loss limit an index broke, in words, and when entries are allowed again."""
        if index <= self._day_floor():
            most = self.gate.tier.daily_loss_max
            found = f"found {1 - index / self._day_index:.4%}"
            detail = f"expected a loss under {most:.2%} of the day's start, {found}"
            return "DAILY_LOSS", detail, (now // NS_PER_DAY + 1) * NS_PER_DAY
        of = f"the evidence bar's start ({_BOUND_SHARE:.0%} of the loss bound)"
        found = f"found {1 - index / self._bar_index:.4%}"
        detail = f"expected a loss under {1 - self._bar_floor / self._bar_index:.4%} of {of}, {found}"
        return "LOSS_BOUND", detail, (now // EVIDENCE_BAR_NS + 1) * EVIDENCE_BAR_NS

    def _flatten(self) -> None:
        self._flatten_tries, self._flatten_next = 0, None
        for client_order_id in list(self.orders.by_id):
            self.desk.cancel(client_order_id)
        for feed in self.feeds:
            self._close_position(feed, self.desk.closable_lots(feed.instrument), "flatten")

    def _flatten_one(self, instrument: Instrument, tag: str, by_venue: bool = False) -> OpenState | None:
        """Close a position at market; the order, where there is a position."""
        feed, lots = self.feed_of(instrument.id), self.desk.closable_lots(instrument)
        return self._close_position(feed, lots, tag, by_venue)

    def _close_position(self, feed: InstrumentFeed, lots: int, tag: str, by_venue: bool = False) -> OpenState | None:
        if not lots:
            return None
        side = Side.SELL if lots > 0 else Side.BUY
        intent = OrderIntent(feed.instrument, side, abs(lots), reduce_only=True, tag=tag)
        return self.desk.submit_forced(intent, by_venue)

    def _try_to_flatten_later(self) -> None:
        """Something that risk wanted closed is not: after a while it tries again, a bounded number of times."""
        tries = self._flatten_tries
        if self.forbidden is None or self._flatten_next is not None or tries > _FLATTEN_TRIES:
            return
        self._flatten_tries += 1
        if tries == _FLATTEN_TRIES:
            self._give_up()
            return
        self._flatten_next = FlattenAgain()
        self.agenda.add(self.agenda.now + (_FLATTEN_FIRST_NS << tries), Rank.TIMER, self._flatten_next)

    def _flatten_again(self) -> None:
        """Cancel what still works and close what is still held, but for what is on its way already."""
        self._flatten_next = None
        if self.forbidden is None:
            return
        if not self.orders.by_id and not any(self.desk.closable_lots(f.instrument) for f in self.feeds):
            self._flatten_tries = 0
            return
        for client_order_id, state in list(self.orders.by_id.items()):
            if not state.forced:
                self.desk.cancel(client_order_id)
        for feed in self.feeds:
            self._close_position(feed, self._still_to_close(feed), "flatten")

    def _still_to_close(self, feed: InstrumentFeed) -> int:
        """Signed lots of a position that no order of risk is closing."""
        held = self.desk.closable_lots(feed.instrument)
        closing = sum(
            s.leaves for s in self.orders.by_id.values() if s.forced and s.order.intent.instrument is feed.instrument
        )
        return max(0, held - closing) if held > 0 else min(0, held + closing)

    def _give_up(self) -> None:
        held = [f"{self.desk.position_lots(f.instrument)} lots of {f.instrument.id}" for f in self.feeds]
        detail = f"expected to be flat after {_FLATTEN_TRIES} more tries, found {', '.join(held)}"
        self.entries.append(TrackHalted(self.agenda.now, self.name, "NOT_FLAT", detail, "none: risk tries no more"))

    def _call(self, hook: str, run: Callable[[], None]) -> None:
        if self.ended:
            return
        try:
            run()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a strategy raises stops its own track
            self._stop(hook, error)

    def _stop(self, hook: str, error: BaseException) -> None:
        """The strategy raised: its track stops, its entries are cancelled, its position is flattened; no other track notices."""
        self.ended = True
        self.entries.append(TrackStopped(self.agenda.now, self.name, hook, _told(error)))
        self.forbidden = f"the strategy raised in {hook}"
        for lane in self._lanes:
            lane.wants_all = False
        self._flatten()


def _of(state: OpenState, instrument: Instrument) -> bool:
    return state.order.intent.instrument is instrument


def _told(error: BaseException) -> str:
    """What a strategy raised, as text that can be journalled whatever the strategy put into it."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - its own __str__ is the strategy's code too
        text = "an error that cannot be written"
    text = text[:_ERROR_LENGTH].encode(errors="backslashreplace").decode()
    return f"{type(error).__name__}: {text}"


def _bars_before(series: BarSeries, now: int) -> int:
    return before(series.times, 0, series.rows, now, True)


_STEP: dict[type[OrderEvent], OrderStep] = {
    OrderAccepted: OrderStep.ACCEPT,
    OrderRejected: OrderStep.REJECT,
    OrderTriggered: OrderStep.TRIGGER,
    OrderCanceled: OrderStep.CANCEL,
    OrderExpired: OrderStep.EXPIRE,
}
