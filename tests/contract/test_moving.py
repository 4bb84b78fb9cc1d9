"""Earlier versions come forward, and histories move from anywhere to anywhere, without a byte of an entry changed."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.errors import ConfigError, IntegrityError, StorageError
from genesis.model.events import Event
from genesis.storage import schema
from genesis.storage.address import StoreAddress
from genesis.storage.beside import is_there
from genesis.storage.database import APPLICATION_ID
from genesis.storage.inbox import leave_command
from genesis.storage.memory import MemoryJournal
from genesis.storage.opening import keeping, open_store
from genesis.storage.reader import StoreReader
from genesis.system.archive_file import ArchiveFile
from genesis.system.archiving import bring_back, bring_forward, move_out
from genesis.system.audit import rebuild, rotate, sign
from genesis.system.backup import back_up
from genesis.system.keys import check_signature
from genesis.system.moving import ensure_not_moved, move
from tests.contract.places import KINDS, edit, layout
from tests.kit.factories import T0, small_run
from tests.kit.postgres import fresh_schema
from tests.kit.signing import key_of
from tests.unit.cli.calling import genesis, project

EARLIER = Path(__file__).parents[1] / "fixtures" / "stores"
CLOCK = ManualClock(T0)
# Of each file: schema version, version of the tables, entries, beginning of the head, as the version that made it said.
MADE = {
    "schema1_tables1": (1, 1, 60, "b2e0394c"),
    "schema1_tables2": (1, 2, 60, "b2e0394c"),
    "schema2_tables3": (2, 3, 63, "242726c2"),
    "schema2_tables4": (2, 4, 63, "242726c2"),
    "schema2_tables6": (2, 6, 75, "c1120f35"),
    "schema3_tables7": (3, 7, 80, "4dc054e4"),
}


def earlier_store(name: str, path: Path) -> Path:
    """The file as that version left it."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript((EARLIER / f"{name}.sql").read_text(encoding="utf-8"))
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    return path


def earlier_on(address: StoreAddress, name: str, tmp_path: Path) -> None:
    """The same record and tables where ``address`` is, made as that version would have made them there."""
    if isinstance(address, Path):
        earlier_store(name, address)
        return
    from genesis.storage.postgres_database import PostgresDatabase

    file = earlier_store(name, tmp_path / "earlier.db")
    with closing(sqlite3.connect(file)) as source, closing(PostgresDatabase(address)) as target:
        target.create_schema()
        target.begin()
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        indices = source.execute(query).fetchall()
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        for table, statement in source.execute(query).fetchall():
            target.execute(target.ddl(statement))
            for row in source.execute(f"SELECT * FROM {table}").fetchall():
                target.put(table, len(row), list(row))
        for _, statement in indices:
            target.execute(statement)
        target.mark_as_ours()
        target.execute("COMMIT")


@pytest.mark.parametrize("name", MADE)
def test_a_store_of_an_earlier_version_comes_forward(name: str, address: StoreAddress, tmp_path: Path) -> None:
    """The next engine brings it to this version: the entries are those that were, and every check passes."""
    version, tables, entries, head = MADE[name]
    earlier_on(address, name, tmp_path)
    found = keeping(address)
    assert (found.schema_version, found.projections_version) == (version, tables)
    if version < schema.SCHEMA_VERSION:
        with pytest.raises(StorageError, match=f"found the earlier 000{version}; genesis db upgrade brings it forward"):
            StoreReader(address)
    open_store(address, CLOCK, "desk-1").close()
    found = keeping(address)
    assert (found.schema_version, found.projections_version) == (schema.SCHEMA_VERSION, schema.PROJECTIONS_VERSION)
    with StoreReader(address) as reader:
        length, now = reader.head()
        assert (length, now[:8]) == (entries, head)
        assert reader.audit(check_signature).findings == ()
        assert len(reader.fills()) == len(reader.events("OrderFilled")) > 0
        assert [o.kind for o in reader.operations()] == ["start", "stop"]


def test_fills_of_the_first_version_say_nothing_of_what_it_did_not_know(tmp_path: Path) -> None:
    """Undefined is None, never a number."""
    path = earlier_store("schema1_tables1", tmp_path / "run.db")
    open_store(path, CLOCK, "desk-1").close()
    with StoreReader(path) as reader:
        assert {(f.confidence, f.drift, f.impact) for f in reader.fills()} == {(None, None, None)}


def test_a_migration_that_fails_leaves_the_earlier_store(address: StoreAddress, tmp_path: Path) -> None:
    """All of it or nothing, the steps before the one that failed too: what is there is the earlier store, and the next start tries again."""
    earlier_on(address, "schema1_tables1", tmp_path)
    edit(address, "CREATE TABLE snapshots (of_another_program TEXT)")
    before = layout(address)
    with pytest.raises(StorageError, match=r"the store cannot be used: .*snapshots.* already exists"):
        open_store(address, CLOCK, "desk-1")
    found = keeping(address)
    assert (found.revision, found.projections_version, layout(address)) == ("0001", 1, before)
    edit(address, "DROP TABLE snapshots")
    open_store(address, CLOCK, "desk-1").close()
    assert keeping(address).revision == schema.HEAD


# ---- moving


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreAddress]:
    """Another place than `address`."""
    if request.param == "sqlite":
        yield tmp_path / "moved.db"
        return
    with fresh_schema(request.getfixturevalue("postgres_server")) as found:
        yield found


def written(run: list[Event]) -> bytes:
    journal = MemoryJournal()
    journal.append(run)
    return journal.head


def begun(address: StoreAddress, entries: int) -> None:
    with open_store(address, CLOCK, "desk-1") as store:
        store.operation("start")
        store.journal.append(small_run()[:entries])
        store.journal.commit()
        store.sign("desk", key_of("desk"), check_signature)
    leave_command(address, "pause", None, "ann", "news", CLOCK)


def test_a_running_history_moves_and_goes_on_there(address: StoreAddress, target: StoreAddress) -> None:
    """Entries, operations, checkpoints and waiting commands come along; the run ends with the head of one that was never moved."""
    run = small_run()
    begun(address, 30)
    moved = move(address, target, CLOCK)
    assert (moved.store, moved.entries, moved.checkpoints) == (str(target), 30, 1)
    with StoreReader(address) as old, StoreReader(target) as new:
        assert list(new.entries()) == list(old.entries())
        assert new.checkpoints() == old.checkpoints()
        assert new.commands() == old.commands()
        assert [o.kind for o in new.operations()] == ["start", "key", "checkpoint", "command", "arriving", "migrated"]
        assert [o.kind for o in old.operations()] == ["start", "key", "checkpoint", "command", "moved"]
    with open_store(target, CLOCK, "desk-1") as store:
        store.journal.append(run)
        store.journal.commit()
        assert not store.journal.replaying
        assert leave_command(target, "resume", None, "ann", "calm", CLOCK) == 2
    with StoreReader(target) as reader:
        assert reader.head()[0] == len(run)
        assert reader.audit(check_signature).findings == ()


def test_a_history_with_archived_entries_moves_there_and_back_and_goes_on(
    address: StoreAddress, target: StoreAddress, tmp_path: Path
) -> None:
    """Their hashes move, their bytes stay in the archive, the tables are made from both; verified on both sides, and at the end the head is that of a run never moved."""
    run, out, back = small_run(), tmp_path / "old.zip", tmp_path / "back.db"
    begun(address, 30)
    with open_store(address, CLOCK, "desk-1") as store:
        store.journal.append(run[:40])
        store.journal.commit()
    gone = move_out(address, 2**62, out, None, CLOCK).entries
    with StoreReader(address) as reader:
        head, fills = reader.head(), reader.fills()
    with pytest.raises(ConfigError, match=r"expected the archive old\.zip .* give it by --archive"):
        move(address, target, CLOCK)
    for here, there in ((address, target), (target, back)):
        moved = move(here, there, CLOCK, ArchiveFile(out))
        assert (moved.entries, moved.head) == head
        with StoreReader(there) as reader:
            assert (reader.head(), reader.fills()) == (head, fills)
            archived = reader.archived()
            assert archived is not None
            assert (archived.entries, len([*reader.present_entries()])) == (gone, 40 - gone + 1)
            found = reader.audit(check_signature, lines=ArchiveFile(out).lines)
            assert (found.findings, found.unseen, found.signed) == ((), (), 30)
    with open_store(back, CLOCK, "desk-1") as store:
        store.journal.append(run)
        store.journal.commit()
        assert store.journal.head == written(run)
    assert bring_back(back, out, CLOCK) == gone


def test_an_altered_archive_moves_nothing(address: StoreAddress, target: StoreAddress, tmp_path: Path) -> None:
    """Even where the store was made to name the altered file's digest: the entry is named, the source stays open, nothing is in the target."""
    out, forged = tmp_path / "old.zip", tmp_path / "forged.zip"
    begun(address, 30)
    with open_store(address, CLOCK, "desk-1") as store:
        store.journal.append(small_run()[:40])
        store.journal.commit()
    move_out(address, 2**62, out, None, CLOCK)
    with zipfile.ZipFile(out) as packed, zipfile.ZipFile(forged, "w") as other:
        for name in packed.namelist():
            held = packed.read(name)
            other.writestr(name, held.replace(b'"BUY"', b'"BUX"', 1) if name == "entries.jsonl" else held)
    with pytest.raises(IntegrityError, match="found one with the digest"):
        move(address, target, CLOCK, ArchiveFile(forged))
    with StoreReader(address) as reader:
        told = reader.archived()
    assert told is not None
    with open_store(address, CLOCK, "desk-1") as store:
        store.operation("archived", entries=told.entries, file="forged.zip", sha256=ArchiveFile(forged).sha256)
    with pytest.raises(IntegrityError, match="expected a sound record, found"):
        move(address, target, CLOCK, ArchiveFile(forged))
    ensure_not_moved(address)
    assert not is_there(target)


def test_no_run_goes_on_where_a_history_was_moved_away(address: StoreAddress, target: StoreAddress) -> None:
    """A history has one end: the source says where it is, and is not moved a second time."""
    begun(address, 30)
    move(address, target, CLOCK)
    with pytest.raises(ConfigError, match="found it moved to"):
        ensure_not_moved(address)
    with pytest.raises(ConfigError, match="found it moved to"):
        move(address, target, CLOCK)
    ensure_not_moved(target)


def copied(address: StoreAddress, target: StoreAddress) -> None:
    """A move that was broken off once the copy was there."""
    with open_store(address, CLOCK, "desk-1") as old, open_store(target, CLOCK, "desk-1") as new:
        new.take_over(old)


def test_a_copy_that_is_still_arriving_goes_on_nowhere_until_the_move_is_ended(
    address: StoreAddress, target: StoreAddress
) -> None:
    """The source does meanwhile; the copy refuses runs, commands and further moves, and says which command ends it; that does."""
    begun(address, 30)
    copied(address, target)
    ensure_not_moved(address)
    ends_it = f"genesis db migrate {address} --to {target} brings it there"
    with pytest.raises(ConfigError, match=re.escape(ends_it)):
        ensure_not_moved(target)
    with pytest.raises(ConfigError, match=re.escape(ends_it)):
        leave_command(target, "pause", None, "ann", "news", CLOCK)
    with pytest.raises(ConfigError, match=re.escape(ends_it)):
        move(target, address, CLOCK)
    assert move(address, target, CLOCK).entries == 30
    ensure_not_moved(target)
    with StoreReader(target) as reader:
        assert [o.kind for o in reader.operations()][-2:] == ["arriving", "migrated"]


def left_closed(address: StoreAddress, target: StoreAddress) -> None:
    """A move that was broken off once the source was closed, before the copy was opened."""
    with open_store(address, CLOCK, "desk-1") as old, open_store(target, CLOCK, "desk-1") as new:
        new.take_over(old)
        there = new.copy_of()
        assert there is not None
        old.close_for(new, there)


def touching(store: StoreAddress, folder: Path) -> Iterator[Callable[[], object]]:
    """Everything that writes a row into a store, or goes on from what is in it."""
    yield lambda: ensure_not_moved(store)
    yield lambda: leave_command(store, "halt", None, "bob", "stop it", CLOCK)
    yield lambda: sign(store, folder / "keys", "desk", CLOCK)
    yield lambda: rotate(store, folder / "keys", CLOCK)
    yield lambda: rebuild(store, CLOCK)
    yield lambda: bring_forward(store, CLOCK)
    yield lambda: move_out(store, 2**62, folder / "old.zip", None, CLOCK)
    yield lambda: bring_back(store, folder / "old.zip", CLOCK)
    yield lambda: move(store, folder / "third.db", CLOCK)
    if isinstance(store, Path):
        yield lambda: back_up(store, folder / "backup.db", CLOCK)


def test_whoever_touches_a_store_of_a_move_not_at_its_end_is_told_the_one_command_that_ends_it(
    address: StoreAddress, target: StoreAddress, tmp_path: Path
) -> None:
    """On either side, whatever is asked for: nothing is noted, so that the command still does end it."""
    begun(address, 30)
    left_closed(address, target)
    ends_it = f"genesis db migrate {address} --to {target} brings it there"
    for store in (address, target):
        for touch in touching(store, tmp_path):
            with pytest.raises(ConfigError, match=re.escape(ends_it)):
                touch()
        assert ends_it in genesis("db", "status", store).out
        assert ends_it in genesis("db", "status", store, "--json").json["elsewhere"]
        assert ends_it in genesis("run", project(tmp_path / "project"), env={"GENESIS__RUN__STORE": str(store)}).error
    moved = move(address, target, CLOCK)
    assert (moved.entries, moved.store) == (30, str(target))
    ensure_not_moved(target)
    with StoreReader(address) as old, StoreReader(target) as new:
        assert old.operations()[-1].kind == "moved"
        assert [o.kind for o in new.operations()][-2:] == ["arriving", "migrated"]
    assert genesis("db", "status", target, "--json").json["elsewhere"] is None


def test_a_store_that_was_moved_away_wholly_may_be_looked_after_where_it_lies(
    address: StoreAddress, target: StoreAddress
) -> None:
    """Who reads it later makes its tables anew, or brings it forward; where it went is told as ever."""
    begun(address, 30)
    move(address, target, CLOCK)
    assert rebuild(address, CLOCK) == 30
    bring_forward(address, CLOCK)
    with pytest.raises(ConfigError, match=re.escape(f"found it moved to {target}; put that into run.store")):
        ensure_not_moved(address)


def test_what_was_written_into_the_source_after_it_was_copied_is_not_lost(
    address: StoreAddress, target: StoreAddress
) -> None:
    """A command that was left, and acknowledged, while it was moved: the source stays open with it, and the copy is of no use."""
    begun(address, 30)
    copied(address, target)
    assert leave_command(address, "halt", None, "bob", "stop it", CLOCK) == 2
    with pytest.raises(StorageError, match="such as a command that was left meanwhile; remove the copy and move again"):
        move(address, target, CLOCK)
    ensure_not_moved(address)
    with pytest.raises(ConfigError, match="a move has not come to its end"):
        ensure_not_moved(target)
    with StoreReader(address) as reader:
        assert [c.command for c in reader.commands()] == ["pause", "halt"]


def test_a_copy_of_another_store_is_not_taken_for_ones_own(
    address: StoreAddress, target: StoreAddress, tmp_path: Path
) -> None:
    """Nothing is written over, whatever is there is named."""
    begun(address, 30)
    begun(tmp_path / "other.db", 30)
    copied(tmp_path / "other.db", target)
    with pytest.raises(ConfigError, match=r"expected an empty store, found a copy of .*other\.db"):
        move(address, target, CLOCK)
    ensure_not_moved(address)


def test_commands_and_signatures_are_refused_where_a_history_was_moved_away(
    address: StoreAddress, target: StoreAddress, tmp_path: Path
) -> None:
    """Nobody would hear a command there, and a key that was changed there would be none of the history's."""
    begun(address, 30)
    move(address, target, CLOCK)
    with pytest.raises(ConfigError, match="found it moved to"):
        leave_command(address, "halt", None, "bob", "stop it", CLOCK)
    with pytest.raises(ConfigError, match="found it moved to"):
        sign(address, tmp_path / "keys", "desk", CLOCK)
    with pytest.raises(ConfigError, match="found it moved to"):
        rotate(address, tmp_path / "keys", CLOCK)
    with StoreReader(address) as reader:
        assert reader.operations()[-1].kind == "moved"
    assert leave_command(target, "halt", None, "bob", "stop it", CLOCK) == 2


def test_an_engine_at_work_is_not_moved_away_from(address: StoreAddress, target: StoreAddress) -> None:
    """Refused while somebody holds the source; nothing is noted anywhere."""
    begun(address, 30)
    with open_store(address, CLOCK, "desk-1"), pytest.raises(StorageError, match="found another engine"):
        move(address, target, CLOCK)
    with StoreReader(address) as reader:
        assert "moved" not in [o.kind for o in reader.operations()]


def test_a_place_in_use_and_a_damaged_history_are_refused(address: StoreAddress, target: StoreAddress) -> None:
    """Nothing is written over, and nothing unsound is carried along; afterwards the source is as it was."""
    begun(address, 30)
    begun(target, 3)
    with pytest.raises(ConfigError, match="expected an empty store, found one in use"):
        move(address, target, CLOCK)
    edit(address, "UPDATE orders SET qty = '9' WHERE seq = (SELECT min(seq) FROM orders)")
    with pytest.raises(IntegrityError, match="expected a sound record, found 1 findings"):
        move(address, target, CLOCK)
    with StoreReader(address) as reader:
        assert [o.kind for o in reader.operations()] == ["start", "key", "checkpoint", "command"]


def test_nothing_is_made_where_there_is_nothing_to_move(address: StoreAddress, tmp_path: Path) -> None:
    """No source, no target."""
    with pytest.raises(ConfigError, match="expected a store, found nothing there"):
        move(address, tmp_path / "there.db", CLOCK)
    assert not (tmp_path / "there.db").exists()
    if isinstance(address, Path):
        assert not address.exists()
