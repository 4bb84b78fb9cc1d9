"""An order at the venue, and what moves its trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from genesis.execution.luck import slipped
from genesis.execution.party import Party
from genesis.execution.queueing import QueueEstimate
from genesis.execution.tier import Phase
from genesis.execution.trailing import TrailingTrigger
from genesis.model.instruments import InstrumentKind
from genesis.model.orders import Order, OrderType, Side, TimeInForce

if TYPE_CHECKING:
    from genesis.execution.late import InTime

_TAKES_PROFIT: Final = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
_TRAILING_STOP: Final = OrderType.TRAILING_STOP
_GTC: Final = TimeInForce.GTC
_FOK: Final = TimeInForce.FOK
_TRIGGER: Final = Phase.TRIGGER
_TAKING: Final = Phase.TAKING
_BUY: Final = Side.BUY


class Working:
    """One order at the venue.

    ``party`` is the account it belongs to, ``queue`` its place in the book while it rests. ``slippage`` and ``half_spread`` are fractions in 1e-8
    drawn and assumed for it. ``decision_ticks`` and ``arrival_ticks`` are the touch it faced when it was decided and when it arrived,
    ``arrival_mid_x2`` bid plus ask at arrival (twice the mid). Of a late order ``in_time`` is what it would be doing, ``worst`` the least it must pay,
    and ``most`` how many lots it may still take before it rests or expires, ``None`` for any (see `genesis.execution.late`).
    ``could_take``: it rests, though the other side has stood at its price or better ever since it came; what it fills then it takes.
    ``prevented`` counts lots that would have met the account's own orders. ``locked`` is what the account has set aside for it, in units of what the order gives, at ``lock_ticks`` a lot.
    """

    __slots__ = (
        "arrival_mid_x2",
        "arrival_ns",
        "arrival_ticks",
        "could_take",
        "decision_ticks",
        "fills",
        "half_spread",
        "in_time",
        "is_fok",
        "is_immediate",
        "is_trailing",
        "leaves",
        "limit",
        "lock_ticks",
        "locked",
        "most",
        "order",
        "party",
        "phase",
        "prevented",
        "queue",
        "reduce_only",
        "sign",
        "slippage",
        "stops_up",
        "trailing",
        "trigger",
        "worst",
    )

    def __init__(
        self, order: Order, party: Party, decision_ticks: int | None, slippage: int, half_spread: int = 0
    ) -> None:
        intent = order.intent
        self.order, self.party = order, party
        self.sign = 1 if intent.side is _BUY else -1
        self.leaves = intent.lots
        self.fills = self.prevented = 0
        self.could_take = False
        self.limit = intent.limit_ticks
        self.trigger = intent.trigger_ticks
        self.queue: QueueEstimate | None = None
        self.slippage, self.half_spread = slippage, half_spread
        self.decision_ticks = decision_ticks
        self.arrival_ticks: int | None = None
        self.arrival_mid_x2: int | None = None
        self.arrival_ns = 0
        self.in_time: InTime | None = None
        self.most: int | None = None
        self.worst: int | None = None
        self.locked = self.lock_ticks = 0
        self.reduce_only = intent.reduce_only
        kind, until = intent.type, intent.time_in_force
        self.is_trailing = kind is _TRAILING_STOP
        self.trailing = self._trailing() if self.is_trailing else None
        if self.trailing is not None:
            self.trigger = None
        self.is_immediate, self.is_fok = until is not _GTC, until is _FOK
        # Whether it triggers at or above its price (a buy stop, a sell take-profit) rather than at or below.
        self.stops_up = (self.sign > 0) is not (kind in _TAKES_PROFIT)
        self.phase = self.first_phase()

    def first_phase(self) -> Phase:
        """What it waits for when it arrives."""
        kind = self.order.intent.type
        return _TRIGGER if kind.has_trigger or self.is_trailing else _TAKING

    @property
    def filled(self) -> int:
        """Lots filled so far."""
        return self.order.intent.lots - self.prevented - self.leaves

    @property
    def ahead(self) -> int | None:
        """Lots before it at its price; ``None`` while it cannot be known or it does not rest."""
        return None if self.queue is None else self.queue.ahead

    def accepts(self, ticks: int) -> bool:
        """Whether the limit, if any, allows a fill at ``ticks``."""
        return self.limit is None or (self.limit - ticks) * self.sign >= 0

    def is_met_at_once(self, ticks: int) -> bool:
        """Whether the venue refuses the order because the market at ``ticks`` has met its trigger already.

        On a perpetual so it is with an activation price too: a buy's lies below the last price, a sell's above it (Binance USD-M, new order,
        -2021). On spot the documentation says nothing of it, and tracking just begins.
        """
        trailing = self.trailing
        if trailing is None or self.order.intent.instrument.kind is not InstrumentKind.PERPETUAL:
            return self.is_beyond_trigger(ticks)
        return trailing.activation is not None and trailing.activates(ticks)

    def is_beyond_trigger(self, ticks: int) -> bool:
        """Whether a price sets the order off."""
        if self.trigger is None:
            return False
        return ticks >= self.trigger if self.stops_up else ticks <= self.trigger

    def meets_trigger(self, ticks: int) -> bool:
        """A price that may set the order off, and moves a trailing stop's trigger; whether it did set it off."""
        trailing = self.trailing
        if trailing is None:
            return self.is_beyond_trigger(ticks)
        sets_off = trailing.on_trade(ticks)
        self.trigger = trailing.trigger
        return sets_off

    def _trailing(self) -> TrailingTrigger:
        """The moving trigger. An activation price lies beyond the market as a stop's trigger does; on a perpetual on the other side of it."""
        intent = self.order.intent
        above = (self.sign > 0) is not (intent.instrument.kind is InstrumentKind.PERPETUAL)
        return TrailingTrigger(self.sign, intent.trailing_bp or 0, intent.trigger_ticks, above)

    def suffer(self, ticks: int, fraction: int) -> None:
        """A late order meets a price it would have met in time, and paid with ``fraction`` (in 1e-8) on top: what is worse than so far it will pay."""
        if self.worst is not None:
            paid = slipped(ticks, self.sign, fraction)
            if (paid - self.worst) * self.sign > 0:
                self.worst = paid
