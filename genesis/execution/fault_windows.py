"""When a fault with a beginning and an end is on: windows that are given, and windows that are drawn.

Drawn windows belong to the hour of engine time in which they begin: their number is a Poisson draw, their places and lengths are
drawn one by one. So they depend neither on where a tape begins or ends nor on who asks, and a longer tape has the same faults as far
as both go.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from genesis.clock import NS_PER_HOUR, NS_PER_SECOND
from genesis.rng import ClippedNormal, KeyedDraws

Interval = tuple[int, int]
# 60 an hour on average at most: more than this many is beyond any draw that 53 bits can make.
_MOST_AN_HOUR = 200


class FaultWindows:
    """The windows [start, stop) of one fault of one instrument, in engine ns; those that touch are one.

    Args:
        given: any number, in any order.
        an_hour: how many more are drawn, on average; 0 for none.
        length_s: of a drawn one.
        purpose, instrument: key the draws; one connection for all instruments has the instrument ``""``.
    """

    __slots__ = (
        "_an_hour",
        "_drawn",
        "_draws",
        "_from",
        "_given",
        "_instrument",
        "_is_on",
        "_law",
        "_longest",
        "_purpose",
        "_until",
    )

    def __init__(
        self,
        given: Sequence[Interval],
        an_hour: float,
        length_s: ClippedNormal,
        draws: KeyedDraws,
        purpose: str,
        instrument: str,
    ) -> None:
        self._given = tuple(sorted(given))
        self._an_hour, self._law = an_hour, length_s
        self._draws, self._purpose, self._instrument = draws, purpose, instrument
        self._longest = int(length_s.high * NS_PER_SECOND) + 1 if an_hour else 0
        self._drawn: dict[int, tuple[Interval, ...]] = {}
        # What was found last: [from, until) is all on or all off.
        self._from = self._until = 0
        self._is_on = False

    def end_of(self, time_ns: int) -> int | None:
        """When the window ends that covers ``time_ns``; ``None`` outside every window."""
        if not self._from <= time_ns < self._until:
            self._look(time_ns)
        return self._until if self._is_on else None

    def between(self, start: int, stop: int) -> list[Interval]:
        """The windows that share any moment with [``start``, ``stop``), whole, in order."""
        near = [w for w in self._near(start, stop) if w[0] < stop and w[1] > start]
        if not near:
            return []
        # The first may have been going on already, the last may go on, and so may those that touch them.
        low, high = min(w[0] for w in near), max(w[1] for w in near)
        while True:
            near = [w for w in self._near(low, high) if w[0] <= high and w[1] >= low]
            reach = min(w[0] for w in near), max(w[1] for w in near)
            if reach == (low, high):
                break
            low, high = reach
        out: list[Interval] = []
        for first, last in sorted(near):
            if out and first <= out[-1][1]:
                out[-1] = (out[-1][0], max(out[-1][1], last))
            else:
                out.append((first, last))
        return [w for w in out if w[0] < stop and w[1] > start]

    def _look(self, time_ns: int) -> None:
        hour = time_ns // NS_PER_HOUR * NS_PER_HOUR
        found = self.between(time_ns, hour + NS_PER_HOUR)
        self._from, self._is_on = time_ns, bool(found) and found[0][0] <= time_ns
        if self._is_on:
            self._until = found[0][1]
        else:
            self._until = found[0][0] if found else hour + NS_PER_HOUR

    def _near(self, start: int, stop: int) -> list[Interval]:
        """Every window that may reach into [``start``, ``stop``]."""
        near = [w for w in self._given if w[0] <= stop and w[1] >= start]
        if self._an_hour:
            for hour in range((start - self._longest) // NS_PER_HOUR, stop // NS_PER_HOUR + 1):
                near.extend(self._of_hour(hour * NS_PER_HOUR))
        return near

    def _of_hour(self, hour_ns: int) -> tuple[Interval, ...]:
        known = self._drawn.get(hour_ns)
        if known is None:
            known = self._drawn[hour_ns] = tuple(self._draw(hour_ns, k) for k in range(self._count(hour_ns)))
        return known

    def _count(self, hour_ns: int) -> int:
        """A Poisson draw by inversion: the least n whose cumulative probability reaches a uniform draw."""
        u = self._draws.uniform(f"{self._purpose}.count", self._instrument, hour_ns, 0)
        n, chance = 0, exp(-self._an_hour)
        reached = chance
        while u > reached and n < _MOST_AN_HOUR:
            n += 1
            chance *= self._an_hour / n
            reached += chance
        return n

    def _draw(self, hour_ns: int, k: int) -> Interval:
        start = hour_ns + int(self._draws.uniform(f"{self._purpose}.start", self._instrument, hour_ns, k) * NS_PER_HOUR)
        length = self._draws.clipped_normal(
            self._law, NS_PER_SECOND, f"{self._purpose}.length", self._instrument, hour_ns, k
        )
        return start, start + length
