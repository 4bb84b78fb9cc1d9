"""The write-ahead log is laid out ahead, and begins again however steadily is written."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.storage.database import SqliteDatabase
from genesis.storage.faults import transaction
from genesis.storage.log_keeper import ROOM_BYTES, LogKeeper
from genesis.storage.sqlite import SqliteStore
from tests.kit.factories import small_run

LOOK_S = 0.02
PAGE = bytes(4_000)
WAIT_S = 30.0


def database(path: Path) -> SqliteDatabase:
    db = SqliteDatabase(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA wal_autocheckpoint=0")
    db.execute("CREATE TABLE IF NOT EXISTS pages (n INTEGER PRIMARY KEY, page BLOB)")
    return db


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


class Writer:
    """Commits pages to a database, some at a time, and tells its keeper how many there are."""

    def __init__(self, db: SqliteDatabase) -> None:
        self.db, self.length = db, 0

    def commit(self, pages: int) -> None:
        with transaction(self.db):
            for _ in range(pages):
                self.length += 1
                self.db.execute("INSERT INTO pages VALUES (?,?)", (self.length, bytearray(PAGE)))


@contextmanager
def kept(path: Path) -> Iterator[Writer]:
    with closing(database(path)) as db:
        writer = Writer(db)
        keeper = LogKeeper(path, lambda: writer.length, db.gate, LOOK_S)
        try:
            yield writer
        finally:
            keeper.stop()


def written(writer: Writer, pages: int) -> bool:
    """Once more."""
    writer.commit(pages)
    return True


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(LOOK_S)


def test_a_log_is_laid_out_once_something_was_written_and_never_before(tmp_path: Path) -> None:
    """The first entry brings room of 16 MiB; a store that is only looked at gets none."""
    path = tmp_path / "run.db"
    with kept(path) as writer:
        time.sleep(5 * LOOK_S)
        assert log_of(path).stat().st_size < ROOM_BYTES
        writer.commit(1)
        until(lambda: log_of(path).stat().st_size >= ROOM_BYTES)


def test_what_is_committed_while_the_log_is_laid_out_and_after_is_there_after_a_crash(tmp_path: Path) -> None:
    """A copy of file and log as a crash leaves them holds every commit: zeros behind the log's end are its end."""
    path, left = tmp_path / "run.db", tmp_path / "left.db"
    with kept(path) as writer:
        writer.commit(1)
        until(lambda: written(writer, 3) and log_of(path).stat().st_size >= ROOM_BYTES)
        writer.commit(3)
        shutil.copy(path, left)
        shutil.copy(log_of(path), log_of(left))
        length = writer.length
    with closing(database(left)) as db:
        assert db.execute("SELECT count(*), max(n) FROM pages").fetchone() == (length, length)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_log_begins_again_though_there_is_never_a_lull(tmp_path: Path) -> None:
    """40 MB are written without a pause; the log's file holds a part of that, and the database all."""
    path = tmp_path / "run.db"
    with kept(path) as writer:
        for _ in range(1_000):
            writer.commit(10)
            time.sleep(0)
        written, log = writer.length * len(PAGE), log_of(path).stat().st_size
        assert log < written * 3 / 4
        assert writer.db.execute("SELECT count(*) FROM pages").fetchone() == (writer.length,)


def test_a_reader_who_stays_keeps_his_view_and_stops_nobody(tmp_path: Path) -> None:
    """Folds meet a transaction that reads an old state: it goes on seeing that, commits go on, and once it ends the log is folded to its end."""
    path = tmp_path / "run.db"
    with kept(path) as writer, closing(database(path)) as reader:
        writer.commit(5)
        reader.begin_view()
        seen = reader.execute("SELECT count(*) FROM pages").fetchone()
        for _ in range(300):
            writer.commit(10)
        assert reader.execute("SELECT count(*) FROM pages").fetchone() == seen == (5,)
        assert writer.db.execute("SELECT count(*) FROM pages").fetchone() == (3_005,)
        reader.execute("ROLLBACK")
        folded = path.stat().st_size
        until(lambda: written(writer, 100) and path.stat().st_size > folded)


@pytest.mark.parametrize("length", [0, ROOM_BYTES])
def test_a_store_goes_on_from_a_log_with_zeros_behind_it(tmp_path: Path, length: int) -> None:
    """Left by a process that was killed after the log had been laid out: opened again it holds all, and takes more."""
    run = small_run(60)
    path, left = tmp_path / "run.db", tmp_path / "left.db"
    with SqliteStore.open(path, ManualClock(), "host") as store:
        store.journal.append(run[:40])
        store.journal.commit()
        shutil.copy(path, left)
        log_of(left).write_bytes(log_of(path).read_bytes() + bytes(length))
    with SqliteStore.open(left, ManualClock(), "host") as again:
        again.journal.append(run)
        again.journal.commit()
        assert again.journal.length == len(run)
        head = again.journal.head
    with SqliteStore.open(path, ManualClock(), "host") as store:
        store.journal.append(run)
        store.journal.commit()
        assert store.journal.head == head
