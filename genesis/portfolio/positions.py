"""What is held and what it cost. Cost is carried as an amount, never as a price; the last unit out takes the remainder."""

from __future__ import annotations

from collections import deque
from enum import Enum


class CostMethod(Enum):
    """Which units a reduction takes: a share of all of them, or the oldest first."""

    AVERAGE = "average_cost"
    FIFO = "fifo"


class Position:
    """A signed quantity (base ledger units) and the signed cost of it (quote ledger units: positive for a long)."""

    __slots__ = ("_lots", "cost", "units")

    def __init__(self, method: CostMethod) -> None:
        self.units = 0
        self.cost = 0
        self._lots: deque[tuple[int, int]] | None = deque() if method is CostMethod.FIFO else None

    def add(self, units: int, cost: int) -> None:
        """Grow in the position's own direction (or open one): ``units`` and ``cost`` have its sign."""
        self.units += units
        self.cost += cost
        if self._lots is not None:
            self._lots.append((units, cost))

    def reduce(self, units: int) -> int:
        """Take ``units`` (of the position's sign, no more than it holds) out; the signed cost that leaves with them."""
        if self._lots is not None:
            cost = self._take_oldest(units)
        else:
            cost = self.cost if units == self.units else self.cost * units // self.units
        self.units -= units
        self.cost -= cost
        return cost

    def _take_oldest(self, units: int) -> int:
        lots = self._lots
        cost = 0
        while units and lots:
            held, lot_cost = lots[0]
            if abs(held) <= abs(units):
                lots.popleft()
                units -= held
                cost += lot_cost
                continue
            share = lot_cost * units // held
            lots[0] = (held - units, lot_cost - share)
            cost += share
            units = 0
        return cost
