"""What an audit finds, and what it cannot find without something kept outside: as docs/AUDIT.md says it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.audit.entry import canonical
from genesis.audit.note import PublicKey, parse_key
from genesis.audit.verify import Finding, Part
from genesis.clock import ManualClock
from genesis.errors import GenesisError
from genesis.storage import schema
from genesis.storage.audit import Audit, Kept
from genesis.storage.checkpoints import kept_checkpoints, kept_keys, make_checkpoint, note_rotation
from genesis.storage.sqlite import SqliteStore, StoreReader
from tests.kit.altered import RUN, Altered, chained_anew, operations_anew, renumbered, signed_store
from tests.kit.factories import T0, note, started
from tests.kit.signing import check_signature, key_of

SIZES = [len(RUN) // 2, len(RUN) // 2 + 3, len(RUN)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signed_store(tmp_path_factory.mktemp("signed") / "run.db")


@pytest.fixture(scope="module")
def store(path: Path) -> Iterator[Altered]:
    with Altered.of(path) as opened:
        yield opened


def named(found: Audit, part: Part) -> list[int]:
    return [f.seq for f in found.findings if f.part is part]


def kept(store: Altered) -> Kept:
    """Everything somebody could have kept of the store as it was."""
    rows = store.rows("entries")
    notes = tuple(c.note for c in kept_checkpoints(store.db))
    return Kept(rows[-1][2], len(rows), notes, parse_key(kept_keys(store.db)[0].key))


def flipped(data: bytes, place: int, bit: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


def test_a_sound_store_has_no_findings(store: Altered) -> None:
    """With all that can be kept of it and with nothing; it says how far it is signed and by which keys."""
    found = store.audit(kept(store))
    assert found.findings == () == store.audit().findings
    assert (found.entries, found.signed, found.checkpoints, len(found.keys)) == (len(RUN), len(RUN), 3, 1)
    assert (found.key_kept, store.audit().key_kept) == (True, False)


# ---- every byte


def every_flip(store: Altered, table: str, column: str, step: int) -> Iterator[tuple[int, bytes]]:
    """(seq, the value with one bit flipped) of every ``step``-th byte of a column."""
    number = 0
    for row in store.rows(table):
        value = row[1] if column == "bytes" else row[2]
        for place in range(len(value)):
            number += 1
            if number % step == 0:
                yield row[0], flipped(value, place, number % 8)


PARTS = {"entries": Part.RUN_CHAIN, "operations": Part.OPERATIONS_CHAIN}


def assert_every_flip_is_named(store: Altered, step: int) -> int:
    count = 0
    for table, part in PARTS.items():
        for column in ("bytes", "hash"):
            for seq, value in every_flip(store, table, column, step):
                with store.with_value(table, column, seq, value):
                    assert seq in named(store.audit(), part), (table, column, seq)
                count += 1
    assert store.audit().findings == ()
    return count


def test_a_flipped_byte_of_either_chain_is_found_and_named(store: Altered) -> None:
    """Every 89th byte of every entry and every hash: the entry is named. The slow suite does every byte."""
    assert assert_every_flip_is_named(store, 89) > 100


@pytest.mark.slow
def test_every_flipped_byte_of_either_chain_is_found_and_named(store: Altered) -> None:
    """Every single byte of every entry and every hash: the entry is named."""
    assert assert_every_flip_is_named(store, 1) > 12_000


# ---- every entry


@pytest.mark.parametrize("table", ["entries", "operations"])
def test_every_dropped_entry_is_found(store: Altered, table: str) -> None:
    """Wherever it stood, and whether the others were renumbered or not."""
    rows = store.rows(table)
    for i in range(len(rows)):
        rest = rows[:i] + rows[i + 1 :]
        for left in (rest, renumbered(rest)):
            with store.holding(table, left):
                found = store.audit(kept_head(rows) if table == "entries" else None)
                if table == "entries":
                    assert found.findings, i
                elif i < len(rows) - 1:
                    assert named(found, Part.OPERATIONS_CHAIN), i


def kept_head(rows: list[tuple[int, bytes, bytes]]) -> Kept:
    return Kept(rows[-1][2], len(rows))


@pytest.mark.parametrize("table", ["entries", "operations"])
def test_every_swapped_pair_is_found_and_named(store: Altered, table: str) -> None:
    """Any two neighbours that change places, with their hashes or without."""
    rows = store.rows(table)
    for i in range(len(rows) - 1):
        seq, (_, entry, digest), (_, other, its) = i + 1, rows[i], rows[i + 1]
        whole = [*rows[:i], (seq, other, its), (seq + 1, entry, digest), *rows[i + 2 :]]
        bytes_only = [*rows[:i], (seq, other, digest), (seq + 1, entry, its), *rows[i + 2 :]]
        for swapped in (whole, bytes_only):
            with store.holding(table, swapped):
                assert seq in named(store.audit(), PARTS[table])


@pytest.mark.parametrize("table", ["entries", "operations"])
def test_every_duplicated_entry_is_found_and_named(store: Altered, table: str) -> None:
    """Put in once more behind itself, the others renumbered."""
    rows = store.rows(table)
    for i in range(len(rows)):
        with store.holding(table, renumbered([*rows[: i + 1], rows[i], *rows[i + 1 :]])):
            assert i + 2 in named(store.audit(), PARTS[table])


def test_every_cut_is_found_by_what_the_store_itself_witnessed(store: Altered) -> None:
    """The operations chain and the checkpoints say how long the run chain was."""
    rows = store.rows("entries")
    for left in range(len(rows)):
        with store.holding("entries", rows[:left]):
            found = store.audit()
            assert len(rows) in named(found, Part.RUN_CHAIN)
            assert len(rows) in named(found, Part.CHECKPOINTS)


def test_every_finding_is_told_not_only_the_first(store: Altered) -> None:
    """Two changed entries, a changed table and a changed checkpoint are all in one audit."""
    changes = (
        "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'ema', 'emb') AS BLOB) WHERE seq IN (2, 9)",
        "UPDATE notes SET text = 'nothing happened'",
        "UPDATE operations SET bytes = CAST(replace(CAST(bytes AS TEXT), 'desk', 'disk') AS BLOB) WHERE seq = 3",
    )
    with store.after(*changes):
        found = store.audit()
    assert named(found, Part.RUN_CHAIN) == [2, 9]
    assert named(found, Part.OPERATIONS_CHAIN) == [3]
    assert {f.part for f in found.findings} >= {Part.CHECKPOINTS}


# ---- who writes a chain anew


def rewritten(store: Altered) -> list[tuple[int, bytes, bytes]]:
    """The chain with one entry changed and every hash made to fit."""
    rows = store.rows("entries")
    seq, entry, digest = rows[4]
    changed = entry.replace(b"ema", b"emb")
    assert changed != entry
    return chained_anew([*rows[:4], (seq, changed, digest), *rows[5:]])


def witnessing(store: Altered, kinds: tuple[str, ...]) -> list[tuple[int, bytes, bytes]]:
    """The operations of these kinds, made to witness the run chain as it is now."""
    heads = {0: bytes(32), **{seq: digest for seq, _, digest in store.rows("entries")}}
    rows = []
    for seq, entry, digest in store.rows("operations"):
        read = json.loads(entry)
        if read["type"] in kinds:
            read["body"]["run_length"] = min(read["body"]["run_length"], len(heads) - 1)
            read["body"]["run_head"] = heads[read["body"]["run_length"]].hex()
            rows.append((seq, canonical(read), digest))
    return operations_anew(rows)


def test_a_chain_written_anew_is_found_by_its_checkpoints(store: Altered) -> None:
    """Whoever can write everything but has no key cannot make the signed roots fit, nor the operations that were signed along."""
    kinds = ("start", "stop", "key", "checkpoint")
    with store.holding("entries", rewritten(store)), store.holding("operations", witnessing(store, kinds)):
        found = store.audit()
    assert named(found, Part.RUN_CHAIN) == [] == named(found, Part.OPERATIONS_CHAIN)
    assert named(found, Part.CHECKPOINTS) == [*SIZES, 3, 4, 5]


def test_a_chain_written_anew_without_its_checkpoints_is_found_only_by_what_was_kept(store: Altered) -> None:
    """Within the store nothing is wrong then; a kept head, checkpoint or key each shows it."""
    keep = kept(store)
    with store.holding("entries", rewritten(store)), store.holding("operations", witnessing(store, ("start", "stop"))):
        found = store.audit()
        assert [f for f in found.findings if f.part is not Part.PROJECTIONS] == []
        assert named(store.audit(Kept(head=keep.head)), Part.RUN_CHAIN) == [len(RUN)]
        assert named(store.audit(Kept(key=keep.key)), Part.KEPT) == [0, 0]
        assert sorted(named(store.audit(Kept(notes=keep.notes, key=keep.key)), Part.KEPT)) == [0, 0, *SIZES]


def test_a_tail_cut_with_its_witnesses_is_found_only_by_what_was_kept(store: Altered) -> None:
    """A cut chain, with operations of the time before, is a sound chain: only who kept more knows."""
    keep, rows = kept(store), store.rows("entries")
    with store.holding("entries", rows[:10]), store.holding("operations", witnessing(store, ("start",))):
        assert named(store.audit(), Part.RUN_CHAIN) == []
        assert named(store.audit(Kept(length=len(rows))), Part.RUN_CHAIN) == [11]
        assert named(store.audit(Kept(head=keep.head)), Part.RUN_CHAIN) == [10]
        assert sorted(named(store.audit(Kept(notes=keep.notes, key=keep.key)), Part.KEPT)) == [0, 0, *SIZES]


def test_the_holder_of_the_key_can_write_another_history(store: Altered) -> None:
    """Signed again with the same key everything fits; only an earlier checkpoint, kept elsewhere, contradicts it."""
    keep = kept(store)
    kinds = ("start", "stop", "key")
    with store.holding("entries", rewritten(store)), store.holding("operations", witnessing(store, kinds)):
        make_checkpoint(store.db, "desk", key_of("desk"), check_signature, "desk-1", T0)
        forged = store.audit(Kept(key=keep.key))
        assert [f for f in forged.findings if f.part is not Part.PROJECTIONS] == []
        assert named(store.audit(keep), Part.KEPT) == SIZES


def test_another_key_in_the_place_of_the_first_is_found_by_the_kept_one(store: Altered) -> None:
    """The store's own word about its key is no proof of it."""
    keep = kept(store)
    with store.after("DELETE FROM operations WHERE seq > 1"):
        make_checkpoint(store.db, "desk", key_of("a stranger"), check_signature, "desk-1", T0)
        assert store.audit().findings == ()
        found = store.audit(Kept(key=keep.key))
        assert named(found, Part.KEPT) == [0, 0]
        assert not found.key_kept


def test_a_key_put_before_the_kept_one_signs_nothing(store: Altered) -> None:
    """A stranger's key can name the kept one; what the stranger signed is passed over, and the kept key has signed nothing."""
    keep = kept(store)
    with store.after("DELETE FROM operations WHERE seq > 1"):
        make_checkpoint(store.db, "desk", key_of("a stranger"), check_signature, "desk-1", T0)
        note_rotation(store.db, key_of("a stranger"), key_of("desk"), "desk-1", T0)
        assert store.audit().findings == ()
        found = store.audit(Kept(key=keep.key))
        assert [f.problem for f in found.findings] == [
            f"expected a checkpoint under the kept key {keep.key}, found none"
        ]
        assert (found.signed, found.checkpoints) == (0, 0)


def test_who_keeps_a_later_key_believes_what_came_since(store: Altered) -> None:
    """Checkpoints of the keys before it are passed over; those under it and its followers count."""
    origin = parse_key(kept_keys(store.db)[0].key).name
    with store.after("DELETE FROM operations WHERE seq > 3"):
        note_rotation(store.db, key_of("desk"), key_of("new"), "desk-1", T0)
        make_checkpoint(store.db, "desk", key_of("new"), check_signature, "desk-1", T0)
        found = store.audit(Kept(key=PublicKey(origin, key_of("new").key)))
        assert (found.findings, found.checkpoints, found.signed, found.key_kept) == ((), 1, len(RUN), True)


def test_a_key_that_the_one_before_did_not_name_is_a_finding(store: Altered) -> None:
    """Rotation is a note by the old key; without it, or with one of another key, nothing under the new key counts."""
    origin = parse_key(kept_keys(store.db)[0].key).name
    with store.after():
        note_rotation(store.db, key_of("desk"), key_of("new"), "desk-1", T0)
        assert store.audit().findings == ()
        rows = store.rows("operations")
        read = json.loads(rows[-1][1])
        for endorsed in (None, "", kept_checkpoints(store.db)[0].note):
            read["body"]["facts"]["endorsement"] = endorsed
            with store.holding("operations", operations_anew([*rows[:-1], (0, canonical(read), b"")])):
                found = store.audit()
                assert named(found, Part.CHECKPOINTS) == [rows[-1][0]]
                assert str(PublicKey(origin, key_of("new").key)) not in found.keys


def test_kept_notes_that_are_none_and_of_another_run_are_told(store: Altered, tmp_path: Path) -> None:
    """Each by its number; the rest is judged all the same."""
    with SqliteStore.open(tmp_path / "other.db", ManualClock(T0), "desk-1") as other:
        other.journal.append([started(seed=9), note()])
        other.journal.commit()
        strange, _ = other.sign("desk", key_of("desk"), check_signature)
    keep = kept(store)
    found = store.audit(Kept(notes=(keep.notes[0], "no note", strange, keep.notes[1]), key=keep.key))
    problems = [f.problem for f in found.findings]
    assert len(problems) == 2
    assert problems[0].startswith("kept checkpoint 2: expected a signed note")
    assert problems[1].startswith("kept checkpoint 3: expected a signature of")


# ---- tables and layout


def test_every_changed_added_and_dropped_row_of_every_table_is_found(store: Altered) -> None:
    """Table, row, column, and both values are named; a rebuild would put it right."""
    for table in schema.PROJECTIONS:
        columns = [c[1] for c in store.db.execute(f"PRAGMA table_info({table})")]
        count = store.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        assert count, table
        for column in columns[1:]:
            with store.after(f"UPDATE {table} SET {column} = 'x' WHERE rowid = (SELECT max(rowid) FROM {table})"):
                problems = projection_problems(store)
                assert len(problems) == 1, (table, column)
                assert f"projections: {table}: row" in problems[0]
                assert f"{column}: expected" in problems[0]
                assert "found 'x'" in problems[0]
        with store.after(f"DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})"):
            assert ["expected a row, found none" in p for p in projection_problems(store)] == [True]
        with store.after(f"INSERT INTO {table} ({columns[0]}) VALUES (999999)"):
            assert ["row 999999: expected no row, found one" in p for p in projection_problems(store)] == [True]


def projection_problems(store: Altered) -> list[str]:
    found = store.audit().findings
    assert all(f.part is Part.PROJECTIONS for f in found)
    return [f.problem for f in found]


def test_entries_that_make_no_tables_are_told_and_the_rest_is_judged(store: Altered) -> None:
    """A chain whose entries lost their sense is a finding of the tables, beside those of the chain."""
    with store.with_value(
        "entries", "bytes", 2, b'{"body":{},"time":"1","track":"a","type":"OrderSubmitted","version":1}'
    ):
        found = store.audit()
    assert named(found, Part.RUN_CHAIN) == [2]
    assert [f.problem[:58] for f in found.findings if f.part is Part.PROJECTIONS] == [
        "projections: expected entries to make them from, found: en"
    ]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("CREATE TABLE more (a)", "more"),
        ("CREATE TRIGGER forget AFTER INSERT ON entries BEGIN DELETE FROM notes; END", "forget"),
        ("CREATE VIEW seen AS SELECT * FROM notes", "seen"),
        ("DROP TABLE gaps", "gaps"),
        ("ALTER TABLE gaps RENAME COLUMN detail TO details", "gaps"),
        ("DROP INDEX samples_by_track", "samples_by_track"),
        ("UPDATE versions SET version = 1 WHERE part = 'projections'", "projections"),
    ],
)
def test_a_store_laid_out_otherwise_is_told(store: Altered, statement: str, name: str) -> None:
    """A table, a trigger, a view or an index that this version did not make, or made otherwise, is named."""
    with store.after(statement):
        found = [f for f in store.audit().findings if f.part is Part.LAYOUT]
    assert len(found) == 1
    assert name in found[0].problem


# ---- the file


def content(path: Path) -> list[object]:
    """Everything that the store says, read without any check."""
    db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        tables = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = [db.execute(f"SELECT rowid, * FROM {t} ORDER BY rowid").fetchall() for t in tables]
        return [db.execute("SELECT name, type, sql FROM sqlite_master ORDER BY name").fetchall(), rows]
    finally:
        db.close()


def findings_of_file(path: Path) -> tuple[Finding, ...] | str:
    try:
        with StoreReader(path) as reader:
            return reader.audit(check_signature).findings
    except GenesisError as error:
        return str(error)


def assert_flips_of_the_file_are_found(path: Path, folder: Path, step: int) -> int:
    """Flip a bit of every ``step``-th byte of the file: an error, a finding, or every row is what it was."""
    whole, said = path.read_bytes(), content(path)
    copy = folder / "copy.db"
    told = 0
    for place in range(0, len(whole), step):
        copy.write_bytes(flipped(whole, place, place % 8))
        found = findings_of_file(copy)
        if not found:
            assert content(copy) == said, place
        told += bool(found)
    return told


def test_a_flipped_byte_of_the_file_is_found_or_changes_nothing(path: Path, tmp_path: Path) -> None:
    """Of one byte in 997: no row can change unseen. The slow suite takes one in 97."""
    assert assert_flips_of_the_file_are_found(path, tmp_path, 997) > 10


@pytest.mark.slow
def test_flipped_bytes_of_the_file_are_found_or_change_nothing(path: Path, tmp_path: Path) -> None:
    """Of one byte in 97: no row can change unseen."""
    assert assert_flips_of_the_file_are_found(path, tmp_path, 97) > 100
