"""The level-2 book: snapshots replace it, diffs change it."""

from __future__ import annotations

import numpy as np
import pytest

from genesis.execution.book import DepthBook
from genesis.tape.stream import Column

NAMES = ("ts", "seq", "snapshot", "side", "ticks", "lots")


def columns(*rows: tuple[int, ...]) -> dict[str, Column]:
    """Depth columns of rows (ts, seq, snapshot, side, ticks, lots)."""
    table = np.array(rows, np.int64)
    return {name: table[:, i].copy() for i, name in enumerate(NAMES)}


TWO_SNAPSHOTS = columns(
    (1, 0, 1, 1, 100, 5),
    (1, 0, 1, -1, 101, 6),
    (2, 1, 1, 1, 90, 7),
    (2, 1, 1, -1, 91, 8),
    (3, 2, 0, 1, 89, 4),
    (3, 2, 0, -1, 91, 0),
    (3, 2, 0, -1, 92, 2),
)


@pytest.mark.parametrize("cuts", [(7,), (1, 2, 3, 4, 5, 6, 7), (3, 7), (2, 4, 7)], ids=str)
def test_a_snapshot_replaces_the_book_also_right_after_another(cuts: tuple[int, ...]) -> None:
    """Nothing of the first snapshot is left, however the rows were applied."""
    book = DepthBook()
    for stop in cuts:
        book.apply(TWO_SNAPSHOTS, stop)
    assert book.best(1, 9) == [(90, 7), (89, 4)]
    assert book.best(-1, 9) == [(92, 2)]
    assert (book.size(1, 100), book.size(-1, 101)) == (0, 0)


def test_levels_behind_a_price_come_best_first() -> None:
    """Bids fall, asks rise, and the price itself is left out."""
    book = DepthBook()
    book.apply(TWO_SNAPSHOTS, 5)
    assert list(book.beyond(1, 90)) == [(89, 4)]
    assert list(book.beyond(-1, 90)) == [(91, 8)]
    assert list(book.beyond(-1, 91)) == []
