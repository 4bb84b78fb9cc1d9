"""Limits on unfilled orders: the exchange's tables (binance-spot-api-docs ``faqs/order_count_decrement.md``), line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.clock import parse_utc
from genesis.execution.rate_limits import OrderRateLimits
from genesis.model.rules import RateLimit
from genesis.model.venue_errors import Market

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
PER_10_SECONDS = RateLimit(100, "SECOND", 10, 10 * SECOND)
PER_DAY = RateLimit(200_000, "DAY", 1, DAY)


def at(text: str) -> int:
    return parse_utc(text)


class Ledger:
    """An account under one limit; each line of a table says what was done and what the count is then."""

    def __init__(self, limit: RateLimit, maker_credit: int = 1) -> None:
        self.limits = OrderRateLimits([limit], Market.SPOT, maker_credit)

    def place(self, second: int, count: int) -> None:
        assert self.limits.check(second * SECOND) is None
        self.limits.on_placed(second * SECOND)
        assert self.limits.counts(second * SECOND) == [count]

    def fill(self, second: int, count: int, *, maker: bool) -> None:
        self.limits.on_first_fill(second * SECOND, maker)
        assert self.limits.counts(second * SECOND) == [count]


def test_example_1_takers() -> None:
    """The first fill of a taker takes one away; its further fills do not reach the count."""
    table = Ledger(PER_10_SECONDS)

    table.place(1, 1)  # A
    table.place(2, 2)  # B
    table.fill(2, 1, maker=False)  # B, in part
    table.place(3, 2)  # C
    table.place(5, 3)  # D
    table.fill(5, 2, maker=False)  # D, whole


def test_example_2_makers() -> None:
    """The first fill of a maker takes five away in the example, never below zero."""
    table = Ledger(PER_10_SECONDS, maker_credit=5)

    for second, count in ((1, 1), (1, 2), (2, 3), (2, 4), (2, 5)):
        table.place(second, count)  # A to E
    table.fill(3, 0, maker=True)  # A
    table.place(4, 1)  # F
    table.place(4, 2)  # G
    table.fill(5, 0, maker=True)  # B
    table.place(6, 1)  # H


def test_example_3_cancels_and_expiries() -> None:
    """A cancelled order and one that expired without a fill stay counted."""
    table = Ledger(PER_10_SECONDS)

    table.place(1, 1)  # A, cancelled at 2
    table.place(2, 2)  # B
    table.place(3, 3)  # C, fill or kill
    table.fill(3, 2, maker=False)  # C
    table.place(5, 3)  # D
    table.place(6, 4)  # E, fill or kill, expires without a fill; D is cancelled at 7
    table.place(7, 5)  # F


def test_fills_give_nothing_back_on_usd_m() -> None:
    """The rule of unfilled orders is spot's: of 100 filled orders the 101st in the same ten seconds is refused."""
    limits = OrderRateLimits([PER_10_SECONDS], Market.USDM, maker_credit=5)
    for _ in range(100):
        assert limits.check(SECOND) is None
        limits.on_placed(SECOND)
        limits.on_first_fill(SECOND, maker=True)

    refused = limits.check(SECOND)

    assert refused is not None
    assert (refused.code, limits.counts(10 * SECOND)) == (-1015, [0])


def test_example_4_orders_of_yesterday() -> None:
    """A day is a UTC day; a fill counts for today, whenever its order was placed; there is no credit below zero."""
    limits = OrderRateLimits([PER_DAY], Market.SPOT)

    for _ in range(5):
        limits.on_placed(at("2024-01-01T09:00:00Z"))
    assert limits.counts(at("2024-01-01T23:59:59Z")) == [5]
    assert limits.counts(at("2024-01-02T00:00:00Z")) == [0]
    for _ in range(10):
        limits.on_placed(at("2024-01-02T09:00:00Z"))
    for hour, count in ((12, 5), (13, 0)):
        for _ in range(5):
            limits.on_first_fill(at(f"2024-01-02T{hour}:00:00Z"), maker=False)
        assert limits.counts(at(f"2024-01-02T{hour}:00:00Z")) == [count]
    for _ in range(2):
        limits.on_placed(at("2024-01-02T14:00:00Z"))
    assert limits.counts(at("2024-01-02T14:00:00Z")) == [2]
    for _ in range(5):
        limits.on_first_fill(at("2024-01-02T15:00:00Z"), maker=False)
    assert limits.counts(at("2024-01-02T15:00:00Z")) == [0]


def test_a_hundred_in_each_ten_seconds_of_the_clock() -> None:
    """100 orders from 12:34:00 to 12:34:10, 100 more from 12:34:10: intervals lie on the clock, they do not slide."""
    limits = OrderRateLimits([PER_10_SECONDS, PER_DAY], Market.SPOT)
    for _ in range(100):
        assert limits.check(at("2024-01-01T12:34:09Z")) is None
        limits.on_placed(at("2024-01-01T12:34:09Z"))

    refused = limits.check(at("2024-01-01T12:34:09.999999999Z"))

    assert refused is not None
    assert (refused.code, refused.message) == (-1015, "Too many new orders; current limit is 100 orders per 10 SECOND.")
    assert limits.check(at("2024-01-01T12:34:10Z")) is None
    assert limits.counts(at("2024-01-01T12:34:10Z")) == [0, 100]


def test_the_day_is_a_limit_of_its_own() -> None:
    """The first limit that is full is the one that is told."""
    limits = OrderRateLimits([PER_10_SECONDS, RateLimit(3, "DAY", 1, DAY)], Market.SPOT)
    for second in (0, 20, 40):
        limits.on_placed(second * SECOND)

    refused = limits.check(60 * SECOND)

    assert refused is not None
    assert refused.message == "Too many new orders; current limit is 3 orders per DAY."
    limits.on_first_fill(60 * SECOND, maker=True)
    assert limits.check(60 * SECOND) is None


def test_no_limits_refuse_nothing() -> None:
    """A file that publishes none."""
    limits = OrderRateLimits([], Market.SPOT)
    limits.on_placed(0)

    assert limits.check(0) is None
    assert limits.counts(0) == []


def test_a_maker_credit_below_the_documented_one() -> None:
    """Every first fill takes at least one away."""
    with pytest.raises(ValueError, match="maker_credit: expected 1 or more, found 0"):
        OrderRateLimits([PER_DAY], Market.SPOT, 0)


@given(
    st.lists(st.tuples(st.integers(0, 4 * SECOND), st.sampled_from(["place", "take", "make", "ask"])), max_size=80),
    st.integers(1, 6),
)
def test_counts_are_those_of_a_recount(steps: list[tuple[int, str]], limit: int) -> None:
    """Replayed from the start of its interval, every count is the same, at most its limit, and asking changes nothing."""
    rule = RateLimit(limit, "SECOND", 10, 10 * SECOND)
    limits = OrderRateLimits([rule], Market.SPOT, 2)
    now, count, interval = 0, 0, 0
    for step, action in steps:
        now += step
        if now // rule.interval_ns != interval:
            interval, count = now // rule.interval_ns, 0
        assert (limits.check(now) is None) is (count < limit)
        if action == "place" and count < limit:
            limits.on_placed(now)
            count += 1
        elif action in ("take", "make"):
            limits.on_first_fill(now, action == "make")
            count = max(0, count - (2 if action == "make" else 1))
        assert limits.counts(now) == [count]
        assert 0 <= count <= limit
