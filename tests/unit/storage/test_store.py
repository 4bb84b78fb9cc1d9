"""Opening a store, what it refuses, and that nothing is ever half done."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from genesis.audit.chain import OPERATIONS_DOMAIN, link
from genesis.audit.entry import encode
from genesis.clock import ManualClock
from genesis.errors import IntegrityError, StorageError
from genesis.model.events import Event
from genesis.storage import schema
from genesis.storage.memory import MemoryJournal
from genesis.storage.schema import HEAD
from genesis.storage.sqlite import SqliteStore, StoreReader
from tests.kit.factories import T0, note, small_run

RUN = small_run()


def store(path: Path) -> SqliteStore:
    return SqliteStore.open(path, ManualClock(T0), "desk-1")


def filled_store(path: Path, events: list[Event] | None = None) -> Path:
    with store(path) as opened:
        opened.journal.append(RUN if events is None else events)
        opened.journal.commit()
    return path


def head_of(events: list[Event]) -> str:
    journal = MemoryJournal()
    journal.append(events)
    return journal.head.hex()


def edit(path: Path, statement: str, *values: object) -> None:
    db = sqlite3.connect(path)
    with db:
        db.execute(statement, values)
    db.close()


# ---- durability


def test_what_is_committed_is_there_and_what_is_not_is_gone(tmp_path: Path) -> None:
    """Only a commit keeps entries; their projections come and go with them."""
    path = tmp_path / "run.db"
    with store(path) as opened:
        opened.journal.append(RUN[:10])
        opened.journal.commit()
        opened.journal.append(RUN[10:])
    with StoreReader.open(path) as reader:
        assert reader.head() == (10, head_of(RUN[:10]))
        assert max(o.seq for o in reader.orders()) <= 10


def test_every_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    """The write-ahead log is synced at every commit: WAL with synchronous FULL."""
    with store(tmp_path / "run.db") as opened:
        db = opened._db
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_checkpoint_and_a_close_fold_the_log_into_the_file(tmp_path: Path) -> None:
    """After a close there is one file to copy, and a checkpoint before changes nothing that is read."""
    path = tmp_path / "run.db"
    with store(path) as opened:
        opened.journal.append(RUN)
        opened.journal.commit()
        opened.checkpoint()
        with StoreReader.open(path) as reader:
            assert reader.head()[1] == head_of(RUN)
    assert not (tmp_path / "run.db-wal").exists()
    copy = Path(shutil.copy(path, tmp_path / "copy.db"))
    assert StoreReader.open(copy).head()[1] == head_of(RUN)


def test_a_full_disk_keeps_nothing_of_the_group_and_all_of_it_later(tmp_path: Path) -> None:
    """The error says what to do; with room again the same group is committed whole."""
    path = tmp_path / "run.db"
    with store(path) as opened:
        opened.journal.append(RUN[:5])
        opened.journal.commit()
        pages = opened._db.execute("PRAGMA page_count").fetchone()[0]
        opened._db.execute(f"PRAGMA max_page_count = {pages}")
        opened.journal.append([*RUN[5:], *[note("x" * 3_000)] * 30])
        with pytest.raises(StorageError, match=r"run\.db: expected room on the disk, found it full; free some space"):
            opened.journal.commit()
        assert StoreReader.open(path).head() == (5, head_of(RUN[:5]))
        assert StoreReader.open(path).verify() == []
        opened._db.execute("PRAGMA max_page_count = 1000000")
        opened.journal.commit()
    assert StoreReader.open(path).head()[1] == head_of([*RUN, *[note("x" * 3_000)] * 30])
    assert_projections_are_those_of_a_rebuild(path)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_fails_in_the_middle_keeps_nothing_of_the_group(tmp_path: Path) -> None:
    """The operating system refuses a write half way through a commit: the store is as the commit before left it."""
    path = tmp_path / "run.db"
    with store(path) as opened:
        opened.journal.append(RUN[:5])
        opened.journal.commit()
        opened.journal.append([*RUN[5:], *[note("x" * 3_000)] * 200])
        with (
            largest_file((tmp_path / "run.db-wal").stat().st_size + 50_000),
            pytest.raises(StorageError, match=r"run\.db: expected (a working disk|room on the disk)"),
        ):
            opened.journal.commit()
        assert StoreReader.open(path).head() == (5, head_of(RUN[:5]))
    with store(path) as opened:
        opened.journal.append(RUN)
        opened.journal.commit()
    assert StoreReader.open(path).head()[1] == head_of(RUN)


# ---- what is refused


def test_a_store_that_others_write_for_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for another program's transaction has an end, and the group is kept for another try."""
    monkeypatch.setattr("genesis.storage.sqlite._WAIT_S", 0.05)
    path = tmp_path / "run.db"
    with store(path) as opened:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        opened.journal.append(RUN)
        with pytest.raises(StorageError, match=r"run\.db: expected a free store, found another process writing"):
            opened.journal.commit()
        other.execute("ROLLBACK")
        other.close()
        opened.journal.commit()
    assert StoreReader.open(path).head()[1] == head_of(RUN)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """No folder is made for a path that may be a mistake."""
    with pytest.raises(StorageError, match=r"missing/run\.db: expected an existing folder"):
        store(tmp_path / "missing" / "run.db")
    assert not (tmp_path / "missing").exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach, so that only its own permissions decide."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Permissions bind nobody who is root, so root steps down meanwhile."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_folder_is_refused_for_writing(open_folder: Path) -> None:
    """The error names the store and says where to look; nothing is left behind."""
    open_folder.chmod(0o555)
    with unprivileged(), pytest.raises(StorageError, match=r"run\.db: .*permission"):
        store(open_folder / "run.db")
    assert list(open_folder.iterdir()) == []


def test_a_read_only_store_is_refused_at_the_start_not_at_the_first_commit(open_folder: Path) -> None:
    """Nobody runs for an hour into a store that cannot take it."""
    path = filled_store(open_folder / "run.db")
    for file in open_folder.iterdir():
        file.chmod(0o666)
    path.chmod(0o444)
    with unprivileged(), pytest.raises(StorageError, match=r"run\.db: .*permission"):
        store(path)


def test_a_read_only_store_in_a_read_only_folder_can_be_read(open_folder: Path) -> None:
    """An auditor needs no right to write."""
    path = filled_store(open_folder / "run.db")
    path.chmod(0o444)
    open_folder.chmod(0o555)
    with unprivileged(), StoreReader.open(path) as reader:
        assert reader.head()[1] == head_of(RUN)
        assert reader.verify() == []


@pytest.mark.parametrize("opener", [store, StoreReader.open])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, opener: Callable[[Path], object]) -> None:
    """The file stays as it is and nothing is put beside it."""
    path = tmp_path / "notes.txt"
    path.write_bytes(b"these are my notes" * 100)
    with pytest.raises(IntegrityError, match=r"notes\.txt: expected a Genesis store, found a file that is no database"):
        opener(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"these are my notes" * 100


@pytest.mark.parametrize("opener", [store, StoreReader.open])
def test_a_database_of_another_program_is_refused_and_left_alone(
    tmp_path: Path, opener: Callable[[Path], object]
) -> None:
    """Nothing is written into what is not ours."""
    path = tmp_path / "other.db"
    edit(path, "CREATE TABLE entries (a)")
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"other\.db: expected a Genesis store, found a database of another program"):
        opener(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opener", [store, StoreReader.open])
def test_a_store_of_another_schema_is_refused(tmp_path: Path, opener: Callable[[Path], object]) -> None:
    """A version that this one cannot know is not guessed at."""
    path = filled_store(tmp_path / "run.db")
    edit(path, "UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(StorageError, match=f"expected a store of schema revision {HEAD} or an earlier one, found 0099"):
        opener(path)


def test_a_damaged_file_breaks_integrity(tmp_path: Path) -> None:
    """Pages that are no longer a database are told as damage, not as a crash."""
    path = filled_store(tmp_path / "run.db")
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(IntegrityError, match=r"run\.db: expected a sound store, found a damaged file"):
        store(path)
    with pytest.raises(IntegrityError, match="damaged"):
        StoreReader.open(path).status()


def test_a_folder_is_no_place_for_a_store(tmp_path: Path) -> None:
    """It is said, not taken for a disk that fails; nothing is left beside it."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="folder: expected a file for the store, found a folder; name one in it"):
        store(tmp_path / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_a_reader_needs_a_store(tmp_path: Path) -> None:
    """A missing file and an empty one are no stores to read, and reading makes none."""
    with pytest.raises(StorageError, match=r"none\.db: expected a store, found no such file"):
        StoreReader.open(tmp_path / "none.db")
    with pytest.raises(StorageError, match="expected a store, found a folder"):
        StoreReader.open(tmp_path)
    (tmp_path / "empty.db").touch()
    with pytest.raises(StorageError, match=r"empty\.db: expected a store, found an empty file"):
        StoreReader.open(tmp_path / "empty.db")
    assert [p.name for p in tmp_path.iterdir()] == ["empty.db"]


# ---- one engine


def test_a_second_engine_is_refused_while_readers_are_not(tmp_path: Path) -> None:
    """The refusal names the process that holds the store; afterwards the store is free again."""
    path = tmp_path / "run.db"
    with store(path) as first:
        first.journal.append(RUN)
        first.journal.commit()
        with pytest.raises(
            StorageError, match=rf"expected a free store, found another engine \(process {os.getpid()}\)"
        ):
            store(path)
        assert StoreReader.open(path).head()[0] == len(RUN)
    store(path).close()


def test_the_lock_holds_under_another_name_of_the_store(tmp_path: Path) -> None:
    """A link to the store is the store."""
    (tmp_path / "link.db").symlink_to(tmp_path / "run.db")
    with store(tmp_path / "run.db"), pytest.raises(StorageError, match="another engine"):
        store(tmp_path / "link.db")


def test_a_store_that_was_refused_is_not_held(tmp_path: Path) -> None:
    """An opening that failed gives the lock back."""
    path = filled_store(tmp_path / "run.db")
    edit(path, "UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(StorageError, match="schema revision"):
        store(path)
    edit(path, f"UPDATE alembic_version SET version_num = '{HEAD}'")
    store(path).close()


# ---- the chains


@pytest.mark.parametrize(
    ("damage", "seq"),
    [
        ("UPDATE entries SET bytes = replace(CAST(bytes AS TEXT), 'ema', 'emb') WHERE seq = 7", 7),
        ("UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'ema', 'emb') AS BLOB) WHERE seq = 7", 7),
        ("UPDATE entries SET hash = zeroblob(32) WHERE seq = 3", 3),
        ("DELETE FROM entries WHERE seq = 5", 6),
        (f"DELETE FROM entries WHERE seq = {len(RUN)}", len(RUN)),
        ("DELETE FROM entries", len(RUN)),
    ],
)
def test_a_changed_run_chain_is_found_by_the_next_start_and_by_every_reader(
    tmp_path: Path, damage: str, seq: int
) -> None:
    """A changed, dropped or cut-off entry is named; the end too, because the operations chain witnessed it."""
    path = tmp_path / "run.db"
    with store(path) as opened:
        opened.journal.append(RUN)
        opened.journal.commit()
        opened.operation("stop")
    edit(path, damage)
    with pytest.raises(IntegrityError, match=rf"run\.db: \d+ findings?, the first at entry {seq}:"):
        store(path)
    assert StoreReader.open(path).verify()[0].seq == seq


def test_operations_name_wall_time_host_and_the_run_chain_as_it_is_durable(tmp_path: Path) -> None:
    """Each names length and head of what is committed, not of what waits; they are a chain of their own."""
    path = tmp_path / "run.db"
    clock = ManualClock(T0)
    with SqliteStore.open(path, clock, "desk-1") as opened:
        opened.operation("start")
        clock.advance(5)
        opened.journal.append(RUN[:4])
        opened.journal.commit()
        opened.journal.append(RUN[4:])
        opened.operation("stop", complete=False)
    first, second = StoreReader.open(path).operations()
    assert (first.kind, first.wall_time, first.host, first.run_length, first.run_head) == (
        ("start", T0, "desk-1", 0, "00" * 32)
    )
    assert (second.kind, second.wall_time, second.facts) == ("stop", T0 + 5, {"complete": False})
    assert (second.run_length, second.run_head) == (4, head_of(RUN[:4]))
    rows = sqlite3.connect(path).execute("SELECT bytes, hash FROM operations ORDER BY seq").fetchall()
    assert rows[1][1] == link(link(bytes(32), rows[0][0], OPERATIONS_DOMAIN), rows[1][0], OPERATIONS_DOMAIN)
    assert head_of(RUN[:4]) == StoreReader.open(path).head()[1]


def test_a_changed_operation_is_found(tmp_path: Path) -> None:
    """The operations chain is checked like the run chain, and its findings say which chain they are of."""
    path = tmp_path / "run.db"
    with store(path) as opened:
        opened.operation("start")
        opened.operation("stop")
    edit(path, "UPDATE operations SET bytes = CAST('nonsense' AS BLOB) WHERE seq = 2")
    findings = StoreReader.open(path).verify()
    assert [f.seq for f in findings] == [2, 2]
    assert all(f.problem.startswith("operations chain: ") for f in findings)
    with pytest.raises(IntegrityError, match="operations chain"):
        store(path)
    with pytest.raises(IntegrityError, match="operation 2: expected an operation"):
        StoreReader.open(path).operations()


def test_rows_of_another_hand_are_not_written_over(tmp_path: Path) -> None:
    """An entry that appeared behind the engine's back stops the commit."""
    path = tmp_path / "run.db"
    with store(path) as opened:
        opened.journal.append(RUN[:3])
        edit(path, "INSERT INTO entries VALUES (2, ?, ?)", encode(RUN[1]), bytes(32))
        with pytest.raises(IntegrityError, match="expected the store as this engine left it"):
            opened.journal.commit()


def assert_projections_are_those_of_a_rebuild(path: Path) -> None:
    before = projections(path)
    with store(path) as opened:
        opened.rebuild_projections()
    assert projections(path) == before


def projections(path: Path) -> dict[str, list[tuple[object, ...]]]:
    db = sqlite3.connect(path)
    return {t: db.execute(f"SELECT * FROM {t} ORDER BY rowid").fetchall() for t in schema.PROJECTIONS}


def test_the_log_is_folded_beside_the_commits(tmp_path: Path) -> None:
    """Some seconds after enough entries the file itself holds them, though no commit was asked to fold anything; the store goes on."""
    path = tmp_path / "run.db"
    many = [note(f"remark {n}") for n in range(1_200)]
    with store(path) as opened:
        empty = path.stat().st_size
        for i in range(0, len(many), 100):
            opened.journal.append(many[i : i + 100])
            opened.journal.commit()
        assert path.stat().st_size == empty
        end = time.monotonic() + 20
        while path.stat().st_size == empty and time.monotonic() < end:
            time.sleep(0.1)
        assert path.stat().st_size > 10 * empty
        opened.journal.append(many[:1])
        opened.journal.commit()
    with StoreReader.open(path) as reader:
        assert reader.head()[0] == len(many) + 1
        assert reader.verify() == []
