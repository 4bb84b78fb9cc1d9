"""An order at the venue, by hand: what it waits for, which prices it takes, and what sets it off."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.execution.tier import Phase
from genesis.execution.working import Working
from genesis.model.instruments import Instrument
from genesis.model.orders import Order, OrderIntent, OrderType, Side, TimeInForce
from tests.kit.venue import BOOK, MARGIN, Venue
from tests.unit.execution.test_perpetual import BTC as PERPETUAL

BUY, SELL = Side.BUY, Side.SELL
STOP, PROFIT, TRAILING = OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP


def working(side: Side, kind: OrderType = OrderType.MARKET, instrument: Instrument = MARGIN, **how: Any) -> Working:
    """An order for 10 lots that was decided at 100."""
    venue = Venue(BOOK, instrument)
    venue.account("a")
    intent = OrderIntent(instrument, side, 10, kind, **how)
    return Working(Order("o", "a", intent, 0, 1), venue.parties["a"], 100, 7, 3)


def test_a_new_order_has_all_before_it() -> None:
    """Nothing filled or prevented, nothing locked, no place in a queue; its draws are as given."""
    order = working(BUY)
    assert (order.sign, order.leaves, order.filled, order.fills, order.prevented) == (1, 10, 0, 0, 0)
    assert (order.locked, order.lock_ticks, order.arrival_ns) == (0, 0, 0)
    assert (order.decision_ticks, order.slippage, order.half_spread) == (100, 7, 3)
    assert (order.ahead, order.worst, order.most, order.could_take) == (None, None, None, False)
    assert working(SELL).sign == -1
    assert Working(order.order, order.party, None, 0).half_spread == 0


def test_filled_is_what_neither_is_left_nor_was_prevented() -> None:
    """Of 10 lots 3 are left and 2 were prevented: 5 are filled."""
    order = working(BUY)
    order.leaves, order.prevented = 3, 2
    assert order.filled == 5


@pytest.mark.parametrize(
    ("until", "is_immediate", "is_fok"),
    [(TimeInForce.GTC, False, False), (TimeInForce.IOC, True, False), (TimeInForce.FOK, True, True)],
)
def test_immediate_is_whatever_may_not_rest(until: TimeInForce, is_immediate: bool, is_fok: bool) -> None:
    """Immediate-or-cancel and fill-or-kill; only the latter wants all."""
    order = working(BUY, OrderType.LIMIT, limit_ticks=100, time_in_force=until)
    assert (order.is_immediate, order.is_fok) == (is_immediate, is_fok)


@pytest.mark.parametrize(("side", "allowed"), [(BUY, [True, True, False]), (SELL, [False, True, True])])
def test_a_limit_allows_its_own_price_and_better_ones(side: Side, allowed: list[bool]) -> None:
    """At 99, 100 and 101 with a limit of 100; an order without one takes any."""
    order = working(side, OrderType.LIMIT, limit_ticks=100)
    assert [order.accepts(ticks) for ticks in (99, 100, 101)] == allowed
    assert all(working(side).accepts(ticks) for ticks in (1, 10**9))


@pytest.mark.parametrize(
    ("side", "kind", "above"), [(BUY, STOP, True), (SELL, STOP, False), (BUY, PROFIT, False), (SELL, PROFIT, True)]
)
def test_a_trigger_is_met_at_its_price_and_beyond(side: Side, kind: OrderType, above: bool) -> None:
    """A buy stop and a sell take-profit from below, the other two from above; until then they wait."""
    order = working(side, kind, trigger_ticks=100)
    assert order.phase is Phase.TRIGGER
    assert order.stops_up is above
    expected = [False, True, True] if above else [True, True, False]
    assert [order.is_beyond_trigger(ticks) for ticks in (99, 100, 101)] == expected
    assert [order.meets_trigger(ticks) for ticks in (99, 100, 101)] == expected
    assert [order.is_met_at_once(ticks) for ticks in (99, 100, 101)] == expected


def test_an_order_without_a_trigger_takes_at_once_and_none_sets_it_off() -> None:
    """At market and with a limit."""
    for order in (working(BUY), working(BUY, OrderType.LIMIT, limit_ticks=100)):
        assert order.phase is Phase.TAKING
        assert not order.is_beyond_trigger(100)
        assert not order.meets_trigger(100)
        assert not order.is_trailing


def test_a_trailing_stop_waits_and_its_trigger_follows_the_market() -> None:
    """1 % under the highest trade: after 1,000 the trigger is 990, after 1,100 it is 1,089, and 1,089 sets it off."""
    order = working(SELL, TRAILING, trailing_bp=100)
    assert (order.phase, order.is_trailing, order.trigger) == (Phase.TRIGGER, True, None)
    assert [order.meets_trigger(ticks) for ticks in (1_000, 991)] == [False, False]
    assert order.trigger == 990
    assert [order.meets_trigger(ticks) for ticks in (1_100, 1_090, 1_089)] == [False, False, True]
    assert order.trigger == 1_089


def test_a_trailing_stop_without_a_distance_is_refused() -> None:
    """It would trigger at its own extreme."""
    with pytest.raises(ValueError, match="trailing distance: expected 1 to 9999 basis points, found 0"):
        working(SELL, TRAILING)


@pytest.mark.parametrize(
    ("side", "instrument", "below", "above"),
    [
        (BUY, MARGIN, False, True),
        (SELL, MARGIN, True, False),
        (BUY, PERPETUAL, True, False),
        (SELL, PERPETUAL, False, True),
    ],
)
def test_tracking_begins_beyond_the_activation_price(
    side: Side, instrument: Instrument, below: bool, above: bool
) -> None:
    """On spot where a stop's trigger lies, above the market for a buy; on a perpetual on the other side of it. It is no trigger itself."""
    for ticks, begins in ((999, below), (1_000, True), (1_001, above)):
        order = working(side, TRAILING, instrument, trailing_bp=100, trigger_ticks=1_000)
        assert order.trigger is None
        assert not order.meets_trigger(ticks)
        assert (order.trigger is not None) is begins


@pytest.mark.parametrize(("ticks", "refused"), [(999, True), (1_000, True), (1_001, False)])
def test_a_perpetual_refuses_an_activation_price_that_is_met_already(ticks: int, refused: bool) -> None:
    """A buy's lies below the last price; one without an activation price is never refused, and on spot none is."""
    activated = {"trailing_bp": 100, "trigger_ticks": 1_000}
    assert working(BUY, TRAILING, PERPETUAL, **activated).is_met_at_once(ticks) is refused
    assert not working(BUY, TRAILING, PERPETUAL, trailing_bp=100).is_met_at_once(ticks)
    assert not working(BUY, TRAILING, MARGIN, **activated).is_met_at_once(ticks)
    assert working(BUY, PROFIT, PERPETUAL, trigger_ticks=1_000).is_met_at_once(ticks) is refused


@pytest.mark.parametrize(
    ("side", "met", "worst"),
    [
        (BUY, [(1_000, 0), (990, 0)], 1_000),
        (BUY, [(1_000, 0), (1_001, 0)], 1_001),
        (BUY, [(1_000, 0), (1_010, 100_000)], 1_012),  # 1,010 and a thousandth, rounded up: 1,011.01
        (SELL, [(1_000, 0), (1_010, 0)], 1_000),
        (SELL, [(1_000, 0), (990, 100_000)], 989),  # 990 less a thousandth, rounded down: 989.01
    ],
)
def test_a_late_order_keeps_the_worst_price_it_would_have_paid(
    side: Side, met: list[tuple[int, int]], worst: int
) -> None:
    """The dearest for a buyer, the cheapest for a seller, with what the draw adds; one that is in time keeps none."""
    late, in_time = working(side), working(side)
    late.worst = met[0][0]
    for ticks, fraction in met:
        late.suffer(ticks, fraction)
        in_time.suffer(ticks, fraction)
    assert (late.worst, in_time.worst) == (worst, None)
