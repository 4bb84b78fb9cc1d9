"""The reference prices of PERCENT_PRICE and NOTIONAL: the weighted average of the last minutes' trades, the last price, the mark price.

A reference is a pair of integers (sum of ticks x lots, sum of lots): their quotient is the price in ticks, and comparing products instead of
quotients keeps every check exact.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from genesis.clock import NS_PER_MINUTE


class AveragePrice:
    """Streaming weighted average of the trades of the last ``minutes`` minutes; 0 minutes is the last price.

    A trade counts while it is less than ``minutes`` old. With no trade in the window the last price stands in: the exchange does not say
    what it does then. Times never go backwards.
    """

    __slots__ = ("_last", "_lots", "_notional", "_span", "_trades")

    def __init__(self, minutes: int) -> None:
        self._span = minutes * NS_PER_MINUTE
        self._trades: deque[tuple[int, int, int]] = deque()
        self._notional = 0
        self._lots = 0
        self._last = 0

    def on_trade(self, time_ns: int, ticks: int, lots: int) -> None:
        """A public trade."""
        self._last = ticks
        if self._span:
            self._trades.append((time_ns, ticks * lots, lots))
            self._notional += ticks * lots
            self._lots += lots
            self._forget(time_ns)

    def at(self, time_ns: int) -> tuple[int, int] | None:
        """(sum of ticks x lots, sum of lots) at ``time_ns``; ``None`` before the first trade."""
        if self._span:
            self._forget(time_ns)
        if self._lots:
            return self._notional, self._lots
        return (self._last, 1) if self._last else None

    def _forget(self, time_ns: int) -> None:
        trades, oldest = self._trades, time_ns - self._span
        while trades and trades[0][0] <= oldest:
            _, notional, lots = trades.popleft()
            self._notional -= notional
            self._lots -= lots


class ReferencePrices:
    """Every reference one symbol's rules ask for, fed once per trade and shared by all accounts on the symbol."""

    __slots__ = ("_averages", "_mark")

    def __init__(self, minutes: Iterable[int]) -> None:
        self._averages = {m: AveragePrice(m) for m in sorted(set(minutes))}
        self._mark = 0

    def on_trade(self, time_ns: int, ticks: int, lots: int) -> None:
        """A public trade."""
        for average in self._averages.values():
            average.on_trade(time_ns, ticks, lots)

    def on_mark(self, ticks: int) -> None:
        """The mark price of a perpetual contract."""
        self._mark = ticks

    def reference(self, time_ns: int, minutes: int | None) -> tuple[int, int] | None:
        """The reference over ``minutes`` (``None``: the mark price) as (numerator, denominator) in ticks; ``None`` while unknown."""
        if minutes is None:
            return (self._mark, 1) if self._mark else None
        average = self._averages.get(minutes)
        return None if average is None else average.at(time_ns)
