"""A batch takes about as long as it should, whatever a row costs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from genesis.feeds.replay import Replay
from genesis.system.pacing import AIM_S, FIRST_ROWS, MOST_ROWS, Pace
from tests.kit.runs import trades_stream


class Stopwatch:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def batches(rows: int, cost_s: Callable[[int], float]) -> list[tuple[int, float]]:
    """(rows, seconds) of every batch of a tape whose n-th row takes ``cost_s(n)`` to handle."""
    watch, found, seen = Stopwatch(), [], 0
    stream = trades_stream([(i, 10_000, 1, 1) for i in range(rows)])
    for _ in Replay([stream]).cut(Pace(watch)):
        took = sum(cost_s(n) for n in range(seen, stream.rows))
        found.append((stream.rows - seen, took))
        seen, watch.seconds = stream.rows, watch.seconds + took
    assert seen == rows
    return found


@pytest.mark.parametrize("cost_s", [0.0002, 0.01, 0.1])
def test_every_batch_but_the_first_takes_no_longer_than_it_should(cost_s: float) -> None:
    """Fast or slow, the first 256 rows tell what a row costs."""
    found = batches(3_000, lambda _: cost_s)
    assert found[0][0] == FIRST_ROWS
    assert all(took <= AIM_S * 1.001 for _, took in found[1:])
    assert max(took for _, took in found[1:]) > AIM_S / 3


def test_a_batch_has_at_least_a_row() -> None:
    """A second a row: one row after another."""
    assert {rows for rows, _ in batches(300, lambda _: 1.0)[1:-1]} == {1}


def test_rows_that_cost_nothing_come_in_batches_that_double_up_to_the_most() -> None:
    """256, 512, ... 8,192 rows, and no more however little time they take."""
    found = [rows for rows, _ in batches(60_000, lambda _: 0.0)]
    assert found[:7] == [256, 512, 1_024, 2_048, 4_096, 8_192, MOST_ROWS]
    assert max(found[:-2]) == MOST_ROWS


def test_after_rows_have_become_dear_the_next_batch_is_cut_to_size() -> None:
    """From row 16,128 on, where a batch begins, a row costs 10 ms: that batch has 8,192 of them, and the next takes what it should."""
    found = batches(30_000, lambda n: 0.01 if n >= 16_128 else 0.000001)
    assert [rows for rows, took in found if took > AIM_S * 1.001] == [MOST_ROWS]


def test_what_was_written_is_due_after_as_long_as_a_batch_may_take() -> None:
    """Forty batches of 10 ms: every 25th ends a group, and a batch that takes longer is one of its own."""
    watch = Stopwatch()
    pace = Pace(watch)

    def due_after(seconds: float) -> bool:
        watch.seconds += seconds
        return pace.is_due()

    assert [n for n in range(1, 61) if due_after(0.010001)] == [25, 50]
    assert [due_after(0.3), due_after(0.3), due_after(0.1)] == [True, True, False]
