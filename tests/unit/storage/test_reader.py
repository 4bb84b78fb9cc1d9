"""What a reader is told, also while an engine writes."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from genesis.audit.entry import decode, encode
from genesis.clock import ManualClock
from genesis.errors import ConfigError, StorageError
from genesis.model.orders import Side
from genesis.model.run_events import TapeEnded
from genesis.model.track_events import MetricSample
from genesis.storage.inbox import leave_command
from genesis.storage.memory import MemoryJournal
from genesis.storage.sqlite import SqliteStore, StoreReader
from tests.kit.factories import BTC, T0, TRACKS, accepted, filled, note, order, sample, small_run, started, submitted

RUN = small_run(10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run.db"
    with SqliteStore.open(path, ManualClock(T0), "desk-1") as store:
        store.operation("start")
        store.journal.append(RUN)
        store.journal.commit()
        store.operation("stop", complete=True)
    return path


@pytest.fixture
def reader(path: Path) -> StoreReader:
    return StoreReader.open(path)


def test_status_tells_how_the_run_stands(path: Path, reader: StoreReader) -> None:
    """Length, head, engine time, whether the tape ended, what waits, and the last operation."""
    journal = MemoryJournal()
    journal.append(RUN)
    leave_command(path, "pause", TRACKS[0], "ann", "looks odd", ManualClock(1))
    status = reader.status()
    assert (status.entries, status.head, status.time) == (len(RUN), journal.head.hex(), RUN[-1].time)
    assert (status.complete, status.waiting_commands) == (True, 1)
    assert status.last_operation is not None
    assert status.last_operation.kind == "stop"


def test_an_empty_store_has_a_status_too(tmp_path: Path) -> None:
    """Undefined is None, and nothing is complete."""
    SqliteStore.open(tmp_path / "new.db", ManualClock(), "h").close()
    status = StoreReader.open(tmp_path / "new.db").status()
    assert (status.entries, status.head, status.time) == (0, "00" * 32, None)
    assert (status.complete, status.last_operation) == (False, None)


def test_tracks_come_in_the_order_of_the_first_entry_and_those_opened_later_after_them(reader: StoreReader) -> None:
    """Each with the facts that the run was started with."""
    assert [t.track for t in reader.tracks()] == [*TRACKS, "ema.fast@live"]
    assert reader.tracks()[1].facts["budget"] == "10000 USDT"


def test_orders_tell_status_filled_quantity_and_average_price(reader: StoreReader) -> None:
    """Orders of each kind of life end as their events say; the average is by quantity, exact as far as it goes."""
    found = {o.client_order_id: o for o in reader.orders()}
    whole, parts, late, rejected, expired = (found[f"{TRACKS[n % 2]}-{n}"] for n in (0, 1, 2, 3, 4))
    assert (whole.status, whole.filled_qty, whole.avg_fill_px) == ("FILLED", "0.00100", "43001.12")
    assert (parts.status, parts.filled_qty, parts.limit_px) == ("FILLED", "0.00100", "43000.00")
    assert parts.avg_fill_px == str((Decimal("43001.12") * 40 + Decimal("43001.05") * 60) / 100)
    assert (late.status, late.filled_qty, late.post_only, late.tag) == ("CANCELED", "0.00030", True, "rest")
    assert (rejected.status, rejected.reason, rejected.avg_fill_px) == ("REJECTED", "NO_LIQUIDITY", None)
    assert (expired.status, expired.reason, expired.trigger_px) == ("EXPIRED", "IOC_REST", "43001.00")


def test_orders_of_one_track_and_open_orders_alone(tmp_path: Path) -> None:
    """The filters hold, and an order is open until it has ended."""
    first, second, third = order(1, TRACKS[0]), order(1, TRACKS[1]), order(2, TRACKS[0])
    with SqliteStore.open(tmp_path / "run.db", ManualClock(), "h") as store:
        store.journal.append([started(), submitted(first), submitted(second), accepted(second), submitted(third)])
        store.journal.append([accepted(first), filled(first), accepted(third), filled(third, 10)])
        store.journal.commit()
    reader = StoreReader.open(tmp_path / "run.db")
    assert [o.client_order_id for o in reader.orders(TRACKS[0])] == ["ema.fast-1", "ema.fast-2"]
    assert [o.status for o in reader.orders(open_only=True)] == ["ACCEPTED", "PARTIALLY_FILLED"]
    assert [o.client_order_id for o in reader.orders(TRACKS[0], open_only=True)] == ["ema.fast-2"]


def test_fills_carry_their_instrument_and_what_they_are_measured_against(reader: StoreReader) -> None:
    """A fill's entry names its order only; the row names the instrument."""
    fill = reader.fills(TRACKS[0])[0]
    assert (fill.instrument, fill.last_px, fill.last_qty) == (BTC.id, "43001.12", "0.00100")
    assert (fill.decision_px, fill.arrival_px, fill.tier) == ("43001.05", "43001.09", "trades")
    assert {f.track for f in reader.fills()} == set(TRACKS)


def test_positions_are_the_exact_sums_of_fills(tmp_path: Path) -> None:
    """Bought, sold, net and fees a track and instrument, to the last digit."""
    bought, sold = order(1, lots=300), order(2, lots=100, side=Side.SELL)
    with SqliteStore.open(tmp_path / "run.db", ManualClock(), "h") as store:
        events = [submitted(bought), accepted(bought), filled(bought, ticks=4_300_001)]
        events += [submitted(sold), accepted(sold), filled(sold, ticks=4_300_002, fee_currency="BNB", fee=7)]
        store.journal.append(events)
        store.journal.commit()
    (row,) = StoreReader.open(tmp_path / "run.db").positions()
    assert (row.track, row.instrument, row.qty, row.fills) == ("ema.fast", BTC.id, "0.00200", 2)
    assert (row.bought_qty, row.bought_notional) == ("0.00300", "129.0000300")
    assert (row.sold_qty, row.sold_notional) == ("0.00100", "43.0000200")
    assert row.fees == {"USDT": "0.1290033600", "BNB": "0.0000000007"}
    assert row.time_last == filled(sold).time


def test_what_is_held_is_less_the_fees_taken_from_it(tmp_path: Path) -> None:
    """Of 0.003 BTC bought 0.000003 BTC were the fee, and a sale's fee was paid in USDT: 0.001997 are held, and with all of that sold nothing is.

    An account of several moneys owns an asset and no part of an instrument: there it is undefined.
    """
    bought, sold = order(1, lots=300), order(2, lots=100, side=Side.SELL)
    events = [started(), submitted(bought), accepted(bought)]
    events += [filled(bought, fee_currency="BTC", fee=300, fee_decimals=8)]
    events += [submitted(sold), accepted(sold), filled(sold)]
    tracks = [{"balances": {"BNB": "1"}, "budget": "10000 USDT", "name": n, "params": {}} for n in TRACKS]
    for name, first, held in (("one", events[0], "0.00199700"), ("several", started(tracks=tracks), None)):
        path = tmp_path / f"{name}.db"
        with SqliteStore.open(path, ManualClock(), "h") as store:
            store.journal.append([first, *events[1:]])
            store.journal.commit()
        with StoreReader.open(path) as reader:
            (row,) = reader.positions()
        assert (row.qty, row.held_qty) == ("0.00200", held)


def test_the_other_tables_come_as_rows(reader: StoreReader) -> None:
    """Denials, trades, samples, stops, gaps and notes, each with what its entry said."""
    assert [(d.reason, d.qty) for d in reader.denials()] == [("SHORT_NOT_ALLOWED", "0.00005")]
    assert [(t.pnl, t.funding) for t in reader.trades()] == [
        ("-0.0860022400", None),
        ("-0.0860022400", "-0.0000000012"),
    ]
    (settled,) = reader.funding()
    assert (settled.qty, settled.mark_px, settled.rate) == ("1.00000000", "43001.12000000", "0.00010000")
    assert (settled.amount, settled.currency) == ("-4.3001120000000000", "USDT")
    samples = reader.samples(TRACKS[1])
    assert [s.time - T0 for s in samples] == [0, 3_600 * 10**9, 7_200 * 10**9]
    assert samples[0].metrics == sample().metrics
    assert [(s.kind, s.track) for s in reader.stops()] == [
        ("LIQUIDATED", TRACKS[1]),
        ("CLOSED", "ema.fast@live"),
        ("HALTED", TRACKS[0]),
        ("STOPPED", TRACKS[1]),
    ]
    (moved,) = reader.capital()
    assert (moved.amount, moved.share, moved.reason) == ("1000.00000000", "1/10", "first capital")
    assert [g.missing for g in reader.gaps()] == [17]
    assert [n.text for n in reader.notes(TRACKS[0])] == ["Grüße, „Ω“ \u0001\n"]
    assert reader.notes(TRACKS[1]) == []


def test_entries_come_as_they_are_stored_and_in_ranges(reader: StoreReader) -> None:
    """A third party gets the very bytes; both ends of a range are included."""
    assert [e.entry for e in reader.entries()] == [encode(e) for e in RUN]
    assert [e.seq for e in reader.entries(3, 5)] == [3, 4, 5]
    assert [e.seq for e in reader.entries(len(RUN) - 1)] == [len(RUN) - 1, len(RUN)]
    assert list(reader.entries(len(RUN) + 1)) == []


def test_entries_of_one_type(reader: StoreReader) -> None:
    """A note that quotes a type is not taken for it."""
    assert reader.events("TapeEnded") == [decode(encode(RUN[-1]))]
    assert len(reader.events("MetricSample")) == sum(isinstance(e, MetricSample) for e in RUN)
    assert isinstance(RUN[-1], TapeEnded)


def test_a_quoted_type_is_not_that_type(tmp_path: Path) -> None:
    """Facts that contain a type and a version of their own stay what they are."""
    with SqliteStore.open(tmp_path / "run.db", ManualClock(), "h") as store:
        store.journal.append([started(x={"a": 1, "type": "TapeEnded", "version": 1}), note()])
        store.journal.commit()
    assert StoreReader.open(tmp_path / "run.db").events("TapeEnded") == []


def test_plain_rows_for_export_know_their_tables(reader: StoreReader) -> None:
    """Unknown tables, and a track where there is none, are the caller's mistake and say so."""
    assert reader.rows("gaps")[0]["detail"] == "ids missing"
    assert {r["track"] for r in reader.rows("orders", TRACKS[1])} == {TRACKS[1]}
    with pytest.raises(ConfigError, match="table: expected one of tracks, orders.*found entries"):
        reader.rows("entries")
    with pytest.raises(ConfigError, match="track: expected none for gaps"):
        reader.rows("gaps", TRACKS[0])


def test_a_reader_follows_an_engine_at_work(tmp_path: Path) -> None:
    """What is committed is seen at once, what is not committed is not seen, and the engine is never in the way."""
    path = tmp_path / "run.db"
    with SqliteStore.open(path, ManualClock(), "h") as store:
        reader = StoreReader.open(path)
        seen = []
        for i in range(0, 30, 10):
            store.journal.append(RUN[i : i + 10])
            seen.append(reader.head()[0])
            store.journal.commit()
        assert [*seen, reader.head()[0]] == [0, 10, 20, 30]
        list_while_writing = reader.entries()
        next(list_while_writing)
        store.journal.append(RUN[30:])
        store.journal.commit()
        assert reader.verify() == []


def test_a_reader_cannot_write(reader: StoreReader) -> None:
    """Its connection is read-only."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.execute("DELETE FROM notes")


def test_commands_keep_author_and_reason_and_wait_until_taken(tmp_path: Path) -> None:
    """Left while the engine works; taken together with the entry that records it; the reader sees both."""
    path = tmp_path / "run.db"
    with SqliteStore.open(path, ManualClock(), "h") as store:
        first = leave_command(path, "pause", TRACKS[0], "ann", "news at noon", ManualClock(11))
        second = leave_command(path, "stop", None, "bob", "end of day", ManualClock(12))
        assert [c.number for c in store.waiting_commands()] == [first, second]
        store.journal.append([note("taken")])
        store.journal.take_command(first)
        assert [c.number for c in store.waiting_commands()] == [first, second]
        store.journal.commit()
        assert [c.number for c in store.waiting_commands()] == [second]
    taken, waits = StoreReader.open(path).commands()
    assert (taken.command, taken.target, taken.author, taken.reason) == ("pause", TRACKS[0], "ann", "news at noon")
    assert (taken.wall_time, taken.taken_at_seq, waits.target, waits.taken_at_seq) == (11, 1, None, None)


def test_a_command_waits_for_the_next_start(path: Path) -> None:
    """Without an engine it is kept, and the next one finds it."""
    leave_command(path, "pause", None, "ann", "why not", ManualClock())
    with SqliteStore.open(path, ManualClock(), "h") as store:
        assert [c.author for c in store.waiting_commands()] == ["ann"]


def test_commands_without_author_or_store_are_refused(path: Path, tmp_path: Path) -> None:
    """Nobody acts without a name and a reason, and no store is made by talking to it."""
    with pytest.raises(ConfigError, match="author: expected some words"):
        leave_command(path, "pause", None, " ", "why", ManualClock())
    with pytest.raises(ConfigError, match="reason: expected some words"):
        leave_command(path, "pause", None, "ann", "", ManualClock())
    with pytest.raises(StorageError, match=r"none\.db: expected a store"):
        leave_command(tmp_path / "none.db", "pause", None, "ann", "why", ManualClock())
    (tmp_path / "empty.db").touch()
    with pytest.raises(StorageError, match="expected a store, found an empty file"):
        leave_command(tmp_path / "empty.db", "pause", None, "ann", "why", ManualClock())
