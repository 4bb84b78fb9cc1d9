"""How much is before a resting order at its price: one small estimate an order, each another assumption. Integers only.

A level's displayed size says how much stands there, not who left: what traded left from the front, the rest left from anywhere. The
estimates differ in what they make of that rest. On one tape their fills are ordered: `RiskAverse` fills least, `Touch` most, every
`PowerQueue` between them (tests/property/test_queue_properties.py). docs/QUEUE.md says when to believe which, with measured numbers.
"""

from __future__ import annotations


class QueueEstimate:
    """What is before one order at its price, in lots. ``ahead`` is ``None`` while nobody can know it, and never grows once known.

    A caller hands over what happened at the order's price and on its side, in the order of the tape, and nothing else:

    - `join` once, when the order begins to rest;
    - `on_print` for a trade at the price that took from the order's side; what it returns may fill the order;
    - `on_level` for every new absolute size of the level, never an older one after a newer one; 0 where the best price of the order's own
      side is worse than the order's;
    - `on_through` when a trade went beyond the price;
    - `on_crossed` when the other side's best price reached it;
    - `leave` once, when the order no longer rests.

    News of a level and the print that made it come in either order: on Binance spot half of all prints arrive after the best quote already
    shows what they took. So a print is first held against the last decrease that no earlier print explains, and never takes the queue twice.

    While the book is stale (its sequence broke) there is no `on_level`: the estimate stands still, and prints still count. The first size
    after the book is whole again goes to `on_resync`.
    """

    __slots__ = ("_before", "_level", "_printed", "_unexplained", "ahead")

    def __init__(self) -> None:
        self.ahead: int | None = None
        # ``ahead`` if the level's last decrease was prints that are still to come.
        self._before = 0
        # The level as last displayed; what printed since and is still in it; what of its last decrease no print explains.
        self._level = 0
        self._printed = 0
        self._unexplained = 0

    def join(self, displayed: int | None) -> None:
        """Begin to rest behind ``displayed`` lots; ``None`` where the level cannot be seen."""
        self.ahead = displayed
        self._see(displayed or 0, displayed or 0, 0)

    def on_print(self, lots: int) -> int:
        """A trade of ``lots`` at the price: it takes the queue first. Returns what it leaves for the order: 0 while ``ahead`` is unknown."""
        if self.ahead is None:
            return 0
        shown = min(lots, self._unexplained)
        self._unexplained -= shown
        self._printed += lots - shown
        left = max(0, lots - self._before)
        self._before = max(0, self._before - lots)
        self.ahead = min(self.ahead, self._before)
        return left

    def on_level(self, displayed: int) -> None:
        """The level shows ``displayed`` lots now, 0 where it is gone. The first size seen of an unknown queue is all ahead."""
        ahead = self.ahead
        if ahead is None:
            self.join(displayed)
            return
        if displayed == self._level and not self._printed:
            return
        unexplained = max(0, self._level - self._printed - displayed)
        self.ahead = min(self._after_leaving(ahead, displayed), displayed)
        self._see(displayed, ahead if unexplained else self.ahead, unexplained)

    def on_resync(self, displayed: int) -> None:
        """The book is whole again: nobody saw who left, so no more is ahead than stands there, and no less than before."""
        if self.ahead is None:
            self.join(displayed)
            return
        self.ahead = min(self.ahead, displayed)
        self._see(displayed, self.ahead, 0)

    def on_through(self) -> None:
        """The market went beyond the price: whoever was ahead is gone, and nothing is still to print at it."""
        self.ahead = 0
        self._before = 0

    def on_crossed(self) -> None:
        """The other side's best price reached it: nobody is ahead any more, but the prints that took them may still be to come."""
        self.ahead = 0

    def leave(self) -> None:
        """The order no longer rests."""

    def _see(self, displayed: int, before: int, unexplained: int) -> None:
        self._level, self._before, self._printed, self._unexplained = displayed, before, 0, unexplained

    def _after_leaving(self, ahead: int, displayed: int) -> int:
        """``ahead`` after the level came to ``displayed``, before the bound that ``displayed`` itself sets."""
        return ahead


class RiskAverse(QueueEstimate):
    """Others who leave were all behind us, until what is displayed proves otherwise (hftbacktest's RiskAdverseQueueModel)."""

    __slots__ = ()


class PowerQueue(QueueEstimate):
    """Of a decrease that no trade explains, the share (ahead / level) ** n left from before us, rounded down.

    The share behind us is 1 - (front / (front + back)) ** n, hftbacktest's PowerProbQueueFunc3; what is more than the back held comes off
    the front. n = 1 is leaving uniformly over the queue; the larger n, the more those behind us leave. Unlike hftbacktest, what printed since the
    level was last seen is not counted as standing behind us.
    """

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        """Raises `ValueError` for an ``n`` under 1."""
        super().__init__()
        if n < 1:
            raise ValueError(f"n: expected 1 or more, found {n}")
        self.n = n

    def _after_leaving(self, ahead: int, displayed: int) -> int:
        stood = max(self._level - self._printed, ahead)
        left = stood - displayed
        if left <= 0 or not ahead:
            return ahead
        from_ahead: int = left * ahead**self.n // stood**self.n
        return ahead - max(from_ahead, left - (stood - ahead))


class Touch(QueueEstimate):
    """Nothing is ever ahead: a print at the price fills. Nobody gets this; it bounds the others from above in a report."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0

    def join(self, displayed: int | None) -> None:
        """Begin to rest, first in the queue."""

    def on_print(self, lots: int) -> int:
        """Everything that printed is the order's."""
        return lots

    def on_level(self, displayed: int) -> None:
        """Of no concern."""

    def on_resync(self, displayed: int) -> None:
        """Of no concern."""


def queue_estimate(model: str, n: int) -> QueueEstimate:
    """A new estimate by its name in a profile: ``risk_averse``, ``power3`` (with ``n``) or ``touch``.

    ``fifo`` needs the orders themselves: `genesis.execution.order_queue.Fifo`. Raises `ValueError` for another name.
    """
    if model == "risk_averse":
        return RiskAverse()
    if model == "power3":
        return PowerQueue(n)
    if model == "touch":
        return Touch()
    raise ValueError(f"queue: expected risk_averse, power3 or touch, found {model}")
