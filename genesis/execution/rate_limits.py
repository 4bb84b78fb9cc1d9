"""Limits on new orders, over engine time.

Every order that is placed adds one to each interval's count. On spot it is the unfilled ones that are limited (Binance, "Spot Unfilled Order Count
Rules", ``faqs/order_count_decrement.md``): an order's first fill takes one away, more when it filled as a maker; how many the exchange does not
publish. On USD-M fills give nothing back (Binance derivatives, ``usds-margined-futures/general-info``, which knows of no such rule). Cancels,
expiries and further fills change nothing, a count never goes below 0, and an interval that ends takes its count with it. Intervals begin at multiples of their length since 1970-01-01 UTC, so that a day is a UTC day.
"""

from __future__ import annotations

from collections.abc import Sequence

from genesis.model.rules import RateLimit
from genesis.model.venue_errors import Breach, Market, Violation, violation


class OrderRateLimits:
    """One account's counts; shared by all symbols of the exchange.

    ``maker_credit`` is what a first fill as a maker takes away on spot; 1 is the least the documentation allows, its example uses 5.
    """

    __slots__ = ("_counts", "_intervals", "_lengths", "_limits", "_maker_credit", "_refusals", "_taker_credit")

    def __init__(self, limits: Sequence[RateLimit], market: Market, maker_credit: int = 1) -> None:
        if maker_credit < 1:
            raise ValueError(f"maker_credit: expected 1 or more, found {maker_credit}")
        self._lengths = [x.interval_ns for x in limits]
        self._limits = [x.limit for x in limits]
        self._refusals = [violation(market, Breach.TOO_MANY_NEW_ORDERS, x.limit, _interval(x)) for x in limits]
        self._counts = [0] * len(limits)
        self._intervals = [0] * len(limits)
        self._maker_credit, self._taker_credit = (maker_credit, 1) if market is Market.SPOT else (0, 0)

    def check(self, time_ns: int) -> Violation | None:
        """The first limit that a new order at ``time_ns`` would exceed; ``None`` when it may be placed."""
        self._turn(time_ns)
        for number, count in enumerate(self._counts):
            if count >= self._limits[number]:
                return self._refusals[number]
        return None

    def on_placed(self, time_ns: int) -> None:
        """An order was accepted. A rejected one is not counted."""
        self._turn(time_ns)
        for number in range(len(self._counts)):
            self._counts[number] += 1

    def on_first_fill(self, time_ns: int, maker: bool) -> None:
        """An order was filled for the first time, whole or in part, whenever it was placed."""
        self._turn(time_ns)
        credit = self._maker_credit if maker else self._taker_credit
        for number, count in enumerate(self._counts):
            self._counts[number] = max(0, count - credit)

    def counts(self, time_ns: int) -> list[int]:
        """The count of each limit at ``time_ns``, in the order of the limits."""
        self._turn(time_ns)
        return list(self._counts)

    def _turn(self, time_ns: int) -> None:
        """Forget the counts of intervals that have ended."""
        for number, length in enumerate(self._lengths):
            interval = time_ns // length
            if interval != self._intervals[number]:
                self._intervals[number] = interval
                self._counts[number] = 0


def _interval(limit: RateLimit) -> str:
    """``DAY``, ``10 SECOND``: the documentation shows the place of this text, not the text."""
    return limit.interval if limit.count == 1 else f"{limit.count} {limit.interval}"
