"""Why an engine did something else with an order than ours: assumptions with names, each proved from the tape.

What an engine did with an order is foretold from the tape: a walk of the book for what takes at once, `benchmarks.resting` for a limit
order, both under the engine's own assumptions. An assumption is named where without it the foretelling of its own engine would be
another, and only if what both engines did is foretold: quantity, price and times. A difference without a proof is residue.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from itertools import combinations, takewhile
from operator import itemgetter

import numpy as np

from benchmarks.assumptions import HFTBACKTEST, OURS, RESTING, Assumption
from benchmarks.captures import TRADE, Joined, Standing
from benchmarks.orders import Done, Sent
from benchmarks.resting import LATE_TRADE, SPOKEN, Fills, Resting, Row
from genesis.tape.stream import Column


class Books:
    """The joined book and the recorded one (the quoted touch, and behind it the depth feed alone), advanced to any later moment."""

    def __init__(self, tape: Joined, depth: Mapping[str, Column], happened: Column | None = None) -> None:
        """``happened`` is the exchange's own time of each trade of the tape, in their order; without it none is late."""
        self.joined = Standing(tape)
        self._tape, self._happened = tape, tape.ts.copy()
        if happened is not None:
            self._happened[tape.kind == TRADE] = happened
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

    def spoken(self, start: int, stop: int) -> list[Row]:
        """The rows of the depth feed in [start, stop)."""
        first, last = np.searchsorted(self._columns["ts"], [start, stop])
        columns = (self._columns[name][first:last].tolist() for name in ("ts", "side", "ticks", "lots"))
        return [(ts, SPOKEN, side, ticks, lots, True) for ts, side, ticks, lots in zip(*columns, strict=True)]

    def deep(self, side: int, ticks: int) -> int:
        """What the depth feed said last of a level."""
        return self._known[side].get(ticks, 0)

    def rows(self, order: Sent) -> list[Row]:
        """All that is heard while an order may work: the joined tape, its late prints marked, and the depth feed."""
        first, last = bisect_left(self._tape.ts, order.sent), bisect_left(self._tape.ts, order.cancelled)
        late = (self._happened[first:last] < order.sent).tolist()
        heard = rows_between(self._tape, order.sent, order.cancelled)
        marked = [
            (r[0], LATE_TRADE, *r[2:]) if r[1] == TRADE and is_late else r
            for r, is_late in zip(heard, late, strict=True)
        ]
        return sorted(marked + self.spoken(order.sent, order.cancelled), key=itemgetter(0))

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


def explain(order: Sent, ours: Done, peer: str, theirs: Done, books: Books) -> tuple[Assumption, ...]:
    """The assumptions that make ``theirs`` differ from ``ours``; none where nothing is proved. ``books`` stands at the order's moment."""
    if order.limit is None or order.immediate:
        return _of_a_taker(order, ours, peer, theirs, books)
    return _of_a_limit(order, ours, peer, theirs, books)


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


def _of_a_limit(order: Sent, ours: Done, peer: str, theirs: Done, books: Books) -> tuple[Assumption, ...]:
    rows, deep = books.rows(order), books.deep(order.side, order.limit or 0)

    def under(assumptions: frozenset[Assumption]) -> Done:
        return Done(order.number, Resting(order, books.joined.levels, assumptions, deep).run(rows))

    mine, other = RESTING[OURS], RESTING[peer]
    like_ours, foretold = under(mine), under(other)
    if not (ours.equals(like_ours) and theirs.equals(foretold)):
        return ()
    apart = [one for one in Assumption if one in mine ^ other]
    bears = [
        one
        for one in apart
        if (one in other and not under(other - {one}).equals(foretold))
        or (one in mine and not under(mine - {one}).equals(like_ours))
    ]
    # Where any of several would do alone, none is missed when it is taken away: then what each makes of ours tells, or two together do.
    alone = bears or [one for one in apart if not under(mine ^ {one}).equals(like_ours)]
    pairs = (pair for pair in combinations(apart, 2) if not under(mine ^ set(pair)).equals(like_ours))
    return tuple(alone) or next(pairs, ())


def rows_between(tape: Joined, start: int, stop: int) -> list[Row]:
    """The rows of [start, stop)."""
    first, last = bisect_left(tape.ts, start), bisect_left(tape.ts, stop)
    columns = (tape.ts, tape.kind, tape.side, tape.ticks, tape.lots, tape.ends)
    return list(zip(*(column[first:last].tolist() for column in columns), strict=True))
