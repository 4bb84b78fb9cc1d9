"""What every store does, whatever keeps it: the record, what is read from it, the inbox, the audit."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.errors import IntegrityError, StorageError
from genesis.model.events import Event
from genesis.storage import schema
from genesis.storage.address import StoreAddress
from genesis.storage.inbox import leave_command
from genesis.storage.opening import keeping, open_store
from genesis.storage.reader import StoreReader
from genesis.storage.store import Store
from genesis.system.keys import check_signature
from tests.contract.places import edit
from tests.kit.factories import T0, note, small_run
from tests.kit.signing import key_of

RUN = small_run()


def opened(address: StoreAddress) -> Store:
    return open_store(address, ManualClock(T0), "desk-1")


def filled(address: StoreAddress, events: Sequence[Event] = RUN) -> None:
    with opened(address) as store:
        store.operation("start")
        store.journal.append(events)
        store.journal.commit()
        store.operation("stop", complete=True)


def everything(address: StoreAddress) -> dict[str, object]:
    """Whatever a reader can be asked, by name."""
    plain = ("tracks", "orders", "fills", "positions", "denials", "trades", "funding", "samples", "evidence", "capital")
    more = ("promotions", "last_promotions", "stages", "commands_taken", "comparisons", "stops", "gaps", "notes")
    rest = ("incidents", "faults", "status", "head", "operations", "commands")
    with StoreReader(address) as reader:
        found: dict[str, object] = {name: getattr(reader, name)() for name in plain + more + rest}
        found |= {f"rows of {t}": reader.rows(t) for t in schema.PROJECTIONS}
        found["entries"] = list(reader.entries())
        found["events"] = reader.events("OrderFilled")
        found["open"] = reader.orders(open_only=True)
        for track in [t.track for t in reader.tracks()]:
            found[f"of {track}"] = [
                reader.orders(track),
                reader.fills(track),
                reader.samples(track),
                reader.evidence(track),
            ]
            found[f"last of {track}"] = [reader.latest_sample(track), reader.warmup_bars(track)]
        found["family"] = reader.latest_family(10**9)
    return found


def test_every_question_has_the_answer_that_a_file_gives(address: StoreAddress, tmp_path: Path) -> None:
    """Rows, types and order are the same wherever the run is kept."""
    file = tmp_path / "other" / "run.db"
    file.parent.mkdir()
    for place in (address, file):
        filled(place)
    expected, found = everything(file), everything(address)
    assert found.keys() == expected.keys()
    for name, answer in expected.items():
        assert found[name] == answer, name
    assert len(found["entries"]) == len(RUN)  # type: ignore[arg-type]


def test_what_is_committed_is_there_and_what_is_not_is_gone(address: StoreAddress) -> None:
    """Only a commit keeps entries; their projections come and go with them."""
    with opened(address) as store:
        store.journal.append(RUN[:10])
        store.journal.commit()
        store.journal.append(RUN[10:])
    with StoreReader(address) as reader:
        assert reader.head()[0] == 10
        assert max(o.seq for o in reader.orders()) <= 10


def test_tables_are_those_that_the_entries_make(address: StoreAddress) -> None:
    """However commits cut the run, a rebuild changes no row."""
    with opened(address) as store:
        for i in range(0, len(RUN), 7):
            store.journal.append(RUN[i : i + 7])
            store.journal.commit()
    before = everything(address)
    edit(address, "DELETE FROM fills")
    edit(address, "UPDATE orders SET status = 'lost'")
    with opened(address) as store:
        store.rebuild_projections()
    assert everything(address) == before


def test_a_reader_inside_one_view_sees_one_commit(address: StoreAddress) -> None:
    """What an engine commits meanwhile is seen after, and a reader cannot write."""
    with opened(address) as store:
        store.journal.append(RUN[:5])
        store.journal.commit()
        with StoreReader(address) as reader:
            with reader.one_view():
                assert reader.head()[0] == 5
                store.journal.append(RUN[5:])
                store.journal.commit()
                assert reader.head()[0] == 5
            assert reader.head()[0] == len(RUN)
            with pytest.raises((sqlite3.OperationalError, StorageError), match="readonly|read-only"):
                reader._db.execute("DELETE FROM entries")


def test_commands_wait_in_their_order_until_an_entry_records_them(address: StoreAddress) -> None:
    """Left beside an engine at work, numbered from 1, taken with the commit that records them."""
    with opened(address) as store:
        clock = ManualClock(T0)
        for number, target in ((1, "ema.fast"), (2, None)):
            assert leave_command(address, "pause", target, "ann", "news", clock) == number
        assert [c.number for c in store.waiting_commands()] == [1, 2]
        store.journal.append(RUN[:3])
        store.journal.take_command(1)
        store.journal.commit()
        assert [c.number for c in store.waiting_commands()] == [2]
    with StoreReader(address) as reader:
        assert [(c.number, c.taken_at_seq, c.target) for c in reader.commands()] == [
            (1, 3, "ema.fast"),
            (2, None, None),
        ]


def test_a_second_engine_is_refused_until_the_first_is_gone(address: StoreAddress) -> None:
    """Whoever holds the store is named; when it is let go the next one may have it."""
    with opened(address) as store:
        store.journal.append(RUN[:3])
        store.journal.commit()
        with pytest.raises(StorageError, match=r"expected a free store, found another engine \(.*process \d+\)"):
            opened(address)
        assert "process" in (keeping(address).held_by or "")
    assert keeping(address).held_by is None
    filled(address)


def test_checkpoints_are_signed_and_the_audit_finds_nothing(address: StoreAddress) -> None:
    """The whole check over a sound store: chains, checkpoints, layout and tables."""
    with opened(address) as store:
        for end in (20, len(RUN)):
            store.journal.append(RUN[store.journal.length : end])
            store.journal.commit()
            assert store.sign("desk", key_of("desk"), check_signature)[1]
        assert not store.sign("desk", key_of("desk"), check_signature)[1]
    with StoreReader(address) as reader:
        found = reader.audit(check_signature)
    assert (found.entries, found.checkpoints, found.signed, found.findings) == (len(RUN), 2, len(RUN), ())


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE entries SET bytes = ? WHERE seq = 9", "entry|hash|canonical|expected"),
        ("UPDATE orders SET qty = '9' WHERE seq = (SELECT min(seq) FROM orders)", "projections: orders: row .* qty"),
        ("DELETE FROM trades WHERE seq = (SELECT max(seq) FROM trades)", "projections: trades: row .* found none"),
        ("CREATE TABLE another (x INTEGER)", "layout: another: expected none"),
        ("DROP INDEX samples_by_track", "layout: samples_by_track"),
    ],
)
def test_an_audit_names_what_another_hand_did(address: StoreAddress, statement: str, finding: str) -> None:
    """An entry, a row, a row that is gone, a table and an index."""
    filled(address)
    edit(address, statement, *([b'{"a":1}'] if "?" in statement else []))
    with StoreReader(address) as reader:
        found = reader.audit(check_signature).findings
    assert any(re.search(finding, f.problem) for f in found), found


def test_a_broken_chain_is_not_gone_on_with(address: StoreAddress) -> None:
    """An engine refuses a store in which an entry was altered, and says which."""
    filled(address)
    edit(address, "UPDATE entries SET hash = ? WHERE seq = 7", bytes(32))
    with pytest.raises(IntegrityError, match="the first at entry 7"):
        opened(address)
    assert keeping(address).held_by is None


def test_rows_of_another_hand_stop_the_commit(address: StoreAddress) -> None:
    """An entry in the place of the next one is an integrity error, and nothing of the group is kept."""
    with opened(address) as store:
        store.journal.append(RUN[:5])
        store.journal.commit()
        edit(address, "INSERT INTO entries VALUES (6, ?, ?)", b"{}", bytes(32))
        store.journal.append(RUN[5:])
        with pytest.raises(IntegrityError, match="found rows that another hand wrote"):
            store.journal.commit()
        edit(address, "DELETE FROM entries WHERE seq = 6")
        store.journal.commit()
    with StoreReader(address) as reader:
        assert reader.audit(check_signature).findings == ()


def test_texts_keep_every_character_in_the_entries(address: StoreAddress) -> None:
    """Quotes, percent signs, question marks, tabs, backslashes and other scripts come back as they were; also a zero byte, in the entry."""
    words = "100% of 'it'? \\N \t \"x\" \n наличные 現金 \N{GRINNING FACE}"
    filled(address, [*RUN, note(words), note("a\0b")])
    with StoreReader(address) as reader:
        assert reader.notes()[-2].text == words
        assert reader.notes()[-1].text in ("a\0b", "a\N{SYMBOL FOR NULL}b")
        assert [e["body"]["text"] for e in reader.events("StrategyNote")][-1] == "a\0b"
        assert reader.audit(check_signature).findings == ()


def test_a_store_of_a_later_version_or_of_another_program_is_left_alone(address: StoreAddress) -> None:
    """Neither engine nor reader touches what it does not know."""
    filled(address)
    edit(address, "UPDATE alembic_version SET version_num = '0099'")
    for opener in (opened, StoreReader):
        with pytest.raises(
            StorageError,
            match=f"expected a store of schema revision {schema.HEAD} or an earlier one, found 0099",
        ):
            opener(address)
