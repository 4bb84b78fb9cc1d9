"""Backups: taken while a run writes, verified, put back where there is nothing, and gone on from."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.errors import ConfigError, IntegrityError, StorageError
from genesis.storage.sqlite import SqliteStore, StoreReader
from genesis.system.backup import back_up, restore
from tests.kit.altered import RUN, signed_store
from tests.kit.factories import T0
from tests.kit.signing import check_signature
from tests.unit.cli.calling import genesis, project, start

CLOCK = ManualClock(T0)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return signed_store(tmp_path / "run.db")


def test_a_backup_holds_everything_and_is_noted(store: Path, tmp_path: Path) -> None:
    """Chains, checkpoints and tables; one file, and the store's operations chain tells of it."""
    copied = back_up(store, tmp_path / "backup.db", CLOCK)
    assert copied.entries == len(RUN)
    with StoreReader(tmp_path / "backup.db") as copy, StoreReader(store) as original:
        assert copy.head() == original.head()
        assert copy.checkpoints() == original.checkpoints()
        assert copy.audit(check_signature).findings == ()
        assert original.operations()[-1].kind == "backup"
        assert original.operations()[-1].facts == {"entries": len(RUN), "head": copied.head}
        assert original.audit(check_signature).findings == ()


@pytest.mark.parametrize("left", [10, 20, len(RUN)])
def test_a_backup_taken_between_two_commits_is_as_the_first_left_it(tmp_path: Path, left: int) -> None:
    """What an engine holds and has not committed is not in it; what it commits after does not reach it."""
    path = tmp_path / "run.db"
    with SqliteStore.open(path, CLOCK, "desk-1") as engine:
        engine.journal.append(RUN[:left])
        engine.journal.commit()
        engine.journal.append(RUN[left:])
        copied = back_up(path, tmp_path / "backup.db", CLOCK)
        engine.journal.commit()
    assert copied.entries == left
    with StoreReader(tmp_path / "backup.db") as copy:
        assert copy.head()[0] == left
        assert copy.audit(check_signature).findings == ()


def test_backups_of_a_run_at_work_are_sound_and_gone_on_from(tmp_path: Path) -> None:
    """Several while it writes: each is a beginning of the run, and restored it ends with the same head."""
    config = project(tmp_path / "live", 4_000, 1)
    running = start("run", config, env={"SLOW_S": "0.05"})
    taken: list[Path] = []
    store = tmp_path / "live" / "genesis.db"
    while running.poll() is None and len(taken) < 3:
        if store.exists() and store.stat().st_size:
            out = tmp_path / f"backup-{len(taken)}.db"
            answer = genesis("backup", store, "--out", out, "--json")
            if answer.code == 0:
                taken.append(out)
        time.sleep(0.2)
    _, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert taken
    with StoreReader(store) as reader:
        whole = reader.head()
        assert reader.verify() == []
        assert sum(o.kind == "backup" for o in reader.operations()) == len(taken)
    shutil.copytree(tmp_path / "live", tmp_path / "again", ignore=shutil.ignore_patterns("genesis.db*"))
    assert genesis("restore", taken[0], tmp_path / "again" / "genesis.db").code == 0
    assert genesis("run", tmp_path / "again" / "config.yaml").code == 0
    with StoreReader(tmp_path / "again" / "genesis.db") as reader:
        assert reader.head() == whole
        assert "restore" in [o.kind for o in reader.operations()]
        assert reader.verify() == []


def test_nothing_is_ever_written_over(store: Path, tmp_path: Path) -> None:
    """Neither a backup nor a store that is there, nor beside what is left of one."""
    back_up(store, tmp_path / "backup.db", CLOCK)
    with pytest.raises(ConfigError, match=r"backup\.db: expected no such file, found one; it is never written over"):
        back_up(store, tmp_path / "backup.db", CLOCK)
    before = store.read_bytes()
    with pytest.raises(ConfigError, match=r"run\.db: expected no such file"):
        restore(tmp_path / "backup.db", store, CLOCK)
    assert store.read_bytes() == before
    (tmp_path / "new.db-wal").write_bytes(b"of another store")
    with pytest.raises(ConfigError, match=r"new\.db-wal: expected nothing left of another store"):
        restore(tmp_path / "backup.db", tmp_path / "new.db", CLOCK)
    (tmp_path / "link.db").symlink_to(tmp_path / "nowhere.db")
    with pytest.raises(ConfigError, match=r"link\.db: expected no such file"):
        restore(tmp_path / "backup.db", tmp_path / "link.db", CLOCK)
    assert not (tmp_path / "nowhere.db").exists()


def test_a_store_that_is_not_sound_gives_no_backup_and_a_backup_that_is_not_gives_no_store(
    store: Path, tmp_path: Path
) -> None:
    """The finding is told, and no file is left, under its name or another."""
    back_up(store, tmp_path / "backup.db", CLOCK)
    for path in (store, tmp_path / "backup.db"):
        db = sqlite3.connect(path)
        with db:
            db.execute("UPDATE entries SET bytes = CAST('{}' AS BLOB) WHERE seq = 4")
        db.close()
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(
        IntegrityError, match=r"run\.db: expected a sound record, found \d+ findings, the first at entry 4"
    ):
        back_up(store, tmp_path / "other.db", CLOCK)
    with pytest.raises(IntegrityError, match=r"backup\.db: expected a sound record"):
        restore(tmp_path / "backup.db", tmp_path / "new.db", CLOCK)
    assert sorted(n for n in before if not n.endswith(("-wal", "-shm"))) == sorted(
        p.name for p in tmp_path.iterdir() if not p.name.endswith(("-wal", "-shm"))
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: to mount a small disk")
def test_a_full_disk_leaves_no_half_of_a_backup(store: Path, tmp_path: Path) -> None:
    """The error names the file that was asked for."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        with pytest.raises(StorageError, match=r"disk/backup\.db: expected room on the disk"):
            back_up(store, place / "backup.db", CLOCK)
        assert list(place.iterdir()) == []
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_the_errors_of_the_commands_are_one_line(store: Path, tmp_path: Path) -> None:
    """No store, no folder, a file that is no store."""
    assert genesis("backup", tmp_path / "none.db", "--out", tmp_path / "b.db").code == 4
    assert "expected an existing folder" in genesis("backup", store, "--out", tmp_path / "no" / "b.db").error
    (tmp_path / "notes.txt").write_text("my notes" * 100)
    answer = genesis("restore", tmp_path / "notes.txt", tmp_path / "new.db")
    assert (answer.code, "no database" in answer.error) == (5, True)
    assert not (tmp_path / "new.db").exists()
