"""One track's open orders and what risk asks about its account."""

from __future__ import annotations

from collections.abc import Callable

from genesis.errors import IntegrityError
from genesis.model.instruments import Instrument
from genesis.model.orders import (
    ORDER_LIFE_BY_STEP,
    Order,
    OrderIntent,
    OrderStatus,
    OrderStep,
    Side,
)


class OpenState:
    """An order that has not ended."""

    __slots__ = ("filled", "forced", "liquidates", "order", "prevented", "status")

    def __init__(self, order: Order, forced: bool) -> None:
        self.order, self.forced = order, forced
        # The venue sent it, or took it over, to close a position by force.
        self.liquidates = False
        self.status = OrderStatus.INITIALIZED
        self.filled = self.prevented = 0

    def step(self, step: OrderStep) -> None:
        """Walk the table of an order's life."""
        after = ORDER_LIFE_BY_STEP[step].get(self.status)
        if after is None:
            name = self.order.client_order_id
            raise IntegrityError(f"order {name}: expected a step of {self.status.value}, found {step.value}")
        self.status = after

    @property
    def leaves(self) -> int:
        """Lots that may still fill."""
        return self.order.intent.lots - self.prevented - self.filled


class OrderBook:
    """The track's open orders, oldest first, and sums over them that risk asks for."""

    __slots__ = ("by_id",)

    def __init__(self) -> None:
        self.by_id: dict[str, OpenState] = {}

    def lots(self, instrument: Instrument, sign: int, market_only: bool = False) -> int:
        """Lots still working on one side."""
        return sum(
            s.leaves
            for s in self.by_id.values()
            if s.order.intent.instrument is instrument
            and s.order.intent.side == sign
            and not (market_only and (s.order.intent.type.has_limit or s.order.intent.type.has_trigger))
        )

    def same_in_flight(self, intent: OrderIntent) -> bool:
        """Whether an identical order has been sent and not been answered."""
        return any(s.status is OrderStatus.SUBMITTED and s.order.intent == intent for s in self.by_id.values())

    def value(
        self, side: Side, worth: Callable[[Instrument, int, int], int], price: Callable[[Instrument, int], int]
    ) -> int:
        """Ledger value of what open orders of one side still want, at their limit or at the market."""
        total = 0
        for state in self.by_id.values():
            intent = state.order.intent
            if intent.side == side and not intent.reduce_only:
                ticks = intent.limit_ticks or intent.trigger_ticks or price(intent.instrument, int(side))
                total += worth(intent.instrument, ticks, state.leaves)
        return total
