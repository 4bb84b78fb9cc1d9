"""The seam between a track and its venue, paper or live: orders go in, events come back, nothing is returned."""

from __future__ import annotations

from typing import Protocol

from genesis.model.events import OrderEvent
from genesis.model.orders import Order


class Executor(Protocol):
    """A venue as a track sees it. Answers arrive later as order events, each with its time at the venue."""

    def submit(self, order: Order, decision_ticks: int | None) -> None:
        """Send an order; ``decision_ticks`` is the price it faced when it was decided."""
        ...

    def cancel(self, order: Order, ordinal: int) -> None:
        """Ask for a cancel; the order may still fill until the cancel arrives."""
        ...

    def explain(self, client_order_id: str) -> str:
        """Why an order waits, in words."""
        ...


class Agenda(Protocol):
    """The track's list of things to come, by engine time."""

    @property
    def now(self) -> int: ...

    def arrive(self, time_ns: int, action: VenueAction) -> None:
        """Run ``action`` when engine time reaches ``time_ns``, with the market of its instrument brought up to it."""
        ...

    def notify(self, event: OrderEvent) -> None:
        """Deliver ``event`` at its ``time``."""
        ...


class VenueAction(Protocol):
    """Something that reaches the venue: a new order or a cancel."""

    is_cancel: bool
    instrument_id: str

    def happen(self, time_ns: int) -> None:
        """It reaches the venue."""
        ...
