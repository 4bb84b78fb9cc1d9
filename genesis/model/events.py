"""What an event is, and those of orders: they are journalled, and strategies are told about their own.

Each event knows its wire form: a dict of text, integers, floats, booleans and ``None`` whose canonical JSON is final from day
one. Prices, quantities and money are written as exact decimal text; times are engine time, UTC ns. Nothing here depends
on wall clock, host, path or process. Events of runs, tracks and promotion stand in modules of their own beside this one.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from genesis.ids import fill_id
from genesis.model.grid import currency_grid
from genesis.model.orders import DenyReason, Liquidity, Order, OrderIntent, RejectReason

Wire = dict[str, object]


class TapePosition(msgspec.Struct, frozen=True, gc=False):
    """The market data an entry saw: ``rows`` rows of ``stream``, and the chained digest of its last full block of 4,096."""

    stream: str
    rows: int
    block: str

    def wire(self) -> Wire:
        """Wire form."""
        return {"block": self.block, "rows": self.rows, "stream": self.stream}


class Event(msgspec.Struct, frozen=True, gc=False):
    """An entry of the run chain. ``time`` is engine time; ``track`` is ``None`` for what concerns the whole run."""

    VERSION: ClassVar[int] = 1
    time: int
    track: str | None

    def wire(self) -> Wire:
        """Wire form of what the subclass adds."""
        raise TypeError(f"{type(self).__name__} has no wire form")


def intent_wire(intent: OrderIntent) -> Wire:
    """Wire form of an intent: only exact text, and only what applies."""
    instrument = intent.instrument
    return {
        "instrument": instrument.id,
        "limit_px": None if intent.limit_ticks is None else instrument.price_grid.to_text(intent.limit_ticks),
        "post_only": intent.post_only,
        "qty": instrument.qty_grid.to_text(intent.lots),
        "reduce_only": intent.reduce_only,
        "side": intent.side.name,
        "tag": intent.tag,
        "tif": intent.time_in_force.value,
        "trailing_bp": intent.trailing_bp,
        "trigger_px": None if intent.trigger_ticks is None else instrument.price_grid.to_text(intent.trigger_ticks),
        "type": intent.type.value,
    }


class OrderEvent(Event, frozen=True, gc=False):
    """Something that happened to an order. ``time_event`` is when it happened at the venue."""

    order: Order
    time_event: int

    @property
    def client_order_id(self) -> str:
        """The order's id."""
        return self.order.client_order_id


class OrderDenied(Event, frozen=True, gc=False):
    """Risk refused an intent: it was never sent."""

    intent: OrderIntent
    reason: DenyReason
    detail: str
    position: TapePosition | None = None

    def wire(self) -> Wire:
        return {
            "detail": self.detail,
            "intent": intent_wire(self.intent),
            "position": None if self.position is None else self.position.wire(),
            "reason": self.reason.value,
        }


class OrderSubmitted(OrderEvent, frozen=True, gc=False):
    """Risk approved and the order was sent."""

    position: TapePosition | None = None

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "intent": intent_wire(self.order.intent),
            "position": None if self.position is None else self.position.wire(),
        }


class OrderAccepted(OrderEvent, frozen=True, gc=False):
    """The venue has it and it works."""

    def wire(self) -> Wire:
        return {"client_order_id": self.order.client_order_id, "time_event": self.time_event}


class OrderRejected(OrderEvent, frozen=True, gc=False):
    """The venue refused it at arrival."""

    reason: RejectReason
    detail: str

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "detail": self.detail,
            "reason": self.reason.value,
            "time_event": self.time_event,
        }


class OrderTriggered(OrderEvent, frozen=True, gc=False):
    """A stop, take-profit or trailing order met its trigger."""

    trigger_ticks: int

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "time_event": self.time_event,
            "trigger_px": self.order.intent.instrument.price_grid.to_text(self.trigger_ticks),
        }


class OrderCancelRequested(OrderEvent, frozen=True, gc=False):
    """We asked the venue to cancel it; it may still fill."""

    def wire(self) -> Wire:
        return {"client_order_id": self.order.client_order_id}


class OrderCancelRejected(OrderEvent, frozen=True, gc=False):
    """A cancel was not taken: by the venue, in its words, or (``code`` is ``None``) because it could not be sent. The order stands as it did."""

    code: int | None
    detail: str

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "code": self.code,
            "detail": self.detail,
            "time_event": self.time_event,
        }


class OrderUnanswered(OrderEvent, frozen=True, gc=False):
    """The venue cannot say what became of an order; it may have been executed. ``time_event`` is when that happened of which it does not tell."""

    code: int
    detail: str

    def wire(self) -> Wire:
        # When it happened is known only to who looks from outside; the track learns it with the answer.
        return {"client_order_id": self.order.client_order_id, "code": self.code, "detail": self.detail}


class OrderCanceled(OrderEvent, frozen=True, gc=False):
    """The venue confirmed the cancel."""

    leaves_lots: int

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "leaves_qty": self.order.intent.instrument.qty_grid.to_text(self.leaves_lots),
            "time_event": self.time_event,
        }


class OrderExpired(OrderEvent, frozen=True, gc=False):
    """The venue ended it: time in force, or no liquidity."""

    reason: RejectReason
    leaves_lots: int

    def wire(self) -> Wire:
        return {
            "client_order_id": self.order.client_order_id,
            "leaves_qty": self.order.intent.instrument.qty_grid.to_text(self.leaves_lots),
            "reason": self.reason.value,
            "time_event": self.time_event,
        }


class OrderFilled(OrderEvent, frozen=True, gc=False):
    """A fill.

    ``filled_lots`` is cumulative, ``leaves_lots`` what still works. ``fee`` is in 10**-fee_decimals of ``fee_currency``, positive
    is paid. ``decision_ticks`` and ``arrival_ticks`` are the touch (or the last price) an order of this side faced when it was
    decided and when it arrived. ``tier`` names the data that made the fill (``bars``, ``trades``, ``quotes``, ``depth`` or ``orders``),
    ``confidence`` how far it is to be believed. ``drift`` to ``impact`` say where the price comes from, in ticks a lot, positive against us
    (see `genesis.execution.pricing.FillCost`).
    """

    number: int
    last_ticks: int
    last_lots: int
    filled_lots: int
    leaves_lots: int
    liquidity: Liquidity
    fee: int
    fee_currency: str
    fee_decimals: int
    tier: str
    confidence: str
    decision_ticks: int | None
    arrival_ticks: int | None
    drift: int = 0
    spread_x2: int = 0
    walk: int = 0
    slippage: int = 0
    impact: int = 0
    position: TapePosition | None = None

    @property
    def fill_id(self) -> str:
        """Derived from the order and the fill's number."""
        return fill_id(self.order.client_order_id, self.number)

    def cost_wire(self) -> Wire:
        """Where the price comes from, in quote currency a unit; the half spread is written doubled, since it may be half a tick."""
        price = self.order.intent.instrument.price_grid.to_text
        return {
            "drift": price(self.drift),
            "impact": price(self.impact),
            "slippage": price(self.slippage),
            "spread_x2": price(self.spread_x2),
            "walk": price(self.walk),
        }

    def wire(self) -> Wire:
        instrument = self.order.intent.instrument
        price, qty = instrument.price_grid.to_text, instrument.qty_grid.to_text
        return {
            "arrival_px": None if self.arrival_ticks is None else price(self.arrival_ticks),
            "client_order_id": self.order.client_order_id,
            "confidence": self.confidence,
            "cost": self.cost_wire(),
            "decision_px": None if self.decision_ticks is None else price(self.decision_ticks),
            "fee": currency_grid(self.fee_decimals).to_text(self.fee),
            "fee_currency": self.fee_currency,
            "fill_id": self.fill_id,
            "filled_qty": qty(self.filled_lots),
            "last_px": price(self.last_ticks),
            "last_qty": qty(self.last_lots),
            "leaves_qty": qty(self.leaves_lots),
            "liquidity": self.liquidity.value,
            "position": None if self.position is None else self.position.wire(),
            "side": self.order.intent.side.name,
            "tier": self.tier,
            "time_event": self.time_event,
        }


class OrderPrevented(OrderEvent, frozen=True, gc=False):
    """The venue took away what would have met an order of the same account."""

    prevented_lots: int
    leaves_lots: int

    def wire(self) -> Wire:
        qty = self.order.intent.instrument.qty_grid.to_text
        return {
            "client_order_id": self.order.client_order_id,
            "leaves_qty": qty(self.leaves_lots),
            "prevented_qty": qty(self.prevented_lots),
            "time_event": self.time_event,
        }
