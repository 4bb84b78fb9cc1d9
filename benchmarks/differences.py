"""Why an engine did something else with an order than ours: assumptions with names, each proved from the tape.

What can take at once is foretold: a walk of the book that an engine keeps, under the engine's own bounds; an assumption is named where
without it the foretelling would be another, and only if what both engines did is foretold to the lot. What rests is judged by the rows of the
tape at the very moments of its fills. A difference without a proof is residue.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import takewhile

from benchmarks.captures import TRADE, Joined, Standing
from benchmarks.orders import Done, Sent
from genesis.tape.stream import Column

HFTBACKTEST, NAUTILUS = "hftbacktest", "nautilus"
Levels = Mapping[int, Mapping[int, int]]
Fills = tuple[tuple[int, int, int], ...]


class Assumption(Enum):
    """A difference between two engines, by name."""

    BEHIND_THE_TOUCH = "the book behind the touch"
    CONSUMED = "consumed size is remembered"
    WHO_TOOK = "whoever took, a print through the price fills"
    CROSSED_WHOLE = "a crossed order fills whole"
    THROUGH_WHOLE = "a print through the price fills the whole order"
    HUNDRED_TICKS = "a market order looks a hundred ticks far"
    LAST_PRICE = "a walk is told by its last price"


MEANING = {
    Assumption.BEHIND_THE_TOUCH: (
        "ours walks the quoted touch, and behind it what the depth feed last said; the joined tape also keeps the last quote of a level that"
        " was the touch, until the depth feed speaks of it"
    ),
    Assumption.CONSUMED: "ours does not take the same displayed size twice; both peers do",
    Assumption.WHO_TOOK: (
        "ours fills a resting order from any print beyond its price, also from one whose taker was on the order's own side; the peers ask for"
        " a taker of the other side. Such prints are late: the quote that came after them has arrived before them"
    ),
    Assumption.CROSSED_WHOLE: "where the other side reaches a resting order hftbacktest fills all of it; ours fills what is displayed",
    Assumption.THROUGH_WHOLE: "where a print goes beyond a resting order hftbacktest fills all of it; ours fills what printed",
    Assumption.HUNDRED_TICKS: "hftbacktest looks for size within a hundred ticks of the touch and lets the rest of a market order expire",
    Assumption.LAST_PRICE: "of an order that takes several levels at once hftbacktest keeps the last price only, so its average cannot be compared",
}


class Books:
    """The joined book and the recorded one (the quoted touch, and behind it the depth feed alone), advanced to any later moment."""

    def __init__(self, tape: Joined, depth: Mapping[str, Column]) -> None:
        self.joined = Standing(tape)
        self._depth = zip(*(depth[name].tolist() for name in ("ts", "side", "ticks", "lots")), strict=True)
        self._next = next(self._depth, None)
        self._known: dict[int, dict[int, int]] = {1: {}, -1: {}}

    def advance(self, time: int) -> None:
        """Apply every row before ``time``."""
        self.joined.advance(time)
        while self._next is not None and self._next[0] < time:
            _, side, ticks, lots = self._next
            if lots:
                self._known[side][ticks] = lots
            else:
                self._known[side].pop(ticks, None)
            self._next = next(self._depth, None)

    def recorded(self, side: int) -> dict[int, int]:
        """Levels of a side as ours sees them."""
        best, lots = self.joined.touch(side)
        return {best: lots} | {p: q for p, q in self._known[side].items() if (best - p) * side > 0}


def walk(levels: Mapping[int, int], order: Sent, reach: int | None = None) -> Fills:
    """What a taker gets of the other side's levels, best first, within ``reach`` ticks of the best (any by default)."""
    best_first = sorted(levels, key=lambda ticks: ticks * order.side)
    if reach is not None:
        best = best_first[0]
        best_first = list(takewhile(lambda ticks: abs(ticks - best) < reach, best_first))
    found, left = [], order.lots
    for ticks in best_first:
        if not left or (order.limit is not None and (order.limit - ticks) * order.side < 0):
            break
        taken = min(left, levels[ticks])
        found.append((order.sent, ticks, taken))
        left -= taken
    return tuple(found)


def explain(order: Sent, ours: Done, peer: str, theirs: Done, books: Books, tape: Joined) -> tuple[Assumption, ...]:
    """The assumptions that make ``theirs`` differ from ``ours``; none where nothing is proved. ``books`` stands at the order's moment."""
    if order.limit is None or order.immediate:
        return _of_a_taker(order, ours, peer, theirs, books)
    return _of_a_resting(order, ours, peer, theirs, books, tape)


def _of_a_taker(order: Sent, ours: Done, peer: str, theirs: Done, books: Books) -> tuple[Assumption, ...]:
    joined, recorded = walk(books.joined.levels[-order.side], order), walk(books.recorded(-order.side), order)
    named = [] if joined == recorded else [Assumption.BEHIND_THE_TOUCH]
    foretold = joined
    if peer == HFTBACKTEST:
        # A hundred ticks from the ask upwards, the last of them left out; from the bid downwards it is counted in.
        reach = (100 if order.side > 0 else 101) if order.limit is None else None
        foretold = walk(books.joined.levels[-order.side], order, reach)
        named += [Assumption.HUNDRED_TICKS] if foretold != joined else []
        if len(foretold) > 1:
            named.append(Assumption.LAST_PRICE)
            foretold = ((order.sent, foretold[-1][1], sum(lots for _, _, lots in foretold)),)
    return tuple(named) if ours.fills == recorded and theirs.fills == foretold else ()


def _of_a_resting(
    order: Sent, ours: Done, peer: str, theirs: Done, books: Books, tape: Joined
) -> tuple[Assumption, ...]:
    named = []
    at_once = walk(books.joined.levels[-order.side], order)
    if at_once and theirs.lots == order.lots and theirs.last == order.sent and ours.fills[: len(at_once)] == at_once:
        named.append(Assumption.CONSUMED)
    own = [fill for fill in ours.fills if _print_of_own_side(tape, order, fill[0])]
    if own and not set(own) & set(theirs.fills):
        named.append(Assumption.WHO_TOOK)
    if peer == HFTBACKTEST and not named:
        named += filter(None, [_whole(tape, order, theirs)])
    return tuple(named)


def _rows_at(tape: Joined, time: int) -> Iterable[tuple[int, int, int, int]]:
    """(kind, side, ticks, lots) of the rows of a moment."""
    start, stop = bisect_left(tape.ts, time), bisect_left(tape.ts, time + 1)
    columns = (column[start:stop].tolist() for column in (tape.kind, tape.side, tape.ticks, tape.lots))
    return list(zip(*columns, strict=True))


def _print_of_own_side(tape: Joined, order: Sent, time: int) -> bool:
    limit = order.limit or 0
    return any(
        kind == TRADE and side == order.side and (limit - ticks) * order.side > 0
        for kind, side, ticks, _ in _rows_at(tape, time)
    )


def _whole(tape: Joined, order: Sent, theirs: Done) -> Assumption | None:
    """What let the last part of an order fill whole: more than printed beyond its price, or more than the other side shows at it."""
    if not theirs.fills or theirs.lots != order.lots:
        return None
    time, _, lots = theirs.fills[-1]
    limit = order.limit or 0
    printed = shown = 0
    for kind, side, ticks, size in _rows_at(tape, time):
        if kind == TRADE and side == -order.side and (limit - ticks) * order.side > 0:
            printed += size
        elif kind != TRADE and side == -order.side and (limit - ticks) * order.side >= 0:
            shown += size
    if 0 < printed < lots:
        return Assumption.THROUGH_WHOLE
    return Assumption.CROSSED_WHOLE if 0 < shown < lots else None
