"""What our own orders have taken of the displayed size: the market of a recording never shows that it is gone.

One ledger serves every account of a liquidity scope. Rules (execution.md 7.4, with one difference)::

    a fill of n lots at a level     taken += n
    the level shows a new size s    taken = min(decayed taken, s), where a half-life that has passed halves it
    the level is removed            taken = 0
    available                       displayed - taken

The difference: what was taken fades only when the level shows a new size, never while it stands unchanged. Else the same displayed lots
could be sold twice by waiting, and "never more than the market showed between two refreshes" would not hold.
"""

from __future__ import annotations


class TakenLiquidity:
    """Lots that own orders took, by (side of the book, ticks): +1 bids, -1 asks.

    Args:
        half_life_ns: how long until half of what was taken counts as refilled at the next refresh; 0 never fades.
    """

    __slots__ = ("_half_life_ns", "_levels")

    def __init__(self, half_life_ns: int) -> None:
        self._half_life_ns = half_life_ns
        self._levels: dict[tuple[int, int], tuple[int, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._levels)

    def prices(self) -> list[int]:
        """Prices of the levels that something was taken of, bids above and asks below zero."""
        return [side * ticks for side, ticks in self._levels]

    def taken(self, side: int, ticks: int) -> int:
        """Lots taken of a level and not yet forgotten."""
        level = self._levels.get((side, ticks))
        return 0 if level is None else level[0]

    def available(self, side: int, ticks: int, displayed: int) -> int:
        """What is left of ``displayed`` lots of a level."""
        level = self._levels.get((side, ticks))
        return displayed if level is None else max(0, displayed - level[0])

    def take(self, side: int, ticks: int, lots: int, time_ns: int) -> None:
        """An own order took ``lots`` of a level."""
        level = self._levels.get((side, ticks))
        self._levels[side, ticks] = (lots + (0 if level is None else level[0]), time_ns)

    def refresh(self, side: int, ticks: int, displayed: int, time_ns: int) -> None:
        """A level shows a new absolute size; 0 removes it."""
        level = self._levels.get((side, ticks))
        if level is None:
            return
        lots, since = level
        if self._half_life_ns:
            passed = (time_ns - since) // self._half_life_ns
            lots = -(-lots >> min(passed, 64))
            since += passed * self._half_life_ns
        lots = min(lots, displayed)
        if lots > 0:
            self._levels[side, ticks] = (lots, since)
        else:
            del self._levels[side, ticks]

    def leave(self, bid: int, ask: int) -> None:
        """The market stands at ``bid`` and ``ask`` (0: nobody there): a level inside the spread is gone, and what was taken of it with it."""
        for side, ticks in list(self._levels):
            if (ticks > bid) if side > 0 else (ticks < ask or not ask):
                del self._levels[side, ticks]
