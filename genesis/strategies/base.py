"""The `Strategy` class: hooks that the engine calls, and orders as intents.

A strategy sees market events, its own orders and its own position. It cannot tell paper from live: the desk it talks to is the
same. It never asks the clock or a random generator; time is ``self.now``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from types import ModuleType
from typing import Any, ClassVar, Protocol, Self

import msgspec

from genesis.clock import NS_PER_MS
from genesis.errors import ConfigError
from genesis.model.events import OrderDenied, OrderEvent, OrderFilled
from genesis.model.grid import FLOOR, parse_decimal, shortest_decimal
from genesis.model.instruments import Instrument
from genesis.model.market import Bar, BarSpec, Depth, Quote, Trade
from genesis.model.money import Money, Price, Quantity
from genesis.model.orders import (
    Approved,
    Order,
    OrderIntent,
    OrderStatus,
    OrderType,
    Refused,
    Side,
    TimeInForce,
)

ExactQty = Quantity | Decimal | int | str
ExactPrice = Price | Decimal | int | str

# A timer fires at most every millisecond, and a note is a remark: what is more would fill the journal or never let time go on.
TIMER_MIN_NS = NS_PER_MS
NOTE_MAX = 4_096
# The tag of the order that closes the old position where one turns from long to short or back.
CLOSES_FOR_TURN = "turn"
_BUY, _SELL, _MARKET = Side.BUY, Side.SELL, OrderType.MARKET


class OpenOrder(msgspec.Struct, frozen=True):
    """A strategy's view of one of its orders; ``waits`` says why it is not filled yet."""

    order: Order
    status: OrderStatus
    filled_lots: int
    waits: str

    @property
    def leaves_lots(self) -> int:
        """Lots that still work."""
        return self.order.intent.lots - self.filled_lots


class Desk(Protocol):
    """What a track offers its strategy."""

    @property
    def now(self) -> int: ...

    def submit(self, intent: OrderIntent) -> Approved | Refused: ...

    def cancel(self, client_order_id: str) -> bool: ...

    def open_orders(self, instrument: Instrument | None) -> tuple[OpenOrder, ...]: ...

    def working_lots(self, instrument: Instrument) -> int: ...

    def position_lots(self, instrument: Instrument) -> int: ...

    def last_ticks(self, instrument: Instrument) -> int | None: ...

    def equity(self) -> Money: ...

    def subscribe(self, instrument: Instrument, what: str, spec: BarSpec | None, levels: int) -> None: ...

    def set_timer(self, name: str, at_ns: int, every_ns: int | None) -> None: ...

    def note(self, text: str) -> None: ...


class NoParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of a strategy that has none."""


def _own_copies(cls: type[Strategy]) -> dict[str, Any]:
    """By name a copy of each attribute of the class that can be changed; what two of them share, their copies share."""
    held: dict[str, Any] = {}
    for kind in reversed(cls.__mro__):
        if kind not in (object, Strategy):
            held.update(vars(kind))
    copies: dict[str, Any] = {}
    seen: dict[int, Any] = {}
    for name, value in held.items():
        if name.startswith("__") or isinstance(value, (type, ModuleType)) or hasattr(type(value), "__get__"):
            continue
        try:
            copied = copy.deepcopy(value, seen)
        except Exception as error:
            expected = "expected an attribute of the class of which each strategy can have a copy"
            found = f"found {type(value).__name__} ({error}); set it in on_start"
            raise TypeError(f"{cls.__name__}.{name}: {expected}, {found}") from error
        if copied is not value:
            copies[name] = copied
    return copies


class Strategy:
    """Base class. Subclass it, declare ``Params`` if you need any, and override the hooks you want.

    ``Params`` is a frozen ``msgspec.Struct`` with ``forbid_unknown_fields=True``; bounds are written as
    ``Annotated[int, msgspec.Meta(ge=1)]`` and checked before the strategy exists.
    """

    Params: ClassVar[type[msgspec.Struct]] = NoParams
    synthetic: ClassVar[bool] = False

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """A strategy with a copy of its own of whatever its class holds that can be changed: variants of one class tell each other nothing by it.

        Raises:
            TypeError: something of that cannot be copied.
        """
        made = super().__new__(cls)
        # One by one: to touch an object's dictionary would make every look-up of an attribute slower ever after.
        for name, copied in _own_copies(cls).items():
            setattr(made, name, copied)
        return made

    def __init__(self, instruments: tuple[Instrument, ...], params: Any) -> None:
        self.instruments = instruments
        self.params = params
        self._desk: Desk | None = None

    # ---- hooks

    def on_start(self) -> None:
        """Called once before the first event: subscribe here."""

    def on_bar(self, bar: Bar) -> None:
        """A bar that was subscribed to has closed."""

    def on_trade(self, trade: Trade) -> None:
        """A public trade."""

    def on_quote(self, quote: Quote) -> None:
        """The best bid or ask changed."""

    def on_depth(self, depth: Depth) -> None:
        """The book changed; called once a message."""

    def on_timer(self, name: str) -> None:
        """A timer set with `set_timer` fired."""

    def on_order(self, event: OrderEvent | OrderDenied) -> None:
        """Something happened to one of our orders (a fill comes to `on_fill`)."""

    def on_fill(self, fill: OrderFilled) -> None:
        """One of our orders filled, in part or whole."""

    def on_stop(self) -> None:
        """The tape ended; nothing ordered here is sent."""

    def on_save(self) -> Mapping[str, Any] | None:
        """State of plain values that `on_load` understands, all that decides what comes next; ``None``: I have not been written to be saved.

        Asked when a live track begins in mid-run, where a strategy without is copied as it is, attribute by attribute; and when a snapshot is taken
        (docs/DECISIONS/0007), where a run with a strategy without is made again from the tape's start. One that remembers nothing gives ``{}``.
        When it is asked depends on the wall clock: it must change nothing and order nothing. Plain values are numbers, text, bytes, decimals,
        lists, dictionaries, sets, arrays of numbers.
        """
        return None

    def on_load(self, state: Mapping[str, Any]) -> None:
        """Take the state that `on_save` gave, in place of `on_start`: what was subscribed to stays subscribed to."""

    # ---- the market

    @property
    def instrument(self) -> Instrument:
        """The first instrument: the only one of most strategies."""
        return self.instruments[0]

    @property
    def desk(self) -> Desk:
        """Where orders go; there is none before `on_start`."""
        if self._desk is None:
            raise ConfigError(f"{type(self).__name__}: expected to be attached to a track before it acts")
        return self._desk

    def attach(self, desk: Desk) -> None:
        """Called by the track that owns this strategy."""
        self._desk = desk

    @property
    def now(self) -> int:
        """Engine time, UTC ns."""
        return self.desk.now

    def subscribe_bars(self, spec: str | BarSpec, instrument: Instrument | None = None) -> None:
        """Ask for closed bars: ``"1m"``, ``"4h"``, ``"500t"`` (trades), ``"12.5v"`` (volume), ``"250000$"`` (value traded) or a `BarSpec`."""
        of = instrument or self.instrument
        parsed = BarSpec.parse(spec, of) if isinstance(spec, str) else spec
        self.desk.subscribe(of, "bars", parsed, 0)

    def subscribe_trades(self, instrument: Instrument | None = None) -> None:
        """Ask for every public trade."""
        self.desk.subscribe(instrument or self.instrument, "trades", None, 0)

    def subscribe_quotes(self, instrument: Instrument | None = None) -> None:
        """Ask for every change of the best bid or ask."""
        self.desk.subscribe(instrument or self.instrument, "quotes", None, 0)

    def subscribe_depth(self, levels: int = 5, instrument: Instrument | None = None) -> None:
        """Ask for the book's best ``levels`` levels after every message."""
        self.desk.subscribe(instrument or self.instrument, "depth", None, levels)

    def set_timer(self, name: str, at_ns: int, every_ns: int | None = None) -> None:
        """Call `on_timer` at engine time ``at_ns`` and then every ``every_ns``; a time that is past is now.

        Raises:
            TypeError, ValueError: times that are no whole numbers; less than `TIMER_MIN_NS` (1 ms) between two calls, or between `on_timer` and what it
                sets.
        """
        self.desk.set_timer(name, at_ns, every_ns)

    def note(self, text: str) -> None:
        """Write a remark into the journal.

        Raises:
            TypeError, ValueError: it is no Unicode text, or longer than `NOTE_MAX` (4,096) characters.
        """
        self.desk.note(text)

    # ---- what we hold

    def position(self, instrument: Instrument | None = None) -> Quantity:
        """Signed position in whole lots, exact."""
        instrument = instrument or self.instrument
        return instrument.quantity(self.desk.position_lots(instrument))

    def is_flat(self, instrument: Instrument | None = None) -> bool:
        """No position of a lot or more."""
        return self.desk.position_lots(instrument or self.instrument) == 0

    def open_orders(self, instrument: Instrument | None = None) -> tuple[OpenOrder, ...]:
        """Our orders that still work, oldest first, each with why it waits."""
        return self.desk.open_orders(instrument)

    @property
    def equity(self) -> Money:
        """Cash plus positions marked to market."""
        return self.desk.equity()

    # ---- orders

    def submit(self, intent: OrderIntent) -> Approved | Refused:
        """Send an intent through risk. A refusal is a value with its reason, never an exception."""
        return self.desk.submit(intent)

    def buy(self, qty: ExactQty, **how: Any) -> Approved | Refused:
        """Buy ``qty`` base units; keywords as `order`."""
        return self.order(_BUY, qty, **how)

    def sell(self, qty: ExactQty, **how: Any) -> Approved | Refused:
        """Sell ``qty`` base units; keywords as `order`."""
        return self.order(_SELL, qty, **how)

    def order(
        self,
        side: Side,
        qty: ExactQty,
        *,
        type: OrderType | None = None,  # noqa: A002 - the field's word
        limit: ExactPrice | None = None,
        trigger: ExactPrice | None = None,
        trailing_bp: int | None = None,
        tif: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        tag: str = "",
        instrument: Instrument | None = None,
    ) -> Approved | Refused:
        """Order ``qty`` base units. Without ``type``: limit when ``limit`` is given, else stop or stop-limit when ``trigger`` is,
        trailing when ``trailing_bp`` is, else market.

        Raises:
            TypeError, ValueError: an amount that is no exact multiple of the instrument's tick or lot.
        """
        instrument = instrument or self.instruments[0]
        lots = instrument.lots(qty)
        kind, limit_ticks, trigger_ticks = type or _MARKET, None, None
        if limit is not None or trigger is not None or trailing_bp is not None:
            kind = type or _infer_type(limit, trigger, trailing_bp)
            limit_ticks = None if limit is None else instrument.ticks(limit)
            trigger_ticks = None if trigger is None else instrument.ticks(trigger)
        return (self._desk or self.desk).submit(
            OrderIntent(
                instrument,
                side,
                lots,
                kind,
                limit_ticks,
                trigger_ticks,
                trailing_bp,
                tif,
                post_only,
                reduce_only,
                tag,
            )
        )

    def cancel(self, client_order_id: str) -> bool:
        """Ask the venue to cancel; ``False`` when no such order is open. It may still fill until the cancel arrives."""
        return self.desk.cancel(client_order_id)

    def cancel_all(self, instrument: Instrument | None = None) -> int:
        """Cancel every open order; how many were asked for."""
        return sum(self.cancel(o.order.client_order_id) for o in self.open_orders(instrument))

    def close(self, instrument: Instrument | None = None) -> Approved | Refused | None:
        """Close the position at market, reduce-only; ``None`` when flat."""
        instrument = instrument or self.instrument
        lots = self.desk.position_lots(instrument)
        if not lots:
            return None
        side = Side.SELL if lots > 0 else Side.BUY
        return self.desk.submit(OrderIntent(instrument, side, abs(lots), reduce_only=True))

    def target_position(self, qty: ExactQty, instrument: Instrument | None = None) -> Approved | Refused | None:
        """Trade at market to a signed position of ``qty``, counting what open market orders still bring; ``None`` when there."""
        instrument = instrument or self.instrument
        want = instrument.lots(qty)
        have = self.desk.position_lots(instrument) + self.desk.working_lots(instrument)
        if want == have:
            return None
        side = Side.BUY if want > have else Side.SELL
        return self.desk.submit(OrderIntent(instrument, side, abs(want - have)))

    def target_weight(
        self, weight: Decimal | float | str | int, instrument: Instrument | None = None
    ) -> Approved | Refused | None:
        """Trade at market to a position worth ``weight`` of equity (negative is short), in whole lots towards zero."""
        instrument = instrument or self.instrument
        ticks = self.desk.last_ticks(instrument)
        if ticks is None:
            return None
        share = _share(weight)
        worth = abs(share) * self.desk.equity().amount
        qty = instrument.round_quantity(worth / instrument.price(ticks).value, FLOOR)
        return self.target_position(-qty if share < 0 else qty, instrument)

    def turn_to_weight(
        self, weight: Decimal | float | str | int, instrument: Instrument | None = None
    ) -> Approved | Refused | None:
        """As `target_weight`, but a position of the other sign is closed by an order of its own, and the new one opened by a second.

        Risk judges an order as a whole: one order across zero that breaks a limit is refused, and what was to be left is still held. Of two, the
        first only closes, and a limit refuses no more than the second. The answer is that to the second, or the refusal of the first.
        """
        instrument = instrument or self.instrument
        have = self.desk.position_lots(instrument) + self.desk.working_lots(instrument)
        if have * _share(weight) < 0:
            side = Side.SELL if have > 0 else Side.BUY
            # Not reduce-only: the two may reach the venue in either order, and come to the same. The tag tells the first from a second of the same size.
            closed = self.desk.submit(OrderIntent(instrument, side, abs(have), tag=CLOSES_FOR_TURN))
            if isinstance(closed, Refused):
                return closed
        return self.target_weight(weight, instrument)


def _share(weight: Decimal | float | str | int) -> Decimal:
    return shortest_decimal(weight) if isinstance(weight, float) else parse_decimal(str(weight))


def _infer_type(limit: object, trigger: object, trailing_bp: object) -> OrderType:
    if trailing_bp is not None:
        return OrderType.TRAILING_STOP
    if trigger is not None:
        return OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    return OrderType.MARKET if limit is None else OrderType.LIMIT
