"""The feed half of a fault plan: each fault changes what it must of a recording, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from genesis.clock import NS_PER_SECOND, iso_utc
from genesis.engine.step import Tape
from genesis.execution.book import DepthBook
from genesis.execution.fault_plan import BUILT_IN, Deliveries, FaultPlan, Gap, Rejects, Span, StaleQuotes
from genesis.feeds.faults import FeedFault, fault_reading, known_at_the_door
from genesis.feeds.files.reading import Reading
from genesis.model.market import BarSpec
from genesis.model.run_events import GapFound
from genesis.rng import ClippedNormal
from genesis.tape.stream import ABSENT, COLUMNS, StreamKind
from tests.kit.recordings import reading, rows_of
from tests.kit.runs import FX, START

S = NS_PER_SECOND
MS = 1_000_000
TRADES, QUOTES, DEPTH, BARS = StreamKind.TRADES, StreamKind.QUOTES, StreamKind.DEPTH, StreamKind.BARS
QUOTE = ("ts", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots", "update_id")


def span(start_s: int, stop_s: int) -> Span:
    return Span(iso_utc(START + start_s * S), iso_utc(START + stop_s * S))


def trades(seconds: int = 60, numbered: bool = True) -> Reading:
    """A trade a second, its id a hundred and its second, its price too."""
    rows = [(i * S, 100 + i, 1_000 + i, 5, 1 - 2 * (i % 2)) for i in range(seconds)]
    return reading(TRADES, rows, ("ts", "trade_id", "ticks", "lots", "side"), numbered=numbered)


def quotes(seconds: int = 60, numbered: bool = True) -> Reading:
    """A quote a second, half a second after the trade."""
    rows = [(i * S + S // 2, 999 + i, 3, 1_001 + i, 4, 7 + i) for i in range(seconds)]
    return reading(QUOTES, rows, QUOTE, numbered=numbered)


def depth(seconds: int = 20, numbered: bool = True) -> Reading:
    """A snapshot, and each second a message of two rows: a new bid, and the bid of five seconds before is gone."""
    rows = [(0, 1, 1, s, 1_000 - s, 9, 1) for s in (1, -1)]
    for i in range(1, seconds):
        rows += [(i * S, i + 1, 0, 1, 900 + i, i, i + 1), (i * S, i + 1, 0, 1, 900 + i - 5, 0, i + 1)]
    return reading(DEPTH, rows, ("ts", "seq", "snapshot", "side", "ticks", "lots", "update_id"), numbered=numbered)


def plan(**faults: Any) -> FaultPlan:
    return FaultPlan(**faults)


def same(one: Reading, two: Reading) -> bool:
    """Whether the two would make the same stream."""
    return all(np.array_equal(one.columns[n], two.columns[n]) for n in COLUMNS[one.kind])


def book_at(of: Reading, time: int) -> tuple[dict[int, int], dict[int, int]]:
    """Bids and asks once everything before ``time`` (ns after START) has arrived."""
    book = DepthBook()
    book.apply(dict(of.columns), int(np.searchsorted(of.columns["ts"], START + time)))
    return book.levels(1), book.levels(-1)


# ---- nothing


@pytest.mark.parametrize(
    "nothing",
    [
        FaultPlan(),
        plan(gap=Gap(), stale_quotes=StaleQuotes(), reorder=Deliveries(), duplicates=Deliveries()),
        plan(rejects=Rejects(share=Decimal(1))),
        plan(gap=Gap(windows=[span(0, 99)], instruments=["OTHER.X"])),
        plan(gap=Gap(windows=[span(0, 99)], streams=(BARS,))),
        plan(gap=Gap(windows=[span(200, 300)])),
        plan(reorder=Deliveries(share=Decimal(1), instruments=["OTHER.X"])),
        plan(duplicates=Deliveries(share=Decimal("0.0000001"))),
    ],
)
def test_a_plan_that_does_nothing_to_a_stream_leaves_the_very_same_reading(nothing: FaultPlan) -> None:
    """Not an equal one: no byte of it was touched."""
    for recorded in (trades(), quotes(), depth()):
        assert fault_reading(recorded, nothing, 1).reading is recorded


def test_an_empty_recording_has_no_faults() -> None:
    """There is nothing to be missing."""
    empty = trades(0)
    assert fault_reading(empty, BUILT_IN["rough-day"], 1).reading is empty


# ---- gap


def test_a_gap_takes_what_arrives_in_it_and_is_told() -> None:
    """Seconds 10 to 14 are missing; the rest is as it was, and the report says so beside the gaps of the recording."""
    recorded = trades(20)
    faulted = fault_reading(recorded, plan(gap=Gap(windows=[span(10, 15)])), 1)
    assert [r[0] // S for r in rows_of(faulted.reading, "ts")] == [*range(10), *range(15, 20)]
    kept = [i for i in range(20) if not 10 <= i < 15]
    assert all(np.array_equal(faulted.reading.columns[n], recorded.columns[n][kept]) for n in COLUMNS[TRADES])
    (gap,) = faulted.reading.report.gaps
    assert (gap.time_from - START, gap.time_to - START, gap.missing) == (10 * S, 15 * S, 5)
    assert gap.detail == "on purpose, by a fault plan: 5 trades missing"
    assert faulted.done == (FeedFault("gap", "EURUSD.FX/trades", 1, 5),)


def test_a_gap_may_be_of_some_streams_only() -> None:
    """Quotes are missing, trades are not; of quotes nobody could count the missing ones."""
    wanted = plan(gap=Gap(windows=[span(3, 6)], streams=(QUOTES,)))
    assert fault_reading(trades(), wanted, 1).reading.rows == 60
    faulted = fault_reading(quotes(), wanted, 1)
    assert faulted.reading.rows == 57
    assert faulted.reading.report.gaps[0].missing is None


def test_a_window_in_which_nothing_arrived_is_no_gap() -> None:
    """Only what is missing is told."""
    faulted = fault_reading(
        quotes(10), plan(gap=Gap(windows=[span(3, 4), Span(*[iso_utc(START + x) for x in (1, 2)])])), 1
    )
    assert [(g.time_from - START) // S for g in faulted.reading.report.gaps] == [3]
    assert faulted.done == (FeedFault("gap", "EURUSD.FX/quotes", 1, 1),)


def test_bars_in_a_gap_are_not_invented() -> None:
    """Of five-second bars built from trades, the one in the gap is absent, and the two that touch it hold what arrived."""
    faulted = fault_reading(trades(30), plan(gap=Gap(windows=[span(8, 17)])), 1).reading
    stream = faulted.stream()
    tape = Tape(
        [stream],
        [
            GapFound(g.time_to, None, stream.name, g.time_from, g.time_to, g.missing, g.detail)
            for g in faulted.report.gaps
        ],
    )
    series = tape.series(FX, BarSpec.parse("5s"))
    stream.reveal(stream.recorded)
    told = tape.close(START + 30 * S)
    bars = {name: series.columns[name][: series.rows].tolist() for name in ("time_open", "open", "close", "lots")}
    assert [(t - START) // S for t in bars["time_open"]] == [0, 5, 15, 20, 25]
    assert bars["open"] == [1_000, 1_005, 1_017, 1_020, 1_025]
    assert bars["close"] == [1_004, 1_007, 1_019, 1_024, 1_029]
    assert bars["lots"] == [25, 15, 15, 25, 25]
    assert [(type(e), e.time_from - START, e.missing) for e in told if isinstance(e, GapFound)] == [
        (GapFound, 8 * S, 9)
    ]


def test_recorded_bars_in_a_gap_are_missing() -> None:
    """A bar is known at its close: those that close in the window."""
    rows = [((i + 1) * S, i * S, 10, 12, 9, 11, 5) for i in range(10)]
    recorded = reading(
        BARS, rows, ("ts", "time_open", "open", "high", "low", "close", "lots"), spec=BarSpec.parse("1s")
    )
    faulted = fault_reading(recorded, plan(gap=Gap(windows=[span(3, 5)])), 1).reading
    assert [r[0] // S for r in rows_of(faulted, "ts")] == [1, 2, 5, 6, 7, 8, 9, 10]
    assert faulted.report.gaps[0].missing == 2


def test_after_a_gap_the_book_is_read_anew() -> None:
    """In it the book stands still; at its end a snapshot holds what was missed, and it goes on as recorded."""
    recorded = depth()
    faulted = fault_reading(recorded, plan(gap=Gap(windows=[span(8, 12)])), 1).reading
    for second in (1, 7, 8):
        assert book_at(faulted, second * S) == book_at(recorded, second * S)
    assert book_at(faulted, 12 * S) == book_at(recorded, 8 * S)
    names = ("ts", "snapshot", "side", "ticks", "lots")
    read_anew = [(side, ticks, lots) for t, flag, side, ticks, lots in rows_of(faulted, *names) if flag and t == 12 * S]
    assert read_anew == [(1, 907, 7), (1, 908, 8), (1, 909, 9), (1, 910, 10), (1, 911, 11), (1, 999, 9), (-1, 1_001, 9)]
    at = (faulted.columns["ts"] == START + 12 * S) & (faulted.columns["snapshot"] == 1)
    assert set(faulted.columns["time_event"][at].tolist()) == {ABSENT}
    for second in range(13, 21):
        assert book_at(faulted, second * S) == book_at(recorded, second * S)


def test_a_gap_to_the_end_of_a_book_ends_with_the_book_as_it_was() -> None:
    """The reconnected client has the last book that was recorded, even an empty one."""
    rows = [(0, 1, 0, 1, 900, 5, 1), (2 * S, 2, 0, 1, 900, 0, 2)]
    recorded = reading(DEPTH, rows, ("ts", "seq", "snapshot", "side", "ticks", "lots", "update_id"), numbered=True)
    faulted = fault_reading(recorded, plan(gap=Gap(windows=[span(1, 3)])), 1).reading
    assert rows_of(faulted, "ts", "snapshot", "side", "ticks", "lots") == [(0, 0, 1, 900, 5), (3 * S, 1, 1, 1, 0)]
    assert book_at(faulted, 4 * S) == ({}, {})


# ---- stale quotes


def test_stale_quotes_stand_still_and_catch_up() -> None:
    """Quotes of seconds 5 to 9 arrive at 10, in order, with their own times; trades go on."""
    wanted = plan(stale_quotes=StaleQuotes(windows=[span(5, 10)]))
    recorded = quotes(12)
    faulted = fault_reading(recorded, wanted, 1)
    arrived = [10 * S if 5 * S <= t < 10 * S else t for (t,) in rows_of(recorded, "ts")]
    assert [t for (t,) in rows_of(faulted.reading, "ts")] == arrived
    names = [n for n in COLUMNS[QUOTES] if n != "ts"]
    assert rows_of(faulted.reading, *names) == rows_of(recorded, *names)
    assert faulted.done == (FeedFault("stale quotes", "EURUSD.FX/quotes", 1, 5),)
    assert faulted.reading.report.gaps == ()
    untouched = trades(12)
    assert fault_reading(untouched, wanted, 1).reading is untouched


def test_a_stale_book_is_the_recorded_one_before_and_after() -> None:
    """Depth stands still with the quotes."""
    recorded = depth()
    faulted = fault_reading(recorded, plan(stale_quotes=StaleQuotes(windows=[span(5, 10)])), 1).reading
    assert book_at(faulted, 10 * S) == book_at(recorded, 5 * S)
    for second in (*range(1, 6), *range(11, 21)):
        assert book_at(faulted, second * S) == book_at(recorded, second * S)


@pytest.mark.parametrize("numbered", [True, False])
def test_what_a_snapshot_holds_and_was_still_on_its_way_is_dropped(numbered: bool) -> None:
    """All depth is 3 s late, and 8 to 10 s are a gap: the snapshot of 10 s holds the messages of 7 to 9 s, which would arrive after it."""
    recorded = depth(20, numbered)
    late = Deliveries(share=Decimal(1), delay_ms=ClippedNormal(3_000, 0, 3_000, 3_000))
    out = fault_reading(recorded, plan(reorder=late, gap=Gap(windows=[span(8, 10)])), 1).reading
    rows = rows_of(out, "ts", "snapshot", "ticks", "seq")
    assert book_at(out, 10 * S + 1) == book_at(recorded, 10 * S)
    assert {t // S for t, snapshot, _, seq in rows if not snapshot and 6 <= seq <= 10} == set()
    after = [(t // S, seq) for t, snapshot, _, seq in rows if t > 10 * S and not snapshot]
    assert after == [(i + 3, i + 1) for i in range(10, 20) for _ in (1, 2)]
    assert book_at(out, 99 * S) == book_at(recorded, 99 * S)


# ---- reorder


LATE = ClippedNormal(1_500, 800, 100, 4_000)


def test_late_messages_arrive_out_of_the_exchanges_order() -> None:
    """Every trade is there once, engine time never decreases, the exchange's time steps back, and the delay is within its law."""
    recorded = trades(200)
    faulted = fault_reading(recorded, plan(reorder=Deliveries(share=Decimal("0.3"), delay_ms=LATE)), 1)
    out = faulted.reading
    assert sorted(rows_of(out, "trade_id", "ticks", "side", "time_event")) == rows_of(
        recorded, "trade_id", "ticks", "side", "time_event"
    )
    ts, event = out.columns["ts"], out.columns["time_event"]
    assert (np.diff(ts) >= 0).all()
    assert (np.diff(event) < 0).any()
    delays = (ts - event)[ts != event]
    assert 100 * MS <= delays.min() < delays.max() <= 4_000 * MS
    assert faulted.done == (FeedFault("reorder", "EURUSD.FX/trades", 0, len(delays)),)
    assert 35 <= len(delays) <= 85


def test_a_late_trade_belongs_to_the_bar_in_which_it_arrives() -> None:
    """It is counted as late and does not reopen the bar it missed."""
    out = fault_reading(trades(200), plan(reorder=Deliveries(share=Decimal("0.3"), delay_ms=LATE)), 1).reading
    stream = out.stream()
    tape = Tape([stream])
    series = tape.series(FX, BarSpec.parse("5s"))
    stream.reveal(stream.recorded)
    tape.close(START + 300 * S)
    lots, late = (series.columns[n][: series.rows] for n in ("lots", "late"))
    ts, event = out.columns["ts"], out.columns["time_event"]
    assert int(late.sum()) == int(np.count_nonzero(event // (5 * S) < ts // (5 * S))) > 0
    assert int(lots.sum()) == 200 * 5


def test_a_late_depth_message_holds_back_what_is_behind_it() -> None:
    """Depth builds on itself: its order is kept, and the book at the end is the recorded one."""
    recorded = depth(60)
    out = fault_reading(recorded, plan(reorder=Deliveries(share=Decimal("0.3"), delay_ms=LATE)), 1).reading
    names = [n for n in COLUMNS[DEPTH] if n != "ts"]
    assert rows_of(out, *names) == rows_of(recorded, *names)
    assert (out.columns["ts"] >= recorded.columns["ts"]).all()
    assert (out.columns["ts"] > recorded.columns["ts"]).any()
    assert book_at(out, 99 * S) == book_at(recorded, 99 * S)


def test_a_quote_that_was_overtaken_says_nothing_where_ids_tell() -> None:
    """With update ids the door drops it; without, it shows the old prices again."""
    wanted = plan(reorder=Deliveries(share=Decimal("0.3"), delay_ms=LATE))
    numbered, plain = (fault_reading(quotes(200, numbered=n), wanted, 1) for n in (True, False))
    ids = numbered.reading.extras["update_id"]
    assert (np.diff(ids) > 0).all()
    (fault,) = numbered.done
    assert numbered.reading.rows == 200 - fault.recognised < 200
    assert plain.reading.rows == 200
    assert (np.diff(plain.reading.columns["bid_ticks"]) < 0).any()
    assert plain.done[0].recognised == 0


def test_messages_of_one_moment_are_drawn_one_by_one() -> None:
    """The place in the moment is a part of the draw's key: of 200 trades of one instant half are late, not all or none; and alike twice."""
    rows = [(0, 100 + i, 1_000, 5, 1) for i in range(200)] + [(9 * S, 900, 1_000, 5, 1)]
    recorded = reading(TRADES, rows, ("ts", "trade_id", "ticks", "lots", "side"), numbered=True)
    wanted = plan(reorder=Deliveries(share=Decimal("0.5"), delay_ms=ClippedNormal(500, 400, 1, 2_000)))
    out = fault_reading(recorded, wanted, 1)
    (fault,) = out.done
    assert 70 <= fault.messages <= 130
    late = [t for (t,) in rows_of(out.reading, "ts") if 0 < t < 9 * S]
    assert len(set(late)) > 50
    assert rows_of(out.reading, "ts", "trade_id") == rows_of(
        fault_reading(recorded, wanted, 1).reading, "ts", "trade_id"
    )


# ---- duplicates


TWICE = plan(duplicates=Deliveries(share=Decimal("0.4"), delay_ms=LATE))


@pytest.mark.parametrize("make", [trades, quotes, depth])
def test_a_duplicate_with_an_id_changes_nothing_and_is_counted(make) -> None:  # type: ignore[no-untyped-def]
    """The door recognises every one of them: the stream is the recorded one."""
    recorded = make(100)
    faulted = fault_reading(recorded, TWICE, 1)
    (fault,) = faulted.done
    assert fault.fault == "duplicates"
    assert fault.recognised == fault.messages > 20
    assert same(faulted.reading, recorded)
    assert all(np.array_equal(faulted.reading.extras[n], recorded.extras[n]) for n in recorded.extras)


def test_a_duplicate_without_an_id_is_what_it_is() -> None:
    """The trade counts twice: nobody could tell it from two equal trades."""
    faulted = fault_reading(trades(100, numbered=False), TWICE, 1)
    (fault,) = faulted.done
    assert fault.recognised == 0
    assert faulted.reading.rows == 100 + fault.messages
    assert int(faulted.reading.columns["lots"].sum()) == 5 * (100 + fault.messages)


def test_a_copy_is_the_message_where_the_original_was_missed() -> None:
    """A gap takes the first delivery of 105 and the second of 103; the second of 105 comes after it and is known to nobody yet."""
    wanted = plan(
        gap=Gap(windows=[span(5, 6)]),
        duplicates=Deliveries(share=Decimal(1), delay_ms=ClippedNormal(2_500, 0, 2_500, 2_500)),
    )
    faulted = fault_reading(trades(10), wanted, 1)
    found = {i: t for t, i in rows_of(faulted.reading, "ts", "trade_id")}
    assert found[105] == 5 * S + 2_500 * MS
    assert {i: t for i, t in found.items() if i != 105} == {100 + i: i * S for i in range(10) if i != 5}
    assert {d.fault: (d.messages, d.recognised) for d in faulted.done} == {"duplicates": (10, 8), "gap": (1, 0)}


def test_the_door_knows_trades_by_id_and_books_by_their_newest_update() -> None:
    """A trade that was overtaken is new; a quote that was is not."""
    ids = np.array([1, 3, 2, 3, 4, 1], np.int64)
    assert known_at_the_door(TRADES, ids).tolist() == [False, False, False, True, False, True]
    assert known_at_the_door(QUOTES, ids).tolist() == [False, False, True, True, False, True]
    assert known_at_the_door(QUOTES, ids[:0]).tolist() == []


def test_ids_that_do_not_tell_the_recordings_own_messages_apart_are_no_ids() -> None:
    """A source that numbers two quotes alike would lose one of them at the door."""
    recorded = quotes(50)
    twice = msgspec.structs.replace(recorded, extras={"update_id": recorded.extras["update_id"] // 2})
    faulted = fault_reading(twice, TWICE, 1)
    assert faulted.reading.rows == 50 + faulted.done[0].messages


# ---- all of it


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_faults() -> None:
    """The plan's own seed, where it has one, is the only one that counts."""
    wanted = BUILT_IN["messy-feed"]
    first, again, other = (fault_reading(trades(2_000), wanted, seed).reading for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)
    owned = msgspec.structs.replace(wanted, seed=1)
    assert same(fault_reading(trades(2_000), owned, 5).reading, first)


def test_the_streams_of_an_instrument_share_their_windows_and_not_their_delays() -> None:
    """A lost connection is lost for all of them."""
    wanted = plan(gap=Gap(per_day=Decimal(1440), length_s=ClippedNormal(10, 5, 5, 20)))
    gaps = [
        {(g.time_from, g.time_to) for g in fault_reading(make(3_000), wanted, 1).reading.report.gaps}
        for make in (trades, quotes)
    ]
    assert gaps[0] == gaps[1]
    assert len(gaps[0]) > 20
