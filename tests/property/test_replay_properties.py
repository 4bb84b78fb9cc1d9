"""However a tape is cut, the same rows arrive in the same order, and what is called closed is closed."""

from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.feeds import replay
from genesis.feeds.replay import Cut, Replay
from genesis.model.instruments import Instrument
from genesis.tape.stream import COLUMNS, Stream, StreamKind

BTC = Instrument("BTCUSDT", "TEST", "BTC", "USDT", Decimal("1"), Decimal("1"))
KINDS = [StreamKind.TRADES, StreamKind.QUOTES, StreamKind.DEPTH]
Rows = list[tuple[int, int]]

rows_of_a_stream = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), max_size=25).map(sorted)
tapes = st.lists(st.tuples(st.sampled_from(KINDS), rows_of_a_stream), min_size=1, max_size=4)


def streams_of(tape: list[tuple[StreamKind, Rows]]) -> list[Stream]:
    """Recorded streams, nothing revealed."""
    out = []
    for kind, rows in tape:
        stream = Stream(BTC, kind)
        columns = {name: np.zeros(len(rows), np.int64) for name in COLUMNS[kind]}
        columns |= {"ts": np.array([r[0] for r in rows], np.int64), "seq": np.array([r[1] for r in rows], np.int64)}
        stream.record(columns)
        out.append(stream)
    return out


def merged(tape: list[tuple[StreamKind, Rows]]) -> list[tuple[int, int, int, int, int]]:
    """The order of all rows, sorted at once."""
    kinds = list(StreamKind)
    return sorted(
        (ts, seq, kinds.index(kind), i, row)
        for i, (kind, rows) in enumerate(tape)
        for row, (ts, seq) in enumerate(rows)
    )


def check(streams: list[Stream], cuts: Iterable[Cut], order: list[tuple[int, int, int, int, int]]) -> list[int]:
    """Rows revealed at each cut, after checking what the cut promises."""
    revealed = []
    closed = None
    for cut in cuts:
        rows = [s.rows for s in streams]
        assert closed is None or cut.closed_before >= closed
        closed = cut.closed_before
        for stream in streams:
            assert stream.first_at(closed) == np.searchsorted(stream.columns["ts"], closed)
            assert stream.rows == 0 or stream.times[stream.rows - 1] <= closed
        count = sum(rows)
        assert rows == [sum(key[3] == i for key in order[:count]) for i in range(len(streams))]
        revealed.append(count)
    return revealed


@settings(deadline=None)
@given(tapes, st.integers(1, 9))
def test_batches_hold_the_next_rows_of_the_merged_order(tape: list[tuple[StreamKind, Rows]], size: int) -> None:
    """Batches of n rows reveal exactly the first n, 2n, 3n ... rows of the merged order, then everything."""
    streams, order = streams_of(tape), merged(tape)
    total = len(order)
    revealed = check(streams, Replay(streams).cut(size), order)
    assert revealed == ([*(min(n, total) for n in range(size, total + size, size)), total] if total else [])


@settings(deadline=None)
@given(tapes, st.integers(1, 30))
def test_windows_hold_whole_moments_of_the_merged_order(tape: list[tuple[StreamKind, Rows]], size: int) -> None:
    """Windows cut by time hold at least n rows but the last, and end where a moment ends."""
    streams, order = streams_of(tape), merged(tape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "BY_TIME_ROWS", 1)
        revealed = check(streams, Replay(streams).cut(size), order)
    for before, after in zip([0, *revealed], revealed[:-1], strict=False):
        assert after - before >= size
        assert order[after - 1][0] < order[after][0]
    assert revealed[-1:] == [len(order)][: len(revealed)]


@settings(deadline=None)
@given(tapes, st.integers(0, 14), st.sampled_from([1, 3, None]))
def test_until_is_the_tape_cut_short(tape: list[tuple[StreamKind, Rows]], until: int, size: int | None) -> None:
    """With a limit, exactly the rows before it arrive, and only a tape that ends before it is called ended."""
    streams, order = streams_of(tape), merged(tape)
    cuts = list(Replay(streams, until).cut(size))
    assert sum(s.rows for s in streams) == sum(key[0] < until for key in order)
    if order:
        assert cuts[-1].is_last == (order[-1][0] < until)
        assert cuts[-1].closed_before == min(until, order[-1][0] + 1)


@settings(deadline=None)
@given(tapes, st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_windows_of_changing_size_hold_whole_moments_of_the_merged_order(
    tape: list[tuple[StreamKind, Rows]], sizes: list[int]
) -> None:
    """Each window holds at least as many rows as were asked for just before it, but the last, and ends where a moment ends."""
    streams, order = streams_of(tape), merged(tape)
    asked: list[int] = []

    def size() -> int:
        asked.append(sizes[len(asked) % len(sizes)])
        return asked[-1]

    revealed = check(streams, Replay(streams).cut(size), order)
    for rows, before, after in zip(asked, [0, *revealed], revealed[:-1], strict=False):
        assert after - before >= rows
        assert order[after - 1][0] < order[after][0]
    assert revealed[-1:] == [len(order)][: len(revealed)]
