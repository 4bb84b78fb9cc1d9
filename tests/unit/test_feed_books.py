"""Quotes, depth, order-by-order data and arrival: what is on the tape, when, and what is reported as missing."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from genesis.errors import DataError
from genesis.feeds.files import Reading, ReadOptions, align_capture, parse_policies, read
from genesis.model.instruments import Instrument
from genesis.tape.stream import ABSENT, ORDER_CHANGED, ORDER_CREATED, ORDER_DELETED, StreamKind

BTC = Instrument("BTCUSDT", "TEST", "BTC", "USDT", Decimal("1"), Decimal("1"))
T = 1_735_689_600_000_000_000
E8 = 10**8
DEPTH_HEADER = "recv_ts_ns,ts_ns,event_ts_ns,line,is_snapshot,first_id,final_id,prev_final_id,side,price_e8,qty_e8"
Message = tuple[int, str, str, str, str]


def depth(folder: Path, messages: list[Message]) -> Reading:
    """A depth file of one bid level a message: (line, snapshot?, U, u, pu); it arrives ``line`` ns after T."""
    lines = [DEPTH_HEADER]
    for line, snapshot, first, final, previous in messages:
        lines.append(f"{T + line},,,{line},{snapshot},{first},{final},{previous},bid,{line * E8},{line * E8}")
    path = folder / "l2.csv"
    path.write_text("\n".join(lines))
    (reading,) = read(path, BTC)
    return reading


def columns(reading: Reading, *names: str) -> list[tuple[int, ...]]:
    """Some columns as rows."""
    return list(zip(*(reading.columns[n].tolist() for n in names), strict=True))


def test_spot_diffs_follow_their_snapshot(tmp_path: Path) -> None:
    """Diffs the snapshot holds are left out; one that came before it but reaches beyond it applies with it."""
    reading = depth(
        tmp_path,
        [
            (1, "False", "1", "4", ""),
            (2, "False", "5", "9", ""),
            (3, "True", "", "6", ""),
            (4, "False", "10", "12", ""),
        ],
    )
    assert columns(reading, "ts", "seq", "snapshot", "ticks") == [
        (T + 3, 3, 1, 3),
        (T + 3, 3, 0, 2),
        (T + 4, 4, 0, 4),
    ]
    assert reading.report.gaps == ()
    facts = reading.report.facts
    assert (facts["diffs applied"], facts["diffs left out"], facts["snapshots"]) == (2, 1, 1)
    assert (reading.report.rows_read, reading.report.rows_kept) == (4, 3)


def test_futures_diffs_follow_their_snapshot(tmp_path: Path) -> None:
    """Futures hold a diff when its last id is below the snapshot's, and then chain by the previous id."""
    reading = depth(
        tmp_path,
        [
            (1, "False", "1", "4", "0"),
            (2, "False", "5", "9", "4"),
            (3, "True", "", "9", ""),
            (4, "False", "15", "20", "9"),
        ],
    )
    assert columns(reading, "ts", "ticks") == [(T + 3, 3), (T + 3, 2), (T + 4, 4)]
    assert reading.report.gaps == ()


@pytest.mark.parametrize(
    ("broken", "missing", "detail"),
    [
        ((4, "False", "12", "13", ""), 2, "expected U 10, found U 12"),
        ((4, "False", "12", "13", "11"), None, "expected pu 9, found pu 11"),
    ],
)
def test_a_broken_sequence_is_a_gap(tmp_path: Path, broken: Message, missing: int | None, detail: str) -> None:
    """A diff that does not follow its predecessor is reported between the two, and the tape goes on."""
    previous = "6" if broken[4] else ""
    messages = [
        (1, "True", "", "6", ""),
        (2, "False", "6", "9", previous),
        broken,
        (5, "False", "14", "14", broken[4] and "13"),
    ]
    reading = depth(tmp_path, messages)
    (gap,) = reading.report.gaps
    assert (gap.time_from, gap.time_to, gap.missing) == (T + 2, T + 4, missing)
    assert detail in gap.detail
    assert reading.rows == 4


def test_a_first_diff_that_does_not_reach_the_snapshot_is_a_gap(tmp_path: Path) -> None:
    """Between the snapshot and the first diff applied nothing may be missing."""
    reading = depth(tmp_path, [(1, "True", "", "6", ""), (2, "False", "9", "9", "")])
    assert [g.missing for g in reading.report.gaps] == [2]


def test_a_later_snapshot_replaces_the_book_and_takes_the_newer_diffs_again(tmp_path: Path) -> None:
    """After a resync the diffs that the new snapshot does not hold are applied on top of it once more."""
    messages = [
        (1, "True", "", "6", ""),
        (2, "False", "7", "9", ""),
        (3, "False", "10", "11", ""),
        (4, "True", "", "9", ""),
        (5, "False", "12", "12", ""),
    ]
    reading = depth(tmp_path, messages)
    assert columns(reading, "ts", "ticks", "snapshot") == [
        (T + 1, 1, 1),
        (T + 2, 2, 0),
        (T + 3, 3, 0),
        (T + 4, 4, 1),
        (T + 4, 3, 0),
        (T + 5, 5, 0),
    ]
    assert reading.report.gaps == ()
    assert reading.report.facts["diffs applied after a later snapshot"] == 1


def test_depth_without_a_snapshot_says_so(tmp_path: Path) -> None:
    """Without a snapshot every diff is on the tape, and the report says that the book is incomplete."""
    reading = depth(tmp_path, [(1, "False", "1", "4", ""), (2, "False", "5", "9", "")])
    assert reading.rows == 2
    assert "incomplete" in str(reading.report.facts["book"])


QUOTES = "recv_ts_ns,ts_ns,event_ts_ns,line,update_id,bid_px_e8,bid_qty_e8,ask_px_e8,ask_qty_e8\n"
TRADES = "ts_ns,event_ts_ns,recv_ts_ns,line,trade_id,price_e8,qty_e8,side\n"


def capture(folder: Path, sent: int, traded: int) -> tuple[Reading, Reading]:
    """A quote and a trade that arrive at T and T + 10, with these delays of the exchange's clock before ours."""
    quotes, trades = folder / "l1.csv", folder / "trades.csv"
    quotes.write_text(QUOTES + f"{T},{T - 5},{T + sent},1,9,{E8},{E8},{2 * E8},{E8}\n")
    trades.write_text(TRADES + f"{T + 10 + traded},,{T + 10},2,7,{E8},{E8},buy\n")
    return read(quotes, BTC)[0], read(trades, BTC)[0]


def test_arrival_is_moved_until_no_latency_is_negative(tmp_path: Path) -> None:
    """The offset counts send times too, is the smallest that is enough, and none where the clocks agree."""
    quotes, trades = capture(tmp_path, 100, 300)
    assert (quotes.report.offset_ns, trades.report.offset_ns) == (100, 300)
    assert quotes.columns["ts"].tolist() == [T + 100]
    assert trades.report.latency is not None
    assert (trades.report.latency.least, trades.report.latency.most) == (0, 0)
    quotes, trades = capture(tmp_path, -100, -300)
    assert (quotes.report.offset_ns, trades.report.offset_ns) == (0, 0)
    assert (trades.report.clock, trades.report.latency is not None) == ("arrival", True)


def test_streams_of_one_capture_share_one_offset(tmp_path: Path) -> None:
    """Aligning keeps the order in which rows arrived, whatever each stream alone would need."""
    quotes, trades = align_capture(capture(tmp_path, 100, 300))
    assert (quotes.report.offset_ns, trades.report.offset_ns) == (300, 300)
    assert quotes.columns["ts"].tolist() == [T + 300]
    assert trades.columns["ts"].tolist() == [T + 310]
    assert quotes.report.latency is not None
    assert quotes.report.latency.least == 305


ORDERS = "id,timestamp,exchange_timestamp,price,volume,action,direction\n"
MS = T // 10**6


def orders(folder: Path, rows: str, options: ReadOptions | None = None) -> tuple[Reading, Reading]:
    """Depth and quotes of order rows ``ms id price volume action side``, one a line."""
    path = folder / "orders.csv"
    cells = [row.split() for row in rows.strip().splitlines()]
    path.write_text(ORDERS + "".join(f"{i},{MS},{MS + int(ms)},{p},{q},{a},{s}\n" for ms, i, p, q, a, s in cells))
    first, second = read(path, BTC, options or ReadOptions())
    return first, second


def test_orders_become_levels_and_quotes(tmp_path: Path) -> None:
    """Levels are published with their absolute size at the end of each moment, quotes when the best changed."""
    book, quotes = orders(
        tmp_path,
        """
        0 1 10 5 created bid
        0 2 12 5 created ask
        1 3 10 2 created bid
        1 4 11 1 created ask
        1 4 11 1 deleted ask
        2 1 10 1 changed bid
        3 1 10 1 deleted bid
        3 3 9 2 changed bid
        4 9 10 1 deleted bid
        """,
        ReadOptions(snapshot_rows=2),
    )
    assert columns(book, "ts", "seq", "snapshot", "side", "ticks", "lots") == [
        (T, 2, 1, 1, 10, 5),
        (T, 2, 1, -1, 12, 5),
        (T + 10**6, 5, 0, 1, 10, 7),
        (T + 2 * 10**6, 6, 0, 1, 10, 3),
        (T + 3 * 10**6, 8, 0, 1, 10, 0),
        (T + 3 * 10**6, 8, 0, 1, 9, 2),
    ]
    assert columns(quotes, "ts", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots") == [
        (T, 10, 5, 12, 5),
        (T + 10**6, 10, 7, 12, 5),
        (T + 2 * 10**6, 10, 3, 12, 5),
        (T + 3 * 10**6, 9, 2, 12, 5),
    ]
    assert book.report.facts["deletes of unknown orders"] == 1
    assert book.report.facts["best bid or ask changes"] == 2


def test_a_book_still_crossed_drops_its_oldest_order(tmp_path: Path) -> None:
    """Within a moment the book may cross; at its end the oldest order of the two levels that cross is gone."""
    book, quotes = orders(
        tmp_path,
        """
        0 1 10 5 created bid
        0 2 12 3 created ask
        1 3 12 4 created bid
        1 4 13 1 created ask
        2 5 13 1 created bid
        2 5 13 1 deleted bid
        """,
    )
    assert columns(quotes, "ts", "bid_ticks", "bid_lots", "ask_ticks") == [
        (T, 10, 5, 12),
        (T + 10**6, 12, 4, 13),
    ]
    assert book.report.facts["stale orders"] == "12 x 3"
    assert (T + 10**6, -1, 12, 0) in columns(book, "ts", "side", "ticks", "lots")


def test_orders_are_kept_where_asked_for(tmp_path: Path) -> None:
    """Every event in its order with what remains, without the rows that empty the book at the end; a stale order's delete is added."""
    path = tmp_path / "orders.csv"
    rows = ["0 1 10 5 created bid", "0 2 12 3 created ask", "1 1 10 4 changed bid", "1 3 12 4 created bid"]
    rows += ["2 4 13 1 created ask", "3 9 10 1 deleted bid", "4 3 12 4 deleted bid"]
    cells = [row.split() for row in rows]
    path.write_text(ORDERS + "".join(f"{i},{MS},{MS + int(ms)},{p},{q},{a},{s}\n" for ms, i, p, q, a, s in cells))
    *_, kept = read(path, BTC, ReadOptions(orders=True, trailing_rows=1))
    assert kept.kind is StreamKind.ORDERS
    assert columns(kept, "ts", "seq", "order_id", "action", "side", "ticks", "lots") == [
        (T, 1, 1, ORDER_CREATED, 1, 10, 5),
        (T, 2, 2, ORDER_CREATED, -1, 12, 3),
        (T + 10**6, 3, 1, ORDER_CHANGED, 1, 10, 4),
        (T + 10**6, 4, 3, ORDER_CREATED, 1, 12, 4),
        (T + 10**6, 4, 2, ORDER_DELETED, -1, 12, 3),
        (T + 2 * 10**6, 5, 4, ORDER_CREATED, -1, 13, 1),
        (T + 3 * 10**6, 6, 9, ORDER_DELETED, 1, 10, 1),
    ]
    assert [r.kind for r in read(path, BTC)] == [StreamKind.DEPTH, StreamKind.QUOTES]


def test_orders_without_a_price_stand_on_no_level(tmp_path: Path) -> None:
    """A market order is written with price 0: it is known, but displays nothing until it has a price."""
    book, _ = orders(
        tmp_path,
        """
        0 1 10 5 created bid
        0 2 12 3 created ask
        1 3 0 4 created ask
        1 3 0 2 changed ask
        2 3 11 2 changed ask
        3 3 0 2 changed ask
        4 3 0 0 deleted ask
        """,
    )
    third = 10**6
    assert columns(book, "ts", "side", "ticks", "lots")[2:] == [(T + 2 * third, -1, 11, 2), (T + 3 * third, -1, 11, 0)]
    assert book.report.facts["deletes of unknown orders"] == 0


def test_an_emptied_level_can_fill_again(tmp_path: Path) -> None:
    """A level whose only order shows nothing for a while is not the best meanwhile, and is again afterwards."""
    _, quotes = orders(
        tmp_path,
        """
        0 1 10 5 created bid
        0 2 9 5 created bid
        0 3 12 3 created ask
        1 1 10 0 changed bid
        2 1 10 4 changed bid
        """,
    )
    assert columns(quotes, "bid_ticks", "bid_lots") == [(10, 5), (9, 5), (10, 4)]


def test_an_order_is_created_once(tmp_path: Path) -> None:
    """A second creation of the same order is a duplicate; its other events are not."""
    rows = "0 1 10 5 created bid\n0 2 12 5 created ask\n1 1 10 5 created bid\n2 1 10 3 changed bid"
    with pytest.raises(DataError, match="order created 1 again, first at 2") as caught:
        orders(tmp_path, rows)
    assert (caught.value.line, caught.value.field) == (4, "id")
    book, _ = orders(tmp_path, rows, ReadOptions(policies=parse_policies({"duplicate": "keep_first"})))
    assert columns(book, "ticks", "lots")[-1] == (10, 3)


def test_time_that_steps_back_in_an_order_file_is_kept(tmp_path: Path) -> None:
    """Order data is in file order: engine time is the running maximum, and the steps back are counted."""
    book, _ = orders(tmp_path, "5 1 10 5 created bid\n3 2 12 5 created ask\n7 3 9 1 created bid")
    assert columns(book, "ts", "ticks") == [(T + 5 * 10**6, 10), (T + 5 * 10**6, 12), (T + 7 * 10**6, 9)]
    assert book.report.event_steps_back == 1


def test_the_recorder_counts_the_rows_it_made_up(tmp_path: Path) -> None:
    """meta.json tells the opening snapshot and the artificial end, and a file shorter than it says is truncated."""
    rows = "0 1 10 5 created bid\n0 2 12 5 created ask\n1 3 9 1 created bid\n2 3 9 1 deleted bid\n2 1 10 5 deleted bid"
    meta = tmp_path / "meta.json"
    meta.write_text(json.dumps({"total_order_rows": 5, "synthetic_created": 2, "synthetic_deleted": 2}))
    book, _ = orders(tmp_path, rows)
    assert columns(book, "snapshot", "ticks") == [(1, 10), (1, 12), (0, 9)]
    assert book.report.rows_kept == 3
    meta.write_text(json.dumps({"total_order_rows": 6, "synthetic_created": 2, "synthetic_deleted": 2}))
    with pytest.raises(DataError, match=r"truncated file: expected 6 rows, as meta\.json says, found 5"):
        orders(tmp_path, rows)
    meta.write_text("{}")
    with pytest.raises(DataError, match="expected the recorder's counts") as caught:
        orders(tmp_path, rows)
    assert caught.value.source == str(meta)


def test_a_capture_with_orders_is_on_the_exchange_clock(tmp_path: Path) -> None:
    """Trades beside order-by-order data take the exchange's time, the clock the orders are in."""
    book, quotes = orders(tmp_path, "0 1 10 5 created bid\n0 2 12 5 created ask")
    _, trades = capture(tmp_path, 0, -8)
    moved = align_capture((book, quotes, trades))
    assert moved[0] is book
    assert moved[2].columns["ts"].tolist() == [T + 2]
    assert (moved[2].report.clock, moved[2].report.offset_ns) == ("exchange", None)
    blind, _ = capture(tmp_path, 0, 0)
    lost = depth(tmp_path, [(1, "True", "", "6", "")])
    assert lost.columns["time_event"].tolist() == [ABSENT]
    with pytest.raises(ValueError, match="expected the exchange's time on every row"):
        align_capture((book, blind, lost))


def test_bars_are_no_part_of_a_capture(tmp_path: Path) -> None:
    """Bars carry no arrival to align."""
    path = tmp_path / "bars.csv"
    path.write_text("time,open,high,low,close\n1735689600,1,1,1,1\n1735689660,1,1,1,1\n")
    (bars,) = read(path, BTC)
    assert bars.kind is StreamKind.BARS
    with pytest.raises(ValueError, match="expected trades, quotes or depth, found bars"):
        align_capture((bars,))


def test_one_side_alone_makes_no_quote(tmp_path: Path) -> None:
    """Depth of one side is published; a quote needs both."""
    book, quotes = orders(tmp_path, "0 1 10 5 created bid\n1 2 12 5 created ask\n2 7 12 5 changed ask")
    assert columns(book, "ticks", "lots") == [(10, 5), (12, 5)]
    assert columns(quotes, "ts") == [(T + 10**6,)]
    assert book.report.facts["changes of unknown orders"] == 1
