"""What a limit order gets of the joined tape, under assumptions that can be switched one by one.

It is our own matching, written a second time and for one order only; what differs between engines is switched on. With nothing on, a
print is taken up to what printed, a crossed order up to what the touch shows and was not taken before, and the queue ahead shrinks by prints and
never exceeds what the level shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks.assumptions import Assumption
from benchmarks.captures import QUOTE, TRADE
from benchmarks.orders import Sent

# What the depth feed said of any level, beside the joined tape that leaves out what a quote knows better; and a print that had happened, by the
# exchange's own time, before the order came.
SPOKEN, LATE_TRADE = 3, 4
Row = tuple[int, int, int, int, int, bool]  # ts, kind, side, ticks, lots, whether it ends its message
Fills = tuple[tuple[int, int, int], ...]
_HALF_LIFE_NS = 2_000_000_000


class Explained:
    """A queue where a print and the decrease that it made count once, whichever comes first: ``ahead``, and what bounds it."""

    def __init__(self, ahead: int) -> None:
        self.ahead = self._before = self._level = ahead
        self._printed = self._unexplained = 0

    def take(self, lots: int) -> int:
        """A print at the price: what it leaves for the order."""
        known = min(lots, self._unexplained)
        self._unexplained -= known
        self._printed += lots - known
        left = max(0, lots - self._before)
        self._before = max(0, self._before - lots)
        self.ahead = min(self.ahead, self._before)
        return left

    def bound(self, shown: int) -> None:
        """The level shows so much: no more can be ahead, and what left without a print may still be told of by one."""
        if shown == self._level and not self._printed:
            return
        gone = max(0, self._level - self._printed - shown)
        was, self.ahead = self.ahead, min(self.ahead, shown)
        self._before = was if gone else self.ahead
        self._level, self._printed, self._unexplained = shown, 0, gone

    def clear(self) -> None:
        """The market went beyond the price."""
        self.ahead = self._before = 0

    def cross(self) -> None:
        """The other side has reached the price: nobody is ahead, but the prints that took those who were may still be told."""
        self.ahead = 0


class Counted(Explained):
    """A queue that every print shortens, and every smaller size bounds."""

    def take(self, lots: int) -> int:
        """A print at the price: what it leaves for the order."""
        gone = min(self.ahead, lots)
        self.ahead -= gone
        return lots - gone

    def bound(self, shown: int) -> None:
        """No more can be ahead than is shown."""
        self.ahead = min(self.ahead, shown)


class Resting:
    """One limit order at a venue that shows ``levels`` (side, then ticks to lots) when it arrives; ``deep`` is what the depth feed said last of its own level."""

    def __init__(
        self, order: Sent, levels: Mapping[int, Mapping[int, int]], rules: frozenset[Assumption], deep: int = 0
    ) -> None:
        self._order, self._rules, self._deep = order, rules, deep
        self._limit, self._side = order.limit or 0, order.side
        self._levels = {side: dict(known) for side, known in levels.items()}
        self._best = {side: self._find_best(side) for side in (1, -1)}
        self._left = order.lots
        # Lots taken of a level of the other side, and since when.
        self._taken: dict[int, tuple[int, int]] = {}
        self._queue = Explained(0) if Assumption.PRINT_ONCE in rules else Counted(0)
        self.fills: list[tuple[int, int, int]] = []
        self._arrive()

    def run(self, rows: Iterable[Row]) -> Fills:
        """Live through the rows up to the cancel; returns the fills."""
        for ts, kind, side, ticks, lots, ends in rows:
            if not self._left or ts >= self._order.cancelled:
                break
            if kind in (TRADE, LATE_TRADE):
                if kind == TRADE or Assumption.LATE_PRINTS not in self._rules:
                    self._print(ts, side, ticks, lots)
                continue
            if kind == SPOKEN:
                self._hear_depth(ts, side, ticks, lots)
                continue
            self._change(ts, kind, side, ticks, lots)
            if ends and (kind == QUOTE or Assumption.NO_MEMORY in self._rules):
                self._see_book(ts)
        return tuple(self.fills)

    def _arrive(self) -> None:
        at = self._order.sent
        rounds = 2 if Assumption.NO_MEMORY in self._rules else 1
        for _ in range(rounds):
            self._take_crossed(at, at_price=True)
        if self.fills and self._left and Assumption.REST_AT_ONCE in self._rules:
            self._fill(at, self._limit, self._left)
        # Ahead is what stands at the price on its own side.
        ahead = self._levels[self._side].get(self._limit, 0)
        if Assumption.DEEPER_QUEUE in self._rules:
            ahead = max(ahead, self._deep) if self._limit == self._best[self._side] else self._deep
        self._queue = type(self._queue)(ahead)

    def _change(self, ts: int, kind: int, side: int, ticks: int, lots: int) -> None:
        known = self._levels[side]
        # A quote has a row only where the touch is another: then what it shows is new, also where the size is what it was.
        if side != self._side and (kind == QUOTE or known.get(ticks, 0) != lots):
            self._renew(ts, ticks, lots)
        if lots:
            known[ticks] = lots
        else:
            known.pop(ticks, None)
        own = side == self._side and ticks == self._limit and Assumption.QUEUE_BY_DEPTH not in self._rules
        if own and (lots or Assumption.CROSSED_QUEUE in self._rules):
            self._queue.bound(lots)
        self._best[side] = self._better(side, ticks, lots)

    def _hear_depth(self, ts: int, side: int, ticks: int, lots: int) -> None:
        """What the depth feed says of a level, also where the joined book knows it already; what was taken of the touch comes back with quotes alone."""
        if Assumption.QUEUE_BY_DEPTH not in self._rules:
            return
        if side == self._side and ticks == self._limit:
            self._queue.bound(lots)
        elif side != self._side and ticks != self._best[side]:
            self._renew(ts, ticks, lots)

    def _renew(self, ts: int, ticks: int, shown: int) -> None:
        """A level shows a size anew: what was taken of it is history, or fades."""
        lots, since = self._taken.pop(ticks, (0, ts))
        if Assumption.TAKEN_FADES in self._rules and lots and shown:
            passed = (ts - since) // _HALF_LIFE_NS
            self._taken[ticks] = min(-(-lots >> passed), shown), since + passed * _HALF_LIFE_NS

    def _better(self, side: int, ticks: int, lots: int) -> int | None:
        best = self._best[side]
        if lots and (best is None or (ticks - best) * side > 0):
            return ticks
        return self._find_best(side) if not lots and ticks == best else best

    def _find_best(self, side: int) -> int | None:
        return max(self._levels[side], key=lambda p: p * side, default=None)

    def _see_book(self, ts: int) -> None:
        best = self._best[-self._side]
        if best is not None and (self._limit - best) * self._side >= 0:
            if Assumption.CROSSED_QUEUE in self._rules:
                self._queue.cross()
            self._take_crossed(ts, at_price=False)
            return
        own = self._best[self._side]
        if Assumption.QUEUE_BY_DEPTH in self._rules:
            return
        if own is None or (self._limit - own) * self._side > 0:
            self._queue.bound(0)

    def _take_crossed(self, ts: int, at_price: bool) -> None:
        """Take what the other side shows at the limit or better; at its own prices on arrival, later at the limit."""
        crossed = [p for p in self._levels[-self._side] if (self._limit - p) * self._side >= 0]
        if crossed and not at_price and Assumption.CROSSED_WHOLE in self._rules:
            self._fill(ts, self._limit, self._left)
            return
        crossed.sort(key=lambda p: p * self._side)
        for ticks in crossed if at_price or Assumption.NO_MEMORY in self._rules else crossed[:1]:
            shown = self._levels[-self._side][ticks]
            if Assumption.NO_MEMORY not in self._rules:
                shown -= self._taken.get(ticks, (0, 0))[0]
            taken = min(self._left, shown)
            if taken > 0:
                self._taken[ticks] = self._taken.get(ticks, (0, 0))[0] + taken, ts
                self._fill(ts, ticks if at_price else self._limit, taken)

    def _print(self, ts: int, taker: int, ticks: int, lots: int) -> None:
        through = (self._limit - ticks) * self._side
        if through < 0 or (taker == self._side and (through == 0 or Assumption.WHO_TOOK in self._rules)):
            return
        if through:
            if Assumption.QUEUE_HOLDS in self._rules and self._queue.ahead:
                return
            self._queue.clear()
            lots = self._left if Assumption.THROUGH_WHOLE in self._rules else lots
        else:
            lots = self._queue.take(lots)
        if lots:
            self._fill(ts, self._limit, min(lots, self._left))

    def _fill(self, ts: int, ticks: int, lots: int) -> None:
        self._left -= lots
        self.fills.append((ts, ticks, lots))
