"""A track: (strategy, executor, portfolio) advanced over a shared tape. Deterministic; no I/O, no clock.

The track jumps from moment to moment: it asks every source what comes next and takes the earliest by (time, rank). How the tape
was cut into chunks never shows, because only closed moments are handled and a row that matters to nobody changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, Protocol

from genesis.engine.account import OpenState, OrderBook
from genesis.engine.agenda import FAR, FlattenAgain, Hour, Rank, Timer, TrackAgenda
from genesis.engine.along import Along
from genesis.engine.arithmetic import Arithmetic
from genesis.engine.clearing import Clearing
from genesis.engine.desk import TrackDesk
from genesis.engine.executor.base import VenueAction
from genesis.engine.executor.simulated import SimulatedExecutor
from genesis.engine.feed import InstrumentFeed
from genesis.engine.margin import MarginAccounts, Settlement
from genesis.engine.marking import Marking
from genesis.engine.marks import Marks
from genesis.engine.price_age import PriceAge
from genesis.engine.rows import RowRuns
from genesis.engine.several_desk import SeveralMoneysDesk
from genesis.engine.several_marks import SeveralMarks
from genesis.engine.share import ShareDesk
from genesis.engine.stops import Stops
from genesis.engine.subscription import Subscription
from genesis.errors import ASKED_TO_END
from genesis.invariants import ensure
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderPrevented,
    OrderRejected,
    OrderTriggered,
)
from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec
from genesis.model.orders import DenyReason, OrderIntent, OrderStep
from genesis.model.run_events import FaultsInjected, FaultTime, FaultWindow
from genesis.model.track_events import TrackStopped
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.trades import ClosedTrade
from genesis.risk.gate import RiskGate
from genesis.strategies.base import Strategy
from genesis.tape.bars import BarSeries

_ERROR_LENGTH = 500
_FILL_PART: Final = OrderStep.FILL_PART
_FILL_ALL: Final = OrderStep.FILL_ALL


class Monitor(Protocol):
    """Looks at a track every ``look_every_ns`` of engine time (an hour, or a part of it); what it returns is journalled."""

    look_every_ns: int

    def observe(self, track: Track, time_ns: int) -> Sequence[Event]: ...

    def loss_bound(self, track: Track) -> float | None: ...

    def traded(self, track: Track, trade: ClosedTrade) -> Sequence[Event]: ...

    def final(self, track: Track, time_ns: int) -> Sequence[Event]: ...


class AccountGuard(Protocol):
    """Asked about every order that the track's own gate let through, where several tracks trade in one account."""

    def refusal(self, track: Track, intent: OrderIntent) -> tuple[DenyReason, str] | None:
        """Why the account cannot bear it; ``None`` where it can. All tracks of the account stand at this moment or right before it."""
        ...


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
        self.agenda, self.executor, self.monitor = agenda, executor, monitor
        self.orders = OrderBook()
        self.subscriptions: list[Subscription] = []
        self.entries: list[Event] = []
        self.ended = False
        self.arithmetic = Arithmetic()
        self._series = series
        self.lanes = sorted((lane for f in self.feeds for lane in f.lanes), key=lambda lane: lane.order)
        self._hears_orders = type(strategy).on_order is not Strategy.on_order
        self._hears_fills = type(strategy).on_fill is not Strategy.on_fill
        self._feed_by_id = {f.instrument.id: f for f in self.feeds}
        halt, valuation = float(gate.tier.drawdown_halt), portfolio.valuation
        self.several = None if valuation is None else SeveralMarks(self.feeds, portfolio, valuation, halt)
        self.marks: Marks = self.several or Marks([f.mark for f in self.feeds], halt)
        legs = [f.leg for f in self.feeds if f.leg is not None]
        self.margin = MarginAccounts(legs, portfolio) if legs else None
        self._only_feed = self.feeds[0] if len(self.feeds) == 1 else None
        self._journalled = journalled
        self.price_age: PriceAge | None = None
        self.undisturbed: Track | None = None
        self.desk = TrackDesk(self, journalled) if valuation is None else SeveralMoneysDesk(self, journalled, valuation)
        # Where only a share of the budget is traded, the strategy talks to this desk.
        self.share: ShareDesk | None = None
        self.account: AccountGuard | None = None
        agenda.now = start_ns
        self.start_ns = start_ns
        self.stops, self.along, self.marking = Stops(self), Along(self.feeds), Marking(self)
        self.clearing = None if self.margin is None else Clearing(self, self.margin)
        self._runs = RowRuns(self)

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
        if self.several is not None and any(f.instrument.quote != self.portfolio.currency for f in self.feeds):
            # Equal parts of one money in instruments of several quotes: what they returned would be a rate's doing too.
            return price, None
        return price, total / len(self.feeds) - 1

    # ---- life

    def start(self) -> None:
        """Let the strategy subscribe, and set the first hour."""
        self._begin()
        self.strategy.attach(self.desk)
        self._call_apart("on_start", self.strategy.on_start)

    def _begin(self) -> None:
        self.marks.drawdown.start(self.start_ns)
        if self.several is not None:
            self.several.account_changed(self.start_ns, Rank.HOUR)
        self.stops.begin()
        every = self.monitor.look_every_ns
        # One of its own each time: a state in which tracks share one is another than the one that a restart makes of it.
        self.agenda.add((self.start_ns // every + 1) * every, Rank.HOUR, Hour())

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
        for lane, other_lane in zip(self.lanes, from_track.lanes, strict=True):
            lane.wants_all = other_lane.wants_all
        for subscription in from_track.subscriptions:
            feed = self._feed_by_id[subscription.feed.instrument.id]
            ours = Subscription(subscription.series, feed)
            ours.at = subscription.at
            self.subscriptions.append(ours)
        for due_ns, timer in from_track.agenda.timers():
            self.agenda.add(due_ns, Rank.TIMER, timer)
        self._begin()
        self.along.note()
        self.arithmetic.begin_as(from_track.arithmetic)
        if state is not None:
            self._call_apart("on_load", lambda: self.strategy.on_load(state))

    def subscribe_bars(self, instrument: Instrument, spec: BarSpec) -> None:
        """Give the strategy bars of ``spec``; asking twice changes nothing."""
        series = self._series(instrument, spec)
        if all(s.series is not series for s in self.subscriptions):
            subscription = Subscription(series, self._feed_by_id[instrument.id])
            subscription.skip(self.agenda.now)
            self.subscriptions.append(subscription)

    def advance(self, closed_before: int) -> None:
        """Handle every moment before ``closed_before`` (engine ns)."""
        self.arithmetic.enter()
        try:
            self._advance(closed_before)
        finally:
            self.arithmetic.leave()

    def _advance(self, closed_before: int) -> None:
        agenda, margin, marking, liquidates = self.agenda, self.margin, self.marking, False
        self.along.note()
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
            lane, row, other = self._runs.next_row(due_ns, due_rank > Rank.ROW)
            if lane is not None:
                self._runs.run_rows(lane, row, due_ns, due_rank > Rank.ROW, other)
            elif self.marks.held and not marking.marks_itself(bars) and marking.up_to(due_ns, due_rank):
                continue
            elif due_ns >= closed_before:
                if self.scope is not None:
                    self._show_others(closed_before)
                return
            elif liquidates and self.clearing is not None:
                self.clearing.liquidate(due_ns)
            elif bars is not None:
                self._runs.run_bars(bars, closed_before)
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
        lane, row, _ = self._runs.next_row(due, False)
        return due if lane is None else min(due, lane.stream.times[row])

    def finish(self, time_ns: int) -> None:
        """The tape has ended at ``time_ns``: a last sample, the strategy hears it, and what it orders now is not sent."""
        self.agenda.now, self.agenda.rank = time_ns, Rank.HOUR
        self.along.show_to(time_ns, Rank.HOUR)
        self.entries.extend(self.monitor.final(self, time_ns))
        self.stops.forbidden = "the tape has ended"
        self._call_apart("on_stop", self.strategy.on_stop)
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

    def _show_others(self, closed_before: int) -> None:
        """Tracks that share this one's venue see its market through its lanes: show what nobody of this track waited for."""
        for feed in self.feeds:
            feed.settle(closed_before, Rank.ROW)

    # ---- agenda

    def _handle_agenda(self) -> None:
        agenda = self.agenda
        item = agenda.pop()
        if self.along.some and self.along.first_ns <= agenda.now:
            self.along.show_to(agenda.now, agenda.rank)
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
            if self.clearing is not None:
                self.clearing.settle(item)
        elif isinstance(item, FlattenAgain):
            self.stops.close_again(item)
        else:
            self._hear(item)

    def _timer(self, timer: Timer) -> None:
        if timer.every_ns is not None:
            self.agenda.add(self.agenda.now + timer.every_ns, Rank.TIMER, timer)
        self.call("on_timer", lambda: self.strategy.on_timer(timer.name))

    def _hour(self) -> None:
        now = self.agenda.now
        self.agenda.add(now + self.monitor.look_every_ns, Rank.HOUR, Hour())
        self.entries.extend(self.monitor.observe(self, now))
        if now % EVIDENCE_BAR_NS == 0:
            self.stops.new_bar(now)

    # ---- what the venue says

    def _hear(self, event: OrderEvent) -> None:
        state = self.orders.by_id.get(event.order.client_order_id)
        if state is None:
            return
        # Not isinstance, which is slow for structs: events have no subclasses.
        if type(event) is OrderFilled:
            if self._journalled:
                event = self.desk.with_position(event)
            if state.liquidates and self.clearing is not None:
                event = self.clearing.charged(event)
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
            self.stops.close_later()
        if state.status.is_final:
            self._close_order(state.order.client_order_id)
            if state.liquidates and self.clearing is not None:
                self.clearing.stays_open(state)
            elif state.forced and isinstance(event, OrderRejected):
                self.stops.close_later()
        share = self.share
        heard = event if share is None else share.told_of(event)
        if self._hears_orders:
            self.call("on_order", lambda: self.strategy.on_order(heard))
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
            if state.liquidates and self.clearing is not None:
                self.clearing.stays_open(state)
        clearing = self.clearing
        post = self.portfolio.apply_fill if clearing is None else clearing.post
        trades = post(fill, state.forced)
        self.marking.position_changed()
        if not state.forced:
            self.stops.heard_fill(fill.order.intent.instrument)
        if self.several is not None and state.forced and state.status.is_final:
            # What it brought may be what another instrument's position is to be closed with.
            self.stops.close_later()
        for trade in trades:
            self.entries.extend(self.monitor.traded(self, trade))
        heard, share = fill, self.share
        if share is not None:
            heard = share.told_of_fill(state, fill)
            if state.status.is_final:
                share.ended(state.order.client_order_id)
        now = self.agenda.now
        if self.marks.touch(now):
            self.stops.halt(now)
        if self._hears_fills and not self.ended:
            try:
                self.strategy.on_fill(heard)
            except BaseException as error:  # noqa: BLE001
                self.raised("on_fill", error)

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
        self.marking.position_changed()

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
        self.stops.cancel_entries()
        for feed in self.feeds:
            held = self.desk.position_lots(feed.instrument)
            kept = abs(held) * share.numerator * was.denominator // (share.denominator * was.numerator)
            self.stops.reduce(feed, abs(held) - kept)

    # ---- the strategy's own code

    def call(self, hook: str, run: Callable[[], None]) -> None:
        """Let the strategy hear something, unless it has been stopped."""
        if self.ended:
            return
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - whatever a strategy raises stops its own track
            self.raised(hook, error)

    def _call_apart(self, hook: str, run: Callable[[], None]) -> None:
        """As `call`, where the strategy's own decimal context is not in force already."""
        self.arithmetic.enter()
        try:
            self.call(hook, run)
        finally:
            self.arithmetic.leave()

    def raised(self, hook: str, error: BaseException) -> None:
        """The strategy raised: its track stops, its entries are cancelled; no other track notices. A paper position is flattened.

        One on a share of the budget is kept with the orders that protect it: the promotion manager halts it and calls a person (definitions.md, "Before any order").
        What a person at the keyboard did is no error of the strategy and is raised again.
        """
        if isinstance(error, ASKED_TO_END):
            raise error
        self.ended = True
        self.entries.append(TrackStopped(self.agenda.now, self.name, hook, _told(error)))
        self.stops.forbidden = f"the strategy raised in {hook}"
        for lane in self.lanes:
            lane.wants_all = False
        if self.share is None:
            self.stops.close_all()
        else:
            self.stops.cancel_entries()


def _told(error: BaseException) -> str:
    """What a strategy raised, as text that can be journalled whatever the strategy put into it."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - its own __str__ is the strategy's code too
        text = "an error that cannot be written"
    text = text[:_ERROR_LENGTH].encode(errors="backslashreplace").decode()
    return f"{type(error).__name__}: {text}"


_STEP: dict[type[OrderEvent], OrderStep] = {
    OrderAccepted: OrderStep.ACCEPT,
    OrderRejected: OrderStep.REJECT,
    OrderTriggered: OrderStep.TRIGGER,
    OrderCanceled: OrderStep.CANCEL,
    OrderExpired: OrderStep.EXPIRE,
}
