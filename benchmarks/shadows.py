"""The truth about queue models: a shadow order in the place of every real order that rested, on order-by-order data.

A shadow has the size, price and moment of a real limit order and stands in its very place: before the real order comes, the shadow joins
the queue; the real order's own lots are then behind it. What the real order traded is the truth. Estimates are fed what a paper venue is
fed: a moment's public trades, then the sizes that the book displays at the moment's end; only the FIFO queue also gets the order
events. When the real order was cancelled its shadow is too, before the trades of that moment. When it was filled, the shadow may take
`GRACE_NS` longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from genesis.execution.book import DepthBook
from genesis.execution.order_queue import Fifo, OrderQueues
from genesis.execution.queueing import PowerQueue, QueueEstimate, RiskAverse, Touch
from genesis.feeds.files import Reading
from genesis.tape.stream import ORDER_CREATED, ORDER_DELETED, Column

GRACE_NS = 60_000_000_000
POWERS = (1, 2, 3, 5, 8)
TRADES_FIRST = ("trades", "orders", "depth", "quotes")
TRADES_LAST = ("orders", "depth", "quotes", "trades")
UNHELD = "risk_averse that holds no print against a decrease"
MODELS = ("risk_averse", *(f"power n={n}" for n in POWERS), "touch", "fifo")


@dataclass
class Fills:
    """What one order got: (time, lots) in order."""

    parts: list[tuple[int, int]] = field(default_factory=list)

    @property
    def lots(self) -> int:
        """All of them together."""
        return sum(lots for _, lots in self.parts)

    @property
    def first(self) -> int | None:
        """The time of the first; ``None`` where there is none."""
        return self.parts[0][0] if self.parts else None


@dataclass
class Life:
    """A real limit order that rested: from its row to its withdrawal (``None``: filled, or still resting at the end).

    ``displayed`` is what the last published book showed at its price when it came, ``standing`` what really stood there: orders of its own
    millisecond are not published yet.
    """

    order_id: int
    row: int
    side: int
    ticks: int
    lots: int
    born: int
    canceled: int | None
    displayed: int = 0
    standing: int = 0
    truth: Fills = field(default_factory=Fills)
    shadows: dict[str, Fills] = field(default_factory=dict)

    def ends(self, last: int) -> int:
        """When its shadows are withdrawn; ``last`` is the end of the recording."""
        if self.canceled is not None:
            return self.canceled
        if self.truth.lots == self.lots:
            return min(last, self.truth.parts[-1][0] + GRACE_NS)
        return last


@dataclass
class Population:
    """The real orders, and why the others are not among them."""

    lives: dict[int, Life]
    left_out: dict[str, int]


@dataclass
class HalfHour:
    """The recording: its streams as the reader makes them, on one clock."""

    depth: Reading
    quotes: Reading
    orders: Reading
    trades: Reading

    @property
    def last(self) -> int:
        """The last moment."""
        return int(self.orders.columns["ts"][-1])


def population(hour: HalfHour) -> Population:
    """Every order created in the recording that was displayed: still there, and untouched, at the end of its first moment."""
    columns = hour.orders.columns
    opening = int(hour.depth.report.facts["snapshot rows"])
    events = np.argsort(columns["order_id"], kind="stable")
    starts = np.flatnonzero(np.diff(columns["order_id"][events], prepend=-1))
    lives: dict[int, Life] = {}
    left_out: dict[str, int] = {}
    for rows in np.split(events, starts[1:]):
        found = _life(columns, rows.tolist(), opening)
        if isinstance(found, str):
            left_out[found] = left_out.get(found, 0) + 1
        else:
            lives[found.order_id] = found
    for ts, lots, maker in zip(*(hour.trades.columns[n].tolist() for n in ("ts", "lots")), makers(hour), strict=True):
        if maker in lives:
            lives[maker].truth.parts.append((ts, lots))
    return Population(lives, left_out)


def makers(hour: HalfHour) -> list[int]:
    """The order that rested, of each trade."""
    extras, side = hour.trades.extras, hour.trades.columns["side"]
    ids: list[int] = np.where(side > 0, extras["sell_order_id"], extras["buy_order_id"]).tolist()
    return ids


def _life(columns: Mapping[str, Column], rows: list[int], opening: int) -> Life | str:
    ts, action, ticks, lots = (columns[n] for n in ("ts", "action", "ticks", "lots"))
    first, last = rows[0], rows[-1]
    if action[first] != ORDER_CREATED:
        return "never seen to be created"
    if first < opening:
        return "in the opening book"
    if not ticks[first]:
        return "market orders"
    if ts[last] == ts[first] and action[last] == ORDER_DELETED:
        return "gone within their first millisecond"
    if len(rows) > 1 and ts[rows[1]] == ts[first]:
        return "traded within their first millisecond"
    canceled = int(ts[last]) if action[last] == ORDER_DELETED and lots[last] else None
    who = int(columns["order_id"][first]), first, int(columns["side"][first]), int(ticks[first])
    return Life(*who, int(lots[first]), int(ts[first]), canceled)


def reachable(hour: HalfHour, lives: Mapping[int, Life]) -> list[Life]:
    """Lives in which a trade came to the price or beyond: no model fills another, and no other was filled."""
    times, ticks, side = (hour.trades.columns[n] for n in ("ts", "ticks", "side"))
    out = []
    for life in lives.values():
        low, high = np.searchsorted(times, [life.born, life.ends(hour.last)])
        high = max(int(high), int(np.searchsorted(times, life.canceled or 0, side="right")))
        beyond = (life.ticks - ticks[low:high]) * life.side >= 0
        if (beyond & (side[low:high] == -life.side)).any():
            out.append(life)
    return out


class Shadow:
    """One estimate in the place of one real order."""

    __slots__ = ("fills", "leaves", "life", "news", "queue")

    def __init__(self, life: Life, queue: QueueEstimate, news: Callable[[int], None]) -> None:
        self.life, self.queue, self.news = life, queue, news
        self.fills = Fills()
        self.leaves = life.lots

    def take(self, ts: int, lots: int) -> None:
        """Fill up to ``lots``."""
        lots = min(lots, self.leaves)
        if lots:
            self.leaves -= lots
            self.fills.parts.append((ts, lots))


class Replay:
    """Moves through the recording moment by moment and writes what every shadow got into its life."""

    def __init__(self, hour: HalfHour, lives: list[Life]) -> None:
        self._queues, self._book = OrderQueues(), DepthBook()
        self._rows = {"trades": _rows(hour.trades), "orders": _rows(hour.orders)}
        self._rows |= {"depth": _rows(hour.depth), "quotes": _rows(hour.quotes)}
        self._depth_columns = dict(hour.depth.columns)
        self._by_row = {life.row: life for life in lives}
        self._resting: dict[tuple[int, int], list[Shadow]] = {}
        self._ends: dict[int, list[Life]] = {}
        for life in lives:
            self._ends.setdefault(life.ends(hour.last), []).append(life)

    def run(self, kinds: Sequence[str] = TRADES_FIRST) -> None:
        """All of it; the rows of one moment come in the order of ``kinds``."""
        steps = {"trades": self._print, "orders": self._order, "depth": self._level, "quotes": self._quote}
        moments = [(_Moments(self._rows[kind]), steps[kind]) for kind in kinds]
        for ts in sorted(set(self._ends).union(*(m.times for m, _ in moments))):
            for life in self._ends.get(ts, ()):
                self._withdraw(life)
            for rows, step in moments:
                for row in rows.at(ts):
                    step(ts, row)

    def _order(self, ts: int, row: int) -> None:
        life = self._by_row.get(row)
        if life is not None:
            self._place(life)
        names = ("order_id", "action", "side", "ticks", "lots")
        self._queues.take(ts, *(self._rows["orders"][name][row] for name in names))

    def _place(self, life: Life) -> None:
        queues: list[QueueEstimate] = [RiskAverse(), *map(PowerQueue, POWERS), Touch()]
        queues.append(Fifo(self._queues, life.side, life.ticks))
        life.displayed = self._book.size(life.side, life.ticks)
        life.standing = self._queues.size(life.side, life.ticks)
        shadows = {name: Shadow(life, queue, queue.on_level) for name, queue in zip(MODELS, queues, strict=True)}
        # What a resync does with a size is what risk averse would do that remembered no decrease.
        unheld = RiskAverse()
        shadows[UNHELD] = Shadow(life, unheld, unheld.on_resync)
        for name, shadow in shadows.items():
            shadow.queue.join(life.displayed)
            life.shadows[name] = shadow.fills
            self._resting.setdefault((life.side, life.ticks), []).append(shadow)

    def _withdraw(self, life: Life) -> None:
        place = (life.side, life.ticks)
        for shadow in self._resting.get(place, ()):
            if shadow.life is life:
                shadow.queue.leave()
        self._resting[place] = [s for s in self._resting.get(place, ()) if s.life is not life]

    def _print(self, ts: int, row: int) -> None:
        aggressor, ticks, lots = (self._rows["trades"][name][row] for name in ("side", "ticks", "lots"))
        side = -aggressor
        for shadow in self._resting.get((side, ticks), ()):
            shadow.take(ts, shadow.queue.on_print(lots))
        for shadow in self._better(side, ticks):
            shadow.queue.on_through()
            shadow.take(ts, lots)

    def _level(self, ts: int, row: int) -> None:
        self._book.apply(self._depth_columns, row + 1)
        side, ticks, lots = (self._rows["depth"][name][row] for name in ("side", "ticks", "lots"))
        for shadow in self._resting.get((side, ticks), ()):
            shadow.news(lots)

    def _quote(self, ts: int, row: int) -> None:
        """A quote that left a price behind shows nothing there; one of the other side that reached it fills up to its size."""
        quote = self._rows["quotes"]
        bid, bid_lots, ask, ask_lots = (quote[n][row] for n in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots"))
        for side, best, other, other_lots in ((1, bid, ask, ask_lots), (-1, ask, bid, bid_lots)):
            for shadow in self._better(side, best):
                shadow.news(0)
                if (shadow.life.ticks - other) * side >= 0:
                    shadow.queue.on_crossed()
                    shadow.take(ts, other_lots)

    def _better(self, side: int, ticks: int) -> Iterator[Shadow]:
        """Shadows of a side at prices better than ``ticks``."""
        for (of, price), shadows in self._resting.items():
            if of == side and (price - ticks) * side > 0:
                yield from shadows


class _Moments:
    """Rows by the moment they belong to."""

    def __init__(self, rows: dict[str, list[int]]) -> None:
        self.times: dict[int, range] = {}
        ts = rows["ts"]
        start = 0
        for i in range(1, len(ts) + 1):
            if i == len(ts) or ts[i] != ts[start]:
                self.times[ts[start]] = range(start, i)
                start = i

    def at(self, ts: int) -> range:
        """The rows of a moment."""
        return self.times.get(ts, range(0))


def _rows(reading: Reading) -> dict[str, list[int]]:
    return {name: column.tolist() for name, column in reading.columns.items()}
