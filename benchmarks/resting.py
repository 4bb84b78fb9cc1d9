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

# What the depth feed said of any level, beside the joined tape that leaves out what a quote knows better.
SPOKEN = 3
Row = tuple[int, int, int, int, int, bool]  # ts, kind, side, ticks, lots, whether it ends its message
Fills = tuple[tuple[int, int, int], ...]
_HALF_LIFE_NS = 2_000_000_000


class Resting:
    """One limit order at a venue that shows ``levels`` (side, then ticks to lots) when it arrives."""

    def __init__(self, order: Sent, levels: Mapping[int, Mapping[int, int]], rules: frozenset[Assumption]) -> None:
        self._order, self._rules = order, rules
        self._limit, self._side = order.limit or 0, order.side
        self._levels = {side: dict(known) for side, known in levels.items()}
        self._best = {side: self._find_best(side) for side in (1, -1)}
        self._left = order.lots
        # Lots taken of a level of the other side, and since when.
        self._taken: dict[int, tuple[int, int]] = {}
        self._ahead = 0
        self.fills: list[tuple[int, int, int]] = []
        self._arrive()

    def run(self, rows: Iterable[Row]) -> Fills:
        """Live through the rows up to the cancel; returns the fills."""
        for ts, kind, side, ticks, lots, ends in rows:
            if not self._left or ts >= self._order.cancelled:
                break
            if kind == TRADE:
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
        self._ahead = self._levels[self._side].get(self._limit, 0)

    def _change(self, ts: int, kind: int, side: int, ticks: int, lots: int) -> None:
        known = self._levels[side]
        # A quote has a row only where the touch is another: then what it shows is new, also where the size is what it was.
        if side != self._side and (kind == QUOTE or known.get(ticks, 0) != lots):
            self._renew(ts, ticks, lots)
        if lots:
            known[ticks] = lots
        else:
            known.pop(ticks, None)
        if side == self._side and ticks == self._limit and Assumption.QUEUE_BY_DEPTH not in self._rules:
            self._ahead = min(self._ahead, lots) if lots or Assumption.CROSSED_QUEUE in self._rules else self._ahead
        self._best[side] = self._better(side, ticks, lots)

    def _hear_depth(self, ts: int, side: int, ticks: int, lots: int) -> None:
        """What the depth feed says of a level, also where it is hidden behind a newer quote."""
        if not self._rules & {Assumption.DEPTH_RENEWS, Assumption.QUEUE_BY_DEPTH}:
            return
        if side != self._side:
            self._renew(ts, ticks, lots)
        elif ticks == self._limit:
            self._ahead = min(self._ahead, lots)

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
                self._ahead = 0
            self._take_crossed(ts, at_price=False)
            return
        own = self._best[self._side]
        if Assumption.QUEUE_BY_DEPTH in self._rules:
            return
        if own is None or (self._limit - own) * self._side > 0:
            self._ahead = 0

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
            if Assumption.QUEUE_HOLDS in self._rules and self._ahead:
                return
            self._ahead = 0
            lots = self._left if Assumption.THROUGH_WHOLE in self._rules else lots
        else:
            gone = min(self._ahead, lots)
            self._ahead -= gone
            lots -= gone
        if lots:
            self._fill(ts, self._limit, min(lots, self._left))

    def _fill(self, ts: int, ticks: int, lots: int) -> None:
        self._left -= lots
        self.fills.append((ts, ticks, lots))
