"""A stream of the tape: rows as they arrive, their digests, what is decoded of them, and what is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from genesis.errors import DataError
from genesis.model.market import BarSpec
from genesis.tape.decode import Block, Blocks
from genesis.tape.stream import (
    ABSENT,
    BLOCK_ROWS,
    COLUMNS,
    ORDER_CHANGED,
    ORDER_CREATED,
    ORDER_DELETED,
    Stream,
    StreamKind,
    snapshot_begins,
)
from tests.kit.fills import SECOND, SPOT
from tests.unit.tape.columns import bars, more, rows, trades

KIND = StreamKind.TRADES


def columns(*ts: int, **others: list[int]) -> dict[str, np.ndarray]:
    """Columns of trades at these times, all else 0 but for what is named."""
    return {n: np.array(others.get(n, [0] * len(ts)), np.int64) for n in COLUMNS[KIND]} | {"ts": np.array(ts, np.int64)}


def test_a_stream_is_named_by_what_it_holds() -> None:
    """Instrument, kind, the bars' step, and what was done to a copy of it."""
    assert Stream(SPOT, KIND).name == "BTCUSDT.TEST/trades"
    assert Stream(SPOT, StreamKind.BARS, BarSpec.parse("1h")).name == "BTCUSDT.TEST/bars/1h"
    assert Stream(SPOT, KIND, label="storm").name == "BTCUSDT.TEST/trades!storm"


def test_what_stands_in_recordings_stands() -> None:
    """A time that is not there is the lowest integer; an order is created, changed and deleted by 1, 2 and 3."""
    assert np.iinfo(np.int64).min == ABSENT
    assert (ORDER_CREATED, ORDER_CHANGED, ORDER_DELETED) == (1, 2, 3)


def test_before_the_first_row_there_is_nothing() -> None:
    """No rows, none recorded, and nothing to be found."""
    stream = Stream(SPOT, KIND)
    assert (stream.rows, stream.recorded, stream.first_at(5), stream.first_after(5)) == (0, 0, 0, 0)
    assert {len(column) for column in stream.columns.values()} == {0}


@pytest.mark.parametrize(
    ("second", "at", "after"),
    [(0, 0, 0), (1, 0, 1), (3, 1, 1), (5, 1, 3), (6, 3, 3), (9, 3, 4), (10, 4, 5), (11, 5, 6), (12, 6, 7), (13, 7, 7)],
)
def test_rows_are_found_by_their_time(second: int, at: int, after: int) -> None:
    """Of rows at 1, 5, 5, 9, 10, 11 and 12 s: the first at a time or later, and the first after it; not before where one starts."""
    stream = trades(*((s, 100, 1) for s in (1, 5, 5, 9, 10, 11, 12)))
    assert (stream.first_at(second * SECOND), stream.first_after(second * SECOND)) == (at, after)
    assert stream.first_at(second * SECOND, 2) == max(at, 2)
    assert stream.first_after(second * SECOND, 6) == max(after, 6)


@pytest.mark.parametrize(("kind", "spec"), [(StreamKind.BARS, None), (KIND, BarSpec.parse("1h"))])
def test_bars_alone_have_a_step(kind: StreamKind, spec: BarSpec | None) -> None:
    """Bars without one, and trades with one, are refused."""
    with pytest.raises(ValueError, match=r"expected a bar spec for bars and for nothing else"):
        Stream(SPOT, kind, spec)


def test_rows_arrive_and_stay() -> None:
    """3,000 rows, a thousand and a half at a time: all are there, in order, to be read as columns and as integers."""
    stream = trades()
    for start in range(0, 3_000, 1_500):
        more(stream, *((second, 100 + second, 1) for second in range(start, start + 1_500)))
    assert (stream.rows, stream.recorded) == (3_000, 3_000)
    assert stream.columns["ticks"][:3_000].tolist() == list(range(100, 3_100))
    assert stream.times[:3_000].tolist() == [s * SECOND for s in range(3_000)]
    assert (stream.first_at(7 * SECOND), stream.first_after(7 * SECOND)) == (7, 8)
    assert (stream.first_at(7 * SECOND, 2_000), stream.first_after(10**18)) == (2_000, 3_000)


def test_a_recording_is_revealed_and_never_hidden_again() -> None:
    """Of three recorded rows none has arrived; two are let in, then no fewer and no more than three."""
    stream = Stream(SPOT, KIND)
    stream.record(columns(1, 2, 3))
    assert (stream.rows, stream.recorded) == (0, 3)
    stream.reveal(2)
    stream.reveal(2)
    assert (stream.rows, stream.first_after(9)) == (2, 2)
    for wrong in (1, 4):
        with pytest.raises(ValueError, match=rf"expected 2 to 3 rows, found {wrong}"):
            stream.reveal(wrong)
    stream.reveal(3)
    assert stream.rows == 3


def test_recorded_bars_without_any_volume_say_so() -> None:
    """Lots of 0 in every bar are no volume; one lot in one bar is, and so are no bars, bars of a live feed, and trades."""
    empty, one = bars("1h", (1, 1, 1, 1, 0), (1, 1, 1, 1, 0)), bars("1h", (1, 1, 1, 1, 0), (1, 1, 1, 1, 1))
    found = []
    for source in (empty, one, bars("1h")):
        stream = Stream(SPOT, StreamKind.BARS, BarSpec.parse("1h"))
        stream.record({n: c[: source.rows] for n, c in source.columns.items()})
        found.append(stream.has_volume)
    assert found == [False, True, True]
    assert empty.has_volume
    still = Stream(SPOT, KIND)
    still.record(columns(1))
    assert still.has_volume


def test_engine_time_never_steps_back() -> None:
    """Within rows that arrive, and from those before; the row and both times are named."""
    stream = trades((5, 100, 1))
    with pytest.raises(
        DataError, match=r"^3: BTCUSDT.TEST/trades: engine time steps back: .*expected 9 or later, found 8"
    ):
        Stream(SPOT, KIND).record(columns(7, 9, 8, 7))
    with pytest.raises(DataError, match=rf"^1: .*expected {5 * SECOND} or later, found {5 * SECOND - 1}"):
        stream.append(columns(5 * SECOND - 1))
    with pytest.raises(DataError, match=r"^2: .*expected 9 or later, found 8"):
        Stream(SPOT, KIND).record(columns(9, 8))
    stream.append(columns(5 * SECOND, 5 * SECOND))
    assert stream.rows == 3


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"ticks": np.zeros(1, np.int64)}, r"field 'ticks': expected 2 int64, found \(1,\) int64"),
        ({"ticks": np.zeros(2, np.float64)}, r"field 'ticks': expected 2 int64, found \(2,\) float64"),
        ({"ticks": np.zeros((2, 1), np.int64)}, r"field 'ticks': expected 2 int64, found \(2, 1\) int64"),
        ({"colour": np.zeros(2, np.int64)}, "field 'columns': expected ts, time_event, seq"),
    ],
)
def test_columns_that_do_not_fit_are_refused(wrong: dict[str, np.ndarray], says: str) -> None:
    """Too short, no integers, of two dimensions, or one too many."""
    stream = Stream(SPOT, KIND)
    with pytest.raises(DataError, match=says):
        stream.append(columns(1, 2) | wrong)
    assert stream.rows == 0


def test_a_block_is_its_columns_chained_to_the_block_before() -> None:
    """SHA-256 over the domain, the stream's name (later the digest before) and each column's bytes; however many rows came at once."""
    assert BLOCK_ROWS == 4_096
    at_once = trades(*((i, 100 + i % 7, 1 + i % 3) for i in range(9_000)))
    one_by_one = trades()
    for start in range(0, 9_000, 750):
        more(one_by_one, *((i, 100 + i % 7, 1 + i % 3) for i in range(start, start + 750)))
        one_by_one.block_digest(one_by_one.rows)

    def digest(before: bytes, start: int) -> str:
        parts = [at_once.columns[n][start : start + 4_096].astype("<i8").tobytes() for n in COLUMNS[KIND]]
        return hashlib.sha256(b"genesis.tape.block.1" + before + b"".join(parts)).hexdigest()

    first = digest(b"BTCUSDT.TEST/trades", 0)
    second = digest(bytes.fromhex(first), 4_096)
    for stream in (at_once, one_by_one):
        found = [stream.block_digest(n) for n in (0, 4_095, 4_096, 8_191, 8_192, 9_000)]
        assert found == ["", "", first, first, second, second]


# ---- rows as events


def test_a_trade_is_told_with_its_times_price_and_side() -> None:
    """At its own time where the source has one, and none where it has not; a price of 0.01 a tick."""
    stream = rows(
        Stream(SPOT, KIND),
        {"ts": 5, "time_event": 4, "trade_id": 7, "ticks": 12_345, "lots": 3, "side": -1},
        {"ts": 6, "time_event": ABSENT, "trade_id": 8, "ticks": 12_346, "lots": 4, "side": 1},
    )
    block, place = stream.trades.at(1, stream.rows)
    assert place == 1
    told = [(t.time_received, t.time_event, t.ticks, t.lots, t.price, t.taker_sign, t.trade_id) for t in block.events]
    assert told == [(5, 4, 12_345, 3, 123.45, -1, 7), (6, None, 12_346, 4, 123.46, 1, 8)]
    assert (block.times, block.ticks, block.lots, block.sides) == ([5, 6], [12_345, 12_346], [3, 4], [-1, 1])
    assert block.prices == [123.45, 123.46]


def test_times_that_no_row_has_are_none_and_a_tick_may_be_a_quarter() -> None:
    """A source without times of its own; 401 ticks of 0.25 are 100.25."""
    quarters = replace(SPOT, tick=Decimal("0.25"))
    stream = rows(Stream(quarters, KIND), *({"ts": t, "time_event": ABSENT, "ticks": 401, "lots": 1} for t in (5, 6)))
    block, _ = stream.trades.at(0, 2)
    assert [(t.time_event, t.price) for t in block.events] == [(None, 100.25)] * 2


def test_a_quote_is_told_with_both_sides() -> None:
    """Bid and ask with their lots and prices."""
    quote = {"ts": 5, "time_event": 5, "bid_ticks": 100, "bid_lots": 1, "ask_ticks": 103, "ask_lots": 2}
    stream = rows(Stream(SPOT, StreamKind.QUOTES), quote)
    block, _ = stream.quotes.at(0, 1)
    (event,) = block.events
    assert (event.time_event, event.bid_ticks, event.bid_lots, event.ask_ticks, event.ask_lots) == (5, 100, 1, 103, 2)
    assert (event.bid, event.ask) == (1.0, 1.03)
    assert (block.bids, block.bid_lots, block.asks, block.ask_lots) == ([100], [1], [103], [2])
    assert (block.times, block.bid_prices, block.ask_prices) == ([5], [1.0], [1.03])


def test_a_snapshot_begins_where_its_moment_or_its_place_in_it_does() -> None:
    """Two rows of one snapshot, an update, then one of the same time in another arrival, and one of a later time."""
    stream = rows(
        Stream(SPOT, StreamKind.DEPTH),
        {"ts": 1, "seq": 1, "snapshot": 1, "side": 1, "ticks": 100, "lots": 5},
        {"ts": 1, "seq": 1, "snapshot": 1, "side": -1, "ticks": 102, "lots": 6},
        {"ts": 1, "seq": 2, "snapshot": 0, "side": -1, "ticks": 103, "lots": 0},
        {"ts": 1, "seq": 3, "snapshot": 1, "side": 1, "ticks": 99, "lots": 1},
        {"ts": 1, "seq": 4, "snapshot": 1, "side": 1, "ticks": 98, "lots": 1},
        {"ts": 2, "seq": 4, "snapshot": 1, "side": 1, "ticks": 97, "lots": 1},
        {"ts": 2, "seq": 4, "snapshot": 1, "side": 1, "ticks": 96, "lots": 1},
    )
    block, _ = stream.depth.at(0, 2)
    assert (block.prices, block.lots, block.begins) == ([100, -102], [5, 6], [0])
    block, _ = stream.depth.at(6, 7)
    assert block.prices == [100, -102, -103, 99, 98, 97, 96]
    assert block.begins == [0, 3, 4, 5]


def test_places_are_told_within_their_block() -> None:
    """A snapshot that begins with row 1,026 begins with the third of the second block, which is decoded in two goes."""
    stream = rows(
        Stream(SPOT, StreamKind.DEPTH),
        *({"ts": i, "snapshot": int(i in (1_026, 1_028)), "side": 1, "ticks": 100, "lots": 1} for i in range(1_030)),
    )
    assert stream.depth.at(1_026, 1_027)[0].begins == [2]
    assert stream.depth.at(1_026, 1_030)[0].begins == [2, 4]


def test_a_recording_that_is_one_snapshot_begins_with_its_first_row() -> None:
    """Though its last row is of the same moment."""
    whole = {n: np.array([1, 1], np.int64) for n in COLUMNS[StreamKind.DEPTH]}
    assert snapshot_begins(whole, 0, 2) == [0]
    assert snapshot_begins(whole, 1, 2) == []


class _Made(Block):
    """The numbers of the rows that were decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[int] = []


def test_blocks_are_decoded_as_far_as_rows_arrived_and_the_oldest_are_let_go() -> None:
    """1,024 rows a block, each row once while its block is kept; of seventeen the first is gone."""
    decoded: list[tuple[int, int]] = []

    def fill(block: _Made, start: int, stop: int) -> None:
        decoded.append((start, stop))
        block.numbers.extend(range(start, stop))

    blocks = Blocks(_Made, fill)
    for row, arrived in ((5, 10), (9, 10), (5, 20), (1_024, 1_030), (1_023, 5_000), (3, 5_000)):
        block, place = blocks.at(row, arrived)
        assert block.numbers[place] == row
    assert decoded == [(0, 10), (10, 20), (1_024, 1_030), (20, 1_024)]
    later = Blocks(_Made, fill)
    decoded.clear()
    for row in (1_024, 0, 1_024):
        later.at(row, 2_048)
    assert decoded == [(1_024, 2_048), (0, 1_024)]
    decoded.clear()
    for number in range(2, 17):
        blocks.at(number * 1_024, 10**6)
    assert len(decoded) == 15
    blocks.at(0, 10**6)
    assert decoded[-1] == (0, 1_024)


def test_a_reader_that_only_goes_on_keeps_two_blocks_and_one_that_comes_back_keeps_more() -> None:
    """After five blocks in turn the last two are there and the third is made again; from then on nothing is made twice."""
    decoded: list[int] = []

    def fill(block: _Made, start: int, stop: int) -> None:
        decoded.append(start // 1_024)

    blocks = Blocks(_Made, fill)
    for number in (0, 1, 2, 3, 4, 3, 2, 4, 3, 2):
        blocks.at(number * 1_024, 10**6)
    assert decoded == [0, 1, 2, 3, 4, 2]
