"""Order-by-order data: every order of one instrument in its place at its price, and the queue ahead of one of ours, exactly."""

from __future__ import annotations

from genesis.execution.queueing import QueueEstimate
from genesis.tape.stream import ORDER_CHANGED, ORDER_CREATED, ORDER_DELETED, Column

_COLUMNS = ("ts", "order_id", "action", "side", "ticks", "lots")


class OrderQueues:
    """The queue at every price, first come first, advanced row by row over the order columns. One event costs the same at any depth.

    An order that changes keeps its place unless its price changed. Orders at price 0 (market orders) stand nowhere. Events of orders never
    seen are left out; an order created again is a new one.
    """

    __slots__ = ("_levels", "_places", "_totals", "_watched", "now", "rows")

    def __init__(self) -> None:
        # Lots by order, in the order of arrival, by (side, ticks); their sum; and where each order stands.
        self._levels: dict[tuple[int, int], dict[int, int]] = {}
        self._totals: dict[tuple[int, int], int] = {}
        self._places: dict[int, tuple[int, int]] = {}
        self._watched: dict[tuple[int, int], list[Fifo]] = {}
        self.now = 0
        self.rows = 0

    def apply(self, columns: dict[str, Column], stop: int) -> None:
        """Take the rows up to ``stop`` of a stream's ``columns``; the queues of our own orders follow."""
        rows = zip(*(columns[name][self.rows : stop].tolist() for name in _COLUMNS), strict=True)
        for ts, order_id, action, side, ticks, lots in rows:
            self.take(ts, order_id, action, side, ticks, lots)
        self.rows = stop

    def take(self, ts: int, order_id: int, action: int, side: int, ticks: int, lots: int) -> None:
        """One event at engine time ``ts``; ``lots`` is what remains of the order, on a delete what was withdrawn."""
        self.now = ts
        place = self._places.get(order_id)
        if action == ORDER_CREATED:
            if place is not None:
                self._remove(order_id, place, self._levels[place][order_id])
            if ticks:
                self._add(order_id, (side, ticks), lots)
        elif place is None:
            return
        elif action == ORDER_DELETED:
            self._remove(order_id, place, lots)
        elif action == ORDER_CHANGED and ticks == place[1]:
            level = self._levels[place]
            self._totals[place] += lots - level[order_id]
            level[order_id] = lots
            for fifo in self._watched.get(place, ()):
                fifo.on_order(order_id, lots, 0)
        else:
            self._remove(order_id, place, self._levels[place][order_id])
            self._add(order_id, (place[0], ticks), lots)

    def size(self, side: int, ticks: int) -> int:
        """All lots that stand at a price of the bids (+1) or asks (-1): what is ahead of an order that comes now."""
        return self._totals.get((side, ticks), 0)

    def orders(self, side: int, ticks: int) -> dict[int, int]:
        """Lots by order id at a price, the first in the queue first: a copy."""
        return dict(self._levels.get((side, ticks), ()))

    def watch(self, fifo: Fifo) -> None:
        """Hand ``fifo`` what happens at its price from now on."""
        self._watched.setdefault((fifo.side, fifo.ticks), []).append(fifo)

    def forget(self, fifo: Fifo) -> None:
        """Hand it nothing any more."""
        place = (fifo.side, fifo.ticks)
        watching = self._watched.get(place, [])
        if fifo in watching:
            watching.remove(fifo)
            if not watching:
                del self._watched[place]

    def _add(self, order_id: int, place: tuple[int, int], lots: int) -> None:
        level = self._levels.get(place)
        if level is None:
            level = self._levels[place] = {}
            self._totals[place] = 0
        level[order_id] = lots
        self._totals[place] += lots
        self._places[order_id] = place

    def _remove(self, order_id: int, place: tuple[int, int], withdrawn: int) -> None:
        level = self._levels[place]
        self._totals[place] -= level.pop(order_id)
        del self._places[order_id]
        if not level:
            del self._levels[place], self._totals[place]
        for fifo in self._watched.get(place, ()):
            fifo.on_order(order_id, 0, withdrawn)


class Fifo(QueueEstimate):
    """The orders ahead are known by name: a print takes the first of them, a withdrawal only its own lots.

    What a print took comes again as changes and deletes of the orders that it hit, and the other way round where those come first. Either
    counts once: a print's lots wait for the orders' reductions, and a reduction waits for its print until the next moment's events. A delete says what
    was withdrawn, so that a withdrawal is never taken for a trade. Displayed sizes tell nothing new and are ignored.

    Where the other side's quote reaches the price before prints or orders say why, nobody is ahead any more; but those who were are still known (``_before``
    counts their lots), so that what is told of them afterwards takes them, and is not ours.
    """

    __slots__ = ("_early", "_early_ts", "_known", "_printed_ahead", "_queues", "side", "ticks")

    def __init__(self, queues: OrderQueues, side: int, ticks: int) -> None:
        """For an order of ours on ``side`` (+1 bids, -1 asks) at ``ticks``."""
        super().__init__()
        self.side, self.ticks = side, ticks
        self._queues = queues
        self._known: dict[int, int] = {}
        # Lots of prints whose orders have not said so yet; lots of orders that traded, at one moment, whose print has not come yet.
        self._printed_ahead = 0
        self._early = 0
        self._early_ts = 0

    def join(self, displayed: int | None) -> None:
        """Begin to rest behind every order that stands at the price now, whatever is displayed."""
        self._known = self._queues.orders(self.side, self.ticks)
        self.ahead = self._before = self._queues.size(self.side, self.ticks)
        self._queues.watch(self)

    def leave(self) -> None:
        """The order no longer rests."""
        self._queues.forget(self)

    def on_print(self, lots: int) -> int:
        """A trade of ``lots`` at the price: it takes the queue first. Returns what it leaves for the order."""
        if self.ahead is None:
            return 0
        shown = min(lots, self._early) if self._early_ts == self._queues.now else 0
        gone = min(self._before, lots - shown)
        self._early -= shown
        self._printed_ahead += gone
        self._leave(gone)
        return lots - shown - gone

    def on_order(self, order_id: int, remaining: int, withdrawn: int) -> None:
        """An order at the price has ``remaining`` lots now; of what left it, ``withdrawn`` did not trade."""
        before = self._known.get(order_id)
        if before is None or self.ahead is None:
            return
        if remaining:
            self._known[order_id] = min(before, remaining)
        else:
            del self._known[order_id]
        withdrawn = min(before, withdrawn)
        self._trade(max(0, before - remaining - withdrawn))
        short = max(0, withdrawn - self._before)
        self._leave(withdrawn - short)
        self._printed_ahead = max(0, self._printed_ahead - short)

    def on_level(self, displayed: int) -> None:
        """Tells nothing that the orders do not."""

    def on_resync(self, displayed: int) -> None:
        """Events were missed: no more is ahead than stands there, and what is gone counts as traded."""
        if self.ahead is not None and displayed < self._before:
            self._printed_ahead += self._before - displayed
            self._leave(self._before - displayed)

    def on_through(self) -> None:
        """The market went beyond the price: whoever was ahead is gone, or was never there."""
        self.ahead = self._before = 0
        self._known.clear()
        self._printed_ahead = 0

    def _trade(self, lots: int) -> None:
        """An order ahead traded ``lots``: a print said so already, or is still to come."""
        printed = min(lots, self._printed_ahead)
        self._printed_ahead -= printed
        lots -= printed
        if lots:
            now = self._queues.now
            self._early = lots + (self._early if self._early_ts == now else 0)
            self._early_ts = now
            self._leave(lots)

    def _leave(self, lots: int) -> None:
        """So many of those who were ahead are gone."""
        self._before -= lots
        self.ahead = min(self.ahead or 0, self._before)
