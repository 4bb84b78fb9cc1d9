"""The reference prices that an exchange's filters ask for, read from the tape's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import mul
from typing import ClassVar

from genesis.clock import NS_PER_MINUTE
from genesis.model.mark_prices import marks_per_tick
from genesis.tape.stream import Stream, StreamKind


class TapeReferences:
    """Average, last and mark price of one instrument, as of any moment, for every account.

    A reference is a pair of integers (sum of ticks x lots, sum of lots): their quotient is the price in ticks, and comparing products instead of
    quotients keeps every check exact. A trade counts while it is less than the minutes old; without one the last price stands in (the exchange does
    not say what it does then). Where the tape has no trades it is the bars' closes that count, once each.
    """

    # What was asked for last.
    made_anew: ClassVar[Mapping[str, object]] = {"_known": None}

    def __init__(self, streams: Sequence[Stream]) -> None:
        by_kind = {s.kind: s for s in streams}
        self._prints = by_kind.get(StreamKind.TRADES) or by_kind.get(StreamKind.BARS)
        self._marks = by_kind.get(StreamKind.MARK)
        self._ticks = "ticks" if StreamKind.TRADES in by_kind else "close"
        self._known: tuple[int, int, tuple[int, int] | None] | None = None

    def reference(self, time_ns: int, minutes: int | None) -> tuple[int, int] | None:
        """The reference over ``minutes`` (``None``: the mark price) as (numerator, denominator) in ticks; ``None`` while unknown."""
        if minutes is None:
            return self._mark(time_ns)
        stream = self._prints
        stop = 0 if stream is None else stream.first_after(time_ns)
        if stream is None or not stop:
            return None
        start = stream.first_after(time_ns - minutes * NS_PER_MINUTE) if minutes else stop
        known = self._known
        if known is None or known[:2] != (start, stop):
            known = self._known = (start, stop, self._average(stream, start, stop))
        return known[2]

    def _average(self, stream: Stream, start: int, stop: int) -> tuple[int, int]:
        last = int(stream.columns[self._ticks][stop - 1])
        ticks, lots = (stream.columns[n][start:stop].tolist() for n in (self._ticks, "lots"))
        traded = sum(lots)
        return (sum(map(mul, ticks, lots)), traded) if traded else (last, 1)

    def _mark(self, time_ns: int) -> tuple[int, int] | None:
        stream = self._marks
        stop = 0 if stream is None else stream.first_after(time_ns)
        if stream is None or not stop:
            return None
        per_tick = marks_per_tick(stream.instrument)
        return int(stream.columns["mark"][stop - 1]), per_tick
