"""Why an engine did something else with an order than ours: assumptions with names, each proved from the tape.

What an engine did with an order is foretold from the tape: a walk of the book for what takes at once, `benchmarks.resting` for a limit
order, both under the engine's own assumptions. An assumption is named where without it the foretelling would be another, and only if the
engine's answer is foretold, quantity, price and times. A difference without a proof is residue.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from itertools import takewhile

import numpy as np

from benchmarks.assumptions import HFTBACKTEST, RESTING, Assumption
from benchmarks.captures import Joined, Standing
from benchmarks.orders import Done, Sent
from benchmarks.resting import Fills, Resting, Row
from genesis.tape.stream import Column


class Books:
    """The joined book and the recorded one (the quoted touch, and behind it the depth feed alone), advanced to any later moment."""

    def __init__(self, tape: Joined, depth: Mapping[str, Column]) -> None:
        self.joined = Standing(tape)
        self._columns = depth
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

    def depth_spoke(self, ticks: int, after: int, until: int) -> bool:
        """Whether the depth feed has a row for a price later than ``after``, up to ``until``."""
        start, stop = np.searchsorted(self._columns["ts"], [after + 1, until + 1])
        return bool((self._columns["ticks"][start:stop] == ticks).any())

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
    return _of_a_limit(order, ours, peer, theirs, books, tape)


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


def _of_a_limit(order: Sent, ours: Done, peer: str, theirs: Done, books: Books, tape: Joined) -> tuple[Assumption, ...]:
    rows = rows_between(tape, order.sent, order.cancelled)

    def under(assumptions: frozenset[Assumption]) -> Done:
        return Done(order.number, Resting(order, books.joined.levels, assumptions).run(rows))

    all_of_them, like_ours = RESTING[peer], under(frozenset())
    foretold = under(all_of_them)
    if not foretold.equals(theirs):
        return ()
    named = [one for one in Assumption if one in all_of_them and not under(all_of_them - {one}).equals(foretold)]
    if not named:
        # Any of several would do alone.
        named = [one for one in Assumption if one in all_of_them and not under(frozenset({one})).equals(like_ours)]
    if not ours.equals(like_ours):
        if not books.depth_spoke(order.limit or 0, order.sent, ours.last or order.cancelled):
            return ()
        named.append(Assumption.DEPTH_RENEWS)
    return tuple(named)


def rows_between(tape: Joined, start: int, stop: int) -> list[Row]:
    """The rows of [start, stop)."""
    first, last = bisect_left(tape.ts, start), bisect_left(tape.ts, stop)
    columns = (tape.ts, tape.kind, tape.side, tape.ticks, tape.lots, tape.ends)
    return list(zip(*(column[first:last].tolist() for column in columns), strict=True))
