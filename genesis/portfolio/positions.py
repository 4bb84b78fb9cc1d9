"""What is held and what it cost. Cost is carried as an amount, never as a price; the last unit out takes the remainder."""

from __future__ import annotations

from collections import deque
from enum import Enum

from genesis.errors import IntegrityError


class CostMethod(Enum):
    """Which units a reduction takes: a share of all of them, or the oldest first."""

    AVERAGE = "average_cost"
    FIFO = "fifo"


def cost_share(cost: int, units: int, held: int) -> int:
    """The part of ``cost`` that leaves with ``units`` of ``held``: rounded towards zero, so that long and short mirror each other.

    All of it leaves with the last unit, so nothing is ever lost to rounding.
    """
    if units == held:
        return cost
    return cost * units // held if cost >= 0 else -(-cost * units // held)


class Position:
    """A signed quantity (base ledger units) and the signed cost of it (quote ledger units: positive for a long)."""

    __slots__ = ("_lots", "cost", "units")

    def __init__(self, method: CostMethod) -> None:
        self.units = 0
        self.cost = 0
        self._lots: deque[tuple[int, int]] | None = deque() if method is CostMethod.FIFO else None

    @property
    def lots(self) -> tuple[tuple[int, int], ...]:
        """(units, cost) of what is open, oldest first; the average method has one lot."""
        if self._lots is None:
            return ((self.units, self.cost),) if self.units else ()
        return tuple(self._lots)

    def add(self, units: int, cost: int) -> None:
        """Grow in the position's own direction, or open one: ``units`` and ``cost`` have its sign.

        Raises:
            IntegrityError: ``units`` are of the other sign.
        """
        if units * self.units < 0:
            raise IntegrityError(f"position: expected units of the sign of {self.units}, found {units}")
        self.units += units
        self.cost += cost
        if self._lots is not None:
            self._lots.append((units, cost))

    def reduce(self, units: int) -> int:
        """Take ``units`` (of the position's sign) out; the signed cost that leaves with them.

        Raises:
            IntegrityError: more than is held, or of the other sign.
        """
        held = self.units
        if units * held <= 0 or (held - units) * units < 0:
            raise IntegrityError(f"position: expected to take at most {held} units, found {units}")
        cost = cost_share(self.cost, units, held) if self._lots is None else self._take_oldest(self._lots, units)
        self.units = held - units
        self.cost -= cost
        return cost

    @staticmethod
    def _take_oldest(lots: deque[tuple[int, int]], units: int) -> int:
        taken = 0
        while units:
            held, cost = lots[0]
            if abs(held) <= abs(units):
                lots.popleft()
                units -= held
                taken += cost
                continue
            share = cost_share(cost, units, held)
            lots[0] = (held - units, cost - share)
            taken += share
            units = 0
        return taken
