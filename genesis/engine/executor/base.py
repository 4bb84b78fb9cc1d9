"""The seam between a track and its venue, paper or live: orders go in, events come back, nothing is returned."""

from __future__ import annotations

from typing import Protocol

from genesis.model.orders import Order


class Executor(Protocol):
    """A venue as a track sees it. Answers arrive later as order events, each with its time at the venue."""

    def submit(self, order: Order, decision_ticks: int | None, by_venue: bool = False) -> None:
        """Send an order; ``decision_ticks`` is the price it faced when it was decided, ``by_venue`` that the venue itself closes a position."""
        ...

    def cancel(self, order: Order, ordinal: int, by_venue: bool = False) -> None:
        """Ask for a cancel; the order may still fill until the cancel arrives. ``by_venue``: the venue itself takes the order away."""
        ...

    def explain(self, client_order_id: str) -> str:
        """Why an order waits, in words."""
        ...


class VenueAction:
    """Something that reaches the venue: a new order or a cancel."""

    __slots__ = ("instrument_id", "is_cancel")

    def __init__(self, instrument_id: str, is_cancel: bool) -> None:
        self.instrument_id, self.is_cancel = instrument_id, is_cancel

    def happen(self, time_ns: int) -> None:
        """It reaches the venue, with the market of its instrument brought up to ``time_ns``."""
        raise NotImplementedError
