"""Two strategies that live in the order book: one waits in the queue, the other takes from it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from genesis.clock import NS_PER_MS, NS_PER_SECOND
from genesis.model.grid import FLOOR
from genesis.model.market import Depth, Quote
from genesis.model.orders import Refused, Side
from genesis.strategies.base import Strategy


def _check_positive(**amounts: Decimal) -> None:
    for name, amount in amounts.items():
        if not amount > 0:
            raise ValueError(f"{name}: expected above 0, found {amount}")


class MarketMakerParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quote ``qty`` on each side, never holding more than ``max_position``; requote at most every ``requote_ms``."""

    qty: Decimal = Decimal("0.01")
    max_position: Decimal = Decimal("0.03")
    requote_ms: Annotated[int, Meta(ge=1)] = 500

    def __post_init__(self) -> None:
        _check_positive(qty=self.qty, max_position=self.max_position)


class PassiveMarketMaker(Strategy):
    """Joins the best bid and the best ask, post-only, and follows them; it never crosses the spread to get out."""

    Params = MarketMakerParams
    params: MarketMakerParams

    def on_start(self) -> None:
        self._begin(0)
        self.subscribe_quotes()

    def _begin(self, next_ns: int) -> None:
        instrument = self.instrument
        self._qty = instrument.round_quantity(self.params.qty, FLOOR)
        self._max_lots = instrument.lots(instrument.round_quantity(self.params.max_position, FLOOR))
        self._next = next_ns

    def on_save(self) -> Mapping[str, Any]:
        return {"next": self._next}

    def on_load(self, state: Mapping[str, Any]) -> None:
        self._begin(state["next"])

    def on_quote(self, quote: Quote) -> None:
        if self.now < self._next or quote.ask_ticks <= quote.bid_ticks:
            return
        self._next = self.now + self.params.requote_ms * NS_PER_MS
        lots = self.desk.position_lots(self.instrument)
        self._quote(Side.BUY, quote.bid_ticks, lots < self._max_lots)
        # On spot only what is held can be offered; elsewhere the short side is bounded like the long one.
        may_sell = lots > -self._max_lots if self.instrument.short_allowed else lots > 0
        self._quote(Side.SELL, quote.ask_ticks, may_sell)

    def _quote(self, side: Side, ticks: int, wanted: bool) -> None:
        """Leave an order that is at the touch alone: its place in the queue is worth more than a new one."""
        ours = [o for o in self.open_orders() if o.order.intent.side is side]
        if any(o.order.intent.limit_ticks == ticks for o in ours) and wanted:
            return
        for order in ours:
            self.cancel(order.order.client_order_id)
        if not wanted or ours:
            return
        instrument, qty = self.instrument, self._qty
        if side is Side.SELL and not instrument.short_allowed:
            held = instrument.quantity(self.desk.position_lots(instrument))
            qty = min(qty, held)
        if qty:
            self.order(side, qty, limit=instrument.price(ticks), post_only=True)


class ImbalanceParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Buy ``qty`` when bids hold ``threshold`` of the ``levels`` best levels' size; hold ``hold_s`` seconds."""

    qty: Decimal = Decimal("0.01")
    levels: Annotated[int, Meta(ge=1, le=50)] = 5
    threshold: Annotated[float, Meta(gt=0.5, lt=1)] = 0.9
    hold_s: Annotated[int, Meta(ge=1)] = 30

    def __post_init__(self) -> None:
        _check_positive(qty=self.qty)


class DepthImbalanceTaker(Strategy):
    """Takes the ask when the book leans to the bid, and leaves at market after a fixed time."""

    Params = ImbalanceParams
    params: ImbalanceParams

    def on_start(self) -> None:
        self._begin(None)
        self.subscribe_depth(levels=self.params.levels)

    def _begin(self, leave_at: int | None) -> None:
        self._qty = self.instrument.round_quantity(self.params.qty, FLOOR)
        self._leave_at = leave_at

    def on_save(self) -> Mapping[str, Any]:
        return {"leave_at": self._leave_at}

    def on_load(self, state: Mapping[str, Any]) -> None:
        self._begin(state["leave_at"])

    def on_depth(self, depth: Depth) -> None:
        if self._leave_at is not None:
            if self.now >= self._leave_at and not self.open_orders() and not isinstance(self.close(), Refused):
                self._leave_at = None if self.is_flat() else self._leave_at
            return
        bids, asks = (sum(level.lots for level in side) for side in (depth.bids, depth.asks))
        leans = bids + asks > 0 and bids / (bids + asks) >= self.params.threshold
        if leans and self.is_flat() and not self.open_orders() and not isinstance(self.buy(self._qty), Refused):
            self._leave_at = self.now + self.params.hold_s * NS_PER_SECOND
