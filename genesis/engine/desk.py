"""The two faces of a track: the desk its strategy talks to, and the account its risk gate asks."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Final

import msgspec

from genesis.engine.account import OpenState
from genesis.engine.agenda import Rank, Timer
from genesis.engine.feed import InstrumentFeed, passed
from genesis.errors import ConfigError
from genesis.ids import order_id
from genesis.model.calendars import is_open
from genesis.model.events import OrderCancelRequested, OrderDenied, OrderFilled, OrderSubmitted, TapePosition
from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec
from genesis.model.money import Money
from genesis.model.orders import (
    Approved,
    DenyReason,
    Order,
    OrderIntent,
    OrderStep,
    Refused,
    Side,
    ensure_unicode,
)
from genesis.model.track_events import StrategyNote
from genesis.risk.gate import Account
from genesis.strategies.base import NOTE_MAX, TIMER_MIN_NS, OpenOrder
from genesis.tape.stream import Stream, StreamKind

if TYPE_CHECKING:
    from genesis.engine.margin import MarginAccount
    from genesis.engine.track import Track

_BUY: Final = Side.BUY
_SIDES: Final = (Side.BUY, Side.SELL)
_SUBMIT: Final = OrderStep.SUBMIT
_ROWS = {"trades": StreamKind.TRADES, "quotes": StreamKind.QUOTES, "depth": StreamKind.DEPTH}


class TrackDesk(Account):
    """Orders in, refusals out; implements the strategy's ``Desk`` and the gate's ``Account``."""

    def __init__(self, track: Track, journalled: bool) -> None:
        self._track = track
        self._agenda, self._portfolio = track.agenda, track.portfolio
        self._by_id = {f.instrument.id: f for f in track.feeds}
        self._journalled = journalled
        # Most strategies have one instrument: a look-up by identity finds it.
        self._first = track.feeds[0]
        self._first_instrument = self._first.instrument
        self._sent = 0
        self._moment = -1
        self._ordinal = 0

    @property
    def orders_sent(self) -> int:
        """How many orders were sent so far."""
        return self._sent

    # ---- what a strategy asks

    @property
    def now(self) -> int:
        """Engine time."""
        return self._agenda.now

    def submit(self, intent: OrderIntent, asked: OrderIntent | None = None) -> Approved | Refused:
        """Send an intent through risk; a strategy that asked for more than its share of it hears of what it ``asked``."""
        feed, agenda = self._feed(intent.instrument), self._agenda
        feed.settle(agenda.now, agenda.rank)
        track = self._track
        refusal = track.gate.check(intent, self)
        if refusal is None and track.account is not None:
            refusal = track.account.refusal(track, intent)
        if refusal is not None:
            return self.refuse(intent, refusal[0], refusal[1], asked)
        return Approved(self._send(intent, feed, forced=False))

    def submit_forced(self, intent: OrderIntent, by_venue: bool = False) -> OpenState:
        """Send a flattening order of risk itself or of the venue: no limit may keep a position open that must be closed."""
        feed = self._feed(intent.instrument)
        feed.settle(self.now, self._track.agenda.rank)
        order = self._send(intent, feed, forced=True, by_venue=by_venue)
        return self._track.orders.by_id[order.client_order_id]

    def cancel(self, client_order_id: str, by_venue: bool = False) -> bool:
        """Ask the venue to cancel; ``by_venue``: it does so by itself."""
        track = self._track
        state = track.orders.by_id.get(client_order_id)
        if state is None:
            return False
        track.entries.append(OrderCancelRequested(self.now, track.name, state.order, self.now))
        track.executor.cancel(state.order, self._next_ordinal(), by_venue)
        return True

    def open_orders(self, instrument: Instrument | None) -> tuple[OpenOrder, ...]:
        """Open orders, oldest first, each with why it waits."""
        track = self._track
        return tuple(
            OpenOrder(s.order, s.status, s.filled, track.executor.explain(s.order.client_order_id))
            for s in track.orders.by_id.values()
            if instrument is None or s.order.intent.instrument is instrument
        )

    def working_lots(self, instrument: Instrument) -> int:
        """Signed lots that open market orders still bring."""
        orders = self._track.orders
        return orders.lots(instrument, 1, market_only=True) - orders.lots(instrument, -1, market_only=True)

    def position_lots(self, instrument: Instrument) -> int:
        """Signed whole lots held, towards zero."""
        feed = self._feed(instrument)
        units = feed.holding.position.units
        whole = abs(units) // feed.lot_units
        return whole if units >= 0 else -whole

    def closable_lots(self, instrument: Instrument) -> int:
        """Signed whole lots that risk would close: all that is held."""
        return self.position_lots(instrument)

    def last_ticks(self, instrument: Instrument) -> int | None:
        """The price that marks the instrument now."""
        feed = self._feed(instrument)
        feed.settle(self.now, self._track.agenda.rank)
        return feed.matcher.touch(-1)

    def equity(self) -> Money:
        """Cash plus positions at the marks."""
        return self._track.portfolio.to_money(self.equity_units())

    def subscribe(self, instrument: Instrument, what: str, spec: BarSpec | None, levels: int) -> None:
        """Ask for bars, trades, quotes or depth.

        Raises:
            ConfigError: not one of the track's instruments, or the tape has no such data for it.
        """
        feed = self._feed(instrument)
        if spec is not None:
            self._track.subscribe_bars(instrument, spec)
            return
        lane = feed.lane(_ROWS[what])
        if lane is None:
            kinds = ", ".join(x.kind.value for x in feed.lanes)
            raise ConfigError(f"{instrument.id}: expected {what} on the tape, found {kinds}")
        lane.wants_all = True
        feed.depth_levels = max(feed.depth_levels, levels)

    def set_timer(self, name: str, at_ns: int, every_ns: int | None) -> None:
        """Set a timer; as `Strategy.set_timer`."""
        if not isinstance(at_ns, int) or not isinstance(every_ns, (int, NoneType)):
            raise TypeError(f"timer {name}: expected whole ns, found {at_ns!r} and every {every_ns!r}")
        if every_ns is not None and every_ns < TIMER_MIN_NS:
            raise ValueError(f"timer {name}: every_ns: expected {TIMER_MIN_NS} ns (1 ms) or more, found {every_ns}")
        ahead = at_ns - self.now
        # A timer that sets one for the same moment would keep that moment for ever.
        if ahead < TIMER_MIN_NS and self._agenda.rank == Rank.TIMER:
            raise ValueError(
                f"timer {name}: at_ns: expected {TIMER_MIN_NS} ns (1 ms) or more after the timer that sets it, found {ahead}"
            )
        self._track.agenda.add(at_ns, Rank.TIMER, Timer(name, every_ns))

    def note(self, text: str) -> None:
        """Journal a remark.

        Raises:
            TypeError, ValueError: it is not Unicode text of at most `NOTE_MAX` characters.
        """
        if not isinstance(text, str):
            raise TypeError(f"note: expected text, found {type(text).__name__}")
        ensure_unicode(text, "note")
        if len(text) > NOTE_MAX:
            raise ValueError(f"note: expected at most {NOTE_MAX} characters, found {len(text)}")
        self._track.entries.append(StrategyNote(self.now, self._track.name, text))

    # ---- what risk asks

    def entries_forbidden(self) -> str | None:
        """Why no entry may be made."""
        return self._track.stops.forbidden

    def price_to_judge(self, instrument: Instrument, sign: int) -> int | None:
        """Ticks a taker of this side faces."""
        return self._feed(instrument).matcher.touch(sign)

    def mid_x2(self, instrument: Instrument) -> int | None:
        """Ticks of twice the mid of a shown bid and ask."""
        return self._feed(instrument).matcher.shown.mid_x2()

    def price_age_ns(self, instrument: Instrument) -> int:
        """Age of the price."""
        return self._feed(instrument).price_age_ns(self.now)

    def market_open(self, instrument: Instrument) -> bool:
        """By the instrument's calendar."""
        return is_open(instrument.calendar, self.now)

    def value(self, instrument: Instrument, ticks: int, lots: int) -> int:
        """Ledger units."""
        return self._feed(instrument).value(ticks, lots)

    def working_lots_on(self, instrument: Instrument, sign: int) -> int:
        """Lots of open orders of one side."""
        return self._track.orders.lots(instrument, sign)

    def market_lots_on(self, instrument: Instrument, sign: int) -> int:
        """Lots of open market orders of one side."""
        return self._track.orders.lots(instrument, sign, market_only=True)

    def open_order_count(self) -> int:
        """Orders that have not ended."""
        return len(self._track.orders.by_id)

    def same_in_flight(self, intent: OrderIntent) -> bool:
        """An identical order is sent and unanswered."""
        return self._track.orders.same_in_flight(intent)

    def free_cash(self) -> int:
        """Cash less what open buys still need; beside perpetuals, what their margin leaves."""
        orders = self._track.orders
        account = self._margin_of(self._portfolio.currency)
        if account is not None:
            return account.spendable(self._agenda.now, self._agenda.rank) - self._working_margin(account)
        if not orders.by_id:
            return self._track.portfolio.cash_units
        return self._track.portfolio.cash_units - orders.value(Side.BUY, self.value, self._price)

    def money(self, units: int) -> str:
        """In words, with its currency."""
        return str(self._portfolio.to_money(units))

    def equity_units(self) -> int:
        """Cash plus positions at the prices now."""
        total = self._portfolio.cash_units
        for feed in self._track.feeds:
            total += self.position_value(feed)
        return total

    def standing(self) -> tuple[int, int]:
        """(equity, gross): what the account is worth, and positions plus open orders that would add to them."""
        track, equity, gross = self._track, self._portfolio.cash_units, 0
        for feed in track.feeds:
            value = self.position_value(feed)
            equity += value
            gross += abs(value)
        if track.orders.by_id:
            for side in _SIDES:
                gross += track.orders.value(side, self.value, self._price)
        return equity, gross

    def position_value(self, feed: InstrumentFeed) -> int:
        """Signed value of a position, in ledger units, at the price that closes it: longs at the bid, shorts at the ask; or at its mark."""
        units = feed.holding.position.units
        if not units:
            return 0
        leg = feed.leg
        if leg is not None and leg.by_mark:
            return units * feed.holding.mark_unit * (leg.latest(self._agenda.now, self._agenda.rank) or 0)
        feed.settle(self._agenda.now, self._agenda.rank)
        return units * feed.notional_unit * (feed.matcher.touch(-1 if units > 0 else 1) or 0)

    def margin_problem(self, instrument: Instrument, lots: int, ticks: int) -> tuple[DenyReason, str] | None:
        """Why the account's margin cannot bear signed ``lots`` more of a perpetual at ``ticks``."""
        account, agenda = self._margin_of(instrument.quote), self._agenda
        leg = None if account is None else account.leg(instrument)
        if account is None or leg is None:
            return None
        lot = leg.holding.lot_units
        fee = self.fee_bound(abs(lots) * lot * ticks * leg.holding.unit)
        sign = 1 if lots > 0 else -1
        coming = sign * self._track.orders.lots(instrument, sign) * lot
        working = self._working_margin(account)
        return account.problem(leg, lots * lot, ticks, fee, working, coming, agenda.now, agenda.rank)

    def _margin_of(self, currency: str) -> MarginAccount | None:
        """The margin account of a settlement currency; ``None`` where no contract of the track settles in it."""
        margin = self._track.margin
        return None if margin is None else margin.of(currency)

    def _working_margin(self, account: MarginAccount) -> int:
        """Initial margin of the open orders that may add to a position, and the price of what is bought on spot."""
        total = 0
        for state in self._track.orders.by_id.values():
            intent = state.order.intent
            leg = account.leg(intent.instrument)
            if not intent.reduce_only and (leg is not None or intent.side is _BUY):
                ticks = intent.limit_ticks or intent.trigger_ticks or self._price(intent.instrument, int(intent.side))
                value = self.value(intent.instrument, ticks, state.leaves)
                total -= -value // (1 if leg is None else leg.contract.leverage)
        return total

    def fee_bound(self, value: int) -> int:
        """The highest fee on this value."""
        rates = [feed.fees.worst_rate() for feed in self._track.feeds]
        return max(value * top // bottom for top, bottom in rates)

    # ---- inside

    def with_position(self, fill: OrderFilled) -> OrderFilled:
        """The fill with the tape position it saw."""
        feed = self._feed(fill.order.intent.instrument)
        return msgspec.structs.replace(fill, position=self._position(feed))

    def seen(self, stream: Stream, rows: int) -> TapePosition | None:
        """The first rows of a stream, as an entry names them."""
        return TapePosition(stream.name, rows, stream.block_digest(rows)) if self._journalled else None

    def _feed(self, instrument: Instrument) -> InstrumentFeed:
        if instrument is self._first_instrument:
            return self._first
        feed = self._by_id.get(instrument.id)
        if feed is not None and feed.instrument is instrument:
            return feed
        raise ConfigError(f"track {self._track.name}: expected one of its instruments, found {instrument.id}")

    def _price(self, instrument: Instrument, sign: int) -> int:
        return self._feed(instrument).matcher.touch(sign) or 0

    def _next_ordinal(self) -> int:
        """The intent's place among those of its moment; with time and instrument it keys its luck."""
        if self._moment != self._agenda.now:
            self._moment, self._ordinal = self._agenda.now, 0
        self._ordinal += 1
        return self._ordinal

    def _position(self, feed: InstrumentFeed) -> TapePosition:
        stream, agenda = feed.price.stream, self._agenda
        rows = passed(stream, feed.price_lane.cursor, agenda.now, agenda.rank)
        return TapePosition(stream.name, rows, stream.block_digest(rows))

    def refuse(self, intent: OrderIntent, reason: DenyReason, detail: str, asked: OrderIntent | None = None) -> Refused:
        """Refuse an intent: an entry, and the strategy hears of it."""
        track = self._track
        position = self._position(self._feed(intent.instrument)) if self._journalled else None
        event = OrderDenied(self.now, track.name, intent, reason, detail, position)
        track.entries.append(event)
        track.strategy.on_order(event if asked is None else msgspec.structs.replace(event, intent=asked))
        return Refused(asked or intent, reason, detail)

    def _send(self, intent: OrderIntent, feed: InstrumentFeed, forced: bool, by_venue: bool = False) -> Order:
        track = self._track
        self._sent += 1
        now, name = self._agenda.now, order_id(track.name, self._sent)
        order = Order(name, track.name, intent, now, self._next_ordinal())
        state = OpenState(order, forced)
        state.step(_SUBMIT)
        track.orders.by_id[name] = state
        track.gate.sent(now)
        position = self._position(feed) if self._journalled else None
        track.entries.append(OrderSubmitted(now, track.name, order, now, position))
        track.executor.submit(order, feed.matcher.touch(1 if intent.side is _BUY else -1), by_venue)
        return order
