"""Replay reveals recorded rows in one order, however it is cut."""

from decimal import Decimal

import numpy as np
import pytest

from genesis.feeds.replay import BY_TIME_ROWS, Cut, Replay
from genesis.model.instruments import Instrument
from genesis.tape.stream import COLUMNS, Stream, StreamKind

BTC = Instrument("BTCUSDT", "TEST", "BTC", "USDT", Decimal("1"), Decimal("1"))


def recorded(kind: StreamKind, ts: list[int], seq: list[int] | None = None) -> Stream:
    """A stream of rows at these times."""
    stream = Stream(BTC, kind)
    columns = {name: np.zeros(len(ts), np.int64) for name in COLUMNS[kind]}
    columns |= {"ts": np.array(ts, np.int64), "seq": np.array(seq or [0] * len(ts), np.int64)}
    stream.record(columns)
    return stream


def test_one_row_at_a_time_follows_time_then_seq_then_kind() -> None:
    """Rows of one moment come by their place in the arrival, then trades before quotes before depth."""
    streams = [
        recorded(StreamKind.DEPTH, [10, 20, 30], [1, 5, 0]),
        recorded(StreamKind.QUOTES, [10, 20], [2, 4]),
        recorded(StreamKind.TRADES, [20, 30], [4, 0]),
    ]
    seen: list[tuple[int, list[int]]] = []
    for cut in Replay(streams).cut(1):
        seen.append((cut.closed_before, [s.rows for s in streams]))
    assert seen == [
        (10, [1, 0, 0]),
        (10, [1, 1, 0]),
        (20, [1, 1, 1]),
        (20, [1, 2, 1]),
        (20, [2, 2, 1]),
        (30, [2, 2, 2]),
        (30, [3, 2, 2]),
        (31, [3, 2, 2]),
    ]


def test_equal_rows_come_in_the_order_of_the_streams() -> None:
    """Two streams of one kind with rows of one moment are told apart by their place in the list."""
    streams = [recorded(StreamKind.TRADES, [5]), recorded(StreamKind.TRADES, [5])]
    cuts = Replay(streams).cut(1)
    next(cuts)
    assert [s.rows for s in streams] == [1, 0]


def test_windows_hold_whole_moments() -> None:
    """A cut by time never splits a moment, and closes exactly what it revealed."""
    times = [1] + [2] * (2 * BY_TIME_ROWS) + [3] * 10 + [4] * BY_TIME_ROWS
    streams = [recorded(StreamKind.TRADES, times), recorded(StreamKind.QUOTES, [2, 3, 4])]
    seen = [(cut, [s.rows for s in streams]) for cut in Replay(streams).cut(BY_TIME_ROWS)]
    assert seen == [
        (Cut(3, False), [1 + 2 * BY_TIME_ROWS, 1]),
        (Cut(5, True), [len(times), 3]),
    ]


def test_everything_at_once_is_one_cut() -> None:
    """Without a size a small tape is revealed whole, and the only cut is the last."""
    stream = recorded(StreamKind.TRADES, [1, 2, 3])
    assert list(Replay([stream]).cut()) == [Cut(4, True)]
    assert stream.rows == 3


@pytest.mark.parametrize("rows", [1, 2, None])
def test_until_stops_before_the_rows_from_then_on(rows: int | None) -> None:
    """Rows at or after ``until`` stay hidden, the last cut closes there, and the tape is not at its end."""
    stream = recorded(StreamKind.TRADES, [1, 2, 2, 3])
    replay = Replay([stream], until=3)
    cuts = list(replay.cut(rows))
    assert (stream.rows, replay.rows) == (3, 3)
    assert cuts[-1] == Cut(3, False)


def test_until_beyond_the_tape_is_its_end() -> None:
    """A limit behind the last row changes nothing, and one before the first row reveals nothing."""
    stream = recorded(StreamKind.TRADES, [1, 2])
    assert list(Replay([stream], until=100).cut()) == [Cut(3, True)]
    stream = recorded(StreamKind.TRADES, [10, 20])
    assert list(Replay([stream], until=5).cut(1)) == [Cut(5, False)]
    assert stream.rows == 0


def test_no_rows_no_cut() -> None:
    """A tape without rows is over before it begins; a batch has at least one row."""
    assert list(Replay([]).cut()) == []
    assert list(Replay([recorded(StreamKind.TRADES, [])]).cut(1)) == []
    with pytest.raises(ValueError, match="rows: expected 1 or more, found 0"):
        next(Replay([recorded(StreamKind.TRADES, [1])]).cut(0))
