"""Queue estimates, event by event: what is ahead, and what a print leaves for the order."""

from __future__ import annotations

import pytest

from genesis.execution.queueing import (
    PowerQueue,
    QueueEstimate,
    RiskAverse,
    Touch,
    queue_estimate,
)

Step = tuple[str, int, int | None, int]


def follow(queue: QueueEstimate, steps: list[Step]) -> None:
    """(event, lots, what is ahead then, what is left for the order) line by line."""
    for what, lots, ahead, left in steps:
        got = 0
        if what == "print":
            got = queue.on_print(lots)
        elif what == "level":
            queue.on_level(lots)
        elif what == "resync":
            queue.on_resync(lots)
        else:
            queue.on_through()
        assert (what, queue.ahead, got) == (what, ahead, left)


def test_risk_averse_waits_for_trades_or_for_what_is_displayed() -> None:
    """100 ahead; others who come are behind; who leaves was behind, until only 90 stand there; prints take the rest, then fill."""
    queue = RiskAverse()
    queue.join(100)
    follow(
        queue,
        [
            ("level", 160, 100, 0),
            ("print", 30, 70, 0),
            ("level", 130, 70, 0),
            ("level", 80, 70, 0),
            ("level", 60, 60, 0),
            ("level", 75, 60, 0),
            ("print", 50, 10, 0),
            ("level", 25, 10, 0),
            ("print", 25, 0, 15),
            ("print", 7, 0, 7),
        ],
    )


@pytest.mark.parametrize(
    ("n", "ahead"),
    [(1, 50), (2, 55), (3, 58), (8, 60)],
)
def test_a_power_takes_its_share_of_a_withdrawal(n: int, ahead: int) -> None:
    """60 of 120 stand ahead and 20 leave: before the order left 20 x (1/2)^n, rounded down: 10, 5, 2, 0."""
    queue = PowerQueue(n)
    queue.join(60)
    follow(queue, [("level", 120, 60, 0), ("level", 100, ahead, 0)])


def test_what_the_back_did_not_hold_left_from_the_front() -> None:
    """60 ahead, 10 behind, 40 leave: at least 30 of them stood before the order, whatever the power."""
    queue = PowerQueue(8)
    queue.join(60)
    # 40 x (60/70)^8 is 11, less than the 30 that the back cannot have held.
    follow(queue, [("level", 70, 60, 0), ("level", 30, 30, 0)])


def test_what_printed_is_no_withdrawal_and_stands_nowhere() -> None:
    """Of 120, 20 print and 20 more are gone: of those 20, the share of 40 in 100 left from before the order."""
    queue = PowerQueue(1)
    queue.join(60)
    follow(queue, [("level", 120, 60, 0), ("print", 20, 40, 0), ("level", 80, 32, 0)])


def test_a_size_that_comes_before_its_print_takes_the_queue_once() -> None:
    """100 to 60, then the prints of those 40: 60 stay ahead; a print of 70 after them leaves 10 for the order."""
    for queue in (RiskAverse(), PowerQueue(3)):
        queue.join(100)
        follow(
            queue,
            [
                ("level", 60, 60, 0),
                ("print", 15, 60, 0),
                ("print", 25, 60, 0),
                ("level", 60, 60, 0),
                ("print", 70, 0, 10),
            ],
        )


def test_a_price_left_behind_still_owes_its_prints() -> None:
    """The level is gone from the book before its 100 printed: they were the queue's; what prints beyond them fills."""
    queue = RiskAverse()
    queue.join(100)
    follow(queue, [("level", 0, 0, 0), ("print", 100, 0, 0), ("print", 5, 0, 5)])


def test_beyond_the_price_nothing_is_ahead() -> None:
    """After a trade beyond the price the next print at it fills; a size displayed later is behind."""
    queue = RiskAverse()
    queue.join(100)
    follow(queue, [("through", 0, 0, 0), ("level", 40, 0, 0), ("print", 5, 0, 5)])


def test_an_unknown_queue_is_all_ahead_once_it_is_seen() -> None:
    """Behind the visible book no print fills; the first size seen is ahead, and is the level from then on."""
    queue = PowerQueue(1)
    queue.join(None)
    follow(queue, [("print", 10, None, 0), ("level", 50, 50, 0), ("level", 40, 40, 0), ("print", 60, 0, 10)])
    queue.join(None)
    follow(queue, [("through", 0, 0, 0), ("print", 3, 0, 3)])


def test_a_stale_book_freezes_the_queue_but_for_prints() -> None:
    """Through a gap only prints count; the first size after it is a bound, not a withdrawal to share out."""
    queue = PowerQueue(1)
    queue.join(60)
    follow(
        queue,
        [
            ("level", 120, 60, 0),
            ("print", 10, 50, 0),
            ("resync", 70, 50, 0),
            ("level", 63, 45, 0),
            ("resync", 30, 30, 0),
        ],
    )
    queue.join(None)
    follow(queue, [("resync", 20, 20, 0)])


def test_touch_is_always_first() -> None:
    """Whatever stands there, every print is the order's."""
    queue = Touch()
    queue.join(100)
    follow(queue, [("level", 500, 0, 0), ("resync", 500, 0, 0), ("print", 9, 0, 9)])


def test_models_are_had_by_name() -> None:
    """Each name gives its model, a new one each time; another name is refused with what was found."""
    power = queue_estimate("power3", 5)
    assert isinstance(queue_estimate("risk_averse", 3), RiskAverse)
    assert isinstance(power, PowerQueue)
    assert power.n == 5
    assert isinstance(queue_estimate("touch", 3), Touch)
    with pytest.raises(ValueError, match="queue: expected risk_averse, power3 or touch, found fifo"):
        queue_estimate("fifo", 3)
    with pytest.raises(ValueError, match="n: expected 1 or more, found 0"):
        PowerQueue(0)
