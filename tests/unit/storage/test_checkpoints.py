"""Checkpoints in a store: what is signed, what never is, and what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genesis.audit.checkpoint import parse_checkpoint
from genesis.audit.entry import encode
from genesis.audit.merkle import leaf_hash, tree_root
from genesis.audit.note import PublicKey, parse_key, parse_note
from genesis.clock import ManualClock
from genesis.errors import ConfigError, IntegrityError
from genesis.model.events import Event
from genesis.storage.beside import beside
from genesis.storage.checkpoints import make_checkpoint, note_rotation
from genesis.storage.sqlite import SqliteStore, StoreReader
from genesis.system.keys import SigningKey
from tests.kit.factories import T0, small_run
from tests.kit.signing import check_signature, key_of

RUN = small_run()
KEY = key_of("desk")


def opened(path: Path) -> SqliteStore:
    return SqliteStore.open(path, ManualClock(T0), "desk-1")


def grown(store: SqliteStore, events: list[Event]) -> None:
    store.journal.append(events)
    store.journal.commit()


def sign(store: SqliteStore, key: SigningKey = KEY) -> tuple[str, bool]:
    return store.sign("desk", key, check_signature)


def root_of(events: list[Event]) -> bytes:
    return tree_root([leaf_hash(encode(e)) for e in events])


def edit(path: Path, statement: str, *values: object) -> None:
    with beside(path) as db:
        db.execute(statement, values)


def test_a_checkpoint_signs_length_and_root_of_what_is_durable(tmp_path: Path) -> None:
    """What waits to be committed is not in it; the origin is of the run's first entry."""
    with opened(tmp_path / "run.db") as store:
        grown(store, RUN[:9])
        store.journal.append(RUN[9:])
        note, new = sign(store)
        first = StoreReader.open(tmp_path / "run.db").entries(1, 1)
        checkpoint = parse_checkpoint(parse_note(note).text)
    assert new
    assert (checkpoint.size, checkpoint.root) == (9, root_of(RUN[:9]))
    assert checkpoint.origin == f"desk/{next(iter(first)).hash.hex()[:16]}"


@pytest.mark.parametrize("cuts", [(1,), (5, 6), (1, 2, 3, 20), tuple(range(1, len(RUN)))])
def test_however_often_it_is_signed_the_root_is_that_of_the_whole(tmp_path: Path, cuts: tuple[int, ...]) -> None:
    """Going on from the peaks of the last checkpoint gives the root over all entries."""
    with opened(tmp_path / "run.db") as store:
        before = 0
        for cut in (*cuts, len(RUN)):
            grown(store, RUN[before:cut])
            note, _ = sign(store)
            assert parse_checkpoint(parse_note(note).text).root == root_of(RUN[:cut])
            before = cut
    with StoreReader.open(tmp_path / "run.db") as reader:
        assert len(reader.checkpoints()) == len({*cuts, len(RUN)})
        assert reader.audit(check_signature).findings == ()


def test_a_later_checkpoint_reads_only_what_came_since(tmp_path: Path) -> None:
    """The entries before the last one are not read again, however many there are."""
    with opened(tmp_path / "run.db") as store:
        grown(store, RUN[:30])
        sign(store)
        grown(store, RUN[30:33])
        read: list[str] = []
        db: Any = store._db
        db.set_trace_callback(read.append)
        sign(store)
        db.set_trace_callback(None)
    ranges = [s for s in read if s.startswith("SELECT seq, bytes, hash FROM entries")]
    assert ranges
    assert all("seq > 30" in s or "seq > 33" in s for s in ranges)


def test_the_same_length_is_not_signed_twice(tmp_path: Path) -> None:
    """The checkpoint that stands is given again, and the operations chain does not grow."""
    with opened(tmp_path / "run.db") as store:
        grown(store, RUN)
        note, new = sign(store)
        again, new_again = sign(store)
    assert (new, new_again, note == again) == (True, False, True)
    with StoreReader.open(tmp_path / "run.db") as reader:
        assert [o.kind for o in reader.operations()] == ["key", "checkpoint"]


def test_checkpoints_leave_no_trace_in_the_run_chain(tmp_path: Path) -> None:
    """Length and head are those of a run that nobody signed."""
    for name, signing in (("signed.db", True), ("plain.db", False)):
        with opened(tmp_path / name) as store:
            for event in RUN:
                grown(store, [event])
                if signing:
                    sign(store)
    assert StoreReader.open(tmp_path / "signed.db").head() == StoreReader.open(tmp_path / "plain.db").head()


def test_a_checkpoint_is_no_stop(tmp_path: Path) -> None:
    """How a run stands is told by its last start or stop, whatever was signed after."""
    with opened(tmp_path / "run.db") as store:
        store.operation("start")
        grown(store, RUN)
        sign(store)
    with StoreReader.open(tmp_path / "run.db") as reader:
        last = reader.status().last_operation
    assert last is not None
    assert last.kind == "start"


def test_an_empty_chain_is_not_signed(tmp_path: Path) -> None:
    """There is nothing to say of it, not even which run it is."""
    with (
        opened(tmp_path / "run.db") as store,
        pytest.raises(ConfigError, match="expected a chain to sign, found no entry"),
    ):
        sign(store)


def test_a_broken_chain_is_not_signed(tmp_path: Path) -> None:
    """An entry that was changed since the last checkpoint stops the next one."""
    with opened(tmp_path / "run.db") as store:
        grown(store, RUN[:4])
        sign(store)
        grown(store, RUN[4:])
        edit(tmp_path / "run.db", "UPDATE entries SET bytes = CAST('{}' AS BLOB) WHERE seq = 7")
        with pytest.raises(IntegrityError, match="entry 7: expected one that follows entry 6.*nothing was signed"):
            sign(store)


def test_a_chain_that_was_cut_is_not_signed_again(tmp_path: Path) -> None:
    """No second checkpoint says less than the first: the two would contradict each other."""
    with opened(tmp_path / "run.db") as store:
        grown(store, RUN)
        sign(store)
        edit(tmp_path / "run.db", "DELETE FROM entries WHERE seq > 3")
        with pytest.raises(
            IntegrityError, match=rf"expected a chain of {len(RUN)} entries or more.*found 3: it was cut"
        ):
            sign(store)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"peaks":["', '"peaks":["00', "frontier: expected a hash"),
        ('"peaks":["', '"peaks":["zz', "expected peaks in hex"),
        ("\\n5\\n", "\\n4\\n", "expected a signature of"),
        ('{"body"', '{body"', "operation 2: expected a checkpoint"),
    ],
)
def test_a_checkpoint_that_was_altered_is_not_gone_on_from(tmp_path: Path, old: str, new: str, words: str) -> None:
    """It is believed only as far as its signature and its root go."""
    path = tmp_path / "run.db"
    with opened(path) as store:
        grown(store, RUN[:5])
        sign(store)
        grown(store, RUN[5:])
        with beside(path) as db:
            (entry,) = db.execute("SELECT bytes FROM operations WHERE seq = 2").fetchone()
        assert old in entry.decode()
        changed = entry.decode().replace(old, new, 1).encode()
        edit(path, "UPDATE operations SET bytes = ? WHERE seq = 2", changed)
        with pytest.raises(IntegrityError, match=words):
            sign(store)


def test_another_key_does_not_sign_unless_it_was_named(tmp_path: Path) -> None:
    """The error says which key signs here; once the old key has named the new one, the new one signs and the old one does not."""
    path = tmp_path / "run.db"
    with opened(path) as store:
        grown(store, RUN[:5])
        sign(store)
        grown(store, RUN[5:8])
        with pytest.raises(
            ConfigError, match=r"expected the key that this store's checkpoints are signed with, desk/.*rotate-key"
        ):
            sign(store, key_of("new"))
        with beside(path) as db:
            key = note_rotation(db, KEY, key_of("new"), "desk-1", T0)
            assert note_rotation(db, KEY, key_of("new"), "desk-1", T0) == key
        sign(store, key_of("new"))
        grown(store, RUN[8:])
        with pytest.raises(ConfigError, match="expected the key"):
            sign(store)
    with StoreReader.open(path) as reader:
        assert [parse_key(k.key).key for k in reader.signing_keys()] == [KEY.key, key_of("new").key]
        assert [o.kind for o in reader.operations()] == ["key", "checkpoint", "key", "checkpoint"]
        assert reader.audit(check_signature).findings == ()


def test_only_the_key_of_a_store_names_its_next(tmp_path: Path) -> None:
    """A stranger's key cannot, and where nothing was signed there is nothing to rotate."""
    path = tmp_path / "run.db"
    with opened(path) as store:
        grown(store, RUN)
        with beside(path) as db, pytest.raises(ConfigError, match="found none; there is nothing to rotate"):
            note_rotation(db, KEY, key_of("new"), "desk-1", T0)
        sign(store)
        with beside(path) as db, pytest.raises(ConfigError, match="expected the key that this store's"):
            note_rotation(db, key_of("stranger"), key_of("new"), "desk-1", T0)


def test_signing_beside_an_engine_at_work(tmp_path: Path) -> None:
    """Another process signs while the engine holds the store; both write the operations chain and it stays whole."""
    path = tmp_path / "run.db"
    with opened(path) as store:
        store.operation("start")
        grown(store, RUN[:9])
        with beside(path) as db:
            note, _ = make_checkpoint(db, "desk", KEY, check_signature, "desk-2", T0)
        grown(store, RUN[9:])
        store.operation("stop")
    with StoreReader.open(path) as reader:
        assert [o.kind for o in reader.operations()] == ["start", "key", "checkpoint", "stop"]
        assert reader.audit(check_signature).findings == ()
        assert parse_checkpoint(parse_note(note).text).size == 9
        assert str(PublicKey(parse_note(note).signatures[0].name, KEY.key)) == reader.signing_keys()[0].key


def test_a_store_of_before_needs_nothing_to_be_signed(tmp_path: Path) -> None:
    """Checkpoints live in the operations chain: no table is added, no version changes."""
    with opened(tmp_path / "run.db") as store:
        grown(store, RUN)
        tables = store._db.execute("SELECT name FROM sqlite_master").fetchall()
        sign(store)
        assert store._db.execute("SELECT name FROM sqlite_master").fetchall() == tables
