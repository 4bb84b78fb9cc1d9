"""Two views of a book joined into one tape."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.captures import DEPTH, QUOTE, SPOT, TRADE, Joined, Joiner, Standing, load, store
from benchmarks.workloads import DataMissing

BID, ASK = 1, -1


def tape() -> Joiner:
    """A snapshot at 1, a quote at 2."""
    joiner = Joiner()
    joiner.message(1, True, [(BID, 99, 5), (BID, 98, 6), (ASK, 101, 7), (ASK, 102, 8)])
    joiner.quote(2, 99, 5, 101, 7)
    return joiner


def rows(joined: Joined, after: int = 2) -> list[tuple[int, ...]]:
    """(kind, side, ticks, lots) of the rows later than ``after``."""
    columns = zip(*(c.tolist() for c in (joined.ts, joined.kind, joined.side, joined.ticks, joined.lots)), strict=True)
    return [row[1:] for row in columns if row[0] > after]


def test_a_quote_says_what_the_touch_is_and_that_nothing_is_better() -> None:
    """The asks below the new ask are gone before the new touch is shown."""
    joiner = tape()
    joiner.quote(3, 100, 2, 102, 4)
    assert rows(joiner.joined()) == [
        (QUOTE, ASK, 101, 0),
        (QUOTE, BID, 100, 2),
        (QUOTE, ASK, 102, 4),
    ]


def test_a_touch_that_comes_back_to_a_known_level_is_said_again() -> None:
    """Also where its size is what was known, so that whoever reads quotes alone sees it."""
    joiner = tape()
    joiner.quote(3, 98, 6, 101, 7)
    assert rows(joiner.joined()) == [(QUOTE, BID, 99, 0), (QUOTE, BID, 98, 6)]


def test_a_level_better_than_or_at_the_touch_is_not_what_the_depth_feed_says() -> None:
    """It is older than the quote; strictly behind the touch it counts, and every level change is counted."""
    joiner = tape()
    joiner.message(3, False, [(BID, 100, 9), (BID, 99, 1), (BID, 98, 0), (ASK, 103, 3)])
    joined = joiner.joined()
    assert rows(joined) == [(DEPTH, BID, 98, 0), (DEPTH, ASK, 103, 3)]
    assert joined.level_changes == 8


def test_a_snapshot_removes_what_it_does_not_name() -> None:
    """Behind the touch: the touch itself is the quote's."""
    joiner = tape()
    joiner.message(3, True, [(BID, 97, 4), (ASK, 102, 8)])
    assert rows(joiner.joined()) == [(DEPTH, BID, 98, 0), (DEPTH, BID, 97, 4)]


def test_a_standing_book_is_what_the_rows_before_a_moment_left() -> None:
    """A row at the moment itself has not arrived."""
    joiner = tape()
    joiner.trade(3, 1, 101, 1)
    joiner.quote(4, 99, 3, 102, 8)
    standing = Standing(joiner.joined())
    standing.advance(4)
    assert (standing.touch(BID), standing.touch(ASK)) == ((99, 5), (101, 7))
    standing.advance(5)
    assert (standing.touch(BID), standing.touch(ASK)) == ((99, 3), (102, 8))


def test_a_kept_tape_is_cut_after_the_message_that_holds_the_wanted_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never within a message; whole where more is asked for than there is."""
    monkeypatch.setenv("GENESIS_BENCH_DATA", str(tmp_path))
    joiner = tape()
    joiner.message(3, False, [(BID, 98, 1), (BID, 97, 2)])
    joiner.trade(4, -1, 99, 1)
    store(SPOT, joiner.joined())
    assert load(SPOT, 5).kind.tolist()[-2:] == [DEPTH, DEPTH]
    assert load(SPOT, 5).ts.tolist()[-1] == 3
    assert load(SPOT, 99).kind.tolist()[-1] == TRADE


def test_a_tape_that_was_not_prepared_is_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the name of its file."""
    monkeypatch.setenv("GENESIS_BENCH_DATA", str(tmp_path))
    with pytest.raises(DataMissing, match="capture-spot-btc"):
        load(SPOT)
