"""The queue of real orders, and the place of one of ours in it."""

from __future__ import annotations

import numpy as np
import pytest

from genesis.execution.order_queue import Fifo, OrderQueues
from genesis.tape.stream import COLUMNS, ORDER_CHANGED, ORDER_CREATED, ORDER_DELETED, StreamKind

BID, ASK = 1, -1
A, B, C, OURS = 11, 12, 13, 14


def created(queues: OrderQueues, order_id: int, lots: int, ticks: int = 100, ts: int = 1) -> None:
    """A bid comes to the end of its queue."""
    queues.take(ts, order_id, ORDER_CREATED, BID, ticks, lots)


def traded(queues: OrderQueues, order_id: int, left: int, ts: int) -> None:
    """What the exchange says of a bid that was hit."""
    queues.take(ts, order_id, ORDER_CHANGED if left else ORDER_DELETED, BID, 100, left)


def withdrawn(queues: OrderQueues, order_id: int, lots: int, ts: int) -> None:
    """A bid is taken away with ``lots`` left."""
    queues.take(ts, order_id, ORDER_DELETED, BID, 100, lots)


def behind(*lots: int) -> tuple[OrderQueues, Fifo]:
    """Ours behind orders A, B, C of these sizes."""
    queues = OrderQueues()
    for order_id, size in zip((A, B, C), lots, strict=False):
        created(queues, order_id, size)
    ours = Fifo(queues, BID, 100)
    ours.join(None)
    return queues, ours


def test_a_level_is_its_orders_first_come_first() -> None:
    """Size and orders follow creates, changes and deletes; an emptied level is gone; the other side is another queue."""
    queues, _ = behind(5, 7)
    queues.take(2, C, ORDER_CREATED, ASK, 100, 4)
    assert (queues.size(BID, 100), queues.size(ASK, 100), queues.size(BID, 99)) == (12, 4, 0)
    assert queues.orders(BID, 100) == {A: 5, B: 7}
    traded(queues, A, 2, ts=3)
    assert (queues.size(BID, 100), list(queues.orders(BID, 100))) == (9, [A, B])
    withdrawn(queues, A, 2, ts=4)
    withdrawn(queues, B, 7, ts=4)
    assert (queues.size(BID, 100), queues.orders(BID, 100)) == (0, {})


def test_an_order_that_changes_its_price_goes_to_the_end_of_the_other_queue() -> None:
    """Its place is given up at the old price, and earned anew at the new one."""
    queues, _ = behind(5, 7)
    created(queues, C, 3, ticks=101)
    queues.take(2, A, ORDER_CHANGED, BID, 101, 5)
    assert (queues.orders(BID, 100), queues.orders(BID, 101)) == ({B: 7}, {C: 3, A: 5})


def test_events_of_unknown_orders_and_market_orders_stand_nowhere() -> None:
    """A delete or change of an order never seen, and an order at price 0, move no queue; one created again is a new one."""
    queues, ours = behind(5)
    withdrawn(queues, 99, 5, ts=2)
    traded(queues, 98, 1, ts=2)
    created(queues, B, 9, ticks=0)
    withdrawn(queues, B, 9, ts=2)
    assert (queues.size(BID, 100), ours.ahead) == (5, 5)
    created(queues, A, 2, ts=3)
    assert (queues.orders(BID, 100), ours.ahead) == ({A: 2}, 0)


def test_prints_take_the_orders_ahead_and_then_fill() -> None:
    """12 ahead: a print of 8 leaves 4, one of 6 leaves 2 for the order; the orders' own events of those prints change nothing."""
    queues, ours = behind(5, 7)
    assert (ours.on_print(8), ours.ahead) == (0, 4)
    traded(queues, A, 0, ts=2)
    traded(queues, B, 4, ts=2)
    assert ours.ahead == 4
    assert (ours.on_print(6), ours.ahead) == (2, 0)
    traded(queues, B, 0, ts=3)
    assert (ours.on_print(3), ours.ahead) == (3, 0)


def test_events_that_come_before_their_print_count_once_too() -> None:
    """The orders say first that 8 traded; the print of 8 leaves nothing for the order and takes nothing more."""
    queues, ours = behind(5, 7)
    traded(queues, A, 0, ts=2)
    traded(queues, B, 4, ts=2)
    assert ours.ahead == 4
    assert (ours.on_print(8), ours.ahead) == (0, 4)
    assert (ours.on_print(5), ours.ahead) == (1, 0)


def test_a_reduction_that_never_printed_does_not_hold_back_later_prints() -> None:
    """An order made smaller by its owner waits for a print only within its own moment."""
    queues, ours = behind(5, 7)
    traded(queues, B, 3, ts=2)
    withdrawn(queues, A, 5, ts=3)
    traded(queues, B, 2, ts=4)
    assert ours.ahead == 2
    assert (ours.on_print(1), ours.on_print(3), ours.ahead) == (0, 1, 0)


def test_withdrawals_take_their_own_lots_wherever_they_stand() -> None:
    """Those ahead shorten the queue by what they had left, those behind do not touch it."""
    queues, ours = behind(5, 7, 9)
    created(queues, OURS, 50, ts=2)
    withdrawn(queues, B, 7, ts=3)
    assert ours.ahead == 14
    withdrawn(queues, OURS, 50, ts=3)
    assert ours.ahead == 14
    assert ours.on_print(5) == 0
    withdrawn(queues, C, 9, ts=4)
    assert ours.ahead == 0
    traded(queues, A, 0, ts=4)
    assert ours.on_print(2) == 2


def test_what_is_left_of_a_hit_order_can_be_withdrawn_in_the_same_event() -> None:
    """A print of 3 hits 5; the delete says 2 were withdrawn: nothing is left ahead, and nothing waits for a print."""
    queues, ours = behind(5)
    ours.on_print(3)
    withdrawn(queues, A, 2, ts=2)
    assert (ours.ahead, ours.on_print(4)) == (0, 4)


def test_an_exchange_that_hits_a_later_order_first_is_followed() -> None:
    """A print of 7 hit the second order: when it says so, what is ahead is still the first."""
    queues, ours = behind(5, 7)
    ours.on_print(7)
    traded(queues, B, 0, ts=2)
    assert ours.ahead == 5
    assert ours.on_print(6) == 1


def test_an_order_made_larger_does_not_lengthen_the_queue() -> None:
    """What others add never counts as ahead, not even in an order that stands there."""
    queues, ours = behind(5)
    queues.take(2, A, ORDER_CHANGED, BID, 100, 9)
    assert (queues.size(BID, 100), ours.ahead) == (9, 5)
    assert ours.on_print(6) == 1


def test_a_price_that_was_traded_through_has_no_queue() -> None:
    """Whoever is still listed ahead was never there: later events of it change nothing."""
    queues, ours = behind(5, 7)
    ours.on_through()
    withdrawn(queues, A, 5, ts=2)
    assert (ours.ahead, ours.on_print(3)) == (0, 3)


@pytest.mark.parametrize("orders_first", [True, False])
def test_a_quote_that_reaches_the_price_takes_the_queue_once_and_is_no_print(orders_first: bool) -> None:
    """The ask is at our bid before anybody says why: 12 are gone, 5 of them withdrawn. The print of 7 that took the others is not ours, of one of 9 we get 2."""
    for lots, ours_is in ((7, 0), (9, 2)):
        queues, ours = behind(5, 7)
        ours.on_crossed()
        assert ours.ahead == 0
        withdrawn(queues, A, 5, ts=2)
        if orders_first:
            traded(queues, B, 0, ts=2)
        assert ours.on_print(lots) == ours_is
        traded(queues, B, 0, ts=2)
        assert (ours.ahead, ours.on_print(3)) == (0, 3)


def test_after_missed_events_no_more_is_ahead_than_is_displayed() -> None:
    """12 ahead, 4 displayed after the gap: the orders' late news of what traded meanwhile are not counted again."""
    queues, ours = behind(5, 7)
    ours.on_resync(20)
    assert ours.ahead == 12
    ours.on_resync(4)
    traded(queues, A, 0, ts=9)
    traded(queues, B, 4, ts=9)
    assert (ours.ahead, ours.on_print(5)) == (4, 1)


def test_an_order_that_left_hears_nothing() -> None:
    """After `leave` its queue stands still; leaving twice is no matter; another order of ours at the price still hears."""
    queues, ours = behind(5)
    other = Fifo(queues, BID, 100)
    other.join(None)
    ours.leave()
    ours.leave()
    withdrawn(queues, A, 5, ts=2)
    assert (ours.ahead, other.ahead) == (5, 0)


def test_nothing_is_known_before_joining() -> None:
    """Without a place in the queue no print fills."""
    ours = Fifo(OrderQueues(), BID, 100)
    assert (ours.ahead, ours.on_print(3)) == (None, 0)


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4])
def test_columns_are_applied_row_by_row_wherever_they_are_cut(cut: int) -> None:
    """The queue after all rows is the same in one stretch or two."""
    rows = [(1, A, ORDER_CREATED, 5), (1, B, ORDER_CREATED, 7), (2, A, ORDER_CHANGED, 2), (3, B, ORDER_DELETED, 7)]
    columns = {name: np.zeros(len(rows), np.int64) for name in COLUMNS[StreamKind.ORDERS]}
    for i, (ts, order_id, action, lots) in enumerate(rows):
        for name, value in (("ts", ts), ("order_id", order_id), ("action", action), ("lots", lots)):
            columns[name][i] = value
    columns["side"][:], columns["ticks"][:] = BID, 100
    queues = OrderQueues()
    queues.apply(columns, cut)
    queues.apply(columns, len(rows))
    assert (queues.orders(BID, 100), queues.rows) == ({A: 2}, 4)
